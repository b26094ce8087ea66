"""Values as the two modes take them: exact, and where that cannot be, changed and counted.

Knows Arrow batches and a table's columns; calls no one. What is done, by type:

| type | from | mode onelake | mode push |
| --- | --- | --- | --- |
| Int64 | whole numbers, texts of digits | 64 bits | the least and the greatest are refused |
| Decimal | numbers | exact, as many digits after the point as the batch has | 4 after the point, half to even, counted; 24 before it, else refused |
| Double | numbers | 64 bits of a float | the exact digits, which Power BI makes a float |
| Boolean | true, false | itself | itself |
| DateTime | dates, times | microseconds; times without a zone keep their digits | seconds, the rest cut and counted |
| String | anything | itself; objects and lists as JSON | at most 4,000 characters, cut and counted |

A value that its column cannot hold at all is refused with its row, never changed.
"""  # noqa: E501 - rows of a table

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Context, Decimal, InvalidOperation
from math import isfinite
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from loader_core import RejectedError
from loader_core.type_table import PRECISION, SCALE, UTC_TIME
from target_powerbi.fields import Path, Text, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from target_powerbi.mapping import Column, TableMap

PUSH_SCALE = 4
PUSH_CHARACTERS = 4000
_PUSH_LIMIT = Decimal("999999999999999999999999.99995")
"""Which is rounded to a digit more than 24 before the point."""
_INTEGERS = (-(2**63), 2**63 - 1)
_DIGITS = re.compile(r"[+-]?[0-9]+", re.ASCII)
_SECOND = 1_000_000
_WIDE = Context(prec=200)
_DECODER: Any = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number")


@dataclass(frozen=True, slots=True)
class Converted:
    """Rows for mode push.

    Attributes:
        rows: By column; numbers are int or Decimal, times are texts.
        rounded: How many decimals were rounded, by column.
        cut: How many texts and times were cut, by column.
    """

    rows: list[dict[str, Any]]
    rounded: Mapping[str, int] = field(default_factory=dict)
    cut: Mapping[str, int] = field(default_factory=dict)

    def told(self) -> list[str]:
        """What was changed, in sentences without values."""
        changed = [
            *((name, count, "rounded to 4 digits") for name, count in self.rounded.items()),
            *((name, count, "cut") for name, count in self.cut.items()),
        ]
        return [f"column '{name}': {count} values {what}" for name, count, what in changed]


def arrow(data: pa.Table, table: TableMap) -> pa.Table:
    """The rows for mode onelake, with the columns of the mapping.

    Raises:
        RejectedError: Values of some rows do not fit into their columns.
    """
    refused: dict[int, str] = {}
    columns = {column.name: values(data, column, refused) for column in table.columns}
    if refused:
        raise RejectedError(refused)
    return pa.table(columns)


