"""The outbox: batches on the disk, each with a note of how far it has come.

Knows files and states; knows no destination. A batch is a Parquet file and a journal of a few
lines beside it, both durable before the destination is called for the first time. The journal is
written after the file, so a file without a journal is no batch. `docs/outbox.md` shows the folder,
the states and what a crash at each arrow leaves.

One process at a time has an outbox. The lock is the operating system's and dies with the process.
"""

from __future__ import annotations

import hashlib
import re
import sys
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from loader_core.batches import Batch, key_of, parquet
from loader_core.errors import OutboxBusyError, OutboxError
from loader_core.tables import Description, Table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loader_core.clock import Clock
    from loader_core.durable import Disk

_T = TypeVar("_T")

FORMAT = 1
"""Of the folder; one of another format is refused."""
FORMAT_FILE, LOCK_FILE, REJECTS_FILE, BATCHES = "format", "lock", "rejects.jsonl", "batches"
JOURNAL, DATA = ".json", ".parquet"


class State(StrEnum):
    """How far a batch has come."""

    PENDING = "pending"
    UNKNOWN = "unknown"
    ACKNOWLEDGED = "acknowledged"
    REJECTED = "rejected"


TRANSITIONS: dict[tuple[State | None, State | None], str] = {
    (None, State.PENDING): "the batch is closed",
    (State.PENDING, State.UNKNOWN): "the destination is about to be called",
    (State.UNKNOWN, State.PENDING): "the destination does not have it",
    (State.UNKNOWN, State.ACKNOWLEDGED): "the destination has it, and shows it",
    (State.UNKNOWN, State.REJECTED): "the destination will never take some of its rows",
    (State.ACKNOWLEDGED, None): "nothing is left to be done",
    (State.REJECTED, None): "its rows are in the rejects file, or in a batch of their own",
    (State.PENDING, None): "it belongs to a replacement of a table that was given up",
    (State.UNKNOWN, None): "it belongs to a replacement of a table that was given up",
}
"""From one state to another, and when; `None` is outside the outbox."""
_DONE = {State.ACKNOWLEDGED, State.REJECTED}


