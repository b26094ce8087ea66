"""Results: columns and rows, in the text that both of Snowflake's protocols carry.

Knows values and types; knows neither SQL nor HTTP.

| type | text |
| --- | --- |
| fixed | the number with as many digits after the point as its scale |
| boolean | `1`, `0` to the connector; `true`, `false` in the SQL API |
| date | days since 1970 |
| time, timestamp_ntz | seconds since midnight, since 1970, with nine digits after the point |
| timestamp_tz | the same in UTC, and minutes of its zone east of UTC plus 1440 |
| all others | as they are |
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_IN_UTC: Final = 1440


@dataclass
class Result:
    """What a statement gives.

    Attributes:
        columns: Each with `name`, `type`, `nullable`, `precision`, `scale`, `length` ...
        rows: Values as Python has them.
        type_id: What kind of statement it was, by Snowflake's number.
        affected: Rows that it changed.
        upload: For PUT: what a client must know to send its file.
    """

    columns: list[dict[str, Any]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    type_id: int = 0x1000
    affected: int = 0
    upload: dict[str, Any] | None = None

    def texts(self, *, api: bool) -> list[list[str | None]]:
        """The rows as text: for the SQL API, or else for the connector."""
        return [
            [_text(value, column, api=api) for value, column in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


def listed(names: Iterable[str], rows: Iterable[Mapping[str, object]]) -> Result:
    """A result of SHOW or DESC, all of whose columns are text: what is missing is null."""
    names = list(names)
    columns = [column(name) for name in names]
    found = [tuple(_shown(row.get(name)) for name in names) for row in rows]
    return Result(columns, found)


def column(name: str, kind: str = "text") -> dict[str, Any]:
    """A column that is not of a table."""
    return {
        "name": name,
        "database": "",
        "schema": "",
        "table": "",
        "nullable": True,
        "type": kind,
        "byteLength": 16777216,
        "length": 16777216,
        "precision": None,
        "scale": None,
        "collation": None,
    }


def _shown(value: object) -> str | None:
    if isinstance(value, bool):
        return str(value).lower()
    return None if value is None else str(value)


def _text(value: Any, of: Mapping[str, Any], *, api: bool) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return ("false", "true")[value] if api else str(int(value))
    if isinstance(value, Decimal):
        return format(value, "f")
    return _moment(value, of) if isinstance(value, date | time) else str(value)


def _moment(value: date | time, of: Mapping[str, Any]) -> str:
    if isinstance(value, datetime):
        zoned = of["type"] == "timestamp_tz"
        since = value.replace(tzinfo=value.tzinfo or UTC) - _EPOCH
        seconds = Decimal(since.days * 86400 + since.seconds) + Decimal(since.microseconds) / 10**6
        return f"{seconds:.9f} {_IN_UTC}" if zoned else f"{seconds:.9f}"
    if isinstance(value, date):
        return str((value - _EPOCH.date()).days)
    return f"{value.hour * 3600 + value.minute * 60 + value.second}.{value.microsecond:06d}000"
