"""What can go wrong at the warehouse, and what a person does about it.

All are the core's `LoaderError`s. An error names the class that PostgreSQL gives it, never the
message around it: that may quote a value of a row, or a piece of the address.
"""

from __future__ import annotations

from loader_core import DestinationError


class AccessError(DestinationError):
    """The warehouse does not let the user in, or not do what it was asked for."""


class LostConnectionError(DestinationError):
    """The connection ended, and with it the run: what was staged waits in the outbox."""


class BusyError(DestinationError):
    """Someone else holds what is needed: another run, or a reader."""


class StatementError(DestinationError):
    """A statement failed.

    Args:
        what: What the statement was to do, as a clause.
        name: What psycopg calls the fault, such as `DiskFull`.
        sqlstate: PostgreSQL's code of it.
    """

    def __init__(self, what: str, name: str, sqlstate: str) -> None:
        todo = _TODO.get(sqlstate) or _TODO.get(sqlstate[:2], _ELSE)
        super().__init__(f"{what} failed with {name} ({sqlstate})", todo)


_TODO = {
    "22P05": "The database's encoding lacks a sign of it: give the address of one in UTF8",
    "53": "Give the server room: disk, memory or connections; then run again",
    "40": "Other transactions were in the way; run again",
    "42P01": "Somebody dropped it while it was loaded; run again",
    "42501": "Run target-looker-stage-doctor: it names the grants that are missing",
    "25006": "The server is read-only: give the address of the one that takes writes",
}
_ELSE = "See the server's log for the message, and mend what it says"

_CONNECTING = (
    ("password authentication failed", "user or password is not right", "Correct them"),
    ("no pg_hba.conf entry", "the server lets nobody in from here so", "Ask who runs it"),
    ("does not exist", "there is no such database or user", "Correct 'sqlalchemy_url'"),
    ("no password supplied", "there is no password", "Put it into 'sqlalchemy_url'"),
    ("too many", "the server has no connection left", "Run again later"),
    ("starting up", "the server is starting", "Run again later"),
    ("shutting down", "the server is shutting down", "Run again later"),
    ("SSL", "no encrypted connection could be made", "See 'sslmode' and the certificates"),
    ("certificate", "the server's certificate is not trusted", "See 'sslrootcert'"),
    ("refused", "nobody listens there", "Correct host and port, or start the server"),
    ("translate host name", "there is no such host", "Correct 'sqlalchemy_url'"),
    ("timeout", "there was no answer in time", "See whether a firewall is in the way"),
)
"""Words in libpq's message, what they mean, and what to do."""


def connecting(message: str) -> AccessError:
    """Why no connection could be made, without a word of libpq's own.

    Args:
        message: libpq's, which may quote a piece of a mistyped address.
    """
    for words, what, todo in _CONNECTING:
        if words in message:
            return AccessError(f"no connection to the warehouse: {what}", todo)
    return AccessError("no connection to the warehouse", "Try the same address with psql")
