"""What a push model's loader must remember between runs: one SQLite file beside the outbox.

Knows SQLite and the tables of the file; the rooms that own them know what is in them. What is
committed is on the disk. The outbox's lock keeps other processes out.

| table | owned by | holds |
| --- | --- | --- |
| `current_rows` | `store` | the rows that the model is to show, as they are sent |
| `batches`, `dirty` | `store` | batches that were taken; tables to be sent anew |
| `waiting`, `posts`, `held` | `outgoing` | requests, when rows were sent, rows by table |
| `manifest`, `notes` | `model` | the columns of the model's tables; its id, its relationships |
"""

from __future__ import annotations

import sqlite3
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loader_core.errors import OutboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FORMAT = 1
_TABLES = """
CREATE TABLE current_rows (
    place TEXT NOT NULL, generation INTEGER NOT NULL, key TEXT NOT NULL,
    version, extracted, document TEXT, document_version, table_version INTEGER,
    batch TEXT NOT NULL, identity TEXT, data BLOB,
    PRIMARY KEY (place, generation, key)
) WITHOUT ROWID;
CREATE INDEX lines ON current_rows (place, generation, document) WHERE document IS NOT NULL;
CREATE TABLE batches (key TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE dirty (place TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE waiting (
    number INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, batch TEXT NOT NULL,
    place TEXT NOT NULL, kind TEXT NOT NULL, state TEXT NOT NULL, rows INTEGER NOT NULL,
    bytes INTEGER NOT NULL, body BLOB, lines BLOB, request_id TEXT, done_at REAL
);
CREATE INDEX to_send ON waiting (number) WHERE state <> 'sent';
CREATE TABLE posts (at REAL NOT NULL, rows INTEGER NOT NULL);
CREATE TABLE held (place TEXT PRIMARY KEY, rows INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE manifest (place TEXT PRIMARY KEY, columns TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE notes (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


class State:
    """The file, opened.

    Args:
        path: Where it is, or is to be.

    Raises:
        OutboxError: It cannot be used, or is another version's.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._opened = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._opened.execute("PRAGMA journal_mode = WAL")
            self._opened.execute("PRAGMA synchronous = FULL")
            ((found,),) = self._opened.execute("PRAGMA user_version")
            if found == 0:
                self._opened.executescript(
                    f"BEGIN; {_TABLES} PRAGMA user_version = {FORMAT}; COMMIT;"
                )
        except sqlite3.Error as error:
            raise self._unusable(error) from None
        if found not in {0, FORMAT}:
            raise OutboxError(
                f"the state file {path} has format {found}, and this version reads {FORMAT}",
                "Use the version of the target that wrote it",
            )

    def ask(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - of SQLite
        """The rows that a statement gives."""
        try:
            return self._opened.execute(sql, values).fetchall()
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def each(self, sql: str, *values: Any) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - of SQLite
        """The rows that a statement gives, one after the other."""
        try:
            yield from self._opened.execute(sql, values)
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    def many(self, sql: str, rows: Iterable[tuple[Any, ...]]) -> None:
        """Do a statement for each row."""
        try:
            self._opened.executemany(sql, rows)
        except sqlite3.Error as error:
            raise self._unusable(error) from None

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is done within is on the disk when the block ends well, else none of it."""
        self.ask("BEGIN IMMEDIATE")
        try:
            yield
            self.ask("COMMIT")
        except BaseException:
            if self._opened.in_transaction:  # SQLite itself goes back when the disk is full
                self._opened.execute("ROLLBACK")
            raise

    def note(self, name: str, value: str | None = None) -> None:
        """Remember a value under a name; `None` forgets it."""
        if value is None:
            self.ask("DELETE FROM notes WHERE name = ?", name)
        else:
            self.ask("INSERT OR REPLACE INTO notes VALUES (?, ?)", name, value)

    def noted(self, name: str) -> str | None:
        """The value under a name."""
        found = self.ask("SELECT value FROM notes WHERE name = ?", name)
        return found[0][0] if found else None

    def close(self) -> None:
        """Let go of the file."""
        self._opened.close()

    def _unusable(self, error: sqlite3.Error) -> OutboxError:
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        return OutboxError(
            f"the state file {self._path} cannot be used ({name})",
            "Give it rights and space, or put a copy in its place",
        )
