"""Staged tables for tests of the LookML: those of the tap's own streams, and the DDL to make them.

The kinds are those that the target gives; the warehouse's names are its own function's.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_visma import schemas
from tap_visma.entities import ENTITIES, STAMP, Entity, Lines
from target_looker_stage.lookml import Column, Kind, StagedTable
from target_looker_stage.names import snake

if TYPE_CHECKING:
    from collections.abc import Iterator

SCHEMA = "visma_stage"
_AUDIT: dict[str, Kind] = {
    "company_id": "string",
    "record_id": "string",
    "_batch_id": "string",
    "_audit_id": "string",
    "_extracted_at": "timestamp",
    "_sdc_deleted_at": "timestamp",
}
_KINDS: dict[str, Kind] = {
    "integer": "integer",
    "number": "decimal",
    "boolean": "boolean",
    "object": "json",
    "array": "json",
    "string": "string",
}
_SQL: dict[Kind, str] = {
    "integer": "bigint",
    "decimal": "numeric(38,6)",
    "boolean": "boolean",
    "json": "jsonb",
    "string": "text",
    "date": "date",
    "timestamp": "timestamptz",
    "local_timestamp": "timestamp",
}


def staged(*streams: str) -> list[StagedTable]:
    """The tables of the tap's streams; of all, if none is named."""
    return [table for table in _tables() if not streams or table.stream in streams]


def table(stream: str, /, **kinds: Kind) -> StagedTable:
    """A table of one's own with these columns, and those that every record carries."""
    columns = _AUDIT | kinds
    return StagedTable(
        stream=stream,
        schema=SCHEMA,
        name=snake(stream),
        key="record_id",
        columns=tuple(
            Column(name=snake(name), source=name, kind=kind) for name, kind in columns.items()
        ),
    )


def ddl(tables: list[StagedTable]) -> Iterator[str]:
    """The statements that make the tables."""
    for each in tables:
        columns = ", ".join(f'"{column.name}" {_SQL[column.kind]}' for column in each.columns)
        yield f'CREATE TABLE "{each.schema}"."{each.name}" ({columns})'


def _tables() -> Iterator[StagedTable]:
    for entity in ENTITIES:
        yield table(entity.name, **_kinds(entity.name))
        for lines in entity.lists:
            yield table(lines.name, **_parents(entity, lines), **_kinds(lines.name))


def _kinds(stream: str) -> dict[str, Kind]:
    found = {name: _kind(of) for name, of in schemas.load(stream)["properties"].items()}
    return found | ({STAMP: "local_timestamp"} if STAMP in found else {})


def _parents(entity: Entity, lines: Lines) -> dict[str, Kind]:
    return dict.fromkeys(lines.parent_columns or entity.key, "string")


def _kind(of: dict[str, Any]) -> Kind:
    type_ = next(each for each in of["type"] if each != "null")
    return "timestamp" if of.get("format") == "date-time" else _KINDS[type_]
