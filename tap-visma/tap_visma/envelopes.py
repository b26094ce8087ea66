"""From the body of a notification to an event, as far as it is understood.

Knows JSON and names of fields; knows neither HTTP nor streams. The older envelope of Visma.net
(`contextId`, `eventId`, `action`, `resourceUri`) is known; today's is not published, so its fields
are a setting. Whatever is not understood is kept as it came.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping

OLDER: Mapping[str, tuple[str, ...]] = {
    "id": ("eventId",),
    "context": ("contextId",),
    "kind": ("action",),
    "resource": ("resourceUri",),
}
"""Fields of the older envelope."""

LONGEST = 2000
"""Letters of a part that are kept apart from the body."""


class Event(msgspec.Struct, kw_only=True):
    """A notification, as it came and as it was understood.

    Attributes:
        number: Its place in the inbox: microseconds since 1970 at which it was kept, or more.
        received_at: When it came, ISO 8601, UTC.
        sender: The address from which it came.
        body: As it came.
        envelope: `older`, `mapped` (by the setting), or `unknown`.
        event_id: As the envelope says.
        context: The company or tenant, as the envelope says.
        kind: What happened.
        resource: The address of what it happened to.
        occurred_at: The envelope's own time, if it has a zone, ISO 8601, UTC.
    """

    number: int = 0
    received_at: str
    sender: str
    body: bytes
    envelope: str = "unknown"
    event_id: str | None = None
    context: str | None = None
    kind: str | None = None
    resource: str | None = None
    occurred_at: str | None = None

    def identity(self) -> str:
        """What two sendings of one event share: all that was signed."""
        return hashlib.sha256(self.body).hexdigest()


def read(
    body: bytes, sender: str, received_at: datetime, fields: Mapping[str, tuple[str, ...]]
) -> Event:
    """Understand a body as far as that goes.

    Args:
        body: The body.
        sender: The address from which it came.
        received_at: When it came, aware.
        fields: Path to each part of the envelope that has no published form.

    Raises:
        ValueError: It is no JSON object.
    """
    try:
        content = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.MsgspecError, RecursionError):
        raise ValueError("no JSON object") from None
    event = Event(received_at=received_at.isoformat(), sender=sender, body=body)
    for name, paths in (("older", OLDER), ("mapped", fields)):
        found = {part: _text(content, path) for part, path in paths.items()}
        if found.get("kind") and (found.get("resource") or name == "mapped"):
            event.envelope = name
            event.event_id, event.context = found.get("id"), found.get("context")
            event.kind, event.resource = found["kind"], found.get("resource")
            moment = _moment(found.get("time"))
            event.occurred_at = moment.isoformat() if moment else None
            break
    return event


def _text(content: Any, path: tuple[str, ...]) -> str | None:  # noqa: ANN401 - any JSON
    for name in path:
        content = content.get(name) if isinstance(content, dict) else None
    if isinstance(content, str | int) and not isinstance(content, bool):
        return str(content)[:LONGEST] or None
    return None


def _moment(text: str | None) -> datetime | None:
    """A time of an envelope; none without a zone, since Visma's own times are local ones."""
    try:
        moment = datetime.fromisoformat(text or "")
        return moment.astimezone(UTC) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
