"""Walking a list to its end, whatever the server does with the paging parameters.

Knows pages and totals; knows no Singer. There is no snapshot and no cursor, only page numbers, so
rows can move between pages while they are read. The rules, each for a trap of the API:

- A page size above the endpoint's cap is cut in silence, so a page shorter than asked for says
  nothing. The end is where as many have come as the answers' total says, else an empty page.
- A list that ignores paging gives its first page again and again, which ends the walk. If the total
  says that there is more, it is an error.
- A total that falls between two pages means that rows have moved towards the front, over the
  border between pages: the page before is read again.
- A walk over several pages that saw fewer different records than the total says has missed some
  that moved: the list is read again until it has seen as many.
- A walk that goes on where an earlier run stopped first reads the last page again. If the record
  on which that run ended is not on it, the list has moved and is read from its beginning.
- The next page is fetched while the caller works on this one.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from tap_visma.census import Census
from tap_visma.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from tap_visma.calls import Answer
    from tap_visma.lineage import Key
    from tap_visma.records import Page, Reader

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Place:
    """How far an earlier run came in a list: the last page it read, and what was on it."""

    page: int
    seen: int
    last: Key


@dataclass(frozen=True, slots=True)
class Turn:
    """A page of a list, as it is handed out.

    Attributes:
        number: Page number, from 1.
        received_at: When the answer came, UTC.
        answered_at: Visma's time of the answer, UTC.
        page: The answer, opened. Whoever is done with it clears its rows, since pages are large
            and this is all that holds them.
        place: Where a later run can go on after it; `None` for a page that is read again.
        answer: The answer's number in its batch.
    """

    number: int
    received_at: datetime
    answered_at: datetime
    page: Page
    place: Place | None
    answer: int


class Listing:
    """One reading of one list.

    Args:
        fetch: Calls for the page with that number, from 1.
        reader: Opens pages.
        paged: Whether the list has pages.
        after: Where an earlier run stopped.

    Attributes:
        census: What was seen; the caller adds the records of each page before it takes the next.
    """

    def __init__(
        self,
        fetch: Callable[[int], Answer],
        reader: Reader,
        *,
        paged: bool = True,
        after: Place | None = None,
    ) -> None:
        self.census = Census()
        self._fetch = fetch
        self._reader = reader
        self._paged = paged
        self._after = after
        self._totals: set[int] = set()
        self._pages = 0

    def turns(self) -> Iterator[Turn]:
        """The pages of the list.

        Raises:
            VismaError: What `fetch` and `reader` raise.
        """
        number, seen = 1, 0
        if self._after:
            place = self._after
            turn = self._turn(place.page, self._fetch(place.page), None)
            stands = place.last in self._reader.keys(turn.page)
            yield turn
            if stands:
                number, seen = place.page + 1, place.seen
                if turn.page.total is not None and seen >= turn.page.total:
                    return
            else:
                logger.info("The list has moved since the last run; reading it from its beginning")
                self._after = None
        yield from self._walk(number, seen)
        if self._after is None and self._missed():
            yield from self._again()

    def snapshot(self) -> bool:
        """Whether all records came in one answer, so that none can have moved meanwhile."""
        return self._pages <= 1 and self._after is None

    def clashes(self) -> int:
        """How many records came again with the same key and stamp, but were others.

        Records repeat the total, so where it changed they all differ, and nothing can be said.
        """
        return self.census.clashes() if len(self._totals) <= 1 else 0

    def complete(self) -> bool:
        """Whether it is certain that every record of the list was seen."""
        if self._after:
            return False
        if self._totals and self._reader.counts_all:
            return len(self._totals) == 1 and self.census.distinct() == min(self._totals)
        return self.snapshot()

    def _again(self) -> Iterator[Turn]:
        """Read from the beginning until as many different records have come as there are."""
        logger.info("The list changed while it was read; reading it again")
        moved = self.census.count() > self.census.distinct()
        totals = set(self._totals)
        for turn in self._walk(1, 0):
            yield turn
            if not self._missed():
                return
            if not moved and turn.page.total in totals:
                logger.warning("The total that Visma gives counts more than the list holds")
                return

    def _walk(self, number: int, seen: int) -> Iterator[Turn]:
        coming = self._ahead(number)
        opening: Page | None = None
        before: Page | None = None
        repeats = 0
        while True:
            turn = self._turn(number, coming.result(), seen)
            page = turn.page
            repeats = repeats + 1 if opening and page.repeats(opening) else 0
            # Without a total, one repetition can also be a page's worth of rows put in front
            if before and repeats and (page.total is not None or repeats == 2):  # noqa: PLR2004
                self._demand_all(before, seen)
                return
            if repeats:
                number, coming = number + 1, self._ahead(number + 1)
                continue
            page.continues = before is not None and self._reader.goes_on(before, page)
            if before and page.total is not None and page.total < (before.total or 0):
                moved = (before.total or 0) - page.total
                for earlier in range(max(1, number - ceil(moved / max(1, before.units))), number):
                    yield self._turn(earlier, self._fetch(earlier), None)
            opening = opening or page
            seen += page.units
            self._pages += bool(page.rows)
            if not self._paged:
                self._demand_all(page, seen)
            if not self._paged or not page.rows or (page.total is not None and seen >= page.total):
                yield turn
                return
            coming = self._ahead(number + 1)
            yield turn
            number, before = number + 1, page

    def _demand_all(self, page: Page, seen: int) -> None:
        """Refuse a list that has more than its only page, and no way to the rest."""
        if page.total is not None and seen < page.total:
            raise AnswerError(
                f"the list says that it has {page.total} records, gives {seen}, and has no pages",
                "Report the stream and this message; until it is mended, deselect the stream",
            )

    def _turn(self, number: int, answer: Answer, seen: int | None) -> Turn:
        page = self._reader.open(answer.body)
        if page.total is not None:
            self._totals.add(page.total)
        place = None
        if seen is not None and page.last is not None:
            place = Place(number, seen + page.units, page.last)
        return Turn(number, answer.received_at, answer.answered_at, page, place, answer.number)

    def _missed(self) -> bool:
        """Whether fewer different records came than there were said to be."""
        return (
            self._reader.counts_all
            and self._pages > 1
            and bool(self._totals)
            and self.census.distinct() < min(self._totals)
        )

    def _ahead(self, number: int) -> Future[Answer]:
        """Start a fetch that does not keep the process from ending, should no one want it."""
        coming: Future[Answer] = Future()

        def run() -> None:
            try:
                coming.set_result(self._fetch(number))
            except BaseException as error:  # noqa: BLE001 - raised again where the result is taken
                coming.set_exception(error)

        threading.Thread(target=run, name=f"page-{number}", daemon=True).start()
        return coming
