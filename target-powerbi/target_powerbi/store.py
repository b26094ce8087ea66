"""The current rows, kept here because a push model can neither change nor remove one.

Knows rows and what changes them; knows no requests. A row that is gone stays as a key without
data, so that an older one that comes late does not bring it back. What a writer must do with keys,
versions, documents and generations is in `loader_core.writer`.
"""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from loader_core import RejectedError
from target_powerbi.stored_rows import text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from loader_core import Table
    from target_powerbi.state import State
    from target_powerbi.stored_rows import Row


class Change(NamedTuple):
    """What became of a row: data of before and of after, `None` where there is none."""

    key: str
    old: bytes | None
    new: bytes | None


class Store:
    """The rows of all tables.

    Args:
        state: The file that they are in.
    """

    def __init__(self, state: State) -> None:
        self._state = state

    def taken(self, batch: str) -> bool:
        """Whether a batch was taken."""
        return bool(self._state.ask("SELECT 1 FROM batches WHERE key = ?", batch))

    def take(self, batch: str) -> None:
        """Remember that a batch was taken."""
        self._state.ask("INSERT OR IGNORE INTO batches VALUES (?)", batch)

    def mark_dirty(self, place: str) -> None:
        """Remember that a table has to be sent anew."""
        self._state.ask("INSERT OR IGNORE INTO dirty VALUES (?)", place)

    def mark_clean(self, place: str) -> None:
        """Remember that a table is on its way as it is."""
        self._state.ask("DELETE FROM dirty WHERE place = ?", place)

    def dirty(self) -> set[str]:
        """Tables that have to be sent anew."""
        return {place for (place,) in self._state.ask("SELECT place FROM dirty")}

    def merge(
        self, place: str, generation: int, rows: Iterable[Row], batch: str, *, fixed: bool = False
    ) -> list[Change]:
        """Put each row in the place of the one with its key, unless that one is newer.

        Args:
            place: The table.
            generation: Of the table; 0 but for one that is to replace it.
            rows: The rows.
            batch: Key of the batch that they came in.
            fixed: Rows stay as they are once they are there.

        Returns:
            The rows that changed.

        Raises:
            RejectedError: Fixed rows are there with other data.
        """
        was: dict[str, bytes | None] = {}
        refused: dict[int, str] = {}
        documents = set()
        for number, row in enumerate(rows):
            found = self._state.ask(
                "SELECT version, extracted, data FROM current_rows "
                "WHERE place = ? AND generation = ? AND key = ?",
                place,
                generation,
                row.key,
            )
            old = found[0][2] if found else None
            if fixed and old is not None:
                if row.data is not None and not _agree(row.data, old):
                    refused[number] = "it was appended before with other values"
                continue
            if row.document is not None and not fixed:
                documents.add(row.document)
            if found and _is_newer(found[0], row):
                continue
            was.setdefault(row.key, old)
            self._put(place, generation, row, batch)
        if refused:
            raise RejectedError(refused)
        for document in documents:
            self._drop_older_lines(place, generation, document, was)
        return self._changes(place, generation, was)

    def activate(self, place: str, generation: int, version: int) -> list[Change]:
        """Remove rows of older table versions."""
        return self._remove(
            place, generation, "(table_version IS NULL OR table_version < ?)", version
        )

    def trim(self, place: str, table: Table, parent_place: str) -> list[Change]:
        """Remove lines of documents that have none left: see `Writer.trim`."""
        if table.document is None:
            return []
        newest: dict[str, Any] = {}
        for (text,) in self._state.each(
            "SELECT identity FROM current_rows "
            "WHERE place = ? AND generation = ? AND identity IS NOT NULL",
            parent_place,
            table.generation,
        ):
            of = json.loads(text)
            version = of.get(table.document.version)
            if version is not None and all(name in of for name in table.document.key):
                newest[text_of([of[name] for name in table.document.key])] = version
        changes = []
        for document, version in newest.items():
            changes += self._remove(
                place, table.generation, "document = ? AND document_version < ?", document, version
            )
        return changes

    def replace(self, place: str, generation: int) -> bool:
        """Put a generation in the place of the table; gives whether that changes any row."""
        if not self._state.noted(f"generation {place}"):
            return False  # it was done before
        one_of, pair = (
            (
                "SELECT key, data FROM current_rows "
                "WHERE place = ? AND generation = ? AND data IS NOT NULL"
            ),
            ((0, generation), (generation, 0)),
        )
        changes = any(
            self._state.ask(f"{one_of} EXCEPT {one_of} LIMIT 1", place, these, place, those)
            for these, those in pair
        )
        self._state.ask("DELETE FROM current_rows WHERE place = ? AND generation = 0", place)
        self._state.ask(
            "UPDATE current_rows SET generation = 0 WHERE place = ? AND generation = ?",
            place,
            generation,
        )
        self._state.note(f"generation {place}")
        return changes

    def begin(self, place: str, generation: int) -> None:
        """Make a generation ready, and remove what is left of others."""
        self._state.ask(
            "DELETE FROM current_rows WHERE place = ? AND generation NOT IN (0, ?)",
            place,
            generation,
        )
        self._state.note(f"generation {place}", str(generation))

    def rows(self, place: str) -> Iterator[tuple[str, str, bytes]]:
        """Key, batch and data of a table's rows."""
        return self._state.each(
            "SELECT key, batch, data FROM current_rows "
            "WHERE place = ? AND generation = 0 AND data IS NOT NULL ORDER BY key",
            place,
        )

    def refit(self, place: str, fit: Callable[[bytes], bytes]) -> None:
        """Bring the data of a table's rows into another form; call it within a transaction."""
        rows = self._state.ask(
            "SELECT generation, key, data FROM current_rows WHERE place = ? AND data IS NOT NULL",
            place,
        )
        fitted = ((fit(data), place, generation, key) for generation, key, data in rows)
        self._state.many(
            "UPDATE current_rows SET data = ? WHERE place = ? AND generation = ? AND key = ?",
            fitted,
        )

    def places_of(self, batch: str) -> set[str]:
        """Tables whose rows came in a batch, by the beginning of its key."""
        found = self._state.ask(
            "SELECT DISTINCT place FROM current_rows WHERE substr(batch, 1, ?) = ?",
            len(batch),
            batch,
        )
        return {place for (place,) in found}

    def _put(self, place: str, generation: int, row: Row, batch: str) -> None:
        self._state.ask(
            "INSERT OR REPLACE INTO current_rows VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            place,
            generation,
            row.key,
            row.version,
            row.extracted,
            row.document,
            row.document_version,
            row.table_version,
            batch,
            row.identity,
            row.data,
        )

    def _drop_older_lines(
        self, place: str, generation: int, document: str, was: dict[str, bytes | None]
    ) -> None:
        older = self._remove(
            place,
            generation,
            "document = ? AND document_version < (SELECT max(document_version) FROM current_rows "
            "WHERE place = ? AND generation = ? AND document = ?)",
            document,
            place,
            generation,
            document,
        )
        for change in older:
            was.setdefault(change.key, change.old)

    def _remove(
        self,
        place: str,
        generation: int,
        condition: str,
        *values: Any,  # noqa: ANN401 - of SQLite
    ) -> list[Change]:
        where = f"WHERE place = ? AND generation = ? AND data IS NOT NULL AND {condition}"
        found = self._state.ask(
            f"SELECT key, data FROM current_rows {where}",  # noqa: S608 - this file's own words
            place,
            generation,
            *values,
        )
        if found:
            self._state.many(
                "UPDATE current_rows SET data = NULL "
                "WHERE place = ? AND generation = ? AND key = ?",
                [(place, generation, key) for key, _ in found],
            )
        return [Change(key, data, None) for key, data in found]

    def _changes(self, place: str, generation: int, was: dict[str, bytes | None]) -> list[Change]:
        """What the rows that were touched have become."""
        changes = []
        for key, old in was.items():
            ((new,),) = self._state.ask(
                "SELECT data FROM current_rows WHERE place = ? AND generation = ? AND key = ?",
                place,
                generation,
                key,
            )
            if old != new:
                changes.append(Change(key, old, new))
        return changes


def _agree(row: bytes, other: bytes) -> bool:
    """Whether two rows have the same values in the columns that both have."""
    if row == other:
        return True
    one, two = json.loads(row, parse_float=Decimal), json.loads(other, parse_float=Decimal)
    return all(one[name] == two[name] for name in one.keys() & two.keys())


def _is_newer(found: tuple[Any, Any, Any], row: Row) -> bool:
    """Whether a stored row is newer than another, or gone and as new: see `Writer.write`."""
    version, extracted, data = found
    if version is not None and row.version is not None and version != row.version:
        return bool(version > row.version)
    if extracted is None or row.extracted is None:
        return False
    return bool(extracted > row.extracted or (data is None and extracted == row.extracted))
