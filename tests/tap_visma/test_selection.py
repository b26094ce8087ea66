"""What the user chooses of a stream, and what maps make of it, is what comes out: no more, no less.

Promises hold for SCHEMA and RECORD alike, since a loader goes by the one and stores the other.
"""

from __future__ import annotations

import json
from decimal import Decimal
from hashlib import md5
from typing import TYPE_CHECKING, Any

import pytest

from tap_runs import BY_NAME, Run, Visma, of_entity, visma_with
from tap_visma import schemas
from tap_visma.entities import ENTITIES
from tap_visma.lineage import AUDIT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Iterator

INVOICES = of_entity("supplier_invoices")
EVERYTHING = {name for entity in ENTITIES for name in of_entity(entity)}


@pytest.fixture(scope="module")
def visma() -> Iterator[Visma]:
    """A sandbox with one company that no test here changes."""
    with visma_with() as visma:
        visma.control("settings", {"calls_per_window": 100_000})
        yield visma


@pytest.fixture(scope="module")
def whole(visma: Visma) -> Run:
    """Invoices and their lines with every field."""
    return visma.sync(streams=INVOICES)


def without(visma: Visma, streams: set[str], *fields: str) -> dict[str, Any]:
    """A catalog in which these fields are deselected; dots lead into nested objects."""
    catalog = visma.catalog(streams)
    unwanted = [breadcrumb(field) for field in fields]
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"] in unwanted:
                item["metadata"]["selected"] = False
    return catalog


def without_anything_that_can_go(visma: Visma, streams: set[str]) -> dict[str, Any]:
    """A catalog in which every field is deselected, automatic ones too."""
    catalog = visma.catalog(streams)
    for entry in catalog["streams"]:
        for item in entry["metadata"]:
            if item["breadcrumb"]:
                item["metadata"]["selected"] = False
    return catalog


def breadcrumb(field: str) -> list[str]:
    return [crumb for step in field.split(".") for crumb in ("properties", step)]


def schema_of(run: Run, stream: str) -> dict[str, Any]:
    (schema,) = (
        message["schema"]
        for message in run.messages
        if message["type"] == "SCHEMA" and message["stream"] == stream
    )
    assert isinstance(schema, dict)
    return schema


def fields_of(schema: dict[str, Any], path: str = "") -> set[str]:
    """All fields of a schema, those inside of objects and lists too."""
    fields = set()
    for name, of in schema.get("items", schema).get("properties", {}).items():
        fields |= {path + name} | fields_of(of, f"{path}{name}.")
    return fields


def fields_in(value: Any, path: str = "") -> set[str]:
    """All fields of a record, those inside of objects and lists too."""
    if isinstance(value, list):
        return {field for item in value for field in fields_in(item, path)}
    if not isinstance(value, dict):
        return set()
    fields = set()
    for name, of in value.items():
        fields |= {path + name} | fields_in(of, f"{path}{name}.")
    return fields


def written(run: Run, stream: str) -> set[str]:
    """All fields that the records of a stream hold."""
    assert run.records(stream)
    return fields_in(run.records(stream))


# Selection


@pytest.mark.parametrize(
    ("stream", "field"),
    [
        ("supplier_invoices", "note"),
        ("supplier_invoices", "supplier"),
        ("supplier_invoices", "supplier.name"),
        ("supplier_invoice_lines", "transactionDescription"),
        ("supplier_invoice_lines", "account.description"),
        ("supplier_invoice_lines", "subaccount.segments"),
    ],
)
def test_a_deselected_field_is_neither_in_schema_nor_in_record(
    visma: Visma, whole: Run, stream: str, field: str
) -> None:
    run = visma.sync(catalog=without(visma, {stream}, field))

    gone = {name for name in written(whole, stream) if f"{name}.".startswith(f"{field}.")}
    assert field in gone
    assert fields_of(schema_of(run, stream)).isdisjoint(gone)
    assert written(run, stream) == written(whole, stream) - gone


def test_a_field_deselected_in_documents_stays_in_lines_and_the_other_way_round(
    visma: Visma, whole: Run
) -> None:
    catalog = without(visma, INVOICES, "branchNumber")
    of_documents = next(e for e in catalog["streams"] if e["stream"] == "supplier_invoices")
    untouched = next(
        e for e in visma.catalog(INVOICES)["streams"] if e["stream"] == "supplier_invoice_lines"
    )

    run = visma.sync(catalog={"streams": [of_documents, untouched]})

    assert "branchNumber" not in written(run, "supplier_invoices")
    lines = "supplier_invoice_lines"
    assert run.own_rows(lines) == whole.own_rows(lines)


def test_audit_columns_cannot_be_deselected(visma: Visma) -> None:
    run = visma.sync(catalog=without_anything_that_can_go(visma, INVOICES))

    for stream in INVOICES:
        assert AUDIT_COLUMNS.keys() <= schema_of(run, stream)["properties"].keys()
        for record in run.records(stream):
            assert AUDIT_COLUMNS.keys() <= record.keys()


@pytest.fixture(scope="module")
def least(visma: Visma) -> Run:
    """A run over all streams in which every field is deselected."""
    run = visma.sync(catalog=without_anything_that_can_go(visma, EVERYTHING))
    assert run.failures == []
    return run


def test_with_every_field_deselected_records_hold_what_the_schema_says_and_no_more(
    least: Run,
) -> None:
    """Fields of keys are read for `record_id` in any case: they must not slip out."""
    slipped_out = {
        stream: written(least, stream) - fields_of(schema_of(least, stream))
        for stream in sorted(EVERYTHING)
    }

    assert {stream: fields for stream, fields in slipped_out.items() if fields} == {}


def test_the_columns_that_tie_lines_to_their_document_cannot_be_deselected(least: Run) -> None:
    """SCHEMA names them in `x-document`, and a loader cannot replace lines without them."""
    missing = {}
    for lines in (lines.name for entity in ENTITIES for lines in entity.lists):
        schema = schema_of(least, lines)
        columns = {*schema["x-document"]["key"], schema["x-document"]["version"]}
        assert columns <= written(least, lines)
        missing[lines] = columns - schema["properties"].keys()

    assert {lines: columns for lines, columns in missing.items() if columns} == {}


def test_with_only_lines_selected_only_lines_are_written_with_the_key_of_their_document(
    visma: Visma, whole: Run
) -> None:
    run = visma.sync(streams={"supplier_invoice_lines"})

    assert run.counts.keys() == {"supplier_invoice_lines"}
    schemas_of = {m["stream"] for m in run.messages if m["type"] == "SCHEMA"}
    assert schemas_of == {"supplier_invoice_lines"}
    assert run.own_rows("supplier_invoice_lines") == whole.own_rows("supplier_invoice_lines")
    documents = {
        (row["documentType"], row["referenceNumber"]) for row in whole.records("supplier_invoices")
    }
    assert {
        (row["documentType"], row["referenceNumber"])
        for row in run.records("supplier_invoice_lines")
    } <= documents


@pytest.mark.parametrize("with_metadata", [False, True], ids=["schema alone", "metadata too"])
@pytest.mark.parametrize("field", ["note", "supplier", "supplier.name", "taxDetailLines.vatId"])
def test_a_property_removed_from_the_catalog_s_schema_is_not_written(
    visma: Visma, whole: Run, field: str, *, with_metadata: bool
) -> None:
    catalog = visma.catalog({"supplier_invoices"})
    (entry,) = catalog["streams"]
    *way, name = field.split(".")
    holder = entry["schema"]
    for step in way:
        holder = holder["properties"][step]
        holder = holder.get("items", holder)
    del holder["properties"][name]
    if with_metadata:
        crumbs = breadcrumb(field)
        entry["metadata"] = [
            item for item in entry["metadata"] if item["breadcrumb"][: len(crumbs)] != crumbs
        ]

    run = visma.sync(catalog=catalog)

    assert field in written(whole, "supplier_invoices")
    assert field not in fields_of(schema_of(run, "supplier_invoices"))
    assert field not in written(run, "supplier_invoices")


@pytest.mark.parametrize(
    ("stream", "unknown"),
    [
        ("supplier_invoices", "note"),
        ("supplier_invoices", "supplier.name"),
        ("supplier_invoices", "taxDetailLines.vatId"),
        ("supplier_invoice_lines", "quantity"),
    ],
)
@pytest.mark.parametrize("by_way_of_a_map", [False, True], ids=["as read", "mapped"])
def test_fields_that_visma_sends_but_the_schema_lacks_never_come_out(
    visma: Visma,
    whole: Run,
    monkeypatch: pytest.MonkeyPatch,
    stream: str,
    unknown: str,
    *,
    by_way_of_a_map: bool,
) -> None:
    """As when Visma adds a field."""
    load = schemas.load

    def load_an_older_one(name: str) -> dict[str, Any]:
        schema = load(name)
        holder = schema
        *way, field = unknown.split(".")
        if name == stream:
            for step in way:
                holder = holder["properties"][step]
                holder = holder.get("items", holder)
            del holder["properties"][field]
        return schema

    monkeypatch.setattr(schemas, "load", load_an_older_one)
    monkeypatch.setattr("tap_visma.tap.ENTITIES", [BY_NAME["supplier_invoices"]])
    maps = {name: {"is_mapped": "str('yes')"} for name in INVOICES}
    run = visma.sync(stream_maps=maps if by_way_of_a_map else None)

    assert unknown in written(whole, stream)
    assert written(run, stream) - {"is_mapped"} == {
        field for field in written(whole, stream) if not f"{field}.".startswith(f"{unknown}.")
    }


# Stream maps


def mapped(visma: Visma, rules: dict[str, Any], **settings: Any) -> Run:
    """A run with a map of the invoices, while the lines are written as they are read."""
    run = visma.sync(streams=INVOICES, stream_maps={"supplier_invoices": rules}, **settings)
    assert run.failures == []
    return run


def column(run: Run, name: str, stream: str = "supplier_invoices") -> dict[str, Any]:
    """A column by key."""
    return {key: row[name] for key, row in run.rows(stream).items()}


def digits(run: Run, stream: str) -> dict[str, str]:
    """Rows by key as text, in which 1.10 is another number than 1.1."""
    return {key: str(row) for key, row in run.own_rows(stream).items()}


def test_a_map_that_changes_nothing_gives_the_same_rows_with_the_same_digits(
    visma: Visma, whole: Run
) -> None:
    maps = {stream: {"note": "note"} for stream in INVOICES}

    run = visma.sync(streams=INVOICES, stream_maps=maps)

    assert run.counts == whole.counts
    for stream in INVOICES:
        assert digits(run, stream) == digits(whole, stream)
        assert schema_of(run, stream)["properties"] == schema_of(whole, stream)["properties"]


def test_a_map_renames(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"remark": "note", "note": "__NULL__"})

    assert column(run, "remark") == column(whole, "note")
    fields = written(whole, "supplier_invoices") - {"note"} | {"remark"}
    assert written(run, "supplier_invoices") == fields
    properties = schema_of(run, "supplier_invoices")["properties"]
    assert "remark" in properties
    assert "note" not in properties


def test_a_map_computes_with_amounts_to_the_last_digit(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"paid": "amount - balance", "hundredfold": "amount * 100 + vatAmount"})

    assert any(row["amount"] != row["balance"] for row in run.records("supplier_invoices"))
    for key, row in whole.rows("supplier_invoices").items():
        mapped_row = run.rows("supplier_invoices")[key]
        assert str(mapped_row["paid"]) == str(row["amount"] - row["balance"])
        assert str(mapped_row["hundredfold"]) == str(row["amount"] * 100 + row["vatAmount"])


def test_a_map_drops_a_column_and_a_filter_drops_rows(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"note": "__NULL__", "__filter__": "amount > 1000"})

    assert "note" not in written(run, "supplier_invoices")
    assert "note" not in schema_of(run, "supplier_invoices")["properties"]
    kept = {k for k, amount in column(whole, "amount").items() if amount > 1000}
    assert 0 < len(kept) < len(whole.rows("supplier_invoices"))
    assert run.rows("supplier_invoices").keys() == kept


def test_a_filter_on_documents_leaves_bookmarks_and_lines_alone(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"__filter__": "amount < 0 - 1"})

    assert run.records("supplier_invoices") == []
    assert run.own_rows("supplier_invoice_lines") == whole.own_rows("supplier_invoice_lines")
    for stream in INVOICES:
        assert run.bookmark(stream) == whole.bookmark(stream) is not None


def test_a_map_hashes(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"supplierReference": "md5(referenceNumber)"})

    for key, number in column(whole, "referenceNumber").items():
        hashed = md5(number.encode(), usedforsecurity=False).hexdigest()
        assert column(run, "supplierReference")[key] == hashed


def test_a_map_sees_what_is_selected_only(visma: Visma) -> None:
    catalog = without(visma, {"supplier_invoices"}, "supplier.name")
    maps = {"supplier_invoices": {"fields": "str(supplier)"}}

    run = visma.sync(catalog=catalog, stream_maps=maps)

    assert "'number'" in run.records("supplier_invoices")[0]["fields"]
    assert all("'name'" not in row["fields"] for row in run.records("supplier_invoices"))


def test_money_as_text_passes_through_a_map_with_the_same_digits(visma: Visma, whole: Run) -> None:
    run = mapped(visma, {"remark": "note"}, use_singer_decimal=True)

    amounts = column(run, "amount")
    assert amounts == {key: str(amount) for key, amount in column(whole, "amount").items()}
    assert schema_of(run, "supplier_invoices")["properties"]["amount"] == {
        "type": ["string", "null"],
        "format": "x-singer.decimal",
    }


def test_a_map_computes_with_amounts_also_where_money_leaves_as_text(
    visma: Visma, whole: Run
) -> None:
    """Else `amount * 2` would repeat the digits of a text, in silence."""
    run = mapped(visma, {"twice": "amount * 2"}, use_singer_decimal=True)

    twice = {key: Decimal(value) for key, value in column(run, "twice").items()}
    assert twice == {key: amount * 2 for key, amount in column(whole, "amount").items()}


# Flattening


def flattened(row: dict[str, Any], path: str = "") -> dict[str, Any]:
    """A row with the fields of objects as columns of their own."""
    columns: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, dict):
            columns |= flattened(value, f"{path}{name}__")
        else:
            columns[path + name] = value
    return columns


def with_lists(row: dict[str, Any], like: dict[str, Any]) -> dict[str, Any]:
    """A row in which lists that flattening has made texts are lists again."""
    return {
        name: json.loads(value, parse_float=Decimal) if isinstance(like.get(name), list) else value
        for name, value in row.items()
    }


@pytest.mark.parametrize("stream", sorted(INVOICES))
def test_flattening_makes_columns_of_nested_fields_and_changes_no_value(
    visma: Visma, whole: Run, stream: str
) -> None:
    run = visma.sync(streams=INVOICES, flattening_enabled=True, flattening_max_depth=5)

    assert run.failures == []
    rows = run.own_rows(stream)
    for key, row in whole.own_rows(stream).items():
        expected = flattened(row)
        assert str(with_lists(rows[key], expected)) == str(expected)
    assert len(rows) == len(whole.own_rows(stream))
    properties = schema_of(run, stream)["properties"]
    filled = {name for row in rows.values() for name, value in row.items() if value is not None}
    assert any("__" in name for name in filled)
    assert filled <= properties.keys()


def test_flattening_leaves_out_what_is_not_selected(visma: Visma) -> None:
    catalog = without(visma, {"supplier_invoices"}, "supplier.name")

    run = visma.sync(catalog=catalog, flattening_enabled=True, flattening_max_depth=5)

    names = (
        written(run, "supplier_invoices") | schema_of(run, "supplier_invoices")["properties"].keys()
    )
    assert "supplier__number" in names
    assert "supplier__name" not in names


def test_flattening_and_a_map_work_together(visma: Visma, whole: Run) -> None:
    run = mapped(
        visma,
        {"paid": "amount - balance", "note": "__NULL__"},
        flattening_enabled=True,
        flattening_max_depth=5,
    )

    for key, row in whole.rows("supplier_invoices").items():
        flat = run.rows("supplier_invoices")[key]
        assert flat["paid"] == row["amount"] - row["balance"]
        assert flat["supplier__name"] == row["supplier"]["name"]
        assert "note" not in flat
