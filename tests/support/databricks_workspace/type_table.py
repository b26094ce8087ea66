"""The column types: their SQL words, and what Delta, Arrow and the result manifest call them."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import pyarrow as pa

from databricks_workspace.errors import SqlError, not_in_the_double


class Row(NamedTuple):
    """One type."""

    sql: str
    delta: str
    manifest: str
    arrow: pa.DataType


TYPES: Final = (
    Row("STRING", "string", "STRING", pa.string()),
    Row("BIGINT", "long", "LONG", pa.int64()),
    Row("INT", "integer", "INT", pa.int32()),
    Row("SMALLINT", "short", "SHORT", pa.int16()),
    Row("TINYINT", "byte", "BYTE", pa.int8()),
    Row("DOUBLE", "double", "DOUBLE", pa.float64()),
    Row("FLOAT", "float", "FLOAT", pa.float32()),
    Row("BOOLEAN", "boolean", "BOOLEAN", pa.bool_()),
    Row("DATE", "date", "DATE", pa.date32()),
    Row("TIMESTAMP", "timestamp", "TIMESTAMP", pa.timestamp("us", "UTC")),
    Row("TIMESTAMP_NTZ", "timestamp_ntz", "TIMESTAMP_NTZ", pa.timestamp("us")),
    Row("BINARY", "binary", "BINARY", pa.binary()),
)
"""All but DECIMAL(p,s), which has the same name everywhere."""
SYNONYMS: Final = {
    "LONG": "BIGINT",
    "INTEGER": "INT",
    "SHORT": "SMALLINT",
    "BYTE": "TINYINT",
    "REAL": "FLOAT",
    "DEC": "DECIMAL",
    "NUMERIC": "DECIMAL",
}
_DELTA_OF: Final = {row.sql: row.delta for row in TYPES}
_SQL_OF: Final = {row.delta: row for row in TYPES}
_OF_ARROW: Final = {row.arrow: row for row in TYPES} | {
    pa.large_string(): TYPES[0],
    pa.string_view(): TYPES[0],
    pa.large_binary(): TYPES[-1],
    pa.binary_view(): TYPES[-1],
}
_DECIMAL: Final = re.compile(r"decimal\((\d+),(-?\d+)\)")
_MOST_DIGITS: Final = 38


def delta_of(word: str, parameters: tuple[int, ...]) -> str:
    """Give the Delta type of a SQL type, such as `DECIMAL` with (38, 9).

    Raises:
        SqlError: There is no such type, or not in the double.
    """
    word = SYNONYMS.get(word.upper(), word.upper())
    if word == "DECIMAL":
        precision, scale = (*parameters, 10, 0)[:2] if not parameters else (*parameters, 0)[:2]
        if not 0 <= scale <= precision <= _MOST_DIGITS:
            raise SqlError(
                "UNSUPPORTED_DATATYPE", f'Unsupported data type "DECIMAL({precision},{scale})".'
            )
        return f"decimal({precision},{scale})"
    if word in {"ARRAY", "MAP", "STRUCT", "VARIANT", "INTERVAL", "VARCHAR", "CHAR"}:
        raise not_in_the_double(f"A column of type {word}")
    if word not in _DELTA_OF or parameters:
        raise SqlError("UNSUPPORTED_DATATYPE", f'Unsupported data type "{word}".')
    return _DELTA_OF[word]


def sql_of(delta: str) -> str:
    """Give the SQL type of a Delta type."""
    return _SQL_OF[delta].sql if delta in _SQL_OF else delta.upper()


def digits_of(delta: str) -> tuple[int, int] | None:
    """Give precision and scale of a Delta decimal type, nothing for another type."""
    found = _DECIMAL.fullmatch(delta)
    return (int(found[1]), int(found[2])) if found else None


def manifest_of(arrow: pa.DataType) -> dict[str, object]:
    """Give `type_text`, `type_name` and the digits of a result column.

    Raises:
        SqlError: The type is not in the double.
    """
    if pa.types.is_decimal(arrow):
        return {
            "type_text": f"DECIMAL({arrow.precision},{arrow.scale})",
            "type_name": "DECIMAL",
            "type_precision": arrow.precision,
            "type_scale": arrow.scale,
        }
    if pa.types.is_null(arrow):
        return {"type_text": "VOID", "type_name": "NULL"}
    if arrow not in _OF_ARROW:
        raise not_in_the_double(f"A result of type {arrow}")
    row = _OF_ARROW[arrow]
    return {"type_text": row.sql, "type_name": row.manifest}


def manifest_name(delta: str) -> str:
    """Give the `type_name` of a Delta type."""
    return "DECIMAL" if digits_of(delta) else _SQL_OF[delta].manifest
