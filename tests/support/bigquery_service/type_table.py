"""BigQuery's types, DuckDB's behind them, and how their values look in answers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from bigquery_service.errors import not_in_the_double

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        name: As the REST API writes it.
        aliases: As it may also be called.
        duckdb: The type behind it.
        parquet: Arrow types of a Parquet file's columns that a load takes for it.
    """

    name: str
    aliases: tuple[str, ...]
    duckdb: str
    parquet: tuple[pa.DataType, ...]


TYPES: Final = (
    Row("STRING", (), "VARCHAR", (pa.string(), pa.large_string())),
    Row("INTEGER", ("INT64",), "BIGINT", (pa.int64(), pa.int32())),
    Row("BOOLEAN", ("BOOL",), "BOOLEAN", (pa.bool_(),)),
    Row("FLOAT", ("FLOAT64",), "DOUBLE", (pa.float64(), pa.float32())),
    Row("NUMERIC", ("DECIMAL",), "DECIMAL(38,9)", ()),
    Row("BIGNUMERIC", ("BIGDECIMAL",), "DECIMAL(38,18)", ()),
    Row("DATE", (), "DATE", (pa.date32(),)),
    Row("DATETIME", (), "TIMESTAMP", (pa.timestamp("us"), pa.timestamp("ms"))),
    Row("TIMESTAMP", (), "TIMESTAMPTZ", (pa.timestamp("us", "UTC"), pa.timestamp("ms", "UTC"))),
    Row("JSON", (), "JSON", ()),
)
_BY_NAME: Final = {name: row for row in TYPES for name in (row.name, *row.aliases)}
_BY_DUCKDB: Final = {row.duckdb: row.name for row in TYPES} | {
    "TIMESTAMP WITH TIME ZONE": "TIMESTAMP",
    "INTEGER": "INTEGER",
    "HUGEINT": "INTEGER",
    "SMALLINT": "INTEGER",
    "UBIGINT": "INTEGER",
    '"NULL"': "INTEGER",
}
MOST_SCALE: Final = {"NUMERIC": 9, "BIGNUMERIC": 18}


def row_of(name: str) -> Row:
    """The row of a type.

    Raises:
        JobError: The double has no such type.
    """
    try:
        return _BY_NAME[name.upper().partition("(")[0]]
    except KeyError:
        raise not_in_the_double(f"The type {name}") from None


def name_of(duckdb: str) -> str:
    """The type that a result of DuckDB's has in BigQuery."""
    if duckdb.startswith("DECIMAL("):
        scale = int(duckdb.rstrip(")").rpartition(",")[2])
        return "NUMERIC" if scale <= MOST_SCALE["NUMERIC"] else "BIGNUMERIC"
    if duckdb not in _BY_DUCKDB:
        raise not_in_the_double(f"A result of the type {duckdb}")
    return _BY_DUCKDB[duckdb]


def takes(field: Mapping[str, Any], arrow: pa.DataType) -> bool:
    """Whether a load takes a Parquet column of an Arrow type for a field of a table."""
    row = row_of(field["type"])
    if pa.types.is_decimal(arrow):
        return bool(arrow.scale <= MOST_SCALE.get(row.name, -1))
    return arrow in row.parquet


def cell(value: Any, of: str, *, int64_times: bool) -> str | None:
    """A value as results have it: all are texts.

    Args:
        value: As Arrow gives it; a time as microseconds since 1970.
        of: Its type.
        int64_times: Times are microseconds, else seconds with an exponent.
    """
    if value is None:
        return None
    if of == "TIMESTAMP":
        return str(value) if int64_times else f"{Decimal(value).scaleb(-6):E}"
    if of in MOST_SCALE:
        return plain(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def plain(value: Decimal) -> str:
    """A number without an exponent and without zeros at its end."""
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
