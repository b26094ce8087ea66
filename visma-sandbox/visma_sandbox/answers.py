"""Answers: which records of a table a request gets, page by page, as bytes.

It knows the parameters of the API and their traps, and nothing of sockets, tokens or the books.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, field
from itertools import accumulate
from operator import eq, ge, gt, le, lt
from typing import TYPE_CHECKING, Final

from visma_sandbox import stamps
from visma_sandbox.merging import merged
from visma_sandbox.table import ENCODER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from visma_sandbox.endpoint import Endpoint
    from visma_sandbox.table import Row, Table

DEFAULT_PAGE_SIZE: Final = 100
MAX_PAGE_SIZE_OF_UNPAGED: Final = 1000
"""What `metadata.maxPageSize` says on lists that carry metadata but are not paged."""

_CONDITIONS: Final[dict[str, Callable[[int, int], bool]]] = {">": gt, "<": lt, ">=": ge, "<=": le}
_COMPARISONS: Final[dict[str, Callable[[str, str], bool]]] = {"==": eq, ">=": ge, "<=": le}


class Refused(Exception):  # noqa: N818 - the service's word for a 400 is a refusal
    """The request cannot be answered; the text is for the `message` of the body."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The body of a 200 and how many records (or pieces of batches) it holds."""

    body: bytes
    records: int


@dataclass
class Selection:
    """The rows that a filter leaves of a table, and where each one's lines begin."""

    version: int
    rows: list[Row]
    line_ends: list[int] = field(default_factory=list)


def _stamp_filter(
    params: Mapping[str, str], name: str, *, with_condition: bool
) -> Callable[[int], bool] | None:
    """Read a stamp filter; without a condition `>=` is meant, without a value nothing is."""
    value = params.get(name.casefold(), "")
    if not value:
        return None
    try:
        limit = stamps.of_text(value)
    except ValueError as error:
        raise Refused(f"converting parameter '{name}': {error}") from error
    condition = params.get(f"{name}Condition".casefold(), "") or ">="
    if not with_condition:
        condition = ">="
    if condition not in _CONDITIONS:
        raise Refused(f"'{condition}' is not a valid value for '{name}Condition'.")
    compare = _CONDITIONS[condition]
    return lambda stamp: compare(stamp, limit)


def _refuse_what_lacks(endpoint: Endpoint, params: Mapping[str, str]) -> None:
    for name in endpoint.needs:
        if not params.get(name.casefold()):
            raise Refused(f"{name} must be specified.")
    if endpoint.needs_one_of and not any(params.get(n.casefold()) for n in endpoint.needs_one_of):
        raise Refused(f"One of {' or '.join(endpoint.needs_one_of)} must be specified.")


def _chosen_by(table: Table, params: Mapping[str, str]) -> list[Row]:
    """Give the rows that the list's own parameters pick."""
    rows = table.rows()
    for n, selector in enumerate(table.endpoint.selectors):
        wanted = params.get(selector.parameter.casefold())
        if wanted:
            holds = _COMPARISONS[selector.comparison]
            rows = [each for each in rows if holds(each.selected_by[n], wanted)]
    return rows


def _select(table: Table, params: Mapping[str, str]) -> Selection:
    endpoint = table.endpoint
    _refuse_what_lacks(endpoint, params)
    rows = _chosen_by(table, params)
    if endpoint.periods_merge:
        rows = merged(endpoint, rows)
    if endpoint.modified_filter is not None:
        keeps = _stamp_filter(
            params,
            "lastModifiedDateTime",
            with_condition=endpoint.modified_filter == "condition",
        )
        if keeps is not None:
            rows = [each for each in rows if keeps(each.stamp)]
    if endpoint.created_filter:
        keeps = _stamp_filter(params, "createdDateTime", with_condition=True)
        if keeps is not None:
            rows = [each for each in rows if keeps(each.created)]
    chosen = Selection(table.version, rows)
    if endpoint.page_unit == "line":
        chosen.line_ends = list(accumulate(len(each.lines) for each in rows))
    return chosen


