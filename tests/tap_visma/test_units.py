"""The small rooms of the tap, each by itself: no sockets, no waiting."""

from __future__ import annotations

import io
import json
import random
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests
import urllib3

from tap_runs import BY_NAME, MovedClock
from tap_visma import connect, errors, lineage, retries, schemas, stamps
from tap_visma.calls import Answer
from tap_visma.connect import Token
from tap_visma.errors import (
    AnswerError,
    IncompleteSyncError,
    TooSlowError,
    UnreachableError,
    VismaError,
)
from tap_visma.pages import Listing, Place
from tap_visma.records import Reader, Shape
from tap_visma.retries import FAILURES, LONGEST_WAIT_SECONDS, TRIES, Response
from tap_visma.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

SECRET = "a-secret-that-must-not-show"


# Stamps


@pytest.mark.parametrize(
    ("stamp", "fixed"),
    [
        ("2026-03-20T06:35:22", "2026-03-20T06:35:22.000000"),
        ("2026-03-20T06:35:22.1", "2026-03-20T06:35:22.100000"),
        ("2026-03-20T06:35:22.15", "2026-03-20T06:35:22.150000"),
        ("2026-03-20T06:35:22.153", "2026-03-20T06:35:22.153000"),
        ("2026-03-20T06:35:22.1534", "2026-03-20T06:35:22.153400"),
        ("2026-03-20T06:35:22.15345", "2026-03-20T06:35:22.153450"),
        ("2026-03-20T06:35:22.153456", "2026-03-20T06:35:22.153456"),
        ("2026-03-20T06:35:22.1534567", "2026-03-20T06:35:22.153456"),
    ],
)
def test_stamps_of_any_precision_take_one_format(stamp: str, fixed: str) -> None:
    assert stamps.fixed(stamp) == fixed
    assert stamps.fixed(fixed) == fixed
    assert stamps.of(stamps.parse(stamp)) == fixed


