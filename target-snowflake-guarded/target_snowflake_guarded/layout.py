"""How a table of the core is stored: names, columns, keys.

Knows tables; writes no SQL. Names are stored in capitals, as Snowflake folds those that are not
quoted, so that nobody has to quote them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader_core import SchemaError
from loader_core.tables import DELETED_AT
from target_snowflake_guarded.type_table import TEXT, VARIANT, sql_type

if TYPE_CHECKING:
    import pyarrow as pa

    from loader_core import Document, Table

ROW_KEY = "_SDC_ROW_KEY"
"""Column of tables to which rows are only added: the batch of a row and its place in it."""
MOST_NAME_CHARACTERS = 255
_GENERATION = "__SDC_GENERATION_"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stored table.

    Attributes:
        name: Its name.
        of: The name of the stream's column, for errors.
        sql: Its type.
        required: It is NOT NULL.
        comment: What the SCHEMA says of it.
    """

    name: str
    of: str
    sql: str
    required: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is stored.

    Attributes:
        stream: The stream, for comments and errors.
        name: Of the stored table.
        columns: All columns, in the order of a batch's.
        key: Columns by which a new row finds the one whose place it takes.
        order: Which of two rows with one key is newer; empty where rows are only added.
        document: What the rows are lines of; its columns are the stored ones.
        marks: Gone rows are marked in `_SDC_DELETED_AT`, else deleted.
    """

    stream: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    document: tuple[tuple[str, ...], str] | None
    marks: bool

    @property
    def only_adds(self) -> bool:
        """Rows are added and never take the place of others."""
        return not self.order


def stored_name(name: str) -> str:
    """A name as Snowflake folds it: capitals, digits and `_`."""
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def of_generation(name: str, generation: int) -> str:
    """The name of what is to take the place of a stored table."""
    return f"{name}{_GENERATION}{generation}"


def is_generation(name: str, of: str) -> bool:
    """Whether a table was to take the place of a stored table."""
    return re.fullmatch(re.escape(of + _GENERATION) + "[0-9]+", name) is not None


def layout(table: Table) -> Layout:
    """How a table is stored.

    Raises:
        SchemaError: Two columns have one stored name, or a name is too long.
    """
    only_adds = table.load_method == "append-only" or not table.key
    key = (ROW_KEY,) if only_adds else tuple(map(stored_name, table.key))
    columns = [_column(field, key) for field in table.schema]
    if only_adds:
        columns.append(
            Column(ROW_KEY, ROW_KEY, TEXT, required=False, comment="Batch and place in it")
        )
    _check_names(table)
    name = stored_name(table.name)
    return Layout(
        stream=table.name,
        name=of_generation(name, table.generation) if table.generation else name,
        columns=tuple(columns),
        key=key,
        order=() if only_adds else tuple(map(stored_name, table.order)),
        document=_document(table.document),
        marks=DELETED_AT in table.schema.names and not table.hard_delete,
    )


def _column(field: pa.Field, key: tuple[str, ...]) -> Column:
    name, metadata = stored_name(field.name), field.metadata or {}
    sql = sql_type(field.name, field.type)
    return Column(
        name=name,
        of=field.name,
        sql=VARIANT if b"json" in metadata and name not in key else sql,
        required=name in key,
        comment=metadata.get(b"description", b"").decode(),
    )


def _document(document: Document | None) -> tuple[tuple[str, ...], str] | None:
    if document is None:
        return None
    return tuple(map(stored_name, document.key)), stored_name(document.version)


def _check_names(table: Table) -> None:
    seen: dict[str, str] = {}
    for name in table.schema.names:
        other = seen.setdefault(stored_name(name), name)
        if other is not name:
            raise SchemaError(
                f"the columns '{other}' and '{name}' would both be stored as '{stored_name(name)}'",
                "Rename one of them with a stream map",
            ).at(table.name)
        if len(name) > MOST_NAME_CHARACTERS:
            raise SchemaError(
                f"the name of column '{name[:40]}...' has more than 255 characters",
                "Rename it with a stream map",
            ).at(table.name)
