"""The limits are kept before they are met, over restarts, and by the service's own Retry-After."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state
from target_powerbi.limits import LONGEST_WINDOW, MANY_ROWS, Post, forecast, wait

if TYPE_CHECKING:
    from powerbi_loads import Workspace

JOURNAL = schema("journal", AUDITED | {"amount": AMOUNT}, KEY)
NOW = 1_800_000_000.0


def journal(number: int) -> dict[str, Any]:
    return audited("journal", str(number), "10:00", amount=number)


@pytest.mark.parametrize(
    ("past", "rows", "held", "seconds"),
    [
        ([], 10_000, 0, 0.0),
        ([Post(NOW - 0.55, 1)], 1, 0, 0.5),
        ([Post(NOW - 60 + each / 10, 1) for each in range(119)], 1, 0, 0.0),
        ([Post(NOW - 60 + each / 10, 1) for each in range(120)], 1, 0, 1.0),
        ([Post(NOW - 3600, 995_000)], 5_000, 0, 0.0),
        ([Post(NOW - 3600, 995_000)], 5_001, 0, 5.0),
        ([Post(NOW - 3000 + each, 1) for each in range(120)], 1, MANY_ROWS - 1, 0.0),
        ([Post(NOW - 3000 + each, 1) for each in range(120)], 1, MANY_ROWS, 605.0),
        ([Post(NOW + 500, 1_000_000)], 1, 0, LONGEST_WINDOW),
    ],
    ids=[
        "nothing sent",
        "one a second",
        "119 in a minute",
        "120 in a minute",
        "a million rows an hour",
        "one row more",
        "a table of fewer rows",
        "120 an hour for a large table",
        "a clock that was set back",
    ],
)
def test_a_request_waits_until_all_allowances_have_room(
    past: list[Post], rows: int, held: int, seconds: float
) -> None:
    assert wait(NOW, past, rows, held) == pytest.approx(seconds, abs=0.001)


def test_two_hundred_thousand_lines_take_seconds_and_five_million_take_hours() -> None:
    some = [(10_000, each * 10_000) for each in range(20)]
    many = [(10_000, each * 10_000) for each in range(500)]

    assert forecast(NOW, [], some) == pytest.approx(20, abs=2)
    assert 4 * 3600 < forecast(NOW, [], many) < 5 * 3600


def test_more_than_a_hundred_and_twenty_requests_meet_no_refusal(workspace: Workspace) -> None:
    messages: list[Any] = [JOURNAL, journal(0), state({"at": 0})]
    assert workspace.load(messages).error is None

    run = workspace.load(
        [JOURNAL, *(journal(number) for number in range(1, 130)), state({"at": 1})],
        batch_size_rows=1,
    )

    assert run.error is None
    assert len(workspace.rows("journal")) == 130
    calls = workspace.service.shown()["calls"]
    assert sum(call.startswith("POST") and call.endswith("/rows") for call in calls) == 130


def test_an_hour_goes_on_in_the_next_process(workspace: Workspace) -> None:
    workspace.load([JOURNAL, journal(1), state({"at": 1})])
    workspace.remember_posts(119)

    stopped = workspace.load([JOURNAL, journal(2), state({"at": 2})], max_wait_seconds=5)
    gone_on = workspace.load([JOURNAL, journal(2), state({"at": 2})])

    assert "the allowance of the dataset is spent" in str(stopped.error)
    assert stopped.last_state is None
    assert gone_on.error is None
    assert len(workspace.rows("journal")) == 2


def test_what_the_service_asks_to_wait_is_waited_and_what_is_too_long_ends_the_run(
    workspace: Workspace,
) -> None:
    throttled = {"method": "POST", "status": 429, "headers": {"Retry-After": "3392"}}
    workspace.load([JOURNAL, journal(1), state({"at": 1})])

    workspace.service.fault("journal/rows", **throttled)
    waited = workspace.load([JOURNAL, journal(2), state({"at": 2})])
    workspace.service.fault("journal/rows", **throttled)
    ended = workspace.load([JOURNAL, journal(3), state({"at": 3})], max_wait_seconds=60)
    resumed = workspace.load([JOURNAL, state({"at": 3})])

    assert waited.error is None
    assert "for 3392 s" in str(ended.error)
    assert resumed.error is None
    assert len(workspace.rows("journal")) == 3


def test_a_service_that_asks_to_wait_again_and_again_is_not_waited_for_ever(
    workspace: Workspace,
) -> None:
    again = {"method": "POST", "status": 429, "headers": {"Retry-After": "50"}, "times": 100}
    workspace.service.fault("journal/rows", **again)

    run = workspace.load([JOURNAL, journal(1), state({"at": 1})], max_wait_seconds=120)

    assert "has no room for adding rows to 'journal'" in str(run.error)
    calls = workspace.service.shown()["calls"]
    assert sum(call.endswith("journal/rows") for call in calls) == 3


def test_a_wait_of_no_seconds_is_still_one(workspace: Workspace) -> None:
    at_once = {"method": "POST", "status": 429, "headers": {"Retry-After": "0"}, "times": 100}
    workspace.service.fault("journal/rows", **at_once)

    run = workspace.load([JOURNAL, journal(1), state({"at": 1})], max_wait_seconds=5)

    assert "has no room for adding rows to 'journal'" in str(run.error)
    calls = workspace.service.shown()["calls"]
    assert sum(call.endswith("journal/rows") for call in calls) <= 6


def test_before_a_long_load_it_is_said_how_long_it_takes(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    workspace.load([JOURNAL, journal(1), state({"at": 1})])
    workspace.remember_posts(120)

    run = workspace.load([JOURNAL, journal(2), state({"at": 2})])

    assert run.error is None
    assert "1 rows in 1 requests: Power BI's limits let that take" in caplog.text
