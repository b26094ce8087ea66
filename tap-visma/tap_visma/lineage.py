"""Where a record came from: batches and the audit columns that every record carries.

A batch is what one run read of one entity in one company. `_audit_id` names the answer within the
batch and the place in it: `<batch>/<page>/<row>`, with `/<line>` after it for lines.
"""

from __future__ import annotations

import secrets
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from tap_visma.entities import STAMP

if TYPE_CHECKING:
    from collections.abc import Mapping

Key: TypeAlias = tuple[str | int | None, ...]
"""The values of a record's key fields at Visma; parts can be null."""

PRIMARY_KEY = ("company_id", "record_id")
"""Of every stream. Visma's own key fields can be nested, renumbered or null; `record_id` is not."""

AUDIT_COLUMNS: Mapping[str, dict[str, Any]] = {
    "company_id": {
        "type": "string",
        "description": "Configured id of the company",
    },
    "record_id": {
        "type": "string",
        "description": "company_id and the record's key at Visma, joined with ':'",
    },
    STAMP: {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "Last change at Visma, local time there, without a zone; a line has its "
        "document's",
    },
    "_batch_id": {
        "type": "string",
        "description": "Sync batch (UUIDv7): one per company, entity and run",
    },
    "_audit_id": {
        "type": "string",
        "description": "Place in the batch: batch/page/row, and /line for lines",
    },
    "_extracted_at": {
        "type": "string",
        "format": "date-time",
        "description": "When the page was read, UTC",
    },
}
"""The columns of every record, before Visma's own."""


POSITION = "line_position"
"""Column of lines that have no key at Visma: their place in the document's list, from 1."""


def new_batch_id(now: datetime) -> str:
    """A UUIDv7 (RFC 9562): sorts by time, unique without coordination.

    Args:
        now: The time, aware.
    """
    milliseconds = int(now.timestamp() * 1000)
    value = milliseconds << 80 | secrets.randbits(80)
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(uuid.UUID(int=value))


def began(batch_id: str) -> datetime:
    """When a batch began, UTC.

    Raises:
        ValueError: It is no id of a batch.
    """
    value = uuid.UUID(batch_id)
    if value.version != 7 or str(value) != batch_id:  # noqa: PLR2004 - of UUIDs with a time
        raise ValueError(batch_id)
    return datetime.fromtimestamp((value.int >> 80) / 1000, tz=UTC)


def record_id(company_id: str, key: Key) -> str:
    """The company and the key parts, joined with ':'; no two keys give the same text."""
    return ":".join([company_id, *(_part(part) for part in key)])


def _part(part: str | int | None) -> str:
    if isinstance(part, str):
        return part.replace("%", "%25").replace(":", "%3A") if ":" in part or "%" in part else part
    return "" if part is None else str(part)
