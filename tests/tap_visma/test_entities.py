"""What must hold for every row of the table of entities."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tap_visma import ledger, schemas
from tap_visma.entities import ENTITIES, LOOKUPS, Entity, Lines
from tap_visma.lineage import AUDIT_COLUMNS, POSITION
from tap_visma.records import parent_columns
from tap_visma.tap import TapVisma

each_entity = pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
each_list = pytest.mark.parametrize(
    ("entity", "lines"),
    [(entity, lines) for entity in ENTITIES for lines in entity.lists],
    ids=lambda row: row.name,
)


def property_at(schema: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for step in path:
        schema = schema.get("items", schema)["properties"][step]
    return schema


def test_no_two_streams_have_one_name() -> None:
    names = Counter(name for e in ENTITIES for name in (e.name, *(x.name for x in e.lists)))

    assert [name for name, count in names.items() if count > 1] == []


def test_there_is_a_schema_for_each_stream_and_no_other() -> None:
    from importlib.resources import files  # noqa: PLC0415

    there = {f.name.removesuffix(".json") for f in files(schemas).iterdir() if "json" in f.name}

    streams = {name for e in ENTITIES for name in (e.name, *(x.name for x in e.lists))}
    assert there == streams | {ledger.STREAM, "webhook_events"}


@each_entity
def test_an_audit_id_with_a_line_can_mean_one_list_only(entity: Entity) -> None:
    assert len(entity.lists) <= 1


@each_entity
def test_the_key_is_in_the_schema_or_a_parameter(entity: Entity) -> None:
    schema = schemas.load(entity.name)

    for part in set(entity.key) - set(entity.added_columns):
        assert property_at(schema, part.split("."))["type"] in (
            ["string", "null"],
            ["integer", "null"],
        )


@each_entity
def test_the_stamp_is_a_time_in_the_schema(entity: Entity) -> None:
    schema = schemas.load(entity.name)

    if entity.stamp:
        assert schema["properties"][entity.stamp]["format"] == "date-time"
    else:
        assert "lastModifiedDateTime" not in schema["properties"]
        assert entity.since is None


@pytest.mark.parametrize(
    "stream", [name for e in ENTITIES for name in (e.name, *(x.name for x in e.lists))]
)
def test_schemas_have_no_types_but_those_of_json_and_every_field_can_be_null(stream: str) -> None:
    def check(schema: dict[str, Any]) -> None:
        kind, null = schema["type"]
        assert kind in {"string", "integer", "number", "boolean", "object", "array"}
        assert null == "null"
        assert schema.get("format", "date-time") == "date-time"
        for field in schema.get("properties", {}).values():
            check(field)
        if "items" in schema:
            check(schema["items"])

    for field in schemas.load(stream)["properties"].values():
        check(field)


@each_entity
def test_added_columns_take_no_field_of_visma_s(entity: Entity) -> None:
    fields = schemas.load(entity.name)["properties"].keys()

    assert not fields & set(entity.added_columns)
    assert fields & AUDIT_COLUMNS.keys() <= {"lastModifiedDateTime"}


@each_entity
def test_parameters_take_their_values_from_a_list_that_is_known(entity: Entity) -> None:
    for parameter in entity.parameters:
        assert parameter.values in LOOKUPS
        assert (
            parameter.column is None
            or parameter.column not in parameter.names
            or (f"{{{parameter.column}}}" not in entity.path)
        )


@each_list
def test_a_list_has_left_its_document(entity: Entity, lines: Lines) -> None:
    document = schemas.load(entity.name)
    holder = property_at(document, list(lines.path[:-1])).get("items", document)

    assert lines.path[-1] not in holder["properties"]


@each_list
def test_a_line_carries_the_key_of_its_document_beside_its_own_fields(
    entity: Entity, lines: Lines
) -> None:
    fields = schemas.load(lines.name)["properties"].keys()
    columns = parent_columns(entity, lines)

    assert len(columns) == len(entity.key)
    assert not set(columns) & fields
    assert set(lines.key) <= fields
    assert POSITION not in fields


@each_list
def test_the_schema_of_lines_names_their_document_and_its_version(
    entity: Entity, lines: Lines
) -> None:
    stream = TapVisma(config={}, validate_config=False).streams[lines.name]

    (message,) = stream._generate_schema_messages()  # noqa: SLF001 - what goes over the wire

    document = message.schema["x-document"]
    assert document["stream"] == entity.name
    assert set(document["key"]) | {document["version"]} <= message.schema["properties"].keys()


def test_money_is_a_number_and_never_a_text_or_an_integer() -> None:
    kinds: Counter[tuple[str, ...]] = Counter()
    for entity in ENTITIES:
        for name in (entity.name, *(lines.name for lines in entity.lists)):
            for field, schema in schemas.load(name)["properties"].items():
                if field.lower().endswith(("amount", "balance", "total")):
                    kinds[tuple(schema["type"])] += 1

    assert kinds["number", "null"] > 100
    assert not kinds.keys() & {("string", "null"), ("integer", "null")}


def test_reference_data_comes_before_what_points_at_it() -> None:
    order = [entity.name for entity in ENTITIES]

    for first, then in [
        ("accounts", "journal_transactions"),
        ("suppliers", "supplier_invoices"),
        ("customers", "customer_invoices"),
        ("purchase_orders", "purchase_receipts"),
        ("supplier_invoices", "supplier_payments"),
        ("journal_transactions", "general_ledger_balances"),
    ]:
        assert order.index(first) < order.index(then)
    assert list(TapVisma(config={}, validate_config=False).streams)[:2] == order[:2]
