"""How a table of the core is stored as a Delta table: its columns, and what they are made of.

Knows tables, the mapping and conversions; calls no one. Beside the columns of the mapping a table
has those by which the loader tells rows apart and finds their batch. A stream that is not mapped
can be stored with its own columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from loader_core import SchemaError
from loader_core.tables import ADDED, DELETED_AT
from loader_core.type_table import UTC_TIME
from target_powerbi import conversions

if TYPE_CHECKING:
    from loader_core import Batch, Table
    from target_powerbi.mapping import Mapping, TableMap

BATCH_KEY = "_sdc_batch_key"
"""Column of tables to which rows are only added: the batch of a row."""
LINEAGE = ("_batch_id", "_audit_id", "_extracted_at")
"""Columns that lead back to the bytes that Visma sent; kept wherever a stream has them."""
NO_ZONE = "A local time without a zone: its digits are kept, under the mark of UTC"
_FORBIDDEN = re.compile(r"\W", re.ASCII)
_LONGEST = 128


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is stored.

    Attributes:
        stream: The stream, for errors.
        name: The stored table.
        mapped: Its mapping, if it has one.
        schema: Its columns.
        sources: The column of a batch for each column that is not of the mapping.
        names: The stored column that holds a column of the batches as it is.
        key: Columns by which a new row finds the one whose place it takes; none where rows are
            only added.
        order: Which of two rows with one key is newer.
        document_key, document_version: What the rows are lines of, if they are.
        marks: Gone rows are marked in `_sdc_deleted_at`, else deleted.
    """

    stream: str
    name: str
    mapped: TableMap | None
    schema: pa.Schema
    sources: dict[str, str]
    names: dict[str, str]
    key: tuple[str, ...]
    order: tuple[str, ...]
    document_key: tuple[str, ...]
    document_version: str
    marks: bool

    @property
    def only_adds(self) -> bool:
        """Rows are added and never take the place of others."""
        return not self.key

    def rows(self, batch: Batch) -> pa.Table:
        """A batch as it is stored.

        Raises:
            RejectedError: Values of some rows do not fit into their columns.
        """
        data = batch.read()
        made = conversions.arrow(data, self.mapped) if self.mapped else None
        columns = []
        for wanted in self.schema:
            if wanted.name == BATCH_KEY:
                columns.append(pa.repeat(pa.scalar(batch.key), data.num_rows))
            elif source := self.sources.get(wanted.name):
                columns.append(data[source].cast(wanted.type))
            elif made is not None:
                columns.append(made[wanted.name].cast(wanted.type))
        return pa.Table.from_arrays(columns, schema=self.schema)


def stored_name(name: str) -> str:
    """A name as a Delta table has it that Fabric can read: letters, digits and `_`."""
    return _FORBIDDEN.sub("_", name)


def layout(table: Table, mapping: Mapping) -> Layout:
    """How a table is stored.

    Raises:
        SchemaError: Two columns would have one name, or a name is too long.
    """
    mapped = mapping.of(table.name)
    only_adds = table.load_method == "append-only" or not table.key
    document = None if only_adds else table.document
    names: dict[str, str] = {}
    fields: list[pa.Field] = []
    if mapped:
        for column in mapped.columns:
            of = conversions.column_type(table.schema, column)
            fields.append(_field(column.name, of, table.schema, column.field))
            if _same(table, column.field, of):
                names.setdefault(column.field, column.name)
    own = _needed(table) if mapped else table.schema.names
    sources = {}
    for source in own:
        if source in names:
            continue
        names[source] = stored_name(source)
        sources[names[source]] = source
        of = table.schema.field(source).type
        fields.append(_field(names[source], of, table.schema, source))
    if only_adds:
        fields.append(pa.field(BATCH_KEY, pa.string()))
    _check(table, fields)
    return Layout(
        stream=table.name,
        name=mapped.name if mapped else stored_name(table.name),
        mapped=mapped,
        schema=pa.schema(fields),
        sources=sources,
        names=names,
        key=() if only_adds else tuple(names[each] for each in table.key),
        order=() if only_adds else tuple(names[each] for each in table.order),
        document_key=tuple(names[each] for each in document.key) if document else (),
        document_version=names[document.version] if document else "",
        marks=DELETED_AT in table.schema.names and not table.hard_delete,
    )


def _needed(table: Table) -> list[str]:
    """Columns of a batch that the loader itself needs, in their order."""
    needed = {*table.key, *table.order, *LINEAGE, *ADDED}
    if table.document:
        needed |= {*table.document.key, table.document.version}
    return [name for name in table.schema.names if name in needed]


def _same(table: Table, field: str, of: pa.DataType) -> bool:
    """Whether a stored column holds a column of the batches as it is."""
    at = table.schema.get_field_index(field)
    if at < 0:
        return False
    source = table.schema.field(at).type
    return bool(source == of or (pa.types.is_timestamp(source) and pa.types.is_timestamp(of)))


def _field(name: str, of: pa.DataType, schema: pa.Schema, source: str) -> pa.Field:
    """A stored column; Delta tables that every reader can read know no time without a zone."""
    at = schema.get_field_index(source)
    local = (
        at >= 0 and pa.types.is_timestamp(schema.field(at).type) and not schema.field(at).type.tz
    )
    if local and pa.types.is_timestamp(of):
        return pa.field(name, UTC_TIME, metadata={"comment": NO_ZONE})
    return pa.field(name, of)


def _check(table: Table, fields: list[pa.Field]) -> None:
    seen: set[str] = set()
    for each in fields:
        if each.name.lower() in seen:
            raise SchemaError(
                f"two columns would be stored as '{each.name}'",
                "Rename one of them in the mapping file or with a stream map",
            ).at(table.name)
        seen.add(each.name.lower())
        if len(each.name) > _LONGEST:
            raise SchemaError(
                f"the name of column '{each.name[:40]}...' has more than {_LONGEST} characters",
                "Rename it with a stream map",
            ).at(table.name)
