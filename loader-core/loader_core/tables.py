"""Tables as data: what a writer must know of one, and the columns that the core adds.

Knows names and types; knows neither rows nor files.

| column | there if | holds |
| --- | --- | --- |
| `_sdc_table_version` | ACTIVATE_VERSION is obeyed, or `add_record_metadata` | RECORD's version |
| `_sdc_deleted_at` | rows can be marked as deleted, or `add_record_metadata` | null, or when |
| `_sdc_sequence` | a key, and no `extracted_column`, or `add_record_metadata` | order of batches |
| `_sdc_extracted_at` | `add_record_metadata` | `time_extracted`, else when received |
| `_sdc_received_at`, `_sdc_batched_at` | `add_record_metadata` | when read; when the batch began |
| `_sdc_sync_started_at` | `add_record_metadata` | start of the run, milliseconds since 1970 |
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa

from loader_core.settings import LoadMethod  # noqa: TC001 - read at run time
from loader_core.type_table import UTC_TIME, Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from loader_core.settings import Settings
    from loader_core.type_table import Column

VERSION, DELETED_AT, SEQUENCE = "_sdc_table_version", "_sdc_deleted_at", "_sdc_sequence"
EXTRACTED_AT, RECEIVED_AT = "_sdc_extracted_at", "_sdc_received_at"
BATCHED_AT, STARTED_AT = "_sdc_batched_at", "_sdc_sync_started_at"
ADDED: Mapping[str, pa.DataType] = {
    EXTRACTED_AT: UTC_TIME,
    RECEIVED_AT: UTC_TIME,
    BATCHED_AT: UTC_TIME,
    DELETED_AT: UTC_TIME,
    SEQUENCE: pa.int64(),
    VERSION: pa.int64(),
    STARTED_AT: pa.int64(),
}
"""The columns that the core may add, in the order in which they follow the stream's own."""


class Document(msgspec.Struct, frozen=True, kw_only=True):
    """What the rows of a table are lines of.

    Attributes:
        stream: Stream of the documents themselves.
        key: Columns of the line that name its document.
        version: Column of the line that has its document's version.
    """

    stream: str
    key: tuple[str, ...]
    version: str


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What is written down of a table beside its columns; see `Table`."""

    stream: str
    name: str
    key: tuple[str, ...]
    order: tuple[str, ...]
    document: Document | None
    load_method: LoadMethod
    hard_delete: bool
    generation: int


@dataclass(frozen=True, slots=True)
class Table:
    """A table, as a stream's SCHEMA and the settings make it.

    Attributes:
        stream: The stream as the tap names it.
        name: The stream as stream maps name it: what writers call the table after.
        schema: Names and types of the columns, those of the core last. Only key columns are not
            nullable. A field's metadata has the `description` and the `title` that the SCHEMA gives
            it, and `json` where its text is JSON.
        key: Columns that together name a row; empty where rows have no names.
        order: Columns that tell which of two rows with one key is newer: the version column, if
            the stream has it, then when it was read. See `Writer.write`.
        document: What the rows are lines of, if they are.
        load_method: `upsert` never without a key.
        hard_delete: Gone rows are deleted, else marked in `_sdc_deleted_at`.
        generation: Not 0 if the rows are to take the place of the table; see `Writer.replace`.
    """

    stream: str
    name: str
    schema: pa.Schema
    key: tuple[str, ...]
    order: tuple[str, ...]
    document: Document | None
    load_method: LoadMethod
    hard_delete: bool
    generation: int = 0

    @property
    def description(self) -> Description:
        """What has to be written down of it beside its columns."""
        fields = {name: getattr(self, name) for name in Description.__struct_fields__}
        return Description(**fields)

    @classmethod
    def of(cls, description: Description, schema: pa.Schema) -> Table:
        """The table that was written down."""
        return cls(schema=schema, **msgspec.structs.asdict(description))


def table(
    name: str,
    columns: Sequence[Column],
    key: Sequence[str],
    schema: Mapping[str, Any],
    settings: Settings,
    *,
    stream: str,
    generation: int,
) -> Table:
    """The table of a stream.

    Args:
        name: Its name.
        columns: The stream's own columns.
        key: Which of them are the key.
        schema: The stream's JSON Schema.
        settings: How rows are loaded, and which columns are added.
        stream: The stream as the tap names it.
        generation: Of this run.
    """
    names = [column.name for column in columns]
    method = settings.load_method
    if method == "upsert" and not key:
        method = "append-only"
    document = _document(schema, names)
    upserts = method == "upsert"
    marks = method != "overwrite" and not settings.hard_delete
    reads_at = settings.extracted_column if settings.extracted_column in names else SEQUENCE
    wanted = {
        VERSION: settings.activates_versions and method != "overwrite",
        DELETED_AT: DELETED_AT in names
        or (marks and (settings.activates_versions or (upserts and document is not None))),
        SEQUENCE: bool(key) and reads_at == SEQUENCE,
    }
    fields = [
        pa.field(
            column.name,
            column.arrow,
            nullable=column.name not in key,
            metadata=_told(column) or None,
        )
        for column in columns
        if column.name not in ADDED
    ]
    for column, arrow in ADDED.items():
        if settings.adds_metadata or wanted.get(column):
            fields.append(pa.field(column, arrow))
    version = [settings.version_column] if settings.version_column in names else []
    return Table(
        stream=stream,
        name=name,
        schema=pa.schema(fields),
        key=tuple(key),
        order=(*version, reads_at) if key else (),
        document=document if upserts or (key and method == "overwrite") else None,
        load_method=method,
        hard_delete=settings.hard_delete,
        generation=generation if method == "overwrite" else 0,
    )


def _told(column: Column) -> dict[str, str]:
    """What a writer may want to know of a column beside its type."""
    told = {"description": column.description, "title": column.title}
    if column.kind in {Kind.OBJECT, Kind.ARRAY}:
        told["json"] = "yes"
    return {word: text for word, text in told.items() if text}


def _document(schema: Mapping[str, Any], names: Sequence[str]) -> Document | None:
    """What `x-document` says, where stream maps have left its columns."""
    try:
        document = msgspec.convert(schema.get("x-document"), Document)
    except msgspec.ValidationError:
        return None
    return document if {*document.key, document.version} <= set(names) else None
