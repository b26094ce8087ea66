"""Tables, rows and batches for tests of writers."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from loader_core.batches import Batch, key_of, parquet
from loader_core.tables import DELETED_AT, Document, Table
from loader_core.type_table import LOCAL_TIME, UTC_TIME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from loader_core.settings import LoadMethod

STAMP, READ_AT = "lastModifiedDateTime", "_extracted_at"
EDGES: Mapping[str, tuple[pa.DataType, Sequence[Any]]] = {
    "text": (pa.string(), ["", 'it\'s "quoted"; -- \\ %s', "æøå 簡体 🧾", "line\nline", None]),
    "amount": (
        pa.decimal128(38, 9),
        [
            Decimal("99999999999999999999999999999.999999999"),
            Decimal("-99999999999999999999999999999.999999999"),
            Decimal("0.100000000"),
            Decimal("0.000000001"),
            None,
        ],
    ),
    "count": (pa.int64(), [2**63 - 1, -(2**63), 0, -1, None]),
    "flag": (pa.bool_(), [True, False, True, False, None]),
    "day": (
        pa.date32(),
        [date(1, 1, 1), date(9999, 12, 31), date(2024, 2, 29), date(1970, 1, 1), None],
    ),
    "moment": (
        UTC_TIME,
        [
            datetime(1, 1, 1, tzinfo=UTC),
            datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
            datetime(2026, 3, 29, 1, 30, tzinfo=UTC),
            datetime(1970, 1, 1, tzinfo=UTC),
            None,
        ],
    ),
    "local_moment": (
        LOCAL_TIME,
        [
            datetime(1, 1, 1),  # noqa: DTZ001 - has no zone, that is the point
            datetime(9999, 12, 31, 23, 59, 59, 999999),  # noqa: DTZ001 - as above
            datetime(2026, 3, 29, 2, 30),  # noqa: DTZ001 - which Nordic clocks skip
            datetime(1970, 1, 1),  # noqa: DTZ001 - as above
            None,
        ],
    ),
}
"""For each type its least, its greatest, and what is easily spoilt."""


class Batches:
    """Makes batches as the outbox does.

    Args:
        folder: For their files.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._sequence = itertools.count(1)

    def of(self, table: Table, rows: Iterable[Mapping[str, Any]]) -> Batch:
        """A batch of rows; columns that are not given are null."""
        data = pa.Table.from_pylist(list(rows), schema=table.schema)
        file = parquet(data)
        sequence = next(self._sequence)
        path = self._folder / f"{sequence:04d}.parquet"
        path.write_bytes(file)
        return Batch(table, key_of(table, file), sequence, data.num_rows, path, data)


STAMPS = (pa.field(STAMP, LOCAL_TIME), pa.field(READ_AT, UTC_TIME))


def table_of(
    name: str,
    fields: Sequence[str | pa.Field],
    *,
    key: Sequence[str] = (),
    load_method: LoadMethod = "upsert",
    **more: Any,  # noqa: ANN401 - fields of a table of any type
) -> Table:
    """A table; a field that is only a name is a text."""
    of = [pa.field(field, pa.string()) if isinstance(field, str) else field for field in fields]
    of = [field.with_nullable(field.name not in key and field.nullable) for field in of]
    defaults: dict[str, Any] = {"document": None, "hard_delete": False, "generation": 0}
    return Table(
        stream=name,
        name=name,
        schema=pa.schema(of),
        key=tuple(key),
        order=(STAMP, READ_AT) if key else (),
        load_method=load_method,
        **defaults | more,
    )


def log_table() -> Table:
    """A table without a key."""
    return table_of("log", ["text"], load_method="append-only")


def keyed_table(*integers: str, hard: bool = False) -> Table:
    """A table with a key, and whole numbers in some more columns."""
    fields = ["id", "text", *STAMPS, *(pa.field(name, pa.int64()) for name in integers)]
    if integers and not hard:
        fields.append(pa.field(DELETED_AT, UTC_TIME))
    return table_of("keyed", fields, key=["id"], hard_delete=hard)


def replacing_table(generation: int) -> Table:
    """A table that is to take the place of `keyed_table`."""
    return replace(keyed_table(), load_method="overwrite", generation=generation)


def lines_table(*, hard: bool) -> Table:
    """A table of documents' lines."""
    fields: list[str | pa.Field] = ["id", "document", "text", *STAMPS]
    if not hard:
        fields.append(pa.field(DELETED_AT, UTC_TIME))
    document = Document(stream="documents", key=("document",), version=STAMP)
    return table_of("lines", fields, key=["id"], document=document, hard_delete=hard)


def row(name: str, text: str, stamp: str | None, read: int) -> dict[str, Any]:
    """A row of `keyed_table`.

    Args:
        name: Its key.
        text: What tells it from others with the same key.
        stamp: Hour and minute of its version.
        read: Minute at which it was read.
    """
    return {
        "id": name,
        "text": text,
        STAMP: datetime.fromisoformat(f"2026-03-01T{stamp}") if stamp else None,
        READ_AT: datetime(2026, 3, 2, 0, read, tzinfo=UTC),
    }


def line(document: str, number: int, stamp: str | None, read: int) -> dict[str, Any]:
    """A row of `lines_table`."""
    return {**row(f"{document}:{number}", "", stamp, read), "document": document}
