"""Walking a list, with a server that is a function: each trap by itself."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from tap_runs import BY_NAME
from tap_visma import schemas
from tap_visma.calls import Answer
from tap_visma.errors import (
    AnswerError,
    UnreachableError,
)
from tap_visma.pages import Listing, Place
from tap_visma.records import Reader, Shape

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable


ENTITY = BY_NAME["suppliers"]


class Shop:
    """A list that is served page by page, and may change between calls.

    Args:
        pages: Keys on each page.
        totals: The total said on each page; none where it is `None`. The last counts on.
        changes: What happens to the pages when the page with that number is called for.
    """

    def __init__(
        self,
        pages: list[list[int]],
        totals: Iterable[int | None] = (None,),
        changes: dict[int, Callable[[Shop], None]] | None = None,
    ) -> None:
        self.pages = pages
        self.totals = list(totals)
        self.calls: list[int] = []
        self._changes = changes or {}

    def fetch(self, number: int) -> Answer:
        self.calls.append(number)
        if change := self._changes.pop(number, None):
            change(self)
        keys = self.pages[number - 1] if number <= len(self.pages) else []
        total = self.totals[min(number, len(self.totals)) - 1]
        metadata = {} if total is None else {"metadata": {"totalCount": total}}
        records = [{"internalId": key, "name": f"name {key}"} | metadata for key in keys]
        now = datetime(2026, 3, 31, tzinfo=UTC)
        return Answer(json.dumps(records).encode(), now, now)


class SamePage(Shop):
    """A list that ignores paging."""

    def fetch(self, number: int) -> Answer:
        answer = super().fetch(1)
        self.calls[-1] = number
        return answer


def read(
    shop: Shop, *, paged: bool = True, after: Place | None = None
) -> tuple[Listing, list[int]]:
    """Read a list to its end as the tap does; gives the keys in the order in which they came."""
    shape = Shape(schemas.load(ENTITY.name), keeps=lambda _path: True)
    reader = Reader(ENTITY, {ENTITY.name: shape})
    listing = Listing(shop.fetch, reader, paged=paged, after=after)
    keys = []
    for turn in listing.turns():
        assert len(shop.calls) < 50, "the listing does not end"
        for row in turn.page.rows:
            key = json.loads(bytes(row))["internalId"]
            listing.census.add((key,), None, row)
            keys.append(key)
    return listing, keys


def test_a_list_without_totals_ends_at_an_empty_page() -> None:
    shop = Shop([[1, 2, 3], [4, 5, 6], [7]])

    listing, keys = read(shop)

    assert keys == [1, 2, 3, 4, 5, 6, 7]
    assert shop.calls == [1, 2, 3, 4]
    assert not listing.complete()  # rows can have moved, and nobody would know


@pytest.mark.parametrize("pages", [[], [[]]])
def test_an_empty_list_costs_one_call_and_is_complete(pages: list[list[int]]) -> None:
    shop = Shop(pages)

    listing, keys = read(shop)

    assert (keys, shop.calls) == ([], [1])
    assert listing.snapshot()
    assert listing.complete()


@pytest.mark.parametrize("pages", [[[1, 2, 3], [4, 5, 6]], [[1, 2, 3], [4]], [[1]]])
def test_a_list_with_totals_costs_no_call_to_find_its_end(pages: list[list[int]]) -> None:
    total = sum(map(len, pages))
    shop = Shop(pages, [total])

    listing, keys = read(shop)

    assert keys == list(range(1, total + 1))
    assert sorted(shop.calls) == list(range(1, len(pages) + 1))
    assert listing.complete()
    assert listing.snapshot() == (len(pages) == 1)


def test_a_short_page_is_not_the_end_while_the_total_says_that_there_is_more() -> None:
    shop = Shop([[1, 2, 3], [4], [5, 6]], [6])

    assert read(shop)[1] == [1, 2, 3, 4, 5, 6]


def test_rows_that_move_over_the_border_when_the_total_shrinks_are_read() -> None:
    def deletes_the_first(shop: Shop) -> None:
        shop.pages = [[2, 3, 4], [5, 6, 7], [8]]
        shop.totals = [7]

    shop = Shop([[1, 2, 3], [4, 5, 6], [7, 8]], [8], {2: deletes_the_first})

    listing, keys = read(shop)

    assert set(keys) >= {2, 3, 4, 5, 6, 7, 8}
    assert shop.calls.count(1) == 2
    assert not listing.complete()  # two totals: it has changed


def test_a_total_that_counts_more_than_the_list_holds_is_accepted_after_one_look(
    caplog: pytest.LogCaptureFixture,
) -> None:
    shop = Shop([[1, 2, 3], [4, 5, 6], [7]], [9])

    listing, keys = read(shop)

    assert set(keys) == {1, 2, 3, 4, 5, 6, 7}
    assert shop.calls.count(4) == 1  # the empty page at the end, once
    assert len(shop.calls) <= 6
    assert not listing.complete()
    assert "counts more than the list holds" in caplog.text


def test_a_row_that_moved_to_a_page_already_read_is_found_by_reading_again() -> None:
    def moves_the_last_to_the_front(shop: Shop) -> None:
        shop.pages = [[6, 1, 2], [3, 4, 5]]

    shop = Shop([[1, 2, 3], [4, 5, 6]], [6], {2: moves_the_last_to_the_front})

    _, keys = read(shop)

    assert keys[:6] == [1, 2, 3, 3, 4, 5]
    assert set(keys) == {1, 2, 3, 4, 5, 6}


def test_a_page_s_worth_of_rows_put_in_front_is_not_taken_for_ignored_paging() -> None:
    """Page 2 then is what page 1 was, but the total has grown."""

    def puts_three_in_front(shop: Shop) -> None:
        shop.pages = [[11, 12, 13], [1, 2, 3], [4, 5, 6]]
        shop.totals = [9]

    shop = Shop([[1, 2, 3], [4, 5, 6]], [6], {2: puts_three_in_front})

    _, keys = read(shop)

    assert set(keys) >= {1, 2, 3, 4, 5, 6}


@pytest.mark.parametrize("total", [None, 3])
def test_a_list_that_ignores_paging_is_read_once(total: int | None) -> None:
    shop = SamePage([[1, 2, 3]], [total])

    _, keys = read(shop)

    assert keys == [1, 2, 3]
    # Without a total, a third call tells it from a list that has grown by a page in front
    assert shop.calls == ([1] if total else [1, 2, 3])


def test_a_page_s_worth_of_rows_put_in_front_of_a_list_without_total_hides_no_row() -> None:
    pages = [[1, 2], [1, 2], [3, 4], [5], []]

    listing, keys = read(Shop(pages, [None]))

    assert set(keys) == {1, 2, 3, 4, 5}
    assert not listing.complete()


@pytest.mark.parametrize("total", [None, 3])
def test_a_list_without_pages_is_one_call(total: int | None) -> None:
    shop = Shop([[1, 2, 3], [4]], [total])

    listing, keys = read(shop, paged=False)

    assert (keys, shop.calls) == ([1, 2, 3], [1])
    assert listing.complete()


@pytest.mark.parametrize(
    ("shop", "paged"),
    [(SamePage([[1, 2, 3]], [4]), True), (Shop([[1, 2, 3]], [4]), False)],
    ids=["paging ignored", "no paging"],
)
def test_a_list_that_has_more_than_its_only_page_is_refused(shop: Shop, *, paged: bool) -> None:
    with pytest.raises(AnswerError, match="4 records, gives 3, and has no pages"):
        read(shop, paged=paged)


def test_a_walk_goes_on_after_the_page_on_which_an_earlier_one_stopped() -> None:
    shop = Shop([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [9])

    listing, keys = read(shop, after=Place(page=2, seen=6, last=(6,)))

    assert keys == [4, 5, 6, 7, 8, 9]
    assert shop.calls == [2, 3]
    assert not listing.complete()  # this run did not see all of it


def test_a_walk_that_had_reached_the_end_costs_one_call_to_go_on() -> None:
    shop = Shop([[1, 2, 3], [4, 5, 6]], [6])

    _, keys = read(shop, after=Place(page=2, seen=6, last=(6,)))

    assert (keys, shop.calls) == ([4, 5, 6], [2])


def test_a_walk_begins_anew_when_the_record_on_which_it_stopped_has_moved() -> None:
    shop = Shop([[1, 2, 3], [4, 5, 7], [8, 9]], [8])

    listing, keys = read(shop, after=Place(page=2, seen=6, last=(6,)))

    assert set(keys) == {1, 2, 3, 4, 5, 7, 8, 9}
    assert sorted(shop.calls) == [1, 2, 2, 3]
    assert listing.complete()


def test_a_fault_on_a_page_fetched_ahead_is_raised_where_that_page_is_due() -> None:
    def breaks(_shop: Shop) -> None:
        raise UnreachableError("gone", "Run again")

    shop = Shop([[1, 2, 3], [4, 5, 6], [7]], [7], {3: breaks})
    reader = Reader(ENTITY, {ENTITY.name: Shape(schemas.load(ENTITY.name), lambda _path: True)})
    turns = Listing(shop.fetch, reader).turns()

    assert [next(turns).number, next(turns).number] == [1, 2]
    with pytest.raises(UnreachableError):
        next(turns)