class _Journal(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down of a batch."""

    state: State
    table: Description
    key: str
    sequence: int
    rows: int
    replaces: str | None = None
    format: int = FORMAT


class _Format(msgspec.Struct):
    """The format of a file, and of the folder whose batches they are."""

    format: int
    destination: str = ""


@dataclass(slots=True)
class Entry:
    """A batch in the outbox.

    Attributes:
        name: What its two files are called, without their endings.
        batch: The batch.
        state: How far it has come.
        replaces: Name of the batch of which it is the part that can be taken.
    """

    name: str
    batch: Batch
    state: State
    replaces: str | None = None


class Outbox:
    """One destination's outbox, locked for this process.

    Args:
        folder: Where it is, or is to be.
        destination: What tells its destination from others.
        disk: The seam for files.
        clock: For the names of batches.

    Raises:
        OutboxBusyError: Another process has it.
        OutboxError: It cannot be used, is of another format, or holds batches of another
            destination.
    """

    def __init__(self, folder: Path, destination: str, disk: Disk, clock: Clock) -> None:
        self._disk = disk
        self._clock = clock
        self._batches = folder / BATCHES
        self.rejects = folder / REJECTS_FILE
        disk.make_folder(self._batches)
        self._lock = _lock(folder / LOCK_FILE)
        try:
            self._claim(folder / FORMAT_FILE, destination)
            disk.sweep(folder)
            disk.sweep(self._batches)
            self._sequence = self._last_sequence()
        except BaseException:
            self._lock.close()
            raise

    def close(self) -> None:
        """Let other processes have it."""
        self._lock.close()

    def next_sequence(self) -> int:
        """A number greater than any before: milliseconds since 1970, or one more than the last."""
        now = int(self._clock.now().timestamp() * 1000)
        self._sequence = max(self._sequence + 1, now)
        return self._sequence

    def add(
        self, table: Table, rows: pa.Table, sequence: int, replaces: Entry | None = None
    ) -> Entry:
        """Take in a batch; when this returns, no crash can lose it.

        Args:
            table: Whose rows they are.
            rows: At least one row.
            sequence: From `next_sequence`.
            replaces: The batch of which these rows are the part that can be taken.
        """
        file = parquet(rows)
        key = key_of(table, file)
        words = re.sub(r"[^A-Za-z0-9]+", "-", table.name).strip("-")[:60]
        name = f"{sequence:016d}-{words}-{key[:12]}"
        path = self._batches / (name + DATA)
        self._disk.write(path, file)
        batch = Batch(table, key, sequence, rows.num_rows, path, rows)
        entry = Entry(name, batch, State.PENDING, replaces.name if replaces else None)
        self._write_journal(entry)
        return entry

    def move(self, entry: Entry, to: State) -> None:
        """Note that a batch has come to another state."""
        if (entry.state, to) not in TRANSITIONS:
            raise AssertionError(f"no way from {entry.state} to {to}")
        entry.state = to
        self._write_journal(entry)

    def drop(self, entry: Entry) -> None:
        """Remove a batch that is done with; the journal first, since a file alone is no batch."""
        if (entry.state, None) not in TRANSITIONS:
            raise AssertionError(f"no way out from {entry.state}")
        self._disk.remove(self._batches / (entry.name + JOURNAL))
        self._disk.remove(entry.batch.path)

    def left(self) -> list[Entry]:
        """The batches that an earlier run left to be written, oldest first.

        What it left of batches that were done with is removed.

        Raises:
            OutboxError: A batch is not as it was left.
        """
        entries = list(self._entries())
        replaced = {entry.replaces for entry in entries}
        for entry in entries:
            if entry.name in replaced:
                entry.state = State.REJECTED
        for entry in entries:
            # A table that was to be replaced was not, and its tap begins anew
            if entry.state in _DONE or entry.batch.table.generation:
                self.drop(entry)
        journals = {entry.name for entry in entries}
        for path in self._batches.glob("*" + DATA):
            if path.stem not in journals:  # the process died before it was a batch
                self._disk.remove(path)
        return [
            entry
            for entry in entries
            if entry.state not in _DONE and not entry.batch.table.generation
        ]

    def _entries(self) -> Iterator[Entry]:
        for path in sorted(self._batches.glob("*" + JOURNAL)):
            journal = _read_journal(path)
            data = path.with_suffix(DATA)
            # Of those that will be dropped the file may be gone already
            drops = journal.state in _DONE or journal.table.generation
            table = Table.of(journal.table, pa.schema([]) if drops else _check(data, journal))
            batch = Batch(table, journal.key, journal.sequence, journal.rows, data)
            yield Entry(path.stem, batch, journal.state, journal.replaces)

    def _write_journal(self, entry: Entry) -> None:
        batch = entry.batch
        journal = _Journal(
            state=entry.state,
            table=batch.table.description,
            key=batch.key,
            sequence=batch.sequence,
            rows=batch.rows,
            replaces=entry.replaces,
        )
        text = msgspec.json.format(msgspec.json.encode(journal)) + b"\n"
        self._disk.write(self._batches / (entry.name + JOURNAL), text)

    def _last_sequence(self) -> int:
        names = (path.name.partition("-")[0] for path in self._batches.glob("*" + JOURNAL))
        return max((int(name) for name in names if name.isdecimal()), default=0)

    def _claim(self, path: Path, destination: str) -> None:
        """See that the folder is of this format, and that what is in it is for this destination."""
        mark = hashlib.sha256(destination.encode()).hexdigest()
        if path.exists():
            found = _decode(path, _Format)
            _check_format(found.format, path)
            if found.destination == mark:
                return
            if any(self._batches.glob("*" + JOURNAL)):
                raise OutboxError(
                    f"the outbox {path.parent} holds batches for another destination",
                    "Give each destination an 'outbox_dir' of its own, or run the target with the "
                    "settings of before until its outbox is empty",
                )
        self._disk.write(path, msgspec.json.encode(_Format(FORMAT, mark)) + b"\n")


def _lock(path: Path) -> BinaryIO:
    try:
        file = path.open("ab")
    except OSError as error:
        raise OutboxError(
            f"the outbox cannot be used at {path}: {error.strerror}",
            "Give it rights, or set 'outbox_dir' to another folder",
        ) from None
    try:
        if sys.platform == "win32":
            import msvcrt  # noqa: PLC0415 - there is none elsewhere

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl  # noqa: PLC0415 - there is none on Windows

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        file.close()
        raise OutboxBusyError(
            f"another run has the outbox {path.parent} open",
            "Wait until it has ended, or give each pipeline an 'outbox_dir' of its own",
        ) from None
    return file


def _decode(path: Path, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.MsgspecError):
        raise _damaged(path) from None


def _read_journal(path: Path) -> _Journal:
    _check_format(_decode(path, _Format).format, path)
    return _decode(path, _Journal)


def _check_format(found: int, path: Path) -> None:
    if found != FORMAT:
        raise OutboxError(
            f"the outbox at {path} has format {found}, and this version reads format {FORMAT}",
            "Let the version that wrote it load what is in it, or set 'outbox_dir' anew",
        )


def _check(data: Path, journal: _Journal) -> pa.Schema:
    """The schema of a batch's file, if it is the one that was written."""
    try:
        file = data.read_bytes()
        schema = pq.read_schema(data)
    except (OSError, ValueError):  # Arrow's own errors are among them
        raise _damaged(data) from None
    if key_of(Table.of(journal.table, schema), file) != journal.key:
        raise _damaged(data)
    return schema


def _damaged(path: Path) -> OutboxError:
    return OutboxError(
        f"the outbox has a file that is not as it was written: {path}",
        "Move it and its sibling out of the folder, and run the tap with the STATE of before it "
        "was made",
    )