def _number(params: Mapping[str, str], name: str) -> int:
    value = params.get(name.casefold(), "")
    try:
        return int(value) if value else 0
    except ValueError as error:
        raise Refused(f"The value '{value}' is not valid for {name}.") from error


def _lines_between(chosen: Selection, first: int, end: int) -> list[bytes]:
    """Give the batches that have lines in a range of lines, each with only those lines."""
    pieces = []
    at = bisect_right(chosen.line_ends, first)
    while at < len(chosen.rows):
        each = chosen.rows[at]
        begins = chosen.line_ends[at] - len(each.lines)
        if begins >= end:
            break
        if each.lines:
            pieces.append(each.text(each.lines[max(0, first - begins) : end - begins]))
        at += 1
    return pieces


class Reader:
    """Answers requests; keeps the last selection of each list while nothing changes."""

    def __init__(self) -> None:
        """Start with nothing kept."""
        self._kept: dict[tuple[int, str], Selection] = {}

    def answer(self, table: Table, params: Mapping[str, str], cap: int | None) -> Answer:
        """Answer a request for a list.

        Args:
            table: The records of the list.
            params: The query, names in lower case, values decoded once.
            cap: The greatest page size now; None for a list that is not paged.

        Raises:
            Refused: The service would answer 400.
        """
        endpoint = table.endpoint
        asked = _number(params, "pageSize")
        number = max(_number(params, "pageNumber"), 1)
        chosen = self._selection(table, params)
        total = len(chosen.rows)
        if endpoint.page_unit == "line":
            total = chosen.line_ends[-1] if chosen.line_ends else 0
        size = total
        first = 0
        if cap is not None:
            size = min(asked, cap) if asked > 0 else max(1, min(DEFAULT_PAGE_SIZE, cap // 2))
            first = (number - 1) * size
        if endpoint.page_unit == "line":
            pieces = _lines_between(chosen, first, first + size)
        else:
            pieces = [each.text() for each in chosen.rows[first : first + size]]
        closing = b"}"
        if endpoint.metadata:
            greatest = MAX_PAGE_SIZE_OF_UNPAGED if cap is None else cap
            closing = b',"metadata":{"totalCount":%d,"maxPageSize":%d}}' % (total, greatest)
        body = b"[" + (closing + b",").join(pieces) + closing + b"]" if pieces else b"[]"
        if endpoint.envelope == "records":
            opening = b'{"pageNumber":%d,"pageSize":%d,"totalCount":%d,"records":'
            body = opening % (number, size, total) + body + b"}"
        return Answer(body=body, records=len(pieces))

    def _selection(self, table: Table, params: Mapping[str, str]) -> Selection:
        relevant = sorted(
            item for item in params.items() if item[0] not in {"pagenumber", "pagesize"}
        )
        name = (id(table), str(relevant))
        kept = self._kept.get(name)
        if kept is None or kept.version != table.version:
            kept = _select(table, params)
            self._kept = {n: s for n, s in self._kept.items() if n[0] != id(table)} | {name: kept}
        return kept


def books_of(table: Table) -> bytes:
    """Give all records of a table, whole and without metadata, as one array."""
    return b"[" + b",".join(each.whole() for each in table.rows()) + b"]"


def texts(table: Table) -> Answer:
    """Give the first key part of each record, as an array of texts."""
    return Answer(body=ENCODER.encode([each.key[0] for each in table.rows()]), records=len(table))


def single(table: Table, wanted: str) -> Answer | None:
    """Give the record whose first key part is the wanted text, whatever its case."""
    for each in table.rows():
        if each.key[0].casefold() == wanted.casefold():
            return Answer(body=each.text() + b"}", records=1)
    return None


def page_cap(endpoint: Endpoint, overrides: Mapping[str, int]) -> int | None:
    """Give the page cap of a list now; a list that is not paged stays so."""
    if endpoint.page_cap is None:
        return None
    return overrides.get(endpoint.path.casefold(), endpoint.page_cap)
