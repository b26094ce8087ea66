"""What a user can set of webhooks: of the receiver, and of what the tap does with its inbox.

A part of the tap's settings, which are one list for every front end.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from singer_sdk import typing as th

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from ipaddress import IPv4Network, IPv6Network

    Network: TypeAlias = IPv4Network | IPv6Network

PARTS = ("id", "context", "kind", "resource", "time")
"""What can be understood of an event, whatever its fields are called."""

PROPERTIES: tuple[th.Property[Any], ...] = (
    th.Property(
        "run",
        th.StringType(nullable=False, allowed_values=["all", "hinted"]),
        default="all",
        title="Run",
        description="What a run reads: `all` selected streams, or only those that are `hinted` at "
        "by events in `webhook_inbox` or that `max_hint_age_hours` makes due",
    ),
    th.Property(
        "max_hint_age_hours",
        th.IntegerType(nullable=False, minimum=1, maximum=8760),
        default=24,
        title="Maximum hint age",
        description="Hours after which `run: hinted` reads a stream although no event hints at it",
    ),
    th.Property(
        "webhook_inbox",
        th.StringType(nullable=False),
        title="Webhook inbox",
        description="File (SQLite) into which `tap-visma-webhooks serve` writes events, and from "
        "which the tap reads them; without it, there are none",
    ),
    th.Property(
        "webhook_secrets",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        secret=True,
        title="Webhook secrets",
        description="Signature keys of the subscriptions in the Visma Developer Portal; any of "
        "them may have signed an event",
    ),
    th.Property(
        "webhook_header",
        th.StringType(nullable=False),
        default="X-Visma-Signature",
        title="Webhook header",
        description="Header with the signature: HMAC-SHA256 of the body, in base64. Visma does "
        "not publish its name; the receiver's log names the headers of what comes without it",
    ),
    th.Property(
        "webhook_senders",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=["18.202.121.26", "34.242.104.102", "54.220.26.45"],
        title="Webhook senders",
        description="Addresses or networks from which events are taken (the default is what Visma "
        "publishes); an empty list for any",
    ),
    th.Property(
        "webhook_proxies",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=[],
        title="Webhook proxies",
        description="Addresses or networks of reverse proxies whose `X-Forwarded-For` is believed",
    ),
    th.Property(
        "webhook_fields",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=[
            "id=id",
            "context=tenantId",
            "kind=event",
            "resource=resourceUri",
            "time=timestamp",
        ],
        title="Webhook fields",
        description="Where the envelope has what is needed, as `part=field`, with dots into "
        "nested objects; parts are `id`, `context`, `kind`, `resource` and `time`. The older "
        "envelope (`contextId`, `eventId`, `action`, `resourceUri`) is understood without",
    ),
    th.Property(
        "webhook_max_bytes",
        th.IntegerType(nullable=False, minimum=256, maximum=10_485_760),
        default=65_536,
        title="Webhook size",
        description="Bytes that the body of an event may have; larger ones are refused (413)",
    ),
    th.Property(
        "webhook_events_per_second",
        th.IntegerType(nullable=False, minimum=1, maximum=100_000),
        default=1000,
        title="Webhook rate",
        description="Events a second that are taken from one sender; more are refused (429)",
    ),
    th.Property(
        "webhook_max_age_hours",
        th.IntegerType(nullable=False, minimum=1, maximum=8760),
        default=24,
        title="Webhook age",
        description="Hours after its own time at which an event is no longer taken (400)",
    ),
    th.Property(
        "webhook_repeat_minutes",
        th.IntegerType(nullable=False, minimum=0, maximum=10_080),
        default=10,
        title="Webhook repeats",
        description="Minutes within which the same event without a time of its own counts as sent "
        "again; one with a time always does",
    ),
)


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    """Checked settings of webhooks.

    Attributes:
        inbox: The file of events, if there is one.
        secrets: Keys of which one must have signed an event.
        header: Header of the signature, in lower case.
        senders: Where events may come from; none for anywhere.
        proxies: Whose word on the sender is believed.
        fields: Path to each part of an envelope, in nested objects.
        max_bytes: Largest body.
        events_per_second: Of one sender.
        max_age: Oldest event that is taken, by its own time.
        repeat: How long an event without a time is known again.
        hinted: Whether a run leaves out what nothing hints at.
        max_hint_age: For how long it does.
    """

    inbox: Path | None
    secrets: Sequence[bytes] = field(repr=False)
    header: str
    senders: Sequence[Network]
    proxies: Sequence[Network]
    fields: Mapping[str, tuple[str, ...]]
    max_bytes: int
    events_per_second: int
    max_age: timedelta
    repeat: timedelta
    hinted: bool
    max_hint_age: timedelta

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> WebhookSettings:
        """Read values in which nothing is wrong, defaults included."""
        pairs = (text.partition("=") for text in values["webhook_fields"] or ())
        return cls(
            inbox=Path(values["webhook_inbox"]) if values["webhook_inbox"] else None,
            secrets=tuple(text.encode() for text in values["webhook_secrets"] or ()),
            header=values["webhook_header"].lower(),
            senders=networks(values["webhook_senders"] or ()),
            proxies=networks(values["webhook_proxies"] or ()),
            fields={part: tuple(path.split(".")) for part, _, path in pairs},
            max_bytes=values["webhook_max_bytes"],
            events_per_second=values["webhook_events_per_second"],
            max_age=timedelta(hours=values["webhook_max_age_hours"]),
            repeat=timedelta(minutes=values["webhook_repeat_minutes"]),
            hinted=values["run"] == "hinted",
            max_hint_age=timedelta(hours=values["max_hint_age_hours"]),
        )


def networks(texts: Sequence[str]) -> tuple[Network, ...]:
    """Addresses and networks as networks.

    Raises:
        ValueError: One is neither.
    """
    return tuple(ip_network(text) for text in texts)
