"""Which calls read an entity of a company: the filter, the paging, the values in the path.

Knows entities, walks and calls; knows no Singer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from tap_visma import pages, stamps
from tap_visma.bookmarks import Walk
from tap_visma.errors import AnswerError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from tap_visma.calls import Answer, Caller
    from tap_visma.entities import Entity
    from tap_visma.records import Page, Reader
    from tap_visma.settings import Company, Settings

EARLIEST = "1900-01-01T00:00:00"
"""What an endpoint that insists on the filter is given when all is wanted."""


def fresh_walk(
    entity: Entity, streams: Sequence[str], bookmark: str | None, settings: Settings
) -> Walk:
    """A walk from its beginning: all since the bookmark, or since the start date, or all."""
    since: datetime | None = None
    if entity.since:
        since = stamps.back(bookmark, settings.overlap) if bookmark else settings.start
    return Walk(
        since=stamps.for_filter(since) if since else None,
        streams=list(streams),
        page_size=settings.page_size,
    )


def walk_pages(
    entity: Entity, company: Company, walk: Walk, caller: Caller, reader: Reader
) -> Iterator[tuple[int, Answer, Page]]:
    """The pages of a walk, from where it has come to.

    Yields:
        Page number, answer, opened page.

    Raises:
        VismaError: With the company named.
    """
    params = dict(entity.params)
    since = walk.since or (EARLIEST if entity.always_since else None)
    if since:
        params["lastModifiedDateTime"] = since
        if entity.since == "condition":
            params["lastModifiedDateTimeCondition"] = ">="
    count: int | None = None if entity.paged else 1
    if entity.each:
        parameter, path = entity.each
        values = _values(caller.get(company, path, {}))
        paths = [entity.path.replace(f"{{{parameter}}}", quote(value, safe="")) for value in values]
        count = len(paths)

    def fetch(number: int) -> Answer:
        if entity.each:
            return caller.get(company, paths[number - 1], params)
        if not entity.paged:
            return caller.get(company, entity.path, params)
        paging = {"pageNumber": str(number), "pageSize": str(walk.page_size)}
        return caller.get(company, entity.path, params | paging)

    if count is None or walk.next_page <= count:
        yield from pages.walk(fetch, reader.open, pages=count, first=walk.next_page, seen=walk.seen)


def _values(answer: Answer) -> list[str]:
    try:
        return sorted(msgspec.json.decode(answer.body, type=list[str]))
    except msgspec.MsgspecError as error:
        raise AnswerError(
            f"the answer is not the list of names expected ({error})",
            "Report the stream and this message; until it is mended, deselect the stream",
        ) from None
