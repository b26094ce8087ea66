"""How a table of the core is stored: its name, columns, key, indexes and control totals.

Knows tables and settings; writes no SQL.

Looker wants one physical key column. Where the stream's key is one column, it is that one. Where it
is several, `_pk` holds them, joined with `|`; where there is none, or rows are only added, `_pk` is
the batch of a row and its place in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader_core import SchemaError
from loader_core.tables import DELETED_AT
from loader_core.type_table import matches
from target_looker_stage.names import snake
from target_looker_stage.type_table import row_of, sql_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyarrow as pa

    from loader_core import Table
    from target_looker_stage.settings import Settings

PK, LOAD_ID = "_pk", "_load_id"
AUDIT = "_looker_"
"""What the names of the audit tables begin with."""
TIMES = frozenset({"date", "local_timestamp", "timestamp"})
"""Kinds of columns that hold a time."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column that is loaded.

    Attributes:
        name: Its name in the warehouse.
        source: Its name in the SCHEMA.
        sql: Its type, as PostgreSQL writes it.
        kind: The same, as the LookML calls it.
        title, description: The SCHEMA's, or empty.
    """

    name: str
    source: str
    sql: str
    kind: str
    title: str
    description: str


OWN = (Column(LOAD_ID, "", "bigint", "integer", "", "The load with which the row became visible"),)
"""Columns that the merge fills."""


@dataclass(frozen=True, slots=True)
class Index:
    """What an index is about.

    Attributes:
        columns: Names in the warehouse.
        part: Of the one column's JSON, where it is about a part of it.
    """

    columns: tuple[str, ...]
    part: str | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """What the rows are lines of.

    Attributes:
        key: Columns that name the document, by their names in the warehouse.
        version: The column with the document's version, likewise.
    """

    key: tuple[str, ...]
    version: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is stored.

    Attributes:
        stream: The stream, for comments and errors.
        table: The table's name.
        columns: Those that are loaded; `_pk`, where there is one, is the first.
        key: The one physical key column.
        joined: Columns of the SCHEMA that `_pk` joins; empty where it is the batch and a place.
        order: Which of two rows with one key is newer; empty where rows are only added.
        document: What the rows are lines of.
        marks: Gone rows are marked in `_sdc_deleted_at`, else deleted.
        generation: Not 0 if the rows are to take the place of the table's.
        indexes: Beside that of the key.
        period: Column by which control totals are kept.
        totals: Columns of which control totals are kept.
        read_at: Column that tells when rows were read, if it is a time.
        version: Column that tells of which version a row is, if it is a time.
    """

    stream: str
    table: str
    columns: tuple[Column, ...]
    key: str
    joined: tuple[str, ...]
    order: tuple[str, ...]
    document: Document | None
    marks: bool
    generation: int
    indexes: tuple[Index, ...]
    period: Column | None
    totals: tuple[str, ...]
    read_at: Column | None
    version: Column | None

    @property
    def only_adds(self) -> bool:
        """Rows are added and never take the place of others."""
        return not self.order


def layout(table: Table, settings: Settings) -> Layout:
    """How a table is stored.

    Raises:
        SchemaError: Two columns have one name in the warehouse, or the name is not for a stream.
    """
    only_adds = table.load_method == "append-only" or not table.key
    columns = [_column(field) for field in table.schema]
    joined = () if only_adds or len(table.key) == 1 else table.key
    key = snake(table.key[0]) if not only_adds and not joined else PK
    if key == PK:
        note = "Key: " + (" | ".join(joined) if joined else "the batch of the row | place in it")
        columns.insert(0, Column(PK, "", "text", "string", "", note))
    name = snake(table.name)
    _check_names(table, name, columns)
    by_source = {column.source: column for column in columns}
    document = None
    if table.document:
        document = Document(
            tuple(map(snake, table.document.key)), by_source[table.document.version].name
        )
    stamped = [by_source[name] for name in table.order if by_source[name].kind in TIMES]
    read_at = by_source.get(table.order[-1]) if table.order else None
    return Layout(
        stream=table.name,
        table=name,
        columns=tuple(columns),
        key=key,
        joined=joined,
        order=() if only_adds else tuple(map(snake, table.order)),
        document=document,
        marks=DELETED_AT in table.schema.names and not table.hard_delete,
        generation=table.generation,
        indexes=_indexes(columns, key, document, settings),
        period=next(
            (by_source[name] for name in settings.period_columns if name in by_source), None
        ),
        totals=tuple(
            column.name
            for column in columns
            if column.kind == "decimal" and matches(column.source, settings.total_columns)
        ),
        read_at=read_at if read_at in stamped else None,
        version=stamped[0] if stamped and stamped[0] is not read_at else None,
    )


def _column(field: pa.Field) -> Column:
    told = field.metadata or {}
    is_json = b"json" in told
    return Column(
        name=snake(field.name),
        source=field.name,
        sql=sql_type(field.type, is_json=is_json),
        kind=row_of(field.type, is_json=is_json).kind,
        title=told.get(b"title", b"").decode(),
        description=told.get(b"description", b"").decode(),
    )


def _check_names(table: Table, name: str, columns: Sequence[Column]) -> None:
    if name.startswith(AUDIT):
        raise SchemaError(
            f"tables that begin with '{AUDIT}' are kept for the audit",
            "Rename the stream with a stream map",
        ).at(table.name)
    seen = {LOAD_ID: LOAD_ID}
    for column in columns:
        other = seen.setdefault(column.name, column.source or column.name)
        if other != (column.source or column.name) or column.name == LOAD_ID:
            raise SchemaError(
                f"the columns '{other}' and '{column.source}' would both be '{column.name}'",
                "Rename one of them with a stream map",
            ).at(table.name)


def _indexes(
    columns: Sequence[Column], key: str, document: Document | None, settings: Settings
) -> tuple[Index, ...]:
    """An index for each column or part that the settings name, and one for a line's document."""
    found = [Index(document.key)] if document else []
    for column in columns:
        for pattern in settings.index_columns:
            name, _, part = pattern.partition(".")
            is_json = column.kind == "json"
            if is_json == bool(part) and column.name != key and matches(column.source, (name,)):
                found.append(Index((column.name,), part or None))
                break
    return tuple(found)
