"""The rows of lists of whose deletions Visma tells, as they were last written, in an SQLite file.

Knows files and SQL; knows neither Visma nor Singer. A list that was read whole tells which rows are
gone by not showing them, whatever an event called them; for loaders that know no versions of
tables, these rows are then written once more, with the time at which they were deleted. A row that
has been found gone stays, so that it can be written again if a loader lost it. Format 1.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_visma.errors import InboxError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

FORMAT = 1

_TABLES = f"""
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS rows (
    stream TEXT, company_id TEXT, record_id TEXT, version INTEGER NOT NULL, record BLOB NOT NULL,
    found_at TEXT, deleted_at TEXT, PRIMARY KEY (stream, company_id, record_id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS passes (
    stream TEXT, company_id TEXT, version INTEGER NOT NULL, PRIMARY KEY (stream, company_id));
PRAGMA user_version = {FORMAT};
"""


@dataclass(frozen=True, slots=True)
class Gone:
    """A row that is gone.

    Attributes:
        version: What the RECORD carried that last showed it.
        record: The record, JSON.
        found_at: When it was found gone, ISO 8601, UTC.
        deleted_at: When it was deleted, as far as that is known, likewise.
    """

    version: int
    record: bytes
    found_at: str
    deleted_at: str


class Memory:
    """The file.

    Args:
        path: Where it is, made for its owner only if it is not there.

    Raises:
        InboxError: It cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            self._open = sqlite3.connect(path, isolation_level=None)
            self._open.execute("PRAGMA busy_timeout = 10000")
            ((found,),) = self._open.execute("PRAGMA user_version")
            if found not in {0, FORMAT}:
                raise InboxError(
                    f"{path} has format {found}, this tap knows {FORMAT}",
                    "Take the version of tap-visma that wrote it, or remove the file",
                )
            self._open.executescript(_TABLES)

    def close(self) -> None:
        """Close the file."""
        self._open.close()

    def keep(self, company_id: str, version: int, rows: Iterable[tuple[str, str, bytes]]) -> None:
        """Keep rows that have been written.

        Args:
            company_id: Whose they are.
            version: What their RECORD messages carry.
            rows: Stream, `record_id` and record of each.

        Raises:
            InboxError: They cannot be kept.
        """
        values = [(stream, company_id, name, version, record) for stream, name, record in rows]
        with self._told():
            self._open.execute("BEGIN IMMEDIATE")
            self._open.executemany(
                "INSERT INTO rows VALUES (?, ?, ?, ?, ?, NULL, NULL) "
                "ON CONFLICT (stream, company_id, record_id) DO UPDATE SET "
                # Another pipeline's older version must not hide what a pass under way has shown
                "version = max(version, excluded.version), record = excluded.record, "
                "found_at = NULL, deleted_at = NULL",
                values,
            )
            self._open.execute("COMMIT")

    def gone(
        self, stream: str, company_id: str, version: int, found_at: str, deleted_at: str
    ) -> list[Gone]:
        """The rows that a full pass has not shown, those found gone before included.

        Args:
            stream: The stream.
            company_id: The company.
            version: Of the pass, which has seen every row.
            found_at: The time, ISO 8601, UTC.
            deleted_at: When rows not known to be gone were deleted.

        Raises:
            InboxError: The file cannot be used.
        """
        place = (stream, company_id, version)
        with self._told():
            self._open.execute(
                "UPDATE rows SET found_at = ?, deleted_at = ? "
                "WHERE stream = ? AND company_id = ? AND version < ? AND found_at IS NULL",
                (found_at, deleted_at, *place),
            )
            found = self._open.execute(
                "SELECT version, record, found_at, deleted_at FROM rows "
                "WHERE stream = ? AND company_id = ? AND version < ? ORDER BY record_id",
                place,
            )
            return [Gone(*values) for values in found]

    def count(self, stream: str, company_id: str, version: int) -> int:
        """How many rows a pass, or a later one, has shown.

        Raises:
            InboxError: The file cannot be read.
        """
        query = "SELECT count(*) FROM rows WHERE stream = ? AND company_id = ? AND version >= ?"
        with self._told():
            ((count,),) = self._open.execute(query, (stream, company_id, version))
        return int(count)

    def passed(self, stream: str, company_id: str) -> int:
        """The version of the last full pass that it has seen to its end, 0 if none.

        Raises:
            InboxError: The file cannot be read.
        """
        query = "SELECT max(version) FROM passes WHERE stream = ? AND company_id = ?"
        with self._told():
            ((version,),) = self._open.execute(query, (stream, company_id))
        return version or 0

    def keep_pass(self, stream: str, company_id: str, version: int) -> None:
        """Take note of a full pass that has come to its end.

        Raises:
            InboxError: That cannot be kept.
        """
        with self._told():
            self._open.execute(
                "INSERT OR REPLACE INTO passes VALUES (?, ?, ?)", (stream, company_id, version)
            )

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise InboxError(
                f"{self._path}, where rows are remembered, cannot be used ({error})",
                "Check the rights on its folder and the space on the disk; it may be removed",
            ) from None
