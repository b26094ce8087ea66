"""Stamps: naive Oslo time in steps of 1/300 second, as SQL Server's `datetime` keeps it.

A stamp is a whole number of steps since 2000-01-01T00:00:00 in Oslo's local time: comparing stamps
is comparing integers, and the hour that autumn repeats is as ambiguous as on the real service.
"""

from __future__ import annotations

import base64
import re
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

STEPS_PER_SECOND: Final = 300
STEPS_PER_DAY: Final = 86_400 * STEPS_PER_SECOND
OSLO: Final = ZoneInfo("Europe/Oslo")
_ORIGIN: Final = datetime(2000, 1, 1)  # noqa: DTZ001 - Oslo's local time is naive on the wire
_NAIVE: Final = re.compile(
    r"(\d{4})-(\d{2})-(\d{2})(?:[T ](\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,3}))?)?", re.ASCII
)


def of_moment(moment: datetime) -> int:
    """Give the stamp nearest to a naive Oslo time."""
    since = moment - _ORIGIN
    whole = (since.days * 86_400 + since.seconds) * STEPS_PER_SECOND
    return whole + (since.microseconds * STEPS_PER_SECOND + 500_000) // 1_000_000


def of_day(day: date, hour: int = 0) -> int:
    """Give the stamp of a full hour of a day."""
    return ((day - _ORIGIN.date()).days * 24 + hour) * 3600 * STEPS_PER_SECOND


def of_text(text: str) -> int:
    """Read a naive date or time as the API takes it; the result is rounded to 1/300 second.

    Raises:
        ValueError: the text has an offset, a `Z`, more than three fraction digits, or is no time.
    """
    match = _NAIVE.fullmatch(text)
    if match is None:
        raise ValueError(f"String '{text}' was not recognized as a valid DateTime.")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    micro = int((match.group(7) or "0").ljust(6, "0"))
    return of_moment(datetime(year, month, day, hour, minute, second, micro))  # noqa: DTZ001


def text(stamp: int) -> str:
    """Write a stamp as the API does: up to three fraction digits, trailing zeros cut."""
    seconds, steps = divmod(stamp, STEPS_PER_SECOND)
    whole = (_ORIGIN + timedelta(seconds=seconds)).isoformat()
    if not steps:
        return whole
    return f"{whole}.{(steps * 1000 + 150) // STEPS_PER_SECOND:03d}".rstrip("0")


def day_text(day: date) -> str:
    """Write a date-only field: midnight, without a fraction."""
    return f"{day.isoformat()}T00:00:00"


def day_of(stamp: int) -> date:
    """Give the Oslo date of a stamp."""
    return _ORIGIN.date() + timedelta(days=stamp // STEPS_PER_DAY)


def in_utc(stamp: int) -> datetime:
    """Give the moment of a stamp in UTC; in the repeated hour of autumn the first pass is meant."""
    local = _ORIGIN + timedelta(seconds=stamp // STEPS_PER_SECOND)
    return local.replace(tzinfo=OSLO).astimezone(UTC)


def row_version(stamp: int) -> str:
    """Give the opaque `timeStamp` (ETag) of a record that was changed at a stamp."""
    return base64.b64encode(stamp.to_bytes(8, "big")).decode("ascii")
