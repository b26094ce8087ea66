"""What events tell a run: which streams to read first, and which it can leave out.

Knows the inbox, the names of streams, and the tap's state; knows neither HTTP nor Singer. Events
are hints: each is checked by reading the list that it points at, and without one a list is read all
the same once `max_hint_age_hours` have gone by since its last turn.

The tap writes nothing into the inbox. Up to which event a stream of a company has been read stands
in the state, beside its bookmark: whatever a killed loader has lost of a run, the next run meets
the events of it again.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from typing import TYPE_CHECKING, Self

from tap_visma import events, inbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_visma.bookmarks import Bookmarks
    from tap_visma.envelopes import Event
    from tap_visma.settings import Company
    from tap_visma.webhook_settings import WebhookSettings


@dataclass(slots=True)
class Pending:
    """Events of a stream of a company that no finished read covers.

    Attributes:
        changed: Number of the newest.
        deleted: Number of the newest that tells of a deletion.
        deleted_at: The time of that one, ISO 8601, UTC.
    """

    changed: int = 0
    deleted: int = 0
    deleted_at: str | None = None


@dataclass
class Hints:
    """The hints of a run.

    Attributes:
        bookmarks: What has been read.
        settings: What is set of webhooks.
        newest: Number of the newest event when the run began.
        is_blind: The inbox cannot be read, so that nothing is left out.
    """

    bookmarks: Bookmarks
    settings: WebhookSettings
    newest: int = 0
    is_blind: bool = True
    _pending: defaultdict[tuple[str, str], Pending] = field(
        default_factory=lambda: defaultdict(Pending)
    )

    @classmethod
    def of(
        cls,
        settings: WebhookSettings,
        bookmarks: Bookmarks,
        companies: Sequence[Company],
        streams: Iterable[str],
    ) -> Self:
        """Read what the inbox holds for some streams.

        Raises:
            InboxError: It cannot be read.
        """
        hints = cls(bookmarks, settings)
        if settings.inbox is None or not settings.inbox.exists():
            return hints
        hints.is_blind = False
        hints.newest = inbox.newest(settings.inbox)
        covered = {
            (stream, company.company_id): bookmarks.covered(stream, company.company_id)
            for stream in streams
            for company in companies
        }
        for event in inbox.events(
            settings.inbox, min(covered.values(), default=hints.newest), hints.newest
        ):
            about = events.subject(event.kind, event.resource)
            if about is None:
                continue
            for stream, company in product(about.streams, concerned(event, companies)):
                place = (stream, company.company_id)
                if place in covered and event.number > covered[place]:
                    hints._take_in(place, event)
        return hints

    def _take_in(self, place: tuple[str, str], event: Event) -> None:
        pending = self._pending[place]
        pending.changed = event.number
        if events.is_deletion(event.kind):
            pending.deleted = event.number
            pending.deleted_at = event.occurred_at or event.received_at

    def pending(self, stream: str, company_id: str) -> Pending:
        """The events of a stream of a company that are not covered."""
        return self._pending.get((stream, company_id), Pending())

    def at_any(self, stream: str, companies: Iterable[Company]) -> bool:
        """Whether there is a hint at a stream of any of the companies."""
        return any(self.pending(stream, company.company_id).changed for company in companies)

    def begin_turn(self, stream: str, now: datetime) -> bool:
        """Make a stream due in all companies, if it is time.

        Args:
            stream: The stream.
            now: The time, aware.

        Returns:
            Whether all companies are to be read; without an inbox they always are.
        """
        settings = self.settings
        if settings.inbox is None:
            return True
        last = self.bookmarks.turn(stream)
        if (
            settings.hinted
            and not self.is_blind
            and last is not None
            # A turn in the future was begun by a clock that was wrong
            and abs(now - datetime.fromisoformat(last)) < settings.max_hint_age
        ):
            return False
        self.bookmarks.begin_turn(stream, now.isoformat())
        return True

    def is_due(self, stream: str, company_id: str) -> bool:
        """Whether a stream of a company is to be read in this run."""
        bookmarks = self.bookmarks
        return (
            not self.settings.hinted
            or bookmarks.is_unfinished(stream, company_id)
            or bookmarks.turn(stream, company_id) != bookmarks.turn(stream)
            or bool(self.pending(stream, company_id).changed)
        )

    def cover(self, stream: str, company_id: str) -> None:
        """Take note that a stream of a company was read to its end, begun in this run."""
        if self.settings.inbox is not None:
            self.bookmarks.cover(stream, company_id, self.newest)


def concerned(event: Event, companies: Sequence[Company]) -> list[Company]:
    """The companies that an event can be about: all, where it names none."""
    if event.context is None:
        return list(companies)
    context = event.context.lower()
    return [c for c in companies if context in {c.company_id.lower(), c.tenant_id.lower()}]


def row(event: Event, companies: Sequence[Company]) -> dict[str, object]:
    """What the stream of events says of one, beside the audit columns."""
    about = events.subject(event.kind, event.resource)
    if about is None:
        outcome = "unknown"
    elif not concerned(event, companies):
        outcome = "elsewhere"
    else:
        outcome = "deletion" if events.is_deletion(event.kind) else "change"
    return {
        "event_id": event.event_id,
        "envelope": event.envelope,
        "context": event.context,
        "kind": event.kind,
        "resource": event.resource,
        "occurred_at": event.occurred_at,
        "received_at": event.received_at,
        "sender": event.sender,
        "verified": True,
        "outcome": outcome,
        "streams": ",".join(about.streams) if about else None,
        "body": event.body.decode(errors="replace"),
    }