def test_stamps_in_the_fixed_format_sort_as_text_as_they_do_as_times() -> None:
    whole = ["2026-03-20T06:35:22", "2026-03-20T06:35:23", "2026-03-20T07:00:00"]
    written = [stamp + end for stamp in whole for end in ("", ".003", ".01", ".1", ".9999999")]

    fixed = [stamps.fixed(stamp) for stamp in written]

    assert sorted(fixed) == fixed
    assert {len(stamp) for stamp in fixed} == {26}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-20T06:35:22Z",
        "2026-03-20T06:35:22.153Z",
        "2026-03-20T06:35:22+01:00",
        "2026-03-20T06:35:22.153+01:00",
        "2026-03-20T06:35:22-01:00",
        "2026-03-20T06:35:22.",
        "2026-03-20",
        "soon",
        "",
    ],
)
def test_a_stamp_with_a_zone_or_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time without a zone"):
        stamps.fixed(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-20", datetime(2026, 3, 20)),  # noqa: DTZ001 - naive, as Visma's are
        ("2026-03-20T06:35:22", datetime(2026, 3, 20, 6, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T06:35:22Z", datetime(2026, 3, 20, 6, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T06:35:22+02:00", datetime(2026, 3, 20, 4, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T23:30:00-01:00", datetime(2026, 3, 21, 0, 30)),  # noqa: DTZ001
    ],
)
def test_what_a_person_writes_becomes_a_naive_moment_by_way_of_utc(
    text: str, moment: datetime
) -> None:
    assert stamps.parse(text) == moment
    assert stamps.parse(text).tzinfo is None


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "20.03.2026"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        stamps.parse(text)


def test_a_filter_value_has_whole_seconds_and_is_never_later_than_the_moment() -> None:
    moment = stamps.parse("2026-03-20T06:35:22.999999")

    assert stamps.for_filter(moment) == "2026-03-20T06:35:22"


@pytest.mark.parametrize(
    ("bookmark", "minutes"),
    [
        ("2026-10-25T01:59:59.999999", 5),
        ("2026-10-25T02:00:00.000000", 65),  # Oslo, Stockholm and Copenhagen
        ("2026-10-25T02:59:59.999999", 65),
        ("2026-10-25T03:00:00.000000", 65),  # Helsinki
        ("2026-10-25T03:59:59.999999", 65),
        ("2026-10-25T04:00:00.000000", 5),
        ("2026-03-20T06:35:22.153000", 5),
    ],
)
def test_in_the_hour_that_autumn_repeats_the_overlap_is_an_hour_more(
    bookmark: str, minutes: int
) -> None:
    since = stamps.back(bookmark, timedelta(minutes=5))

    assert datetime.fromisoformat(bookmark) - since == timedelta(minutes=minutes)


# Lineage


def test_batch_ids_are_uuids_of_version_7_with_the_time_in_them() -> None:
    now = datetime(2026, 3, 20, 6, 35, 22, 153_999, tzinfo=UTC)

    for _ in range(200):
        batch = uuid.UUID(lineage.new_batch_id(now))
        assert batch.version == 7
        assert batch.variant == uuid.RFC_4122
        assert batch.int >> 80 == int(now.timestamp() * 1000)


def test_batch_ids_differ_within_a_millisecond_and_sort_by_time() -> None:
    start = datetime(2026, 3, 20, tzinfo=timezone(timedelta(hours=1)))
    moments = [start + timedelta(milliseconds=number) for number in range(1000)]

    batches = [lineage.new_batch_id(moment) for moment in moments]

    assert sorted(batches) == batches
    assert len({lineage.new_batch_id(start) for _ in range(1000)}) == 1000


def test_no_two_keys_give_one_record_id() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when the test fails, to run it again
    dice = random.Random(seed)
    ids: dict[str, tuple[str, ...]] = {}
    for _ in range(50_000):
        parts = ("".join(dice.choices(":%25A3", k=dice.randrange(5))) for _ in range(3))
        key = tuple(parts)[: dice.randint(1, 3)]
        assert ids.setdefault(lineage.record_id("no", key), key) == key

    assert len(ids) > 10_000


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (("Invoice", "300001"), "no:Invoice:300001"),
        (("Invoice", None, 3), "no:Invoice::3"),
        (("a:b", "100%"), "no:a%3Ab:100%25"),
        (("a%3Ab",), "no:a%253Ab"),
        (("",), "no:"),
    ],
)
def test_a_record_id_is_the_company_and_the_key_as_a_person_would_write_it(
    key: tuple[str | int | None, ...], expected: str
) -> None:
    assert lineage.record_id("no", key) == expected


# Retries


