"""The inbox: events in an SQLite file, kept before they are acknowledged.

Knows files and SQL; knows neither HTTP nor Singer. One process writes events, others read them.
Numbers grow with time, also from one file to the next that takes its place, so that whoever has
seen an event can say with its number which ones he has seen. Format 1:

| table | holds |
| --- | --- |
| `events` | a row for each event, by number |
| `counts` | how often each thing happened: `kept`, `repeated`, and each kind of refusal |
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Self

from tap_visma.envelopes import Event
from tap_visma.errors import InboxError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import timedelta
    from pathlib import Path

FORMAT = 1
KEPT, REPEATED = "kept", "repeated"
COLUMNS = Event.__struct_fields__
BUSY_MILLISECONDS = 10_000
MICROSECONDS = 1_000_000

_TABLES = f"""
CREATE TABLE IF NOT EXISTS events (
    number INTEGER PRIMARY KEY, received_at TEXT NOT NULL, sender TEXT NOT NULL,
    body BLOB NOT NULL, envelope TEXT NOT NULL, event_id TEXT, context TEXT, kind TEXT,
    resource TEXT, occurred_at TEXT, identity TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS identities ON events (identity, number);
CREATE TABLE IF NOT EXISTS counts (what TEXT PRIMARY KEY, count INTEGER NOT NULL);
PRAGMA user_version = {FORMAT};
"""
_INSERT = (
    f"INSERT INTO events ({', '.join(COLUMNS)}, identity) "  # noqa: S608 - names of ours
    f"VALUES ({', '.join('?' * (len(COLUMNS) + 1))})"
)
_COUNT = (
    "INSERT INTO counts VALUES (?, ?) ON CONFLICT (what) DO UPDATE SET count = count + "
    "excluded.count"
)


class InboxWriter:
    """The one writer of an inbox, which it locks.

    Args:
        path: The file, made for its owner only if it is not there.
        repeat: How long an event without a time of its own is known again.

    Raises:
        InboxError: Another process writes it, or it cannot be opened.
    """

    def __init__(self, path: Path, repeat: timedelta) -> None:
        self._repeat = int(repeat.total_seconds() * MICROSECONDS)
        with _told(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(self._lock)
                raise InboxError(
                    f"another receiver writes the inbox {path}",
                    "End it first, or set another 'webhook_inbox'",
                ) from None
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._open = _opened(path)
            self._open.execute("PRAGMA journal_mode = WAL")
            self._open.execute("PRAGMA synchronous = FULL")
            _check_format(self._open, path)
            self._open.executescript(_TABLES)
            folder = os.open(path.parent, os.O_RDONLY)
            os.fsync(folder)
            os.close(folder)
        self._path = path
        self._last = newest(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()
        os.close(self._lock)

    def write(self, events: Sequence[Event], counts: Mapping[str, int]) -> list[bool]:
        """Keep events, durably and all at once, and add to the counts.

        Returns:
            For each event, whether it is new; one that was sent again is not kept twice.

        Raises:
            InboxError: Nothing was kept.
        """
        added = dict(counts)
        with _told(self._path), _transaction(self._open):
            new = [self._add(event) for event in events]
            for what, count in ((KEPT, sum(new)), (REPEATED, len(new) - sum(new))):
                added[what] = added.get(what, 0) + count
            self._open.executemany(_COUNT, added.items())
        return new

    def _add(self, event: Event) -> bool:
        now = time.time_ns() // 1000
        identity = event.identity()
        ((before,),) = self._open.execute(
            "SELECT max(number) FROM events WHERE identity = ?", [identity]
        )
        if before is not None and (event.occurred_at or before > now - self._repeat):
            return False
        event.number = self._last = max(now, self._last + 1)
        values = [getattr(event, name) for name in COLUMNS]
        self._open.execute(_INSERT, [*values, identity])
        return True


def newest(path: Path) -> int:
    """The number of the newest event, 0 if there is none.

    Raises:
        InboxError: The file cannot be read.
    """
    with _reading(path) as opened:
        ((number,),) = opened.execute("SELECT max(number) FROM events")
        return number or 0


def events(path: Path, after: int = 0, until: int | None = None) -> Iterator[Event]:
    """Events in their order.

    Args:
        path: The file.
        after: From the event behind this one on.
        until: Up to this one; all that there are, if not given.

    Raises:
        InboxError: The file cannot be read.
    """
    until = newest(path) if until is None else until
    query = f"SELECT {', '.join(COLUMNS)} FROM events WHERE number > ? AND number <= ?"  # noqa: S608
    with _reading(path) as opened:
        for values in opened.execute(f"{query} ORDER BY number", [after, until]):
            yield Event(**dict(zip(COLUMNS, values, strict=True)))


def counts(path: Path) -> dict[str, int]:
    """How often each thing happened.

    Raises:
        InboxError: The file cannot be read.
    """
    with _reading(path) as opened:
        return dict(opened.execute("SELECT what, count FROM counts ORDER BY what").fetchall())


def prune(path: Path, before: int) -> int:
    """Remove the events before a number; gives how many there were.

    Raises:
        InboxError: The file cannot be written.
    """
    with _told(path), closing(_opened(path, "rw")) as opened, _transaction(opened):
        return opened.execute("DELETE FROM events WHERE number < ?", [before]).rowcount


@contextmanager
def _reading(path: Path) -> Iterator[sqlite3.Connection]:
    with _told(path), closing(_opened(path, "ro")) as opened:
        _check_format(opened, path)
        yield opened


def _opened(path: Path, mode: str = "rw") -> sqlite3.Connection:
    opened = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
    )
    opened.execute(f"PRAGMA busy_timeout = {BUSY_MILLISECONDS}")
    return opened


@contextmanager
def _transaction(opened: sqlite3.Connection) -> Iterator[None]:
    opened.execute("BEGIN IMMEDIATE")
    try:
        yield
        opened.execute("COMMIT")
    except BaseException:
        if opened.in_transaction:
            opened.execute("ROLLBACK")
        raise


def _check_format(opened: sqlite3.Connection, path: Path) -> None:
    ((found,),) = opened.execute("PRAGMA user_version")
    if found not in {0, FORMAT}:
        raise InboxError(
            f"the inbox {path} has format {found}, this tap knows {FORMAT}",
            "Take the version of tap-visma that wrote it, or a newer one",
        )


@contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise InboxError(
            f"the inbox {path} cannot be used ({error})",
            "Check 'webhook_inbox', the rights on its folder and the space on the disk",
        ) from None
