"""STATE: small, cheap, true wherever it stands, and in nobody's way who edits or merges it."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.singerlib import StateMessage

from tap_runs import Run, Visma, of_entity, same_rows, visma_with, without_audit
from tap_visma.bookmarks import Bookmarks, Walk
from tap_visma.entities import ENTITIES
from tap_visma.ledger import Link
from tap_visma.lineage import new_batch_id
from tap_visma.messages import Writer
from tap_visma.pages import Place, Turn
from tap_visma.records import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_visma.entities import Entity

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"
CAPS = {PATH: 20, "/v1/supplier": 10, "/v2/journaltransaction": 200}
STREAMS = INVOICES | of_entity("suppliers") | of_entity("journal_transactions")
MILLION = 1_000_000
NOW = datetime(2026, 3, 31, 9, tzinfo=UTC)

INCREMENTAL = [entity for entity in ENTITIES if entity.since and entity.stamp]
COMPANIES = [str(1_001_237 + number) for number in range(100)]


# Size and cost


def entities_with(streams: int) -> Iterator[Entity]:
    """Incremental entities that have so many streams together, lines before others."""
    for entity in sorted(INCREMENTAL, key=lambda entity: -len(entity.lists)):
        streams -= len(of_entity(entity))
        if streams < 0:
            return
        yield entity


def read_page(walk: Walk, entity: Entity, number: int) -> None:
    """Take note of a full page, as after its records have been written."""
    last = tuple(f"{part}-300001" for part in entity.key)
    page = Page([], 1000, None, last, last, newest="2026-03-31T08:49:20.860000")
    place = Place(number, number * 1000, last)
    filters = "lastModifiedDateTime=2025-01-01T00:00:00&lastModifiedDateTimeCondition=>="
    walk.advance(f"{entity.path}&{filters}", Turn(number, NOW, NOW, page, place, number))
    walk.moving = True


def test_a_state_of_40_streams_and_100_companies_stays_under_a_megabyte() -> None:
    state: dict[str, Any] = {}
    bookmarks = Bookmarks(state)
    for entity in entities_with(streams=40):
        bookmarks.aim_at(entity.name, 1_795_222_662_664)
        for number, company_id in enumerate(COMPANIES):
            version = bookmarks.version(entity.name)
            walk = Walk("2025-01-01T00:00:00", sorted(of_entity(entity)), 5000, version=version)
            for page in (1, 2, 3):
                read_page(walk, entity, page)
            bookmarks.keep_batch(entity.name, company_id, Link(new_batch_id(NOW), "0" * 32))
            if number < 10:
                bookmarks.hold(entity.name, company_id, walk)
            else:
                bookmarks.finish(entity.name, company_id, walk, has_stamps=True)
        bookmarks.activate(entity.name, COMPANIES[10:])

    size = len(Writer().format_message(StateMessage(value=state)))

    assert len(state["bookmarks"]) == 40
    assert json.dumps(state).count('"walk"') == 10 * len(list(entities_with(streams=40)))
    assert MILLION / 4 < size < MILLION


def with_foreign_companies(state: dict[str, Any], count: int) -> dict[str, Any]:
    """A state that also knows so many companies that are not configured."""
    state = copy.deepcopy(state)
    for held in state["bookmarks"].values():
        (own,) = held["partitions"]
        held["partitions"] += [
            own | {"context": {"company_id": company_id}} for company_id in foreign(count)
        ]
    return state


def foreign(count: int) -> list[str]:
    return [f"foreign-{number}" for number in range(count)]


def forgotten(state: dict[str, Any], company_id: str) -> dict[str, Any]:
    """A state in which a company has not been read yet."""
    state = copy.deepcopy(state)
    for held in state["bookmarks"].values():
        held["partitions"] = [
            entry for entry in held["partitions"] if entry["context"]["company_id"] != company_id
        ]
    return state


def bytes_of_state(run: Run) -> int:
    return sum(len(line) for line in run.lines if line.startswith(b'{"type":"STATE"'))


def test_states_of_a_hundred_companies_are_at_most_a_tenth_of_what_is_written(
    visma: Visma,
) -> None:
    caps = {"/v2/journaltransaction": 20}
    visma.control("settings", {"page_caps": caps, "calls_per_window": 100_000})
    streams = of_entity("journal_transactions")
    before = with_foreign_companies(visma.sync(streams=streams).state, 99)
    visma.forget_calls()

    run = visma.sync(forgotten(before, visma.company_id()), streams=streams)

    assert run.failures == []
    assert len(visma.calls()) > 100  # each of which could have brought a STATE
    assert len(run.state["bookmarks"]["journal_transactions"]["partitions"]) == 100
    assert 0 < bytes_of_state(run) <= 0.1 * sum(map(len, run.lines))


def test_a_state_is_still_written_now_and_then_in_a_long_run(visma: Visma) -> None:
    visma.control("settings", {"page_caps": CAPS, "calls_per_window": 100_000})

    run = visma.sync(streams=STREAMS)

    gaps = [0]
    for line in run.lines:
        gaps[-1] += len(line)
        if line.startswith(b'{"type":"STATE"'):
            gaps.append(0)
    assert max(gaps) < sum(gaps) / 10


# Truth


@pytest.fixture(scope="module")
def undisturbed(paged: Visma) -> Run:
    """A first load of two companies in many pages."""
    run = paged.sync(streams=STREAMS)
    assert run.failures == []
    return run


@pytest.fixture(scope="module")
def paged() -> Iterator[Visma]:
    """A sandbox with two companies and small pages, which no test here changes."""
    with visma_with(companies="NO,SE") as visma:
        visma.control("settings", {"page_caps": CAPS, "calls_per_window": 100_000})
        yield visma


def up_to_state(run: Run, number: int) -> Run:
    """A run that ended right after so many of its STATE messages."""
    places = [place for place, m in enumerate(run.messages) if m["type"] == "STATE"]
    return Run(run.lines[: places[number] + 1])


def tables(*runs: Run) -> dict[tuple[str, str], dict[str, Any]]:
    """What a loader holds that deletes what an activation leaves behind."""
    held: dict[tuple[str, str], tuple[int, dict[str, Any]]] = {}
    for message in (message for run in runs for message in run.messages):
        stream = message.get("stream", "")
        if message["type"] == "RECORD":
            record = message["record"]
            held[stream, record["record_id"]] = message["version"], without_audit(record)
        elif message["type"] == "ACTIVATE_VERSION":
            old = [k for k, (v, _) in held.items() if k[0] == stream and v < message["version"]]
            for key in old:
                del held[key]
    return {key: record for key, (_, record) in held.items()}


@pytest.mark.parametrize("tenth", [0, 1, 3, 5, 7, 9, 10])
def test_a_run_that_goes_on_from_any_state_ends_where_an_undisturbed_one_does(
    paged: Visma, undisturbed: Run, tenth: int
) -> None:
    number = tenth * (len(undisturbed.states) - 1) // 10
    part = up_to_state(undisturbed, number)

    rest = paged.sync(part.state, streams=STREAMS)

    assert rest.failures == []
    assert len(undisturbed.states) > 20
    assert tables(part, rest) == tables(undisturbed)


def test_a_run_that_goes_on_from_the_middle_reads_little_again(
    paged: Visma, undisturbed: Run
) -> None:
    middle = up_to_state(undisturbed, len(undisturbed.states) // 2)

    rest = paged.sync(middle.state, streams=STREAMS)

    together = middle.counts["journal_transactions"] + rest.counts["journal_transactions"]
    assert together < 1.2 * undisturbed.counts["journal_transactions"]
    assert rest.counts["supplier_invoices"] < 0.2 * undisturbed.counts["supplier_invoices"]


@pytest.mark.parametrize("clause", ["first load", "second sync", "all fails", "nothing selected"])
def test_the_first_message_is_a_state_and_so_is_the_last(visma: Visma, clause: str) -> None:
    state = visma.sync(streams=INVOICES).state if clause == "second sync" else None
    if clause == "all fails":
        visma.faults({"path": PATH, "times": 0, "do": "forbidden"})

    run = visma.sync(state, streams=set() if clause == "nothing selected" else INVOICES)

    assert run.messages[0]["type"] == run.messages[-1]["type"] == "STATE"
    assert run.states[0] == (state or {"bookmarks": {}})


def test_the_state_of_companies_that_are_no_longer_configured_is_kept(
    two_companies: Visma,
) -> None:
    companies = two_companies.config["companies"]
    both = two_companies.sync(streams=INVOICES)
    two_companies.control("advance", {"days": 1})

    one = two_companies.sync(both.state, streams=INVOICES, companies=companies[1:])

    for stream in INVOICES:
        before, after = (
            {e["context"]["company_id"]: e for e in run.state["bookmarks"][stream]["partitions"]}
            for run in (both, one)
        )
        assert after.keys() == before.keys() == {company["company_id"] for company in companies}
        gone, kept = (company["company_id"] for company in companies)
        assert after[gone] == before[gone]
        assert after[kept]["replication_key_value"] > before[kept]["replication_key_value"]


def test_a_company_that_comes_back_goes_on_where_it_was(two_companies: Visma) -> None:
    companies = two_companies.config["companies"]
    both = two_companies.sync(streams=INVOICES)
    one = two_companies.sync(both.state, streams=INVOICES, companies=companies[1:])
    report = two_companies.control("advance", {"days": 1})

    back = two_companies.sync(one.state, streams=INVOICES)

    changed = report[two_companies.company_id()][PATH]
    assert changed["created"]
    truth = two_companies.sync(streams=INVOICES).own_rows("supplier_invoices")
    held = both.own_rows("supplier_invoices") | back.own_rows("supplier_invoices")
    assert truth.items() <= held.items()
    assert back.counts["supplier_invoices"] < both.counts["supplier_invoices"]


# Edited by hand


@pytest.mark.parametrize(
    ("bookmark", "since"),
    [
        ("2026-03-10", "2026-03-09T23:55:00"),
        ("2026-03-10T08:00:00", "2026-03-10T07:55:00"),
        ("2026-03-10T08:00:00Z", "2026-03-10T07:55:00"),
        ("2026-03-10T08:00:00.123456+01:00", "2026-03-10T06:55:00"),
        ("2026-03-10 08:00", "2026-03-10T07:55:00"),
        ("20260310", "2026-03-09T23:55:00"),
    ],
)
def test_a_bookmark_edited_by_hand_is_where_the_next_run_reads_from(
    visma: Visma, bookmark: str, since: str
) -> None:
    first = visma.sync(streams=INVOICES)
    visma.forget_calls()

    run = visma.sync(edited(first, bookmark), streams=INVOICES)

    (call,) = visma.calls()
    assert call["params"]["lastModifiedDateTime"] == since
    expected = {
        key: row
        for key, row in first.own_rows("supplier_invoices").items()
        if row["lastModifiedDateTime"] >= since
    }
    assert 0 < len(expected) < first.counts["supplier_invoices"]
    assert run.own_rows("supplier_invoices") == expected
    newest = max(row["lastModifiedDateTime"] for row in expected.values())
    assert run.bookmark("supplier_invoices") == newest


def edited(run: Run, bookmark: str) -> dict[str, Any]:
    """The state of a run with another bookmark in all its streams."""
    state = copy.deepcopy(run.state)
    for held in state["bookmarks"].values():
        for entry in held["partitions"]:
            entry["replication_key_value"] = bookmark
    return state


def test_a_bookmark_in_the_future_reads_nothing_and_stays(visma: Visma) -> None:
    state = edited(visma.sync(streams=INVOICES), "2026-04-21")

    run = visma.sync(state, streams=INVOICES)

    assert run.failures == []
    assert run.counts == {}
    assert without_batches(run.state) == without_batches(state)


def without_batches(state: dict[str, Any]) -> dict[str, Any]:
    """A state without the ids of the last batches, which every run has of its own."""
    state = copy.deepcopy(state)
    for held in state["bookmarks"].values():
        for entry in held["partitions"]:
            entry.pop("batch", None)
    return state


@pytest.mark.parametrize("cleared", [None, "", "entry", "stream"])
def test_a_bookmark_that_is_cleared_reads_all_again(visma: Visma, cleared: str | None) -> None:
    first = visma.sync(streams=INVOICES)
    state = copy.deepcopy(first.state)
    if cleared == "stream":
        del state["bookmarks"]["supplier_invoices"]
    elif cleared == "entry":
        state["bookmarks"]["supplier_invoices"]["partitions"] = []
    else:
        state["bookmarks"]["supplier_invoices"]["partitions"][0]["replication_key_value"] = cleared

    run = visma.sync(state, streams=INVOICES)

    assert same_rows(run, first, INVOICES)


# Merged by Meltano


def merged(older: dict[str, Any], newer: dict[str, Any]) -> dict[str, Any]:
    """As Meltano merges a partial state into the one before: dicts by key, all else replaced."""
    result = copy.deepcopy(older)
    for key, value in newer.items():
        both_are_dicts = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both_are_dicts else copy.deepcopy(value)
    return result


def walks(state: dict[str, Any]) -> int:
    return sum(
        "walk" in entry
        for held in state["bookmarks"].values()
        for entry in held.get("partitions", ())
    )


@pytest.fixture
def broken_and_whole(visma: Visma) -> tuple[Run, Run]:
    """A run that broke off in the middle of a walk, and the one that finished it."""
    visma.control("settings", {"page_caps": {PATH: 20}})
    visma.faults({"path": PATH, "page": 5, "times": 0, "do": "forbidden"})
    broken = visma.sync(streams=INVOICES)
    visma.faults()
    return broken, visma.sync(broken.state, streams=INVOICES)


def test_a_walk_that_was_finished_does_not_come_back_when_states_are_merged(
    visma: Visma, broken_and_whole: tuple[Run, Run]
) -> None:
    broken, whole = broken_and_whole
    assert (walks(broken.state), walks(whole.state)) == (1, 0)

    for partial in broken.states:
        state = merged(partial, whole.state)
        assert walks(state) == 0
        assert state == whole.state

    visma.forget_calls()
    visma.sync(merged(broken.state, whole.state), streams=INVOICES)
    assert len(visma.calls()) == 1  # the overlap alone


def test_a_walk_in_a_partial_state_is_gone_on_with_after_a_merge(
    visma: Visma, broken_and_whole: tuple[Run, Run]
) -> None:
    _, whole = broken_and_whole
    visma.control("advance", {"days": 30})
    visma.faults({"path": PATH, "page": 2, "times": 0, "do": "forbidden"})
    broken = visma.sync(whole.state, streams=INVOICES)
    visma.faults()
    assert walks(broken.state) == 1

    for partial in broken.states:
        assert merged(whole.state, partial) == partial

    rest = visma.sync(merged(whole.state, broken.state), streams=INVOICES)
    held = whole.own_rows("supplier_invoices") | broken.own_rows("supplier_invoices")
    truth = visma.sync(streams=INVOICES).own_rows("supplier_invoices")
    for key, row in (held | rest.own_rows("supplier_invoices")).items():
        assert truth.get(key, row) == row
    assert walks(rest.state) == 0


def test_a_run_of_other_streams_leaves_an_unfinished_walk_where_it_is(
    visma: Visma, broken_and_whole: tuple[Run, Run]
) -> None:
    broken, _ = broken_and_whole

    other = visma.sync(broken.state, streams=of_entity("suppliers"))

    kept = {name: other.state["bookmarks"][name] for name in broken.state["bookmarks"]}
    assert kept == broken.state["bookmarks"]
