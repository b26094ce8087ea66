"""JSON Schema types and the Arrow types of their columns: one table, read top to bottom.

Knows schemas; knows no values and no destination. Money is never a float: numbers are
`decimal128(38, s)`, always 128 bits wide, with a scale that is 9 or what `decimal_scales` says. A
number that has more digits than its column is rejected with its row, never rounded.

A `date-time` can come with a zone or without one, and JSON Schema cannot say which:

- A column is a time in UTC. Values with a zone are brought to UTC; values without one keep their
  digits, as Singer loaders read them.
- A column that `zoneless_columns` names is a local time without a zone, digit for digit. A value
  with a zone is rejected there, since to keep its digits would be to change what it says.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from loader_core.errors import SchemaError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from loader_core.settings import Settings

PRECISION, SCALE = 38, 9
UTC_TIME = pa.timestamp("us", tz="UTC")
LOCAL_TIME = pa.timestamp("us")


class Kind(StrEnum):
    """What is done to read a value."""

    TEXT = "text"
    DATE = "date"
    UTC_TIME = "UTC time"
    LOCAL_TIME = "local time"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    OBJECT = "object"
    ARRAY = "array"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        json_type: Type in JSON Schema.
        format: Format in JSON Schema; `*` for none and for any that has no row of its own.
        kind: How a value is read.
        arrow: Type of the column.
        note: What becomes of the value.
    """

    json_type: str
    format: str
    kind: Kind
    arrow: pa.DataType
    note: str


TYPES = (
    Row("string", "date", Kind.DATE, pa.date32(), "`YYYY-MM-DD`"),
    Row(
        "string",
        "date-time",
        Kind.UTC_TIME,
        UTC_TIME,
        "brought to UTC; without a zone the digits stay; digits after the sixth are cut",
    ),
    Row(
        "string",
        "date-time in `zoneless_columns`",
        Kind.LOCAL_TIME,
        LOCAL_TIME,
        "the digits stay; a value with a zone is rejected",
    ),
    Row("string", "time", Kind.TEXT, pa.string(), "as received"),
    Row(
        "string",
        "x-singer.decimal",
        Kind.DECIMAL,
        pa.decimal128(PRECISION, SCALE),
        "exact; scale 9 or that of `decimal_scales`",
    ),
    Row("string", "*", Kind.TEXT, pa.string(), "as received"),
    Row("integer", "*", Kind.INTEGER, pa.int64(), "64 bits; `1.0` is 1"),
    Row(
        "number",
        "*",
        Kind.DECIMAL,
        pa.decimal128(PRECISION, SCALE),
        "exact; a text that holds a number is taken; scale 9 or that of `decimal_scales`",
    ),
    Row("boolean", "*", Kind.BOOLEAN, pa.bool_(), ""),
    Row("object", "*", Kind.OBJECT, pa.string(), "its JSON without blanks, numbers as received"),
    Row("array", "*", Kind.ARRAY, pa.string(), "its JSON without blanks, numbers as received"),
)
_BY_TYPE = {(row.json_type, row.format): row for row in TYPES}


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stream.

    Attributes:
        name: Its name in the records.
        kind: How its values are read.
        arrow: Its type.
        required: A record without it is rejected.
        nullable: Null is a value of it.
        description: What the SCHEMA says of it.
        title: What the SCHEMA calls it.
    """

    name: str
    kind: Kind
    arrow: pa.DataType
    required: bool
    nullable: bool
    description: str = ""
    title: str = ""


def columns_of(
    stream: str, schema: Mapping[str, Any], key: Sequence[str], settings: Settings
) -> tuple[Column, ...]:
    """The columns of a stream.

    Args:
        stream: Its name, for errors.
        schema: Its JSON Schema, with `properties`.
        key: Its key columns, which cannot be null or absent.
        settings: For decimals, zones, and whether `required` counts.

    Raises:
        SchemaError: A property's type has no row in the table, its name cannot be read, or a key
            column is no property.
    """
    properties: Mapping[str, Any] = schema["properties"]
    for name in key:
        if name not in properties:
            raise SchemaError(
                f"the key column '{name}' is not among the properties of the SCHEMA",
                "Select it in the tap, or set other key properties with a stream map",
            ).at(stream)
    required = {*key, *(schema.get("required", ()) if settings.validate_records else ())}
    return tuple(
        _column(
            stream,
            name,
            of,
            settings,
            required=name in required,
            nullable=name not in key and (not settings.validate_records or _takes_null(of)),
        )
        for name, of in properties.items()
    )


def _column(
    stream: str,
    name: str,
    schema: Mapping[str, Any],
    settings: Settings,
    *,
    required: bool,
    nullable: bool,
) -> Column:
    if any(letter in '"\\' or letter < " " for letter in name):  # which msgspec takes in no name
        raise SchemaError(
            f"the name of column {name!r} has a quote, a backslash or a control character",
            "Deselect the column in the tap, or rename it with a stream map",
        ).at(stream)
    row = _row(stream, name, schema)
    kind, arrow = row.kind, row.arrow
    if kind is Kind.UTC_TIME and matches(name, settings.zoneless_columns):
        kind, arrow = Kind.LOCAL_TIME, LOCAL_TIME
    elif kind is Kind.DECIMAL:
        for pattern, scale in settings.decimal_scales.items():
            if matches(name, (pattern,)):
                arrow = pa.decimal128(PRECISION, scale)
    told = (str(schema.get(word, "")) for word in ("description", "title"))
    return Column(name, kind, arrow, required, nullable, *told)


def matches(name: str, patterns: Iterable[str]) -> bool:
    """Whether a column's name is one of some patterns, in which `*` stands for any letters."""
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _row(stream: str, name: str, schema: Mapping[str, Any]) -> Row:
    """The row of a property: the one that all its alternatives have, if it has several."""
    found = {_BY_TYPE.get(of, _BY_TYPE.get((of[0], "*"))) for of in _alternatives(schema)}
    if {row.json_type for row in found if row} == {"integer", "number"}:
        found = {_BY_TYPE["number", "*"]}
    elif found and all(row and row.json_type == "string" for row in found) and len(found) > 1:
        found = {_BY_TYPE["string", "*"]}  # which takes the values of all of them
    row = found.pop() if len(found) == 1 else None
    if row is None:
        types = ", ".join(sorted({str(kind) for kind, _ in _alternatives(schema)})) or "no type"
        raise SchemaError(
            f"column '{name}' has {types} in the SCHEMA, which is not one type of a table's column",
            "Deselect the column in the tap, or give it one type with a stream map",
        ).at(stream)
    return row


def _alternatives(schema: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Type and format of all that a value may be, but for null."""
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        for of in several:
            yield from _alternatives(of)
        return
    types = schema.get("type", ())
    for json_type in (types,) if isinstance(types, str) else types:
        if json_type != "null":
            yield json_type, schema.get("format", "*")


def _takes_null(schema: Mapping[str, Any]) -> bool:
    several = schema.get("anyOf") or schema.get("oneOf")
    if several:
        return any(_takes_null(of) for of in several)
    types = schema.get("type", ())
    return types == "null" or "null" in types
