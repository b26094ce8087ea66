"""Arrow types and the SQL types of their columns: one table, read top to bottom.

Knows types; knows neither rows nor statements. Money is DECIMAL(38, s), never a double.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from loader_core import SchemaError


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
    Row(pa.string(), "STRING", "`VARIANT`, by `parse_json`, for JSON in `variant_columns`"),
    Row(pa.int64(), "BIGINT", ""),
    Row(pa.decimal128(38, 9), "DECIMAL(38,9)", "the scale of the batch: 9 or `decimal_scales`"),
    Row(pa.bool_(), "BOOLEAN", ""),
    Row(pa.date32(), "DATE", ""),
    Row(pa.timestamp("us", tz="UTC"), "TIMESTAMP", "a moment, in UTC"),
    Row(pa.timestamp("us"), "TIMESTAMP_NTZ", "a local time, digit for digit"),
)
_BY_ARROW = {row.arrow: row.sql for row in TYPES}


def sql_type(column: str, arrow: pa.DataType) -> str:
    """The type of a column.

    Raises:
        SchemaError: No row of the table has the type.
    """
    if pa.types.is_decimal128(arrow):
        return f"DECIMAL({arrow.precision},{arrow.scale})"
    try:
        return _BY_ARROW[arrow]
    except KeyError:
        raise SchemaError(
            f"column '{column}' is {arrow}, which no type of a Databricks table is for",
            "Deselect the column in the tap, or give it another type with a stream map",
        ) from None
