"""Stored rows for a model that was made anew: columns that are gone, and other types.

Knows rows as they are sent; knows no tables. What cannot be read as the new type ends the run: the
tap can bring the rows anew.
"""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

import msgspec

from target_powerbi.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_ENCODER = msgspec.json.Encoder(decimal_format="number")


def refitted(data: bytes, types: Mapping[str, str]) -> bytes:
    """A row with the columns of a table, in their types.

    Args:
        data: The row as JSON.
        types: The columns and their types.

    Raises:
        ModelError: A value cannot be read as its column's type.
    """
    row: dict[str, Any] = json.loads(data, parse_float=Decimal)
    fitted = {}
    for name, of in types.items():
        try:
            fitted[name] = _fitted(row.get(name), of)
        except (ValueError, InvalidOperation):
            raise ModelError(
                f"values that were loaded into column '{name}' before are no {of}",
                "Bring the mapping back, or begin with another 'dataset' and the tap's "
                "--full-refresh",
            ) from None
    return _ENCODER.encode(fitted)


def _fitted(value: Any, of: str) -> Any:  # noqa: ANN401 - JSON
    return None if value is None else _FIT[of](value)


def _integer(value: Any) -> int:  # noqa: ANN401 - JSON
    number = Decimal(value)
    if number != int(number):
        raise ValueError
    return int(number)


def _scaled(value: Any) -> Decimal:  # noqa: ANN401 - JSON
    return Decimal(value).quantize(Decimal("0.0001"))


def _time(value: Any) -> str:  # noqa: ANN401 - JSON
    datetime.fromisoformat(_text(value))
    return str(value)


def _boolean(value: Any) -> bool:  # noqa: ANN401 - JSON
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as the others
    return value


def _text(value: Any) -> str:  # noqa: ANN401 - JSON
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        digits = f"{value:f}"
        return digits.rstrip("0").rstrip(".") if "." in digits else digits
    return str(value)


_FIT: Mapping[str, Callable[[Any], Any]] = {
    "String": _text,
    "Int64": _integer,
    "Decimal": _scaled,
    "Double": Decimal,
    "DateTime": _time,
    "Boolean": _boolean,
}
