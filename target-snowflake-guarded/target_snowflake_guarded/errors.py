"""What can go wrong at Snowflake, and what a person does about it.

All are the core's `LoaderError`s. An error has the number that Snowflake gives it, never the
message around it: that may quote a value of a row.
"""

from __future__ import annotations

from loader_core import DestinationError

RETRIED = frozenset({603, 625})
"""Numbers after which the same statement is sent again: an internal error, and too many waiters
for a lock."""

MISSING = frozenset({2003, 2043})
"""Numbers of an object that is not there, or that the role must not see."""

SESSION_GONE = frozenset({390104, 390111, 390112, 390114, 390115, 390195})
"""Numbers of a session that is over and cannot be renewed."""

_TODO = {
    606: "Set 'warehouse' to one that runs or resumes by itself (AUTO_RESUME), and grant USAGE on "
    "it to the role",
    90073: "The resource monitor of the warehouse has used up its quota: raise it, or wait",
    2003: "See that database, schema and role are right; the role needs the grants in the README",
    2043: "See that database, schema and role are right; the role needs the grants in the README",
    3001: "Grant the role what the README lists",
    630: "Set a greater 'statement_seconds' or use a larger warehouse, and run again",
}
_ELSE = "See the query history for the message, and mend what it says"

_LOGIN_TODO = {
    390100: "See that 'user' and the token are right",
    390101: "The user is disabled: ask the account's administrator",
    390144: "See that the public key of 'private_key' is the user's RSA_PUBLIC_KEY, that 'account' "
    "and 'user' are right, and that this machine's clock is",
    390189: "Grant the role to the user, or set another 'role'",
    390201: "See that 'database' and 'warehouse' are right, and grant USAGE on them to the role",
    390422: "Let the user's network policy admit this address",
    394400: "Make a new programmatic access token: this one is wrong, disabled or expired",
}
_LOGIN_ELSE = (
    "See 'account', 'host', 'user' and the key, and whether a network policy is in the way"
)


class AccessError(DestinationError):
    """Snowflake does not let the user in.

    Args:
        host: Whom was asked.
        number: Snowflake's, or the connector's.
    """

    def __init__(self, host: str, number: int) -> None:
        todo = _LOGIN_TODO.get(number, _LOGIN_ELSE)
        super().__init__(f"the login at {host} is refused with {number:06d}", todo)
        self.number = number


class StatementError(DestinationError):
    """A statement failed.

    Args:
        what: What the statement was to do, as a clause.
        number: What Snowflake calls the fault, such as 606.

    Attributes:
        number: As given.
    """

    def __init__(self, what: str, number: int) -> None:
        super().__init__(f"{what} failed with {number:06d}", _TODO.get(number, _ELSE))
        self.number = number

    @property
    def retried(self) -> bool:
        """The same statement may succeed now."""
        return self.number in RETRIED
