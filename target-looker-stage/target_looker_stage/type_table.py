"""Arrow types and the SQL types of their columns: one table, read top to bottom.

Knows types; knows no values. Money is `numeric` with the digits of its column, never a float.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pyarrow as pa

from loader_core.type_table import PRECISION

_LONG_DIGITS = 19
"""Digits of the greatest number of 64 bits."""
_NUMERIC = re.compile(r"numeric\((\d+),(\d+)\)")


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table.

    Attributes:
        arrow: Type of the batch's column.
        sql: Type of the table's column, as PostgreSQL writes it.
        kind: What the LookML calls it.
        note: What becomes of the value.
    """

    arrow: str
    sql: str
    kind: str
    note: str


TYPES = (
    Row("string", "text", "string", "as it is, but that a zero byte becomes `\u2400`"),
    Row("string of JSON", "jsonb", "json", "the same value; numbers keep their digits"),
    Row("decimal128(38, s)", f"numeric({PRECISION},s)", "decimal", "exact"),
    Row("int64", "bigint", "integer", ""),
    Row("bool", "boolean", "boolean", ""),
    Row("date32[day]", "date", "date", ""),
    Row("timestamp[us, tz=UTC]", "timestamp with time zone", "timestamp", "the same moment"),
    Row("timestamp[us]", "timestamp without time zone", "local_timestamp", "the digits stay"),
)
_BY_ARROW = {row.arrow: row for row in TYPES}


def row_of(arrow: pa.DataType, *, is_json: bool = False) -> Row:
    """The row of a column's type.

    Args:
        arrow: The type.
        is_json: Its texts are JSON.
    """
    if pa.types.is_decimal(arrow):
        return _BY_ARROW["decimal128(38, s)"]
    return _BY_ARROW["string of JSON" if is_json else str(arrow)]


def sql_type(arrow: pa.DataType, *, is_json: bool = False) -> str:
    """The SQL type of a column, as PostgreSQL's `format_type` writes it."""
    row = row_of(arrow, is_json=is_json)
    if pa.types.is_decimal(arrow):
        return f"numeric({arrow.precision},{arrow.scale})"
    return row.sql


def holds(there: str, wanted: str) -> bool:
    """Whether a column of one type takes all values of another without changing one.

    Args:
        there: The type of the table's column.
        wanted: The type of the new values.
    """
    if there == wanted or (there == "text" and wanted == "jsonb"):
        return True
    if there == "numeric":
        return wanted == "bigint" or wanted.startswith("numeric")
    room, need = _NUMERIC.fullmatch(there), _NUMERIC.fullmatch(wanted)
    if not room:
        return False
    before, after = int(room[1]) - int(room[2]), int(room[2])
    if wanted == "bigint":
        return before >= _LONG_DIGITS
    return need is not None and before >= int(need[1]) - int(need[2]) and after >= int(need[2])
