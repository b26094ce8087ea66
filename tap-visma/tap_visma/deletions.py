"""When a list is read whole since records of it were deleted, and which of its records are gone.

Knows hints, what is remembered, and the tap's state; knows neither HTTP nor Singer. No event is
taken at its word: a record is gone when a full pass that has seen every record has not shown it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import datetime

    from tap_visma.bookmarks import Bookmarks, Walk
    from tap_visma.hints import Hints
    from tap_visma.remembered import Gone, Memory
    from tap_visma.settings import Company

MICROSECONDS = 1000
"""In a version, which is in milliseconds as numbers of events are in microseconds."""
RETRY, LONGEST = timedelta(hours=1), timedelta(days=1)
"""How often a full pass that was not certain is tried again, and for how long after the event."""


@dataclass(frozen=True, slots=True)
class Deletions:
    """The deletions in the lists that are remembered."""

    memory: Memory
    hints: Hints
    bookmarks: Bookmarks
    companies: Sequence[Company]

    def are_due(self, entity: str, version: int, now: datetime) -> bool:
        """Whether a full pass is due: an event came after the last one, or nobody remembers it.

        Args:
            entity: The entity, which is remembered.
            version: The last full pass that was aimed at.
            now: The time, aware.

        Raises:
            InboxError: What is remembered cannot be read.
        """
        age = timedelta(milliseconds=_milliseconds(now) - version)
        for company in (company.company_id for company in self.companies):
            if self._told(entity, company) > version:
                return True
            passed = self.bookmarks.version(entity, company) == version
            certain = self.bookmarks.is_certain(entity, company)
            if passed and certain and self.memory.passed(entity, company) < version:
                return True
            if passed and self.are_open(entity, company, now) and age >= RETRY:
                return True
        return False

    def are_open(self, entity: str, company_id: str, now: datetime) -> bool:
        """Whether an event has told of deletions that no certain full pass has looked for.

        Not for ever: there are lists of which no pass is certain.

        Args:
            entity: The entity.
            company_id: The company.
            now: The time, aware.
        """
        told = self._told(entity, company_id)
        version = self.bookmarks.version(entity, company_id) or 0
        looked_for = version >= told and self.bookmarks.is_certain(entity, company_id)
        return not looked_for and timedelta(milliseconds=_milliseconds(now) - told) < LONGEST

    def _told(self, entity: str, company_id: str) -> int:
        """When the newest event of a deletion came, as a version; 0 if there is none."""
        return self.hints.pending(entity, company_id).deleted // MICROSECONDS

    def found(
        self,
        entity: str,
        company_id: str,
        walk: Walk,
        streams: Iterable[str],
        now: datetime,
        *,
        is_fresh: bool,
    ) -> Iterator[tuple[str, Gone]]:
        """The records that are gone from a company's list, by stream, after a walk's end.

        Args:
            entity: The entity.
            company_id: The company.
            walk: The walk, which may be no full pass.
            streams: The streams that it feeds.
            now: The time, aware.
            is_fresh: Whether all of the walk was in this run.

        Raises:
            InboxError: What is remembered cannot be used.
        """
        version, memory = walk.version, self.memory
        if version is None or not self.bookmarks.is_certain(entity, company_id):
            return
        if not is_fresh and memory.count(entity, company_id, version) < walk.seen:
            return  # part of the walk was in a run that remembered nothing
        deleted_at = self.hints.pending(entity, company_id).deleted_at or now.isoformat()
        for stream in streams:
            for gone in memory.gone(stream, company_id, version, now.isoformat(), deleted_at):
                yield stream, gone
        memory.keep_pass(entity, company_id, version)


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
