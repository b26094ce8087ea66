"""A SQL warehouse: statements sent, waited for, sent again where that helps, and cancelled.

Knows the Statement Execution API; knows no SQL. A statement that failed is no failed call: it is
answered with 200 and a state. The text of its error may quote rows, so only its class is read.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from loader_core import DestinationError, LostAnswerError
from target_databricks.client import Nothing, pauses
from target_databricks.errors import MissingError, StatementError

if TYPE_CHECKING:
    from loader_core.clock import Clock
    from target_databricks.client import Client
    from target_databricks.settings import Settings

STATEMENTS = "/api/2.0/sql/statements"
MOST_TEXT_BYTES = 16 * 1024 * 1024
FIRST_POLL_SECONDS, MOST_POLL_SECONDS = 0.2, 5.0
PROGRESS_SECONDS = 15.0
_UNDER_WAY = frozenset({"PENDING", "RUNNING"})
_DONE = frozenset({"SUCCEEDED", "CLOSED"})
"""CLOSED is a statement that succeeded and whose result was thrown away."""
_CLASS = re.compile(r"\[([A-Z][A-Z0-9_]*)[A-Z0-9_.]*\]|([A-Z][A-Z_]+):")

logger = logging.getLogger(__name__)


class _Error(msgspec.Struct):
    error_code: str = ""
    message: str = ""


class _Status(msgspec.Struct):
    state: str
    error: _Error | None = None


class _Rows(msgspec.Struct):
    data_array: list[list[str | None]] = []


class _Told(msgspec.Struct):
    """A statement, as the service shows it."""

    statement_id: str
    status: _Status
    result: _Rows | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """A statement that succeeded.

    Attributes:
        statement_id: Its name in the query history.
        rows: Its result, of which only the first chunk is read; values are texts.
    """

    statement_id: str
    rows: list[list[str | None]]


class Warehouse:
    """Runs statements, one after the other.

    Args:
        client: The workspace.
        settings: Which warehouse, and how long to wait.
        clock: For waiting.
    """

    def __init__(self, client: Client, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._under_way: str | None = None

    def run(self, sql: str, what: str) -> Done:
        """Run a statement to its end; it must be one that can be run twice.

        Args:
            sql: The statement.
            what: What it is to do, as a clause for errors, without values of rows.

        Raises:
            StatementError: It failed for good, or until `retry_seconds` were over.
            LostAnswerError: It may or may not have been done.
            DestinationError: It did not end in `statement_seconds`, or was cancelled.
        """
        if len(sql.encode()) > MOST_TEXT_BYTES:
            raise DestinationError(
                f"{what} takes a statement of more than 16 MiB",
                "Deselect columns in the tap, or shorten their descriptions",
            )
        until = self._clock.monotonic() + self._settings.retry_seconds
        for pause in pauses():
            try:
                return self._run_once(sql, what)
            except StatementError as error:
                if not error.retried or self._clock.monotonic() + pause > until:
                    raise
                logger.info("%s: %s; again in %.1f s", what, error.error_class, pause)
            self._clock.sleep(pause)
        raise AssertionError  # pauses never end

    def cancel(self) -> None:
        """Cancel the statement that is under way, from another thread; says nothing if it fails."""
        if self._under_way:
            self._client.try_once("POST", f"{STATEMENTS}/{self._under_way}/cancel")

    def _run_once(self, sql: str, what: str) -> Done:
        settings = self._settings
        order: dict[str, Any] = {
            "statement": sql,
            "warehouse_id": settings.warehouse_id,
            "wait_timeout": f"{settings.wait_seconds}s",
            "on_wait_timeout": "CONTINUE",
        }
        if settings.query_tags:
            order["query_tags"] = [
                {"key": key, "value": value} for key, value in settings.query_tags.items()
            ]
        told = self._client.call("POST", STATEMENTS, _Told, json=order)
        self._under_way = told.statement_id
        try:
            told = self._ended(told, what)
        finally:
            self._under_way = None
        if told.status.state in _DONE:
            return Done(told.statement_id, told.result.data_array if told.result else [])
        if told.status.state == "CANCELED":
            raise DestinationError(f"{what} was cancelled", "See who did so, and run again")
        raise StatementError(what, _class_of(told.status.error or _Error()))

    def _ended(self, told: _Told, what: str) -> _Told:
        """Ask until a statement has ended."""
        path = f"{STATEMENTS}/{told.statement_id}"
        began = shown = self._clock.monotonic()
        pause = FIRST_POLL_SECONDS
        while told.status.state in _UNDER_WAY:
            now = self._clock.monotonic()
            if now - began > self._settings.statement_seconds:
                self._client.call("POST", f"{path}/cancel", Nothing)
                raise DestinationError(
                    f"{what} did not end in {self._settings.statement_seconds} s",
                    "Set a greater 'statement_seconds' or use a larger warehouse, and run again",
                )
            if now - shown >= PROGRESS_SECONDS:
                shown = now
                doing = "waits for the warehouse" if told.status.state == "PENDING" else "runs"
                logger.info("%s %s for %d s", what, doing, now - began)
            self._clock.sleep(pause)
            pause = min(MOST_POLL_SECONDS, pause * 1.5)
            try:
                told = self._client.call("GET", path, _Told)
            except MissingError:
                raise LostAnswerError(
                    f"the workspace no longer knows what became of {what}", "Run again"
                ) from None
        return told


def _class_of(error: _Error) -> str:
    found = _CLASS.match(error.message)
    if error.error_code.startswith("TEMPORARILY_UNAVAILABLE"):
        return error.error_code
    return (found[1] or found[2]) if found else (error.error_code or "no error class")
