"""What a tap would write, a target that loads it into SQLite, and what is there afterwards."""

from __future__ import annotations

import io
import itertools
import json
import os
import sqlite3
from contextlib import closing, redirect_stdout
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec

from loader_core.clock import Clock
from loader_core.errors import LoaderError
from loader_core.messages import Message
from loader_sqlite import SqliteTarget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from loader_core.durable import Disk

TEXT, TEXT_OR_NULL = {"type": "string"}, {"type": ["string", "null"]}
AMOUNT = {"type": ["number", "null"]}
TIME = {"type": ["string", "null"], "format": "date-time"}
AUDITED = {
    "company_id": TEXT,
    "record_id": TEXT,
    "lastModifiedDateTime": TIME,
    "_batch_id": TEXT,
    "_audit_id": TEXT,
    "_extracted_at": {"type": "string", "format": "date-time"},
}
KEY = ["company_id", "record_id"]
_MESSAGES = msgspec.json.Decoder(Message)
_numbers = itertools.count(1)
NEVER_EQUAL = {"_sdc_sequence", "_sdc_received_at", "_sdc_batched_at", "_sdc_sync_started_at"}


def schema(
    stream: str, properties: dict[str, Any], key: Iterable[str] = ("id",), **more: Any
) -> dict[str, Any]:
    """A SCHEMA message."""
    of = {"type": "object", "properties": properties, **more}
    return {"type": "SCHEMA", "stream": stream, "schema": of, "key_properties": list(key)}


def record(stream: str, values: dict[str, Any], version: int | None = None) -> dict[str, Any]:
    """A RECORD message."""
    message = {"type": "RECORD", "stream": stream, "record": values}
    return message | ({} if version is None else {"version": version})


def state(value: Any) -> dict[str, Any]:
    """A STATE message."""
    return {"type": "STATE", "value": value}


def activate(stream: str, version: int) -> dict[str, Any]:
    """An ACTIVATE_VERSION message."""
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def audited(
    stream: str, number: str, stamp: str, read: int = 1, /, **values: Any
) -> dict[str, Any]:
    """A RECORD message with the audit columns of this house.

    Args:
        stream: The stream.
        number: What follows the company in `record_id`.
        stamp: `lastModifiedDateTime`, as hour and minute.
        read: When the page was read, as a minute.
        values: The record's own fields.
    """
    return record(
        stream,
        {
            "company_id": "no",
            "record_id": f"no:{number}",
            "lastModifiedDateTime": f"2026-03-01T{stamp}:00.000000",
            "_batch_id": "batch",
            "_audit_id": f"batch/1/{number}",
            "_extracted_at": f"2026-03-02T00:{read:02d}:00+00:00",
            **values,
        },
        version=1,
    )


def lines(messages: Iterable[dict[str, Any] | str]) -> str:
    """Messages as lines; a text is a line of its own, for what JSON of Python cannot say."""
    return "".join(
        (message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)) + "\n"
        for message in messages
    )


class PatientClock(Clock):
    """A clock on which waiting takes no time, though it passes."""

    def __init__(self) -> None:
        self.slept: list[float] = []

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)


def new_name() -> str:
    """The name of a schema or a dataset that no other test has."""
    return f"books_{os.getpid()}_{next(_numbers)}"


@dataclass
class Run:
    """How a run ended.

    Attributes:
        states: Lines that it wrote to stdout.
        error: What it ended with, if not well.
    """

    states: list[str]
    error: LoaderError | None

    @property
    def last_state(self) -> Any:
        return json.loads(self.states[-1]) if self.states else None


@dataclass
class Loader:
    """A target with a folder for its outbox and its SQLite file."""

    folder: Path
    target: type[SqliteTarget] = SqliteTarget

    @property
    def config(self) -> dict[str, Any]:
        return {"path": str(self.folder / "books.sqlite"), "outbox_dir": str(self.outbox)}

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    def load(
        self,
        messages: Iterable[dict[str, Any] | str],
        *,
        torn: str = "",
        disk: Disk | None = None,
        clock: Clock | None = None,
        seen: Callable[[SqliteTarget], None] | None = None,
        **settings: Any,
    ) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome.

        Args:
            messages: What the tap writes.
            torn: What it writes after them, when it is killed within a line.
            disk: Instead of the real one.
            clock: Instead of the real one.
            seen: Called with the target before it begins.
            settings: Settings that differ from the defaults.
        """
        target = self._target(settings, disk, clock, seen)
        return watched(lambda: target.listen(io.StringIO(lines(messages) + torn)))

    def feed(
        self,
        *groups: Iterable[dict[str, Any] | str],
        clock: Clock | None = None,
        seen: Callable[[SqliteTarget], None] | None = None,
        **settings: Any,
    ) -> Run:
        """As `load`, with messages that come at different times: one group after the other."""
        target = self._target(settings, None, clock, seen)

        def take_all() -> None:
            target.begin()
            for group in groups:
                target.take(_MESSAGES.decode_lines(lines(group)))
            target.process_endofpipe()

        return watched(take_all)

    def _target(
        self,
        settings: dict[str, Any],
        disk: Disk | None,
        clock: Clock | None,
        seen: Callable[[SqliteTarget], None] | None,
    ) -> SqliteTarget:
        target = self.target(config=self.config | settings)
        target.disk = disk or target.disk
        target.clock = clock or target.clock
        if seen:
            seen(target)
        return target

    def rows(self, table: str) -> list[dict[str, Any]]:
        """All rows of a table, by their first columns."""
        return rows(self.folder / "books.sqlite", table)

    def current(self, table: str) -> list[dict[str, Any]]:
        """Rows that are not marked as deleted, without the core's own columns."""
        return [
            {name: value for name, value in row.items() if not name.startswith("_sdc_")}
            for row in self.rows(table)
            if row.get("_sdc_deleted_at") is None
        ]

    def rejects(self) -> list[dict[str, Any]]:
        """What the rejects file holds."""
        path = self.outbox / "rejects.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def waiting(self) -> list[str]:
        """States of the batches in the outbox, oldest first."""
        journals = sorted((self.outbox / "batches").glob("*.json"))
        return [json.loads(path.read_text())["state"] for path in journals]


def watched(run: Callable[[], None]) -> Run:
    """Run, and tell what went to stdout, and which fault ended it."""
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    error = None
    with redirect_stdout(out):
        try:
            run()
        except LoaderError as found:
            error = found
    out.flush()
    return Run(out.buffer.getvalue().decode().splitlines(), error)


def rows(path: Path, table: str) -> list[dict[str, Any]]:
    """All rows of a table of an SQLite file; none, if there is no such table."""
    with closing(sqlite3.connect(path)) as opened:
        opened.row_factory = sqlite3.Row
        quoted = '"' + table.replace('"', '""') + '"'
        try:
            found = [dict(row) for row in opened.execute(f"SELECT * FROM {quoted}")]
        except sqlite3.OperationalError as error:
            if "no such table" not in str(error):
                raise
            return []
    return sorted(found, key=lambda row: [str(value) for value in row.values()])


def comparable(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Rows without what differs from run to run; whether a row is deleted stays, when does not."""
    return [
        {
            name: value is not None if name == "_sdc_deleted_at" else value
            for name, value in row.items()
            if name not in NEVER_EQUAL
        }
        for row in found
    ]


def types(path: Path, table: str) -> dict[str, str]:
    """The declared types of a table's columns."""
    with closing(sqlite3.connect(path)) as opened:
        found = opened.execute("SELECT name, type FROM pragma_table_info(?)", (table,))
        return dict(found.fetchall())