def rows(data: pa.Table, table: TableMap) -> Converted:
    """The rows for mode push.

    Raises:
        RejectedError: Values of some rows do not fit into their columns.
    """
    refused: dict[int, str] = {}
    rounded, cut = {}, {}
    columns: dict[str, list[Any]] = {}
    for column in table.columns:
        exact = values(data, column, refused, doubles=False)
        match column.type:
            case "Decimal" | "Double":
                _refuse(exact, column, refused, lambda value: value.copy_abs() < _PUSH_LIMIT)
                if column.type == "Decimal" and not refused:
                    exact, rounded[column.name] = at_push_scale(exact)
                columns[column.name] = exact.to_pylist()
            case "DateTime":
                columns[column.name], cut[column.name] = _seconds(exact)
            case "String":
                columns[column.name], cut[column.name] = _short(exact)
            case "Int64":
                _refuse(exact, column, refused, lambda value: value not in _INTEGERS)
                columns[column.name] = exact.to_pylist()
            case _:
                columns[column.name] = exact.to_pylist()
    if refused:
        raise RejectedError(refused)
    names = list(columns)
    made = [dict(zip(names, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return Converted(made, *({n: c for n, c in each.items() if c} for each in (rounded, cut)))


def values(
    data: pa.Table, column: Column, refused: dict[int, str], *, doubles: bool = True
) -> pa.ChunkedArray:
    """A column's values in its Arrow type: decimals exact, times in UTC.

    Args:
        data: The batch.
        column: Where the values are, and what they become.
        refused: Gets why a row cannot be taken, by its place.
        doubles: `Double` becomes a float; else it stays an exact decimal.
    """
    kind = "Decimal" if column.type == "Double" and not doubles else column.type
    place = parse(column.field)
    if isinstance(place, Text):
        texts = [
            _texts(data, part) if isinstance(part, Path) else pa.scalar(part)
            for part in place.parts
        ]
        taken: pa.ChunkedArray = _chunked(
            pc.binary_join_element_wise(*texts, "", null_handling="emit_null")
        )
        return _by_value(taken, kind, column, refused, _itself)
    if place.root not in data.column_names:
        return pa.chunked_array([pa.nulls(data.num_rows, arrow_type(kind))])
    root = data[place.root]
    if place.steps:
        return _by_value(root, kind, column, refused, _taker(place))
    if _fits(root.type, kind):
        return root
    if kind == "DateTime" and pa.types.is_timestamp(root.type):
        return root.cast(UTC_TIME)
    return _by_value(root, kind, column, refused, _itself)


def _fits(arrow: pa.DataType, kind: str) -> bool:
    """Whether values of an Arrow type need not be converted."""
    if kind == "Decimal":
        return bool(pa.types.is_decimal128(arrow))
    return bool(arrow == arrow_type(kind))


def arrow_type(kind: str, scale: int = SCALE) -> pa.DataType:
    """The Arrow type of a type of the model.

    Args:
        kind: Such as `Decimal`.
        scale: Digits after the point, for that.
    """
    types = {
        "Int64": pa.int64(),
        "Double": pa.float64(),
        "Decimal": pa.decimal128(PRECISION, scale),
        "Boolean": pa.bool_(),
        "DateTime": UTC_TIME,
        "String": pa.string(),
    }
    return types[kind]


def column_type(schema: pa.Schema, column: Column) -> pa.DataType:
    """The Arrow type that a column of the mapping has in mode onelake.

    Args:
        schema: Of the batches: a decimal that is a field of its own keeps its scale.
        column: The column.
    """
    at = schema.get_field_index(column.field)
    if column.type == "Decimal" and at >= 0 and pa.types.is_decimal128(schema.field(at).type):
        return schema.field(at).type
    return arrow_type(column.type)


def _taker(place: Path) -> Callable[[Any], Any]:
    def take(value: str) -> object:
        return place.take(_DECODER.decode(value))

    return take


def _texts(data: pa.Table, place: Path) -> pa.ChunkedArray:
    """A part of a text that is put together."""
    if place.root not in data.column_names:
        return pa.chunked_array([pa.nulls(data.num_rows, pa.string())])
    take = _taker(place) if place.steps else _itself
    texts = _mapped(data[place.root], pa.string(), lambda value: _text(take(value)))
    return pc.utf8_lpad(texts, place.width, "0") if place.width else texts


def _itself(value: object) -> object:
    return value


def _mapped(
    column: pa.ChunkedArray, to: pa.DataType, convert: Callable[[Any], Any]
) -> pa.ChunkedArray:
    """Each value converted, equal ones once."""
    encoded = column.combine_chunks().dictionary_encode()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.unify_dictionaries().combine_chunks()
    made = pa.array([convert(value) for value in encoded.dictionary.to_pylist()], to)
    return _chunked(made.take(encoded.indices))


def _by_value(
    column: pa.ChunkedArray,
    kind: str,
    at: Column,
    refused: dict[int, str],
    take: Callable[[Any], Any],
) -> pa.ChunkedArray:
    """Each value taken and converted; rows whose value does not fit are refused."""
    convert = _CONVERT[kind]
    bad: set[Any] = set()

    def made(value: Any) -> Any:  # noqa: ANN401 - of any type
        try:
            found = take(value)
            return None if found is None else convert(found)
        except (ValueError, OverflowError, InvalidOperation, msgspec.DecodeError):
            bad.add(value)
            return None

    converted = _mapped(column, arrow_type(kind), made)
    if bad:
        for place, value in enumerate(column.to_pylist()):
            if value in bad:
                refused.setdefault(place, _reason(at))
    return converted


def _refuse(
    column: pa.ChunkedArray, at: Column, refused: dict[int, str], fits: Callable[[Any], bool]
) -> None:
    bounds = pc.min_max(column).as_py().values() if len(column) else ()
    if all(bound is None or fits(bound) for bound in bounds):
        return
    for place, value in enumerate(column.to_pylist()):
        if value is not None and not fits(value):
            refused.setdefault(place, _reason(at))


def _reason(at: Column) -> str:
    return f"the value of '{at.field}' does not fit into column '{at.name}' of type {at.type}"


def at_push_scale(column: pa.ChunkedArray) -> tuple[pa.ChunkedArray, int]:
    """Decimals with four digits after the point, and how many were changed."""
    if column.type.scale <= PUSH_SCALE:
        return column, 0
    near = pc.round(column, ndigits=PUSH_SCALE, round_mode="half_to_even")
    count = pc.sum(pc.not_equal(near, column)).as_py() or 0
    return near.cast(pa.decimal128(PRECISION, PUSH_SCALE)), count


def _seconds(column: pa.ChunkedArray) -> tuple[list[str | None], int]:
    """Times as texts with whole seconds, and how many were cut."""
    micros = column.cast(pa.int64())
    cut = sum(1 for value in micros.to_pylist() if value is not None and value % _SECOND)
    texts = [
        None if value is None else value.replace(microsecond=0, tzinfo=None).isoformat() + "Z"
        for value in column.to_pylist()
    ]
    return texts, cut


def _short(column: pa.ChunkedArray) -> tuple[list[str | None], int]:
    """Texts of at most 4,000 characters as Power BI counts them, and how many were cut."""
    cut = 0
    texts = column.to_pylist()
    for place, value in enumerate(texts):
        if value is None or len(value) <= PUSH_CHARACTERS // 2:
            continue
        units = value.encode("utf-16-le", "surrogatepass")
        if len(units) > 2 * PUSH_CHARACTERS:
            cut += 1
            texts[place] = units[: 2 * PUSH_CHARACTERS].decode("utf-16-le", "ignore")
    return texts, cut


def _integer(value: Any) -> int:  # noqa: ANN401 - of any type that JSON has
    if isinstance(value, str):
        if not _DIGITS.fullmatch(value):
            raise ValueError
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int | Decimal) or value != int(value):
        raise ValueError
    if not _INTEGERS[0] <= value <= _INTEGERS[1]:
        raise ValueError
    return int(value)


def _number(value: Any) -> Decimal:  # noqa: ANN401 - as above
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        raise ValueError  # noqa: TRY004 - refused with the others
    exact = Decimal(value)
    if not exact.is_finite():
        raise ValueError
    return exact


def _decimal(value: Any) -> Decimal:  # noqa: ANN401 - as above
    exact = _number(value)
    _, digits, exponent = exact.normalize(_WIDE).as_tuple()
    if -int(exponent) > SCALE or len(digits) + int(exponent) > PRECISION - SCALE:
        raise ValueError
    return exact


def _double(value: Any) -> float:  # noqa: ANN401 - as above
    made = float(_number(value))
    if not isfinite(made):
        raise ValueError
    return made


def _boolean(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError  # noqa: TRY004 - as above
    return value


def _moment(value: object) -> datetime:
    if isinstance(value, str):
        value = datetime.fromisoformat(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    raise ValueError


def _text(value: object) -> str | None:
    """A value as a text; numbers with their digits, times as ISO 8601 has them."""
    match value:
        case None | str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case Decimal():
            digits = f"{value:f}"
            return digits.rstrip("0").rstrip(".") if "." in digits else digits
        case date():
            return value.isoformat()
        case _:
            return _ENCODER.encode(value).decode()


def _chunked(array: pa.Array | pa.ChunkedArray) -> pa.ChunkedArray:
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


_CONVERT: Mapping[str, Callable[[Any], Any]] = {
    "Int64": _integer,
    "Double": _double,
    "Decimal": _decimal,
    "Boolean": _boolean,
    "DateTime": _moment,
    "String": _text,
}
