"""The rows of a batch as they are stored: what names them, and what makes one newer.

Knows Arrow batches, and values that SQLite stores and compares as they are; knows no stored rows.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Context
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc

from loader_core.tables import DELETED_AT, VERSION
from loader_core.type_table import PRECISION

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from loader_core import Batch, Table

LONGEST_IDENTITY = 100
"""Letters of a text that may be part of what names a document."""


_SHIFT, _WIDE = 2 * 10**PRECISION, Context(prec=2 * PRECISION)
"""With which decimals become texts of one length, in the order of their values."""


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
        keys = [text_of(one) for one in zip(*(columns[name] for name in table.key), strict=True)]
    documents: Sequence[str | None] = nothing
    identities: Sequence[str | None] = nothing
    if document:
        of = zip(*(columns[name] for name in document.key), strict=True)
        documents = [text_of(one) for one in of]
    elif keyed:
        identities = _identities(rows)
    deleted = columns.get(DELETED_AT, nothing)
    sent = [None if gone is not None else row for gone, row in zip(deleted, data, strict=True)]
    return [
        Row(*values)
        for values in zip(
            keys,
            _ordered(rows[version]) if version else nothing,
            _ordered(rows[extracted]) if extracted else nothing,
            documents,
            _ordered(rows[document.version]) if document else nothing,
            columns.get(VERSION, nothing),
            identities,
            sent,
            strict=True,
        )
    ]


def _needed(table: Table) -> set[str]:
    names = {*table.key, *(table.document.key if table.document else ())}
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


def _ordered(column: pa.ChunkedArray) -> list[Any]:
    """As `_plain`, but such that SQLite compares decimals by value."""
    if not pa.types.is_decimal(column.type):
        return _plain(column)
    return [
        None if value is None else str(int(value.scaleb(column.type.scale, _WIDE)) + _SHIFT)
        for value in column.to_pylist()
    ]


def text_of(values: Iterable[Any]) -> str:
    """Values that together name a row or a document, as one text."""
    return json.dumps(list(values), ensure_ascii=False)
