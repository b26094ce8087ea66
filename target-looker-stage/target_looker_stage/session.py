"""One connection to the warehouse, for one run: statements, COPY, transactions and the lock.

Knows psycopg, and nothing of tables. A run has one session from its begin to its end. Where the
connection is lost, the run ends: what it had staged went with the session, and waits in the outbox.
"""

from __future__ import annotations

import hashlib
import re
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import psycopg

from loader_core import LostAnswerError, SettingsError
from target_looker_stage.errors import (
    AccessError,
    BusyError,
    LostConnectionError,
    StatementError,
    connecting,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from target_looker_stage.settings import Settings

APPLICATION = "target-looker-stage"
CONNECT_SECONDS = 30
OLDEST = 130000
"""The oldest server that the statements are for, as it numbers itself."""
_DENIED, _NOT_AVAILABLE, _NO_ROLE = "42501", "55P03", "42704"
_BAD_DATA = "22"

_OPTIONS: Mapping[str, str] = {
    "timezone": "UTC",
    "datestyle": "ISO",
    "search_path": "pg_catalog, pg_temp",
    "statement_timeout": "0",
    "idle_session_timeout": "0",
    "idle_in_transaction_session_timeout": "0",
    "jit": "off",  # no statement here is worth compiling
    "temp_buffers": "64MB",
    "work_mem": "64MB",  # documents of a batch are found by hashing, not by sorting
    # Where it is off: when COMMIT is answered, STATE goes out, so the rows must be on the disk
    "synchronous_commit": "on",
    # So that a client that is gone does not hold the lock for hours
    "tcp_keepalives_idle": "60",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "6",
    "client_connection_check_interval": "10s",
}
"""What of the server's own settings must not decide about a load, where it has them."""

_HOLDER = (
    "SELECT a.pid, a.usename, a.client_addr::text, to_char(a.backend_start AT TIME ZONE 'UTC', "
    "'YYYY-MM-DD HH24:MI') FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s::bigint::oid "
    "AND l.objid = %s::bigint::oid AND l.objsubid = 2 AND l.database = "
    "(SELECT oid FROM pg_database WHERE datname = current_database())"
)


class BadRowError(Exception):
    """COPY does not take a row.

    Args:
        place: The row's place in what was sent, from 0.
        name: What psycopg calls the fault.
    """

    def __init__(self, place: int, name: str) -> None:
        super().__init__(place, name)
        self.place = place
        self.name = name


class Session:
    """A connection.

    Args:
        settings: Where to, and how long to wait for locks.

    Raises:
        AccessError: It could not be made.
        SettingsError: The server is too old.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        told: dict[str, Any] = {"connect_timeout": CONNECT_SECONDS, **settings.connection}
        told |= {"application_name": APPLICATION, "client_encoding": "UTF8"}  # as COPY sends it
        try:
            self._open = psycopg.connect(autocommit=True, prepare_threshold=None, **told)
        except (psycopg.Error, UnicodeError) as error:
            raise connecting(str(error)) from None
        self._open.add_notice_handler(_ignored)
        if self.version < OLDEST:
            self.close()
            raise SettingsError("the server is older than PostgreSQL 13", "Give it a newer one")
        options = {**_OPTIONS, "lock_timeout": f"{settings.lock_seconds}s"}
        self.run(
            "SELECT set_config(name, value, false) FROM unnest(%s::text[], %s::text[]) "
            "AS o (name, value) WHERE lower(name) IN (SELECT lower(s.name) FROM pg_settings AS s) "
            "AND (name <> 'synchronous_commit' OR current_setting(name) = 'off')",
            [list(options), list(options.values())],
            what="setting up the session",
        )

    @property
    def version(self) -> int:
        """The server's version as it numbers itself, such as 160014."""
        return self._open.info.server_version

    def run(
        self, sql: str, values: Sequence[Any] | None = None, *, what: str
    ) -> list[tuple[Any, ...]]:
        """Run a statement.

        Args:
            sql: The statement.
            values: For its `%s`.
            what: What it is to do, for errors.

        Returns:
            The rows of its answer, if it has any.

        Raises:
            LoaderError: It failed.
        """
        cursor = self._do(sql, values, what)
        return cursor.fetchall() if cursor.description else []

    def change(self, sql: str, *, what: str) -> int:
        """Run a statement that changes rows; gives how many."""
        return self._do(sql, None, what).rowcount

    def insert(self, sql: str, *, what: str) -> int | None:
        """Insert rows within a transaction; gives how many.

        None if a row has the key of another: then none is inserted, and the transaction goes on.
        """
        self.run("SAVEPOINT rows", what=what)
        try:
            count = self._open.execute(sql).rowcount
        except psycopg.errors.UniqueViolation:
            self.run("ROLLBACK TO rows", what=what)
            return None
        except psycopg.Error as error:
            raise self._told(error, what) from None
        self.run("RELEASE rows", what=what)
        return count

    def copy(self, sql: str, blocks: Iterable[memoryview], *, what: str) -> None:
        """Send rows.

        Raises:
            BadRowError: The server does not take one of them.
            LoaderError: It failed otherwise.
        """
        try:
            with self._open.cursor() as cursor, cursor.copy(sql) as copying:
                for block in blocks:
                    copying.write(block)
        except psycopg.Error as error:
            line = re.search(r"^COPY \S+\D+(\d+)", error.diag.context or "")
            if (error.sqlstate or "").startswith(_BAD_DATA) and line:
                raise BadRowError(int(line[1]) - 1, type(error).__name__) from None
            raise self._told(error, what) from None

    @contextmanager
    def transaction(self, what: str) -> Iterator[None]:
        """All or nothing of what the block does.

        Args:
            what: What it is to do, for errors.

        Raises:
            LostAnswerError: It may or may not be committed.
        """
        self.run("BEGIN", what=what)
        try:
            yield
        except BaseException:
            with suppress(psycopg.Error):
                self._open.execute("ROLLBACK")
            raise
        try:
            self.run("COMMIT", what=what)
        except LostConnectionError:
            raise LostAnswerError(
                f"the connection was lost while {what} was being committed",
                "Run again: the next run finds out whether it was",
            ) from None

    def lock(self) -> None:
        """Be the only run on the schema, until the session ends.

        Raises:
            BusyError: Another run is.
        """
        one, other = _lock_of(self._settings.schema)
        try:
            self.run("SELECT pg_advisory_lock(%s, %s)", [one, other], what="taking the lock")
        except BusyError:
            found = self.run(
                _HOLDER, [one % 2**32, other % 2**32], what="looking who holds the lock"
            )
            by = "".join(
                f": process {pid} of the server, for user '{user}' at {address or 'the server'}, "
                f"since {since} UTC"
                for pid, user, address, since in found[:1]
            )
            raise BusyError(
                f"another run loads into the schema '{self._settings.schema}'{by}",
                "Wait for it to end, or end it",
            ) from None

    def close(self) -> None:
        """End the session, and all that is its own."""
        self._open.close()

    def _do(
        self, sql: str, values: Sequence[Any] | None, what: str
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        try:
            return self._open.execute(sql, values)
        except psycopg.Error as error:
            raise self._told(error, what) from None

    def _told(self, error: psycopg.Error, what: str) -> Exception:
        """What a fault of psycopg means."""
        name, sqlstate = type(error).__name__, error.sqlstate or ""
        if self._open.closed:
            return LostConnectionError(
                f"the connection to the warehouse was lost while {what}", "Run again"
            )
        if sqlstate == _DENIED:
            return AccessError(
                f"the user may not do what is needed for {what}",
                "Run target-looker-stage-doctor: it names the grants that are missing",
            )
        if sqlstate == _NOT_AVAILABLE:
            return BusyError(
                f"someone held a lock for too long while {what}",
                "Run again when long queries have ended, or set a greater 'lock_seconds'",
            )
        return StatementError(what, name, sqlstate or "no code")


def _lock_of(schema: str) -> tuple[int, int]:
    """The two numbers of the lock of a schema; the database is part of every such lock."""
    digest = hashlib.sha256(f"{APPLICATION} {schema}".encode()).digest()
    return (
        int.from_bytes(digest[:4], "big", signed=True),
        int.from_bytes(digest[4:8], "big", signed=True),
    )


def _ignored(notice: psycopg.errors.Diagnostic) -> None:
    """Notices tell of what is there already, and may quote values."""
