"""What is tried again, how often, and after which waits."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
import urllib3

from tap_runs import MovedClock
from tap_visma import retries
from tap_visma.errors import (
    AnswerError,
    TooSlowError,
    UnreachableError,
)
from tap_visma.retries import FAILURES, LONGEST_WAIT_SECONDS, TRIES, Response

if TYPE_CHECKING:
    from collections.abc import Iterator


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