def subclasses(kind: type[Exception]) -> Iterator[type[Exception]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


EVERY_FAILURE = list(
    dict.fromkeys(
        kind
        for root in (requests.RequestException, urllib3.exceptions.HTTPError)
        for kind in subclasses(root)
        if kind.__module__.startswith(("requests.", "urllib3."))
    )
)
WHOLE = Response(200, {}, b"[]")


class Attempts:
    """Fails with these, one after the other, the last again and again; counts the tries."""

    def __init__(self, *ends: Response | type[Exception]) -> None:
        self._ends = ends
        self.count = 0

    def __call__(self) -> Response:
        end = self._ends[min(self.count, len(self._ends) - 1)]
        self.count += 1
        if isinstance(end, Response):
            return end
        raise end.__new__(end)  # without the arguments that each of them wants


@pytest.mark.parametrize("row", FAILURES, ids=lambda row: row[0].__name__)
def test_each_failure_is_tried_again_or_not_as_its_row_says(
    row: tuple[type[Exception], str, bool],
) -> None:
    kind, clause, passing = row
    attempts = Attempts(kind)

    with pytest.raises(UnreachableError) as raised:
        retries.send(attempts, MovedClock(), "visma.example")

    assert raised.value.what.startswith(f"{clause} (visma.example)")
    assert attempts.count == (TRIES if passing else 1)


@pytest.mark.parametrize(
    "kind", EVERY_FAILURE, ids=lambda kind: f"{kind.__module__}.{kind.__name__}"
)
def test_every_way_in_which_a_request_can_fail_has_a_row(kind: type[Exception]) -> None:
    clause, passing = next((c, p) for row, c, p in FAILURES if issubclass(kind, row))
    attempts = Attempts(kind, WHOLE)

    if passing:
        assert retries.send(attempts, MovedClock(), "visma.example") is WHOLE
        assert attempts.count == 2
    else:
        with pytest.raises(UnreachableError, match=clause):
            retries.send(attempts, MovedClock(), "visma.example")


def test_no_row_stands_behind_one_that_takes_all_of_its_failures() -> None:
    kinds = [kind for kind, _, _ in FAILURES]

    hidden = [k for n, k in enumerate(kinds) if any(issubclass(k, above) for above in kinds[:n])]

    assert hidden == []


@pytest.mark.parametrize("status", sorted(retries.TRANSIENT_STATUS))
def test_a_server_error_is_tried_again_to_the_end(status: int) -> None:
    attempts = Attempts(Response(status, {}, b""))

    with pytest.raises(UnreachableError, match=f"status {status}, {TRIES} times"):
        retries.send(attempts, MovedClock(), "visma.example")

    assert attempts.count == TRIES


@pytest.mark.parametrize("status", [201, 301, 400, 401, 403, 404, 429, 501])
def test_any_other_status_is_an_answer(status: int) -> None:
    answer = Response(status, {}, b"<html>")

    assert retries.send(Attempts(answer), MovedClock(), "visma.example") is answer


@pytest.mark.parametrize("body", [b"", b"<html></html>", b"[1, 2", b'{"a": [', b"null", b"]["])
def test_a_200_that_is_not_whole_json_is_tried_again(body: bytes) -> None:
    attempts = Attempts(Response(200, {}, body), WHOLE)

    assert retries.send(attempts, MovedClock(), "visma.example") is WHOLE
    with pytest.raises(AnswerError, match=f"not whole JSON, {TRIES} times"):
        retries.send(Attempts(Response(200, {}, body)), MovedClock(), "visma.example")


@pytest.mark.parametrize("body", [b"[]", b"{}", b'  [{"a": 1}]\r\n', b"\n" * 90 + b"{}"])
def test_white_space_around_json_is_no_fault(body: bytes) -> None:
    answer = Response(200, {}, body)

    assert retries.send(Attempts(answer), MovedClock(), "visma.example") is answer


def waits() -> list[float]:
    clock = MovedClock()
    with pytest.raises(UnreachableError):
        retries.send(Attempts(requests.ConnectionError), clock, "visma.example")
    return clock.waits


def test_waits_are_bounded_grow_and_are_never_the_same() -> None:
    sends = [waits() for _ in range(300)]

    for number, column in enumerate(zip(*sends, strict=True)):
        longest = min(2.0**number, LONGEST_WAIT_SECONDS)
        assert 0 <= min(column) < 0.2 * longest
        assert 0.8 * longest < max(column) <= longest
        assert len(set(column)) > 250
    assert {len(send) for send in sends} == {TRIES - 1}  # none after the last


def test_waits_have_a_longest_however_many_tries_there_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(retries, "TRIES", 40)

    assert max(waits()) <= LONGEST_WAIT_SECONDS


@pytest.mark.parametrize("fault", [requests.ReadTimeout, Response(504, {}, b"")])
def test_a_try_that_fails_after_too_long_is_too_slow_and_not_tried_again(
    fault: Response | type[Exception],
) -> None:
    attempts = Attempts(fault)

    with pytest.raises(TooSlowError):
        retries.send(attempts, MovedClock(seconds_per_look=200), "visma.example", 200)

    assert attempts.count == 1


def test_a_try_that_fails_before_that_is_tried_again_and_a_slow_answer_is_one() -> None:
    attempts = Attempts(requests.ReadTimeout, WHOLE)

    clock = MovedClock(seconds_per_look=199)
    assert retries.send(attempts, clock, "visma.example", 201) is WHOLE
    assert attempts.count == 2
    clock = MovedClock(seconds_per_look=1000)
    assert retries.send(Attempts(WHOLE), clock, "visma.example", 200) is WHOLE


# Secrets


def settings() -> Settings:
    companies = [{"company_id": "no", "tenant_id": "tenant-1"}]
    return Settings.of({"client_id": "isv_x", "client_secret": SECRET, "companies": companies})


def test_neither_a_token_nor_settings_show_a_secret() -> None:
    for value in (Token(SECRET, 10.0), settings()):
        for shown in (repr(value), str(value), f"{[value]}"):
            assert SECRET not in shown
            assert type(value).__name__ in shown


def test_a_token_signs_a_request() -> None:
    request = requests.Request("GET", "https://visma.example").prepare()

    signed = Token("value", 10.0)(request)

    assert signed.headers["Authorization"] == "Bearer value"


class Answering(requests.Session):
    """Visma Connect, as far as a session shows it; notes what it was asked."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self._status, self._body = status, json.dumps(body).encode()
        self.asked: list[dict[str, Any]] = []

    def post(self, url: str | bytes, data: Any = None, **_: Any) -> Any:  # type: ignore[override]
        self.asked.append({"url": url, **data})
        response = requests.Response()
        response.status_code = self._status
        response.raw = urllib3.HTTPResponse(io.BytesIO(self._body), preload_content=False)
        return response


def test_a_token_is_renewed_before_it_expires_and_not_asked_for_otherwise() -> None:
    session = Answering(200, {"access_token": SECRET, "expires_in": 1000})
    clock = MovedClock()
    door = connect.Connect(settings(), session, clock)
    (company,) = settings().companies

    tokens = [door.token(company), door.token(company)]
    clock.ahead += 880
    tokens.append(door.token(company))
    assert len(session.asked) == 1
    clock.ahead += 40  # of 1000 seconds, 80 are left
    tokens.append(door.token(company))
    assert len(session.asked) == 2
    door.forget(company)
    door.token(company)
    assert len(session.asked) == 3
    assert session.asked[0]["tenant_id"] == "tenant-1"


@pytest.mark.parametrize("code", [*connect.REFUSALS, "something_new", SECRET])
def test_a_refusal_says_the_way_out_and_nothing_that_was_sent(code: str) -> None:
    session = Answering(400, {"error": code, "error_description": f"no {SECRET} here"})
    (company,) = settings().companies

    with pytest.raises(VismaError) as raised:
        connect.Connect(settings(), session, MovedClock()).token(company)

    assert SECRET not in str(raised.value) + repr(raised.value)
    assert raised.value.todo
    known = connect.REFUSALS.get(code)
    assert known is not raised.value  # an error is told its company: it must not be shared
    assert raised.value.what == (
        known.what if known else "Visma Connect gives no token (status 400)"
    )


# Errors


def test_an_error_says_where_what_and_the_way_out() -> None:
    error = VismaError("the bridge is up", "Wait for the ship")

    assert str(error) == "the bridge is up. Wait for the ship."
    assert str(error.at("no")) == "company 'no': the bridge is up. Wait for the ship."
    assert str(error.at("no", "suppliers")) == (
        "company 'no', stream 'suppliers': the bridge is up. Wait for the ship."
    )


def test_whoever_is_closest_to_the_fault_names_its_place() -> None:
    error = VismaError("what", "Todo").at("no", "suppliers").at("se", "customers")

    assert (error.company_id, error.stream) == ("no", "suppliers")


@pytest.mark.parametrize(
    ("count", "what"), [(1, "1 company stream failed"), (3, "3 of the company streams failed")]
)
def test_the_error_at_the_end_counts_those_before(count: int, what: str) -> None:
    failures = [VismaError("what", "Todo") for _ in range(count)]

    error = IncompleteSyncError(iter(failures))

    assert error.failures == tuple(failures)
    assert str(error).startswith(f"{what}. All others are complete")


def test_every_error_is_a_visma_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 8
    assert all(issubclass(kind, VismaError) and kind.__doc__ for kind in kinds)


# Listings

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
