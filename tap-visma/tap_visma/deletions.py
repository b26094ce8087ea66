"""When a list is read whole since records of it were deleted, and which of its records are gone.

Knows hints, what is remembered, and the tap's state; knows neither HTTP nor Singer. No event is
taken at its word: a record is gone when a full pass that has seen every record has not shown it.
"""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Deletions:
    """The deletions in the lists that are remembered."""

    memory: Memory
    hints: Hints
    bookmarks: Bookmarks
    companies: Sequence[Company]

    def are_due(self, entity: str, version: int) -> bool:
        """Whether a full pass is due: an event came after the last one, or nobody remembers it.

        Args:
            entity: The entity, which is remembered.
            version: The last full pass that was aimed at.

        Raises:
            InboxError: What is remembered cannot be read.
        """
        for company in (company.company_id for company in self.companies):
            if self.hints.pending(entity, company).deleted // MICROSECONDS > version:
                return True
            passed = self.bookmarks.version(entity, company) == version
            certain = self.bookmarks.is_certain(entity, company)
            if passed and certain and self.memory.passed(entity, company) < version:
                return True
        return False

    def found(
        self, entity: str, company_id: str, walk: Walk, streams: Iterable[str], now: datetime
    ) -> Iterator[tuple[str, Gone]]:
        """The records that are gone from a company's list, by stream, after a walk's end.

        Args:
            entity: The entity.
            company_id: The company.
            walk: The walk, which may be no full pass.
            streams: The streams that it feeds.
            now: The time, aware.

        Raises:
            InboxError: What is remembered cannot be used.
        """
        version, memory = walk.version, self.memory
        if version is None or not self.bookmarks.is_certain(entity, company_id):
            return
        if memory.count(entity, company_id, version) < walk.seen:
            return  # part of the walk was in a run that remembered nothing
        deleted_at = self.hints.pending(entity, company_id).deleted_at or now.isoformat()
        for stream in streams:
            for gone in memory.gone(stream, company_id, version, now.isoformat(), deleted_at):
                yield stream, gone
        memory.keep_pass(entity, company_id, version)
