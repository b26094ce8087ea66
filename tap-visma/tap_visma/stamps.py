"""Visma's change stamps: local time without a zone, in steps of about 3 ms.

What zone they are in is not documented (inferred: Norwegian time, since the service is run there);
nothing here depends on it but that their clock is not behind UTC. One fixed format makes stamps
compare as text as they do as times: `YYYY-MM-DDTHH:MM:SS.ffffff`.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

_NORDIC_ZONES = (ZoneInfo("Europe/Oslo"), ZoneInfo("Europe/Helsinki"))
_WHOLE_SECONDS, _FIXED = len("2026-03-20T06:35:22"), len("2026-03-20T06:35:22.153000")


def fixed(stamp: str) -> str:
    """A stamp as Visma writes it (0 to 7 fraction digits), in the fixed format.

    Raises:
        ValueError: It is not a naive stamp.
    """
    if len(stamp) == _WHOLE_SECONDS:
        return stamp + ".000000"
    if len(stamp) > _WHOLE_SECONDS and stamp[_WHOLE_SECONDS] == "." and stamp[20:].isdecimal():
        return stamp[:_FIXED].ljust(_FIXED, "0")
    raise ValueError(f"'{stamp}' is no time without a zone")


def parse(text: str) -> datetime:
    """A day or a moment, as a person writes it, as a naive moment.

    A zone is taken off by way of UTC, whose clock is never ahead of a Nordic one: what Visma
    stamped at that moment or later is not missed.

    Raises:
        ValueError: It is neither.
    """
    moment = datetime.fromisoformat(text)
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def of(moment: datetime) -> str:
    """A moment as a stamp in the fixed format; the zone, if it has one, is taken off as it is."""
    return moment.replace(tzinfo=None).isoformat(timespec="microseconds")


def for_filter(moment: datetime) -> str:
    """A naive moment as Visma's filters take it, cut to the second.

    Visma's database rounds a filter value to its own steps; whole seconds survive that.
    """
    return moment.isoformat(timespec="seconds")


def back(stamp: str, overlap: timedelta) -> datetime:
    """The naive moment from which to read again after a bookmark.

    Args:
        stamp: The bookmark, in the fixed format.
        overlap: How far to go back. In the hour that a clock change in autumn repeats, it is an
            hour more: a later change can have an earlier stamp there.
    """
    moment = datetime.fromisoformat(stamp)
    repeated = any(
        moment.replace(tzinfo=zone, fold=0).utcoffset()
        != moment.replace(tzinfo=zone, fold=1).utcoffset()
        for zone in _NORDIC_ZONES
    )
    return moment - overlap - timedelta(hours=1 if repeated else 0)
