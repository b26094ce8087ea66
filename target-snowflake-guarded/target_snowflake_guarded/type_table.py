"""Arrow types and the SQL types of their columns: one table, read top to bottom.

Knows types; knows neither rows nor statements. Money is NUMBER(38, s), never a FLOAT.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from loader_core import SchemaError

VARIANT = "VARIANT"
TEXT = "VARCHAR"


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        arrow: Type of the column in a batch.
        sql: Type of the column in the table.
        note: What is to be known of it.
    """

    arrow: pa.DataType
    sql: str
    note: str


TYPES = (
    Row(pa.string(), TEXT, "`VARIANT`, by `PARSE_JSON`, for objects and arrays"),
    Row(pa.int64(), "NUMBER(38,0)", ""),
    Row(pa.decimal128(38, 9), "NUMBER(38,9)", "the scale of the batch: 9 or `decimal_scales`"),
    Row(pa.bool_(), "BOOLEAN", ""),
    Row(pa.date32(), "DATE", ""),
    Row(pa.timestamp("us", tz="UTC"), "TIMESTAMP_TZ(9)", "a moment, in UTC"),
    Row(pa.timestamp("us"), "TIMESTAMP_NTZ(9)", "a local time, digit for digit"),
)
_BY_ARROW = {row.arrow: row.sql for row in TYPES}


def sql_type(column: str, arrow: pa.DataType) -> str:
    """The type of a column.

    Raises:
        SchemaError: No row of the table has the type.
    """
    if pa.types.is_decimal128(arrow):
        return f"NUMBER({arrow.precision},{arrow.scale})"
    try:
        return _BY_ARROW[arrow]
    except KeyError:
        raise SchemaError(
            f"column '{column}' is {arrow}, which no type of a Snowflake table is for",
            "Deselect the column in the tap, or give it another type with a stream map",
        ) from None


def described(sql: str) -> str:
    """A type as DESCRIBE tells it, without what does not matter here: the length of texts."""
    return re.sub(r"^VARCHAR\(\d+\)$", TEXT, sql.upper().replace(" ", ""))
