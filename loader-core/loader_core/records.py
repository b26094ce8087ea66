"""From the JSON of records to Arrow columns, without taking apart what need not be.

Knows JSON, column types and values; knows neither Singer messages nor batches. For each stream a
record type is compiled: texts, whole numbers and booleans are checked as they are decoded; amounts
stay the text that was received until Arrow makes decimals of it; objects and lists stay their
JSON. A record whose values do not fit its columns is a fault that names the column, never the
value.

Records are decoded and converted many at a time. Only where that fails are they looked at one by
one, so that what is right costs nothing for what is wrong.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from itertools import compress
from typing import Annotated, Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

from loader_core.type_table import LOCAL_TIME, UTC_TIME, Column, Kind

Record: TypeAlias = Any
"""An instance of a compiled record type."""
Values: TypeAlias = Sequence[Any]
"""The values of one column, in the order of the records."""

_NULL = Raw(b"null")
_INT64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_DECODED_AS: dict[Kind, Any] = {
    Kind.TEXT: str,
    Kind.DATE: str,
    Kind.UTC_TIME: str,
    Kind.LOCAL_TIME: str,
    Kind.INTEGER: _INT64,
    Kind.DECIMAL: Any,  # with `float_hook=str`: the digits as received
    Kind.BOOLEAN: bool,
    Kind.OBJECT: Raw,
    Kind.ARRAY: Raw,
}
_TOO_LARGE = Decimal(2**64)
_FIRST_DAY, _LAST_DAY, _DAY = -719_162, 2_932_896, 86_400_000_000
"""The years 1 to 9999, in days since 1970, and a day in microseconds."""
_NoneType = type(None)
_OPENING = {Kind.OBJECT: b"{", Kind.ARRAY: b"["}


@dataclass(frozen=True, slots=True)
class Fault:
    """A record that does not fit: its place among those given, and why, without its values."""

    place: int
    reason: str


class Reader:
    """Reads the records of one stream.

    Args:
        columns: The stream's columns.

    Attributes:
        columns: The stream's columns.
        names: Of the columns.
    """

    def __init__(self, columns: Sequence[Column]) -> None:
        self.columns = columns
        self.names = [column.name for column in columns]
        names = [f"f{number}" for number in range(len(columns))]
        fields = [_field(name, column) for name, column in zip(names, columns, strict=True)]
        record_type = msgspec.defstruct(
            "Record",
            # A field without a default cannot follow one with a default, but for keywords
            fields,
            rename={name: column.name for name, column in zip(names, columns, strict=True)},
            kw_only=True,
            gc=False,
        )
        self._one = msgspec.json.Decoder(record_type, float_hook=str)
        self._many = msgspec.json.Decoder(list[record_type], float_hook=str)  # type: ignore[valid-type] # made above

    def read(self, raws: Sequence[Raw]) -> tuple[list[pa.Array], list[int], list[Fault]]:
        """Read records.

        Args:
            raws: The JSON of each.

        Returns:
            One array per column; the places of the records that are in them; the faults.
        """
        records, places, faults = self._decode(raws)
        columns = list(zip(*map(msgspec.structs.astuple, records), strict=True))
        columns = columns or [()] * len(self.columns)
        while True:
            try:
                arrays = [
                    _array(column, values)
                    for column, values in zip(self.columns, columns, strict=True)
                ]
            except NotFittingError:
                columns, places, found = self._without_unfit(columns, places)
                faults += found
            else:
                return arrays, places, faults

    def _decode(self, raws: Sequence[Raw]) -> tuple[list[Record], list[int], list[Fault]]:
        try:
            records = self._many.decode(b"[" + b",".join(raws) + b"]")
        except msgspec.MsgspecError:
            records = []
        else:
            return records, list(range(len(raws))), []
        places, faults = [], []
        for place, raw in enumerate(raws):
            try:
                records.append(self._decode_one(raw))
                places.append(place)
            except msgspec.MsgspecError as error:
                faults.append(Fault(place, str(error)))
        return records, places, faults

    def _decode_one(self, raw: Raw) -> Record:
        """One record; where a whole number is written with a fraction of 0, it is one still."""
        try:
            return self._one.decode(raw)
        except msgspec.ValidationError:
            values = msgspec.json.decode(raw, type=dict[str, Raw])
            for column in self.columns:
                if column.kind is Kind.INTEGER and column.name in values:
                    values[column.name] = _whole(values[column.name])
            return self._one.decode(msgspec.json.encode(values))

    def _without_unfit(
        self, columns: Sequence[Sequence[Any]], places: list[int]
    ) -> tuple[list[Any], list[int], list[Fault]]:
        """Take out the records of which a value does not fit its column."""
        reasons: dict[int, str] = {}
        for column, values in zip(self.columns, columns, strict=True):
            if _unfitness(column, values) is None:
                continue
            for row, value in enumerate(values):
                if reason := _unfitness(column, [value]):
                    reasons.setdefault(row, f"column '{column.name}': {reason}")
        keeps = [row not in reasons for row in range(len(places))]
        faults = [Fault(places[row], reason) for row, reason in sorted(reasons.items())]
        left = [tuple(compress(values, keeps)) for values in columns]
        return left, list(compress(places, keeps)), faults


def _field(name: str, column: Column) -> tuple[str, Any] | tuple[str, Any, Any]:
    decoded: Any = _DECODED_AS[column.kind]
    if decoded is Raw:
        return (name, Raw) if column.required else (name, Raw, _NULL)
    kind = decoded | None if column.nullable or not column.required else decoded
    return (name, kind) if column.required else (name, kind, None)


class NotFittingError(Exception):
    """At least one of the values does not fit; the text says why, without the value."""


def _array(column: Column, values: Values) -> pa.Array:
    array = _CONVERTERS[column.kind](column, values)
    if pa.types.is_temporal(array.type) and not _in_calendar(array):
        raise NotFittingError("not in the years 1 to 9999 (UTC)")
    if column.required and not column.nullable and array.null_count:
        raise NotFittingError("null where the SCHEMA allows none")
    return array


def _in_calendar(array: pa.Array) -> bool:
    """Whether all days or times are of years that other programs can say."""
    is_day = pa.types.is_date(array.type)
    ends = pc.min_max(array.view(pa.int32() if is_day else pa.int64())).as_py()
    first, last = ends["min"], ends["max"]
    unit = 1 if is_day else _DAY
    return first is None or (first >= _FIRST_DAY * unit and last < (_LAST_DAY + 1) * unit)


def _unfitness(column: Column, values: Values) -> str | None:
    """Why the values do not fit, if they do not."""
    try:
        _array(column, values)
    except NotFittingError as error:
        return str(error)
    return None


def _plain(column: Column, values: Values) -> pa.Array:
    return pa.array(values, column.arrow)


def _decimals(column: Column, values: Values) -> pa.Array:
    try:
        texts = pa.array(values, pa.string())
    except (pa.ArrowTypeError, pa.ArrowInvalid):  # whole numbers are among them
        if not all(type(value) in {str, int, _NoneType} for value in values):
            raise NotFittingError("not a number") from None
        texts = pa.array([str(v) if type(v) is int else v for v in values], pa.string())
    try:
        return pc.cast(texts, column.arrow)
    except pa.ArrowInvalid:
        raise NotFittingError(_why_no_decimal(column, values)) from None


def _why_no_decimal(column: Column, values: Values) -> str:
    with suppress(InvalidOperation):
        if all(Decimal(value).is_finite() for value in values if value is not None):
            whole = column.arrow.precision - column.arrow.scale
            return f"more than {whole} digits before the point, or {column.arrow.scale} after it"
    return "not a number"


def _dates(column: Column, values: Values) -> pa.Array:
    try:
        return pc.cast(pa.array(values, pa.string()), column.arrow)
    except pa.ArrowInvalid:
        raise NotFittingError("not a day such as 2026-03-01") from None


def utc_times(values: Values) -> pa.Array:
    """Times in UTC: brought there if they have a zone, else with their digits as they are.

    Raises:
        NotFittingError: One of the texts is no time.
    """
    texts = pa.array(values, pa.string())
    with suppress(pa.ArrowInvalid):
        return pc.cast(pc.cast(texts, LOCAL_TIME), UTC_TIME)
    with suppress(pa.ArrowInvalid):
        return pc.cast(texts, UTC_TIME)
    return pa.array([_moment(value, _in_utc) for value in values], UTC_TIME)


def _utc_times(column: Column, values: Values) -> pa.Array:  # noqa: ARG001 - as all converters
    return utc_times(values)


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _local_times(column: Column, values: Values) -> pa.Array:
    with suppress(pa.ArrowInvalid):
        return pc.cast(pa.array(values, pa.string()), column.arrow)
    return pa.array([_moment(value, _without_zone) for value in values], column.arrow)


def _without_zone(moment: datetime) -> datetime:
    if moment.tzinfo:
        raise NotFittingError("has a zone, in a column that 'zoneless_columns' names")
    return moment


def _moment(value: str | None, of: Callable[[datetime], datetime]) -> datetime | None:
    """A time that Arrow does not read: mixed zones, or more than six digits of a second."""
    if value is None:
        return None
    try:
        return of(datetime.fromisoformat(value))
    except (ValueError, OverflowError):
        raise NotFittingError("not a time such as 2026-03-01T00:00:00Z") from None


def _json(column: Column, values: Values) -> pa.Array:
    joined = b",".join(values)
    if any(blank in joined for blank in (b" ", b"\n", b"\t", b"\r")):
        # Takes out what stands between the parts; the parts themselves stay as they are
        compact = msgspec.json.format(b"[" + joined + b"]", indent=-1)
        values = msgspec.json.decode(compact, type=list[Raw])
    texts = pa.array(map(bytes, values), pa.binary())
    texts = pc.if_else(pc.equal(texts, b"null"), None, texts)
    if not pc.all(pc.starts_with(texts, _OPENING[column.kind]), min_count=0).as_py():
        raise NotFittingError(f"not an {column.kind}")
    try:
        return pc.cast(texts, column.arrow)
    except pa.ArrowInvalid:
        raise NotFittingError("not UTF-8") from None


def _whole(raw: Raw) -> Raw:
    """A whole number, where it is written as `1.0` or `1e2`; anything else as it is."""
    with suppress(InvalidOperation, ValueError):
        number = Decimal(bytes(raw).decode())
        if number.is_finite() and abs(number) < _TOO_LARGE and number == int(number):
            return Raw(b"%d" % int(number))
    return raw


_CONVERTERS: dict[Kind, Callable[[Column, Values], pa.Array]] = {
    Kind.TEXT: _plain,
    Kind.DATE: _dates,
    Kind.UTC_TIME: _utc_times,
    Kind.LOCAL_TIME: _local_times,
    Kind.INTEGER: _plain,
    Kind.DECIMAL: _decimals,
    Kind.BOOLEAN: _plain,
    Kind.OBJECT: _json,
    Kind.ARRAY: _json,
}
