"""The hourly allowance: known before it is met, waited for or stopped at, never run against."""

from __future__ import annotations

import pytest

from tap_runs import MovedClock, Run, Visma, of_entity, same_rows
from tap_visma.entities import ENTITIES
from tap_visma.quota import Window

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"


def headers(remaining: int, reset: int = 100) -> dict[str, str]:
    return {
        "X-RateLimit-Limit": "500",
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset": str(reset),
    }


def test_nothing_is_waited_for_while_nothing_is_known() -> None:
    assert Window().seconds_to_wait(now=0) == 0


@pytest.mark.parametrize(
    ("remaining", "reserve", "seconds"), [(1, 0, 0), (0, 0, 100), (10, 10, 100), (11, 10, 0)]
)
def test_the_window_is_waited_out_when_no_call_is_left_beside_the_reserve(
    remaining: int, reserve: int, seconds: float
) -> None:
    window = Window(reserve=reserve)
    window.learn(headers(remaining), now=0)

    assert window.seconds_to_wait(now=0) == seconds


def test_a_refusal_says_how_long_to_wait() -> None:
    window = Window()
    window.exhausted({"Retry-After": "7"}, now=50)

    assert window.seconds_to_wait(now=52) == 5


def test_a_refusal_that_names_no_time_is_waited_out_for_a_minute() -> None:
    window = Window()
    window.exhausted({}, now=0)

    assert window.seconds_to_wait(now=0) == 60


def test_a_small_allowance_is_waited_for_and_never_overrun(visma: Visma) -> None:
    undisturbed = visma.sync(streams=INVOICES)
    visma.control(
        "settings",
        {"page_caps": {PATH: 20}, "calls_per_window": 3, "window_seconds": 1},
    )
    visma.forget_calls()

    run = visma.sync(streams=INVOICES)

    assert run.failures == []
    assert same_rows(run, undisturbed, INVOICES)
    assert {call["status"] for call in visma.calls()} == {200}


def test_a_refusal_by_number_is_waited_out(visma: Visma) -> None:
    """Another program has used up the allowance since the last answer."""
    undisturbed = visma.sync(streams=INVOICES)
    visma.faults({"path": PATH, "do": {"status": 429, "retry_after": 30}})
    clock = MovedClock()

    run = visma.sync(streams=INVOICES, clock=clock)

    assert same_rows(run, undisturbed, INVOICES)
    assert clock.waits == [pytest.approx(30, abs=1)]


def test_stopping_at_the_allowance_is_no_failure_and_the_next_sync_goes_on(visma: Visma) -> None:
    streams = INVOICES | of_entity("suppliers") | of_entity("journal_transactions")
    undisturbed = visma.sync(streams=streams)
    visma.control(
        "settings",
        {"page_caps": {PATH: 20, "/v2/journaltransaction": 200}, "calls_per_window": 6},
    )
    runs: list[Run] = []
    state = None
    while len(runs) < 10:
        run = visma.sync(state, streams=streams, quota_exhausted="stop")
        runs.append(run)
        assert run.failures == []
        if run.state == state:
            break
        state = run.state
        # The window has turned
        visma.control("settings", {"window_seconds": 3600, "calls_per_window": 6})

    assert len(runs) > 2
    for stream in streams:
        held = {key: row for run in runs for key, row in run.own_rows(stream).items()}
        assert held == undisturbed.own_rows(stream)


def test_a_reserve_is_left_to_other_programs(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {PATH: 20}, "calls_per_window": 10})

    visma.sync(streams=INVOICES, quota_exhausted="stop", quota_reserve=6)

    assert len(visma.calls()) == 4


def test_a_company_that_is_stopped_does_not_stop_the_others(two_companies: Visma) -> None:
    first, second = (two_companies.company_id(number) for number in (0, 1))
    two_companies.faults(
        {"company_id": first, "path": PATH, "times": 0, "do": {"status": 429, "retry_after": 900}}
    )

    run = two_companies.sync(streams=INVOICES, quota_exhausted="stop")

    assert run.failures == []
    assert {row["company_id"] for row in run.records("supplier_invoices")} == {second}


def test_a_first_load_of_everything_stays_within_forty_calls_an_hour(visma: Visma) -> None:
    visma.control("settings", {"calls_per_window": 40, "window_seconds": 3600})

    run = visma.sync(quota_exhausted="stop")

    assert run.failures == []
    assert len(visma.calls()) <= 40
    assert {call["status"] for call in visma.calls()} == {200}
    assert len(run.counts) > len(ENTITIES) / 3


def test_a_company_is_asked_one_thing_at_a_time(visma: Visma) -> None:
    """Although the next page is fetched ahead; Visma says nothing of calls side by side."""
    visma.control(
        "settings",
        {"require_one_request_at_a_time": True, "latency_ms": 5, "page_caps": {PATH: 20}},
    )

    run = visma.sync(streams=INVOICES | of_entity("budgets"), clock=MovedClock())

    assert run.failures == []
    assert {call["status"] for call in visma.calls()} == {200}
