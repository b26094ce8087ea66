"""The rejects file: rows that no table can take, and why.

Knows rows and reasons; knows no destination. A line of `rejects.jsonl` tells where the row came
from and why it was rejected. The row itself is in it only where the user asks for that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from msgspec import Raw

TRACES = ("record_id", "_batch_id", "_audit_id")
"""Columns that say where a row came from, if it has them; with them those of its key."""


class Reject(msgspec.Struct, kw_only=True, omit_defaults=True):
    """A rejected row.

    Attributes:
        stream: Its stream.
        reason: Why, without a value of the row.
        rejected_at: When, UTC.
        trace: Where it came from, and its key.
        record: The row itself.
        missing_key: It has no key.
    """

    stream: str
    reason: str
    rejected_at: datetime
    trace: dict[str, Any]
    record: Any = None
    missing_key: bool = False


def of_record(
    stream: str, raw: Raw, key: Sequence[str], reason: str, now: datetime, *, keep: bool
) -> Reject:
    """The reject of a record as it came.

    Args:
        stream: Its stream.
        raw: Its JSON.
        key: The stream's key columns.
        reason: Why.
        now: The time, UTC.
        keep: Keep the record itself.
    """
    try:
        values = msgspec.json.decode(raw, type=dict[str, msgspec.Raw])
    except msgspec.MsgspecError:
        values = {}
    null = msgspec.Raw(b"null")
    return Reject(
        stream=stream,
        reason=reason,
        rejected_at=now,
        trace={name: values[name] for name in dict.fromkeys((*key, *TRACES)) if name in values},
        record=raw if keep else None,
        missing_key=any(values.get(name, null) == null for name in key),
    )


def of_row(
    stream: str,
    row: Mapping[str, Any],
    key: Sequence[str],
    reason: str,
    now: datetime,
    *,
    keep: bool,
) -> Reject:
    """The reject of a row of a batch, which the destination refused."""
    return Reject(
        stream=stream,
        reason=reason,
        rejected_at=now,
        trace={name: row[name] for name in dict.fromkeys((*key, *TRACES)) if name in row},
        record=dict(row) if keep else None,
    )


def lines(rejects: Sequence[Reject]) -> bytes:
    """The rejects as lines of JSON."""
    return _ENCODER.encode_lines(rejects)


_ENCODER = msgspec.json.Encoder(decimal_format="number")
