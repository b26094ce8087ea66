"""Which calls read an entity of a company: filters, parameters and their values, paging.

Knows entities, walks and calls; knows no Singer.
"""

from __future__ import annotations

import logging
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from itertools import product
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec

from tap_visma import stamps
from tap_visma.entities import LOOKUPS
from tap_visma.errors import AnswerError, TooSlowError
from tap_visma.pages import Listing
from tap_visma.records import NOT_A_KEY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from tap_visma.bookmarks import Walk
    from tap_visma.calls import Answer, Caller
    from tap_visma.census import Census
    from tap_visma.entities import Entity, Lookup
    from tap_visma.pages import Turn
    from tap_visma.recording import Recording
    from tap_visma.records import Reader
    from tap_visma.settings import Company, Settings

logger = logging.getLogger(__name__)

PAGE_NUMBER, PAGE_SIZE = PAGING = ("pageNumber", "pageSize")
"""Query parameters of paging."""

EARLIEST = "1900-01-01T00:00:00"
"""What an endpoint that insists on the filter is given when all is wanted."""


@dataclass(frozen=True, slots=True)
class Request:
    """A list to read, page by page if it has pages.

    Attributes:
        path: The endpoint.
        params: Query parameters, without those of paging.
        columns: Values that its records do not repeat, by the column that takes them.
    """

    path: str
    params: Mapping[str, str]
    columns: Mapping[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return "&".join([self.path, *(f"{name}={value}" for name, value in self.params.items())])


class Lookups:
    """The values that parameters take in each company, each list read once per run."""

    def __init__(self, caller: Caller, settings: Settings) -> None:
        self._caller = caller
        self._settings = settings
        self._answers: dict[tuple[str, str], Answer] = {}

    def values(self, company: Company, name: str) -> list[str]:
        """The values of a row of `LOOKUPS`, those of a setting of that name if it is set.

        Raises:
            VismaError: The list cannot be read.
        """
        lookup = LOOKUPS[name]
        chosen = self._settings.chosen.get(name)
        if chosen is not None:
            return list(chosen)
        with _understood(company, lookup):
            rows = self._rows(company, lookup)
            start = self._settings.start
            return list(dict.fromkeys(_value(row, lookup) for row in rows if _due(row, start)))

    def last_periods(self, company: Company, count: int) -> list[str]:
        """The last financial periods that have begun.

        Raises:
            VismaError: The list cannot be read.
        """
        lookup = LOOKUPS["financial_periods"]
        if not count:
            return []
        with _understood(company, lookup):
            rows = self._rows(company, lookup)
            today = self._answers[company.company_id, lookup.path].answered_at.replace(tzinfo=None)
            begun = [row for row in rows if stamps.parse(row["startDate"]) <= today]
            return sorted(_value(row, lookup) for row in begun)[-count:]

    def _rows(self, company: Company, lookup: Lookup) -> list[Any]:
        key = (company.company_id, lookup.path)
        if key not in self._answers:
            self._answers[key] = self._caller.get(company, lookup.path, {})
        return msgspec.json.decode(self._answers[key].body, type=list[Any])


@contextmanager
def _understood(company: Company, lookup: Lookup) -> Iterator[None]:
    try:
        yield
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise AnswerError(
            f"{lookup.path} does not give the list of values expected ({error})",
            "Report the stream and this message; until it is mended, deselect the stream",
        ).at(company.company_id) from None


def _due(row: Any, start: datetime | None) -> bool:  # noqa: ANN401 - any JSON
    """Whether a value is not over before the start date."""
    over = row.get("endDate") if isinstance(row, dict) else None
    return not (over and start) or stamps.parse(over) >= start


def _value(row: Any, lookup: Lookup) -> str:  # noqa: ANN401 - any JSON
    if not lookup.fields:
        return str(row)
    value = ""
    for name, width in zip(lookup.fields, lookup.widths or (0,), strict=True):
        part = str(row[name]).rjust(width, "0")
        # A period comes as its number within the year or as year and number
        value = part if value and part.startswith(value) else value + part
    return value


def read(
    entity: Entity,
    company: Company,
    walk: Walk,
    requests: Sequence[Request],
    *,
    caller: Caller,
    recording: Recording,
    reader: Reader,
) -> Iterator[tuple[Request, Turn, Census]]:
    """The pages of a walk, from where it has come to; marks on the walk what is known of them.

    Each is recorded as it comes, before it is opened.

    Yields:
        The list, a page of it, and the census that is to take in its records.

    Raises:
        VismaError: A call failed, or the key does not tell records apart.
    """
    names = [str(request) for request in requests]
    if walk.request is not None and walk.request not in names:
        walk.request, walk.page = None, 0
    walk.moving = walk.moving or len(requests) > 1

    def fetch(request: Request, number: int) -> Answer:
        params = dict(request.params)
        if entity.paged:
            params |= {PAGE_NUMBER: str(number), PAGE_SIZE: str(walk.page_size)}
        return recording.keep(request, params, caller.get(company, request.path, params))

    for request in requests[names.index(walk.request) if walk.request else 0 :]:
        while True:
            listing = Listing(
                partial(fetch, request),
                reader,
                paged=entity.paged,
                after=walk.place_in(str(request)) if entity.paged else None,
            )
            try:
                for turn in listing.turns():
                    yield request, turn, listing.census
                break
            except TooSlowError:
                if not entity.paged or not walk.ask_for_less():
                    raise
                logger.warning(
                    "Company '%s', stream '%s': too slow, asking for %d a page from now on",
                    company.company_id,
                    entity.name,
                    walk.page_size,
                )
        if clashes := listing.clashes():
            raise AnswerError(
                f"{clashes} records came again with the same {' + '.join(entity.key)} and the same "
                "stamp, but differ",
                NOT_A_KEY,
            )
        walk.moving = walk.moving or not listing.snapshot()
        walk.certain = walk.certain and listing.complete()


def requests(
    entity: Entity, company: Company, since: str | None, lookups: Lookups, *, refetched: int
) -> list[Request]:
    """The lists to read for an entity, in order.

    Args:
        entity: The entity.
        company: The company.
        since: Filter value, if not all is wanted.
        lookups: For the values of parameters.
        refetched: How many of the last financial periods to read again as a whole, besides.
    """
    params = dict(entity.params)
    values = [lookups.values(company, parameter.values) for parameter in entity.parameters]
    filters = [_filter(entity, since)]
    if since and entity.periods:
        periods = lookups.last_periods(company, refetched)
        filters += [dict.fromkeys(entity.periods, period) for period in periods]
    return [
        _request(entity, params | chosen, row) for chosen in filters for row in product(*values)
    ]


def _filter(entity: Entity, since: str | None) -> dict[str, str]:
    since = since or (EARLIEST if entity.always_since else None)
    if not since:
        return {}
    if entity.since == "plain":
        return {"lastModifiedDateTime": since}
    return {"lastModifiedDateTime": since, "lastModifiedDateTimeCondition": ">="}


def _request(entity: Entity, params: Mapping[str, str], values: Sequence[str]) -> Request:
    path = entity.path
    query = dict(params)
    columns = {}
    for parameter, value in zip(entity.parameters, values, strict=True):
        for name in parameter.names:
            if f"{{{name}}}" in path:
                path = path.replace(f"{{{name}}}", quote(value, safe=""))
            else:
                query[name] = value
        if parameter.column:
            columns[parameter.column] = value
    return Request(path, query, columns)
