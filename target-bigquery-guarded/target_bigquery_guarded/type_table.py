"""Arrow types and the BigQuery types of their columns: one table, read top to bottom.

Knows types; knows neither rows nor statements. Money is NUMERIC or BIGNUMERIC, never a FLOAT64.
Types have the names that the REST API gives them: INTEGER is INT64 in SQL, BOOLEAN is BOOL.
"""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow as pa

from loader_core import SchemaError

JSON = "JSON"
NUMERIC_SCALE = 9
TIMES = frozenset({"DATE", "DATETIME", "TIMESTAMP"})
"""Types that a table can be partitioned by."""


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        arrow: Type of the column in a batch.
        bigquery: Type of the column in the table.
        note: What is to be known of it.
    """

    arrow: pa.DataType
    bigquery: str
    note: str


TYPES = (
    Row(pa.string(), "STRING", "`JSON`, by `PARSE_JSON`, for JSON in `json_columns`"),
    Row(pa.int64(), "INTEGER", "`INT64` in SQL"),
    Row(pa.decimal128(38, 9), "NUMERIC", "29 digits before the point and 9 after it, all exact"),
    Row(pa.decimal128(38, 12), "BIGNUMERIC", "any scale in `decimal_scales` but 9"),
    Row(pa.bool_(), "BOOLEAN", "`BOOL` in SQL"),
    Row(pa.date32(), "DATE", ""),
    Row(pa.timestamp("us", tz="UTC"), "TIMESTAMP", "a moment, in UTC"),
    Row(pa.timestamp("us"), "DATETIME", "a local time, digit for digit"),
)
_BY_ARROW = {row.arrow: row.bigquery for row in TYPES}


def bigquery_type(column: str, arrow: pa.DataType) -> str:
    """The type of a column.

    Raises:
        SchemaError: No row of the table has the type.
    """
    if pa.types.is_decimal128(arrow):
        # With a smaller scale a batch can hold more digits before the point than NUMERIC has
        return "NUMERIC" if arrow.scale == NUMERIC_SCALE else "BIGNUMERIC"
    try:
        return _BY_ARROW[arrow]
    except KeyError:
        raise SchemaError(
            f"column '{column}' is {arrow}, which no type of a BigQuery table is for",
            "Deselect the column in the tap, or give it another type with a stream map",
        ) from None
