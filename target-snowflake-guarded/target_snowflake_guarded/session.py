"""A session: the login, statements sent and waited for, sent again where that helps, cancelled.

Knows the connector; knows no tables. Statements that compute are sent without waiting and then
asked after, with pauses that grow: what is under way has a name by which it can be cancelled. The
text of an error may quote rows, so only its number is read.
"""

from __future__ import annotations

import io
import itertools
import logging
import random
import uuid
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import snowflake.connector
from snowflake.connector import errors
from snowflake.connector.constants import QueryStatus

from loader_core import DestinationError, LostAnswerError
from target_snowflake_guarded import statements
from target_snowflake_guarded.errors import SESSION_GONE, AccessError, StatementError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from snowflake.connector import SnowflakeConnection

    from loader_core.clock import Clock
    from target_snowflake_guarded.settings import Settings

FIRST_POLL_SECONDS, MOST_POLL_SECONDS = 0.1, 10.0
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 30.0
UNKNOWN_SECONDS = 60.0
"""After which a statement of which nothing is known counts as lost."""
PROGRESS_SECONDS = 15.0
MOST_SECONDS_PER_CALL = 60
_NO_ANSWER = frozenset({250001, 250002, 250003, 250005, 251011, 251012, 252007})
"""The connector's own numbers where a call may or may not have been done."""
_TODO_LATER = "Run again; the next run begins with what is left"

logger = logging.getLogger(__name__)


class Session:
    """Runs statements, one after the other.

    Args:
        settings: Where, as whom, and how long to wait.
        clock: For waiting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._connection: SnowflakeConnection | None = None
        self._under_way: str | None = None
        self.id = ""

    def open(self) -> bool:
        """See that there is a session; whether it is a new one, in which nothing is made yet.

        Raises:
            AccessError: The login is refused.
            LostAnswerError: Nobody answers.
        """
        if self._connection:
            return False
        settings = self._settings
        who: dict[str, Any] = (
            {"private_key": settings.key}
            if settings.key
            else {"authenticator": "PROGRAMMATIC_ACCESS_TOKEN", "token": settings.token}
        )
        try:
            self._connection = snowflake.connector.connect(
                account=settings.account.partition(".")[0],
                host=settings.host,
                port=settings.port,
                protocol=settings.protocol,
                user=settings.user,
                database=settings.database,
                warehouse=settings.warehouse,
                role=settings.role,
                application="target_snowflake_guarded",
                login_timeout=min(MOST_SECONDS_PER_CALL, settings.retry_seconds),
                network_timeout=settings.retry_seconds,
                client_session_keep_alive=True,
                # Nobody but the account is called, and told of no more than the statements
                platform_detection_timeout_seconds=0,
                log_imported_packages_in_telemetry=False,
                session_parameters={
                    "QUERY_TAG": settings.query_tag,
                    "STATEMENT_TIMEOUT_IN_SECONDS": settings.statement_seconds,
                    # A user or an account can be set otherwise; then nothing would last
                    "AUTOCOMMIT": True,
                    "TIMEZONE": "UTC",
                    "DATE_INPUT_FORMAT": "AUTO",
                    "TIMESTAMP_INPUT_FORMAT": "AUTO",
                    "ERROR_ON_NONDETERMINISTIC_MERGE": True,
                },
                **who,
            )
        except errors.Error as error:
            number = error.errno or -1
            if number in _NO_ANSWER or number < 0:
                raise LostAnswerError(
                    f"no answer from {settings.host} to the login ({number})", _TODO_LATER
                ) from None
            raise AccessError(settings.host, number) from None
        self.id = uuid.uuid4().hex
        return True

    def run(self, sql: str, what: str) -> None:
        """Run a statement to its end; it must be one that can be run twice.

        Args:
            sql: The statement.
            what: What it is to do, as a clause for errors, without values of rows.

        Raises:
            StatementError: It failed for good, or until `retry_seconds` were over.
            LostAnswerError: It may or may not have been done.
            DestinationError: It did not end in `statement_seconds`.
        """
        until = self._clock.monotonic() + self._settings.retry_seconds
        for pause in pauses():
            try:
                return self._run_once(sql, what)
            except StatementError as error:
                if not error.retried or self._clock.monotonic() + pause > until:
                    raise
                logger.info("%s: %06d; again in %.1f s", what, error.number, pause)
            self._clock.sleep(pause)
        raise AssertionError  # pauses never end

    def ask(self, sql: str, what: str) -> list[dict[str, Any]]:
        """Run a short statement, or one about the session, and wait for the answer.

        Returns:
            The rows, by the names of the columns in small letters.

        Raises:
            StatementError: It failed.
            LostAnswerError: No answer came.
        """
        try:
            cursor = self._cursor().execute(sql)
            names = [column.name.lower() for column in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        except errors.Error as error:
            raise self._translated(error, what) from None

    def put(self, sql: str, content: bytes, what: str) -> None:
        """Put a file into a stage.

        Raises:
            StatementError: It failed.
            LostAnswerError: No answer came.
        """
        try:
            self._cursor().execute(sql, file_stream=io.BytesIO(content))
        except errors.Error as error:
            raise self._translated(error, what) from None

    def cancel(self) -> None:
        """Cancel the statement that is under way, from another thread; says nothing if it fails."""
        if self._under_way and self._connection:
            with suppress(errors.Error):
                self._connection.cursor().execute(statements.cancel(self._under_way), timeout=5)

    def close(self) -> None:
        """Let the session go, and all that is only in it."""
        connection, self._connection = self._connection, None
        if connection:
            with suppress(errors.Error):
                connection.close(retry=False)

    def _cursor(self) -> Any:  # noqa: ANN401 - the connector's
        if self._connection is None:
            raise LostAnswerError("the session is over", _TODO_LATER)
        return self._connection.cursor()

    def _run_once(self, sql: str, what: str) -> None:
        try:
            cursor = self._cursor()
            cursor.execute_async(sql)
            self._under_way = cursor.sfqid
            self._wait(cursor.sfqid, what)
        except errors.Error as error:
            raise self._translated(error, what) from None
        finally:
            self._under_way = None

    def _wait(self, query_id: str, what: str) -> None:
        """Ask until a statement has ended."""
        connection = self._cursor().connection
        began = shown = self._clock.monotonic()
        pause = FIRST_POLL_SECONDS
        while True:
            status = connection.get_query_status_throw_if_error(query_id)
            if status is QueryStatus.SUCCESS:
                return  # what is neither that nor an error goes on: one that is restarted, too
            now = self._clock.monotonic()
            if status is QueryStatus.NO_DATA and now - began > UNKNOWN_SECONDS:
                raise LostAnswerError(f"Snowflake does not know what became of {what}", "Run again")
            if now - began > self._settings.statement_seconds:
                self.cancel()
                raise DestinationError(
                    f"{what} did not end in {self._settings.statement_seconds} s",
                    "Set a greater 'statement_seconds' or use a larger warehouse, and run again",
                )
            if now - shown >= PROGRESS_SECONDS:
                shown = now
                logger.info("%s: %s for %d s", what, status.name.lower(), now - began)
            self._clock.sleep(pause)
            pause = min(MOST_POLL_SECONDS, pause * 2)

    def _translated(self, error: errors.Error, what: str) -> DestinationError:
        number = error.errno if error.errno and error.errno > 0 else 0
        if number in SESSION_GONE or number in _NO_ANSWER or not number:
            self.close()
            return LostAnswerError(f"no answer to {what} ({number:06d})", _TODO_LATER)
        return StatementError(what, number)


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: twice as long each time, spread by chance."""
    for attempt in itertools.count():
        longest = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret
