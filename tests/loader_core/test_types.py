"""JSON Schema types and values become columns exactly, or are refused by name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.errors import SchemaError
from loader_core.settings import Settings
from loader_core.type_table import TYPES, columns_of
from loader_runs import Loader, record, schema, types

if TYPE_CHECKING:
    from loader_runs import Run

NULLABLE = "null"
DECIMAL, TIME, LOCAL = "DECIMAL_TEXT_38_9", "UTC_TIME_TEXT", "LOCAL_TIME_TEXT"


def load_value(loader: Loader, of: dict[str, Any], value: str, name: str = "x", **set_: Any) -> Run:
    """Load one value, as JSON has it."""
    message = json.dumps(record("things", {"id": 1, name: "#"})).replace('"#"', value)
    return loader.load([schema("things", {"id": {"type": "integer"}, name: of}), message], **set_)


TAKEN = {
    "29 digits before the point and 9 after": (
        {"type": "number"},
        "12345678901234567890123456789.123456789",
        "12345678901234567890123456789.123456789",
    ),
    "negative": ({"type": "number"}, "-0.01", "-0.010000000"),
    "0.10": ({"type": ["number", "null"]}, "0.10", "0.100000000"),
    "a whole number in a number": ({"type": "number"}, "100", "100.000000000"),
    "an exponent": ({"type": "number"}, "1.5e3", "1500.000000000"),
    "more zeros than the scale": ({"type": "number"}, "1.1000000000000", "1.100000000"),
    "a decimal as text": (
        {"type": ["string", "null"], "format": "x-singer.decimal"},
        '"12345678901234567890.123456789"',
        "12345678901234567890.123456789",
    ),
    "integer or number": ({"type": ["integer", "number"]}, "1.5", "1.500000000"),
    "the greatest integer": ({"type": "integer"}, "9223372036854775807", 2**63 - 1),
    "the least integer": ({"type": "integer"}, "-9223372036854775808", -(2**63)),
    "an integer with a fraction of 0": ({"type": "integer"}, "9007199254740993.0", 2**53 + 1),
    "true": ({"type": "boolean"}, "true", 1),
    "an empty text": ({"type": "string"}, '""', ""),
    "quotes": ({"type": "string"}, r'"it\'s \"x\"; --"'.replace(r"\'", "'"), 'it\'s "x"; --'),
    "an emoji": ({"type": "string"}, r'"\ud83e\uddfe æ"', "🧾 æ"),
    "null": ({"type": ["string", "null"]}, "null", None),
    "a time of day": ({"type": "string", "format": "time"}, '"08:30:00"', "08:30:00"),
    "a uuid": ({"type": "string", "format": "uuid"}, '"a-b"', "a-b"),
    "a day": ({"type": "string", "format": "date"}, '"0001-01-01"', "0001-01-01"),
    "a time with a zone": (
        {"type": "string", "format": "date-time"},
        '"2026-03-01T01:00:00+01:00"',
        "2026-03-01T00:00:00.000000",
    ),
    "a time without a zone": (
        {"type": "string", "format": "date-time"},
        '"2026-03-01T01:00:00"',
        "2026-03-01T01:00:00.000000",
    ),
    "a time with seven digits of a second": (
        {"type": "string", "format": "date-time"},
        '"2026-03-01T01:00:00.1234567Z"',
        "2026-03-01T01:00:00.123456",
    ),
    "year 1": (
        {"type": "string", "format": "date-time"},
        '"0001-01-01T00:00:00"',
        "0001-01-01T00:00:00.000000",
    ),
    "a text of two formats": (
        {"anyOf": [{"type": "string", "format": "date-time"}, {"type": ["string", "null"]}]},
        '"not a time"',
        "not a time",
    ),
    "an object": (
        {"type": "object"},
        r'{"b" : 1.50, "a": [1, 2.0e5 ], "t": "x , \u00e6: y"}',
        r'{"b":1.50,"a":[1,2.0e5],"t":"x , \u00e6: y"}',
    ),
    "an array": ({"type": ["array", "null"]}, "[ 1.10, null]", "[1.10,null]"),
}


@pytest.mark.parametrize(("of", "value", "stored"), TAKEN.values(), ids=TAKEN)
def test_a_value_arrives_exactly(
    loader: Loader, of: dict[str, Any], value: str, stored: Any
) -> None:
    run = load_value(loader, of, value)

    assert run.error is None
    assert loader.current("things") == [{"id": 1, "x": stored}]


REFUSED = {
    "30 digits before the point": (
        {"type": "number"},
        "123456789012345678901234567890",
        "more than 29 digits before the point, or 9 after it",
    ),
    "10 digits after the point": (
        {"type": "number"},
        "0.1234567891",
        "more than 29 digits before the point, or 9 after it",
    ),
    "a text in a number": ({"type": "number"}, '"12,5"', "not a number"),
    "a boolean in a number": ({"type": "number"}, "true", "not a number"),
    "NaN": ({"type": "string", "format": "x-singer.decimal"}, '"NaN"', "not a number"),
    "an integer of more than 64 bits": ({"type": "integer"}, "9223372036854775808", "`int` <="),
    "a fraction in an integer": ({"type": "integer"}, "1.5", "Expected `int"),
    "a number in a text": ({"type": "string"}, "1", "Expected `str"),
    "a text in a boolean": ({"type": "boolean"}, '"true"', "Expected `bool"),
    "no such day": ({"type": "string", "format": "date"}, '"2026-02-30"', "not a day"),
    "no such time": ({"type": "string", "format": "date-time"}, '"soon"', "not a time"),
    "a time before the year 1": (
        {"type": "string", "format": "date-time"},
        '"0001-01-01T00:00:00+02:00"',
        "not in the years 1 to 9999",
    ),
    "an array in an object": ({"type": "object"}, "[]", "not an object"),
    "a text in an array": ({"type": "array"}, '"abc"', "not an array"),
}


@pytest.mark.parametrize(("of", "value", "reason"), REFUSED.values(), ids=REFUSED)
def test_a_value_that_does_not_fit_is_rejected_and_never_changed(
    loader: Loader, of: dict[str, Any], value: str, reason: str
) -> None:
    run = load_value(loader, of, value)

    assert "1 rows could not be loaded" in str(run.error)
    assert loader.current("things") == []
    (reject,) = loader.rejects()
    assert reason in reject["reason"]
    assert value.strip('"') not in reject["reason"]


NO_ROW = {
    "no type": {},
    "only null": {"type": "null"},
    "a text or a number": {"type": ["string", "number"]},
    "an unknown type": {"type": "money"},
    "an object or an array": {"oneOf": [{"type": "object"}, {"type": "array"}]},
}


@pytest.mark.parametrize("of", NO_ROW.values(), ids=NO_ROW)
def test_a_type_without_a_row_is_an_error_that_names_stream_and_column(of: dict[str, Any]) -> None:
    with pytest.raises(SchemaError, match=r"stream 'things': column 'x' has .* not one type"):
        columns_of("things", {"properties": {"x": of}}, [], Settings.of({}))


def test_a_time_in_a_zoneless_column_keeps_its_digits(loader: Loader) -> None:
    of = {"type": "string", "format": "date-time"}

    load_value(loader, of, '"2026-03-29T02:30:00"', "lastModifiedDateTime")

    (row,) = loader.current("things")
    assert row["lastModifiedDateTime"] == "2026-03-29T02:30:00.000000"
    assert types(loader.folder / "books.sqlite", "things")["lastModifiedDateTime"] == LOCAL


def test_a_zone_in_a_zoneless_column_is_rejected_and_not_shifted(loader: Loader) -> None:
    of = {"type": "string", "format": "date-time"}

    run = load_value(loader, of, '"2026-03-29T02:30:00Z"', "at", zoneless_columns=["a*"])

    assert run.error
    assert "zoneless_columns" in loader.rejects()[0]["reason"]


def test_a_column_can_have_a_scale_of_its_own(loader: Loader) -> None:
    run = load_value(
        loader, {"type": "number"}, "1.123456789012", "fxRate", decimal_scales={"*Rate": 12}
    )

    assert run.error is None
    assert loader.current("things")[0]["fxRate"] == "1.123456789012"


def test_required_and_null_do_not_count_if_records_are_not_validated(loader: Loader) -> None:
    columns = {"id": {"type": "integer"}, "x": {"type": "string"}}
    messages = [schema("things", columns, required=["id", "x"]), record("things", {"id": 1})]

    strict = loader.load(messages)
    lax = loader.load(messages, validate_records=False)

    assert "could not be loaded" in str(strict.error)
    assert lax.error is None
    assert loader.current("things") == [{"id": 1, "x": None}]


def test_every_row_of_the_table_is_reached_by_its_own_type_and_format() -> None:
    for row in TYPES:
        if "zoneless" in row.format:
            continue
        of = {"type": row.json_type} | ({} if row.format == "*" else {"format": row.format})

        (column,) = columns_of("things", {"properties": {"x": of}}, [], Settings.of({}))

        assert (column.kind, column.arrow) == (row.kind, row.arrow)
