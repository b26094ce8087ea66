"""The current rows, kept here because a push model can neither change nor remove one.

Knows rows and what changes them; knows no requests. A row that is gone stays as a key without
data, so that an older one that comes late does not bring it back. What a writer must do with keys,
versions, documents and generations is in `loader_core.writer`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from loader_core import RejectedError
from loader_core.tables import DELETED_AT, VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from loader_core import Batch, Table
    from target_powerbi.state import State

LONGEST_IDENTITY = 100
"""Letters of a text that may be part of what names a document."""


class Change(NamedTuple):
    """What became of a row: data of before and of after, `None` where there is none."""

    key: str
    old: bytes | None
    new: bytes | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row as it is stored.

    Attributes:
        key: The values of its key as JSON.
        version, extracted: By which it is newer or older than another.
        document, document_version: Which document it is a line of, and of which version.
        table_version: `_sdc_table_version`.
        identity: Short values that may name a document, as JSON.
        data: The row as it is sent; `None` if it is deleted.
    """

    key: str
    version: Any
    extracted: Any
    document: str | None
    document_version: Any
    table_version: int | None
    identity: str | None
    data: bytes | None


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
            fixed: Rows cannot change once they are there.

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
            if fixed and old is not None and row.data not in {None, old}:
                refused[number] = "it was appended before with other values"
            if row.document is not None:
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
                newest[_text([of[name] for name in table.document.key])] = version
        changes = []
        for document, version in newest.items():
            changes += self._remove(
                place, table.generation, "document = ? AND document_version < ?", document, version
            )
        return changes

    def replace(self, place: str, generation: int) -> list[Change]:
        """Put a generation in the place of the table."""
        old, new = (
            dict(
                self._state.ask(
                    "SELECT key, data FROM current_rows WHERE place = ? AND generation = ?",
                    place,
                    each,
                )
            )
            for each in (0, generation)
        )
        if not new and not self._state.noted(f"generation {place}"):
            return []  # it was done before
        self._state.ask("DELETE FROM current_rows WHERE place = ? AND generation = 0", place)
        self._state.ask(
            "UPDATE current_rows SET generation = 0 WHERE place = ? AND generation = ?",
            place,
            generation,
        )
        self._state.note(f"generation {place}")
        keys = [*old, *(key for key in new if key not in old)]
        changes = [Change(key, old.get(key), new.get(key)) for key in keys]
        return [change for change in changes if change.old != change.new]

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


def _is_newer(found: tuple[Any, Any, Any], row: Row) -> bool:
    """Whether a stored row is newer than another: see `Writer.write`."""
    version, extracted, _ = found
    if version is not None and row.version is not None and version != row.version:
        return bool(version > row.version)
    return extracted is not None and row.extracted is not None and extracted > row.extracted


def stored(batch: Batch, rows: pa.Table, data: Sequence[bytes]) -> list[Row]:
    """The rows of a batch as they are stored.

    Args:
        batch: The batch.
        rows: What it holds.
        data: Its rows as they are sent.
    """
    table = batch.table
    keyed = table.key and table.load_method != "append-only"
    columns = {name: _plain(rows[name]) for name in _needed(table)}
    nothing = [None] * rows.num_rows
    version, extracted = ([None, *table.order] if len(table.order) == 1 else table.order) or (
        None,
        None,
    )
    document = table.document
    keys: Sequence[str] = [f"{batch.key}:{number}" for number in range(rows.num_rows)]
    if keyed:
        keys = [_text(one) for one in zip(*(columns[name] for name in table.key), strict=True)]
    documents: Sequence[str | None] = nothing
    identities: Sequence[str | None] = nothing
    if document:
        of = zip(*(columns[name] for name in document.key), strict=True)
        documents = [_text(one) for one in of]
    elif keyed:
        identities = _identities(rows)
    deleted = columns.get(DELETED_AT, nothing)
    sent = [None if gone is not None else row for gone, row in zip(deleted, data, strict=True)]
    return [
        Row(*values)
        for values in zip(
            keys,
            columns[version] if version else nothing,
            columns[extracted] if extracted else nothing,
            documents,
            columns[document.version] if document else nothing,
            columns.get(VERSION, nothing),
            identities,
            sent,
            strict=True,
        )
    ]


def _needed(table: Table) -> set[str]:
    names = {*table.key, *table.order}
    if table.document:
        names |= {*table.document.key, table.document.version}
    return names | ({VERSION, DELETED_AT} & set(table.schema.names))


def _identities(rows: pa.Table) -> list[str | None]:
    """The short values of each row."""
    names = [
        field.name
        for field in rows.schema
        if pa.types.is_string(field.type)
        or pa.types.is_integer(field.type)
        or pa.types.is_temporal(field.type)
    ]
    columns = [_plain(rows[name]) for name in names]
    return [
        json.dumps(
            {
                name: value
                for name, value in zip(names, values, strict=True)
                if not isinstance(value, str) or len(value) <= LONGEST_IDENTITY
            },
            ensure_ascii=False,
        )
        for values in zip(*columns, strict=True)
    ]


def _plain(column: pa.ChunkedArray) -> list[Any]:
    """Values that SQLite stores and compares as they are."""
    of = column.type
    if pa.types.is_timestamp(of):
        column = pc.cast(column, pa.int64())
    elif pa.types.is_date(of):
        column = pc.cast(column, pa.int32())
    elif pa.types.is_decimal(of):
        column = pc.cast(column, pa.string())
    return list(column.to_pylist())


def _text(values: Iterable[Any]) -> str:
    return json.dumps(list(values), ensure_ascii=False)
