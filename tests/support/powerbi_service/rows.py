"""What a push table takes: at most so many rows, of values that fit their columns."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

MOST_ROWS, MOST_LETTERS, MOST_DIGITS, SCALE = 10_000, 4000, 28, 4
_INTEGERS = (-(2**63), 2**63 - 1)


def check_rows(rows: Any, types: dict[str, str]) -> str:
    """What is wrong with rows; nothing if they can be taken."""
    if not isinstance(rows, list) or len(rows) > MOST_ROWS:
        return "rows"
    for row in rows:
        if not isinstance(row, dict) or row.keys() - types.keys():
            return "columns"
        for name, value in row.items():
            if value is not None and not _FITS[types[name]](value):
                return f"{types[name]} value"
    return ""


def _is_integer(value: Any) -> bool:
    return type(value) is int and _INTEGERS[0] < value < _INTEGERS[1]


def _is_decimal(value: Any) -> bool:
    if type(value) is int:
        return len(str(abs(value))) <= MOST_DIGITS - SCALE
    if not isinstance(value, Decimal):
        return False
    digits = value.as_tuple()
    return -int(digits.exponent) <= SCALE and len(digits.digits) <= MOST_DIGITS


def _is_number(value: Any) -> bool:
    return type(value) in {int, Decimal}


def _is_time(value: Any) -> bool:
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return False
    return True


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value.encode("utf-16-le")) <= 2 * MOST_LETTERS


_FITS = {
    "Int64": _is_integer,
    "Decimal": _is_decimal,
    "Double": _is_number,
    "Boolean": lambda value: isinstance(value, bool),
    "DateTime": _is_time,
    "String": _is_text,
}
