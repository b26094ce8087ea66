"""Lists that change while they are read: nothing is lost after this run and the next."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from tap_runs import BY_NAME, Run, Visma, of_entity

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"
PAGE = 20


@pytest.fixture
def paged(visma: Visma) -> Visma:
    visma.control("settings", {"page_caps": {PATH: PAGE, "/v2/journaltransaction": 100}})
    return visma


def change(visma: Visma, operation: str, count: int = 1, **more: Any) -> dict[str, Any]:
    """The body of a change in the sandbox's books."""
    return {
        "company_id": visma.company_id(),
        "path": PATH,
        "operation": operation,
        "count": count,
    } | more


def held_after(*runs: Run, stream: str = "supplier_invoices") -> dict[str, dict[str, Any]]:
    rows: dict[str, dict[str, Any]] = {}
    for run in runs:
        assert run.failures == []
        rows |= run.own_rows(stream)
    return rows


def truth(visma: Visma, stream: str = "supplier_invoices") -> dict[str, dict[str, Any]]:
    """What an undisturbed first load gives now."""
    return visma.sync(streams=of_entity(stream)).own_rows(stream)


@pytest.mark.parametrize("page", range(1, 7))
@pytest.mark.parametrize("operation", ["touch", "insert", "delete"])
def test_a_change_between_any_two_pages_loses_no_row(
    paged: Visma, operation: str, page: int
) -> None:
    rules = paged.faults(
        {"path": PATH, "page": page, "do": {"change": change(paged, operation, 3)}}
    )
    first = paged.sync(streams=INVOICES)
    assert rules() == [1]
    second = paged.sync(first.state, streams=INVOICES)

    held = held_after(first, second)
    for key, row in truth(paged).items():
        assert held[key] == row


def test_rows_deleted_on_pages_already_read_cost_the_page_before_once_more(paged: Visma) -> None:
    keys = [[row["documentType"], row["referenceNumber"]] for row in paged.books(PATH)[5:8]]
    paged.sync(streams=INVOICES)
    calls = len(paged.calls())
    paged.forget_calls()
    paged.faults({"path": PATH, "page": 3, "do": {"change": change(paged, "delete", 3, keys=keys)}})

    run = paged.sync(streams=INVOICES)

    pages = [int(call["params"]["pageNumber"]) for call in paged.calls()]
    assert pages.count(3) == 2
    assert len(pages) <= calls + 1
    held = held_after(run)
    assert truth(paged).items() <= held.items()


def test_a_row_stamped_before_the_bookmark_that_shows_up_after_it_is_read(visma: Visma) -> None:
    first = visma.sync(streams=INVOICES)
    bookmark = first.bookmark("supplier_invoices")
    assert bookmark
    minutes_before = bookmark[:14] + f"{int(bookmark[14:16]) - 2:02d}" + bookmark[16:23]
    visma.control("change", change(visma, "insert", 2, stamp=minutes_before))

    second = visma.sync(first.state, streams=INVOICES)

    assert truth(visma) == held_after(first, second)


def test_the_hour_that_october_repeats_hides_no_change(visma: Visma) -> None:
    visma.control("settings", {"clock": "2026-10-25T02:50:00"})
    visma.control("change", change(visma, "touch", 1))
    first = visma.sync(streams=INVOICES)
    assert (first.bookmark("supplier_invoices") or "").startswith("2026-10-25T02:5")
    # Clocks have gone back: it is ten past two again
    visma.control("change", change(visma, "insert", 2, stamp="2026-10-25T02:10:00"))

    second = visma.sync(first.state, streams=INVOICES, overlap_minutes=1)

    assert truth(visma) == held_after(first, second)


def test_many_rows_with_one_stamp_are_all_read_and_read_again(paged: Visma) -> None:
    paged.control("change", change(paged, "touch", 70, stamp="2026-03-31T12:00:00.003"))

    first = paged.sync(streams=INVOICES)
    second = paged.sync(first.state, streams=INVOICES, overlap_minutes=0)

    assert truth(paged) == held_after(first, second)
    assert len(second.own_rows("supplier_invoices")) >= 70


@pytest.mark.parametrize("lines_per_page", [3, 100])
def test_a_journal_batch_that_is_split_over_pages_keeps_all_its_lines(
    paged: Visma, lines_per_page: int
) -> None:
    """Also one with more lines than fit on a page: the next page then begins with it again."""
    paged.control(
        "settings",
        {"page_caps": {"/v2/journaltransaction": lines_per_page}, "calls_per_window": 10_000},
    )
    run = paged.sync(streams=of_entity("journal_transactions"))

    lines = run.own_rows("journal_transaction_lines")
    batches = paged.books("/v2/journaltransaction")
    assert len(lines) == sum(len(batch["journalTransactionLines"]) for batch in batches)
    assert len(run.records("journal_transactions")) == len(batches)


def test_an_unfinished_walk_goes_on_from_its_last_page(paged: Visma) -> None:
    whole = paged.sync(streams=INVOICES)
    paged.faults({"path": PATH, "page": 5, "times": 0, "do": "forbidden"})
    broken = paged.sync(streams=INVOICES)
    assert len(broken.failures) == 1
    paged.faults()
    paged.forget_calls()

    rest = paged.sync(broken.state, streams=INVOICES)

    pages = [int(call["params"]["pageNumber"]) for call in paged.calls()]
    assert pages[:2] == [4, 5]  # the last one again, to see that the list still stands there
    assert held_after_broken(broken, rest) == whole.own_rows("supplier_invoices")


def test_a_list_that_has_moved_since_an_unfinished_walk_is_read_from_its_beginning(
    paged: Visma,
) -> None:
    paged.faults({"path": PATH, "page": 5, "times": 0, "do": "forbidden"})
    broken = paged.sync(streams=INVOICES)
    paged.faults()
    keys = [[row["documentType"], row["referenceNumber"]] for row in paged.books(PATH)[:40]]
    paged.control("change", change(paged, "delete", 40, keys=keys))
    paged.forget_calls()

    rest = paged.sync(broken.state, streams=INVOICES)

    assert [int(call["params"]["pageNumber"]) for call in paged.calls()][:2] == [4, 1]
    assert truth(paged).items() <= held_after_broken(broken, rest).items()


def held_after_broken(broken: Run, rest: Run) -> dict[str, dict[str, Any]]:
    assert rest.failures == []
    return broken.own_rows("supplier_invoices") | rest.own_rows("supplier_invoices")


def test_a_walk_is_not_gone_on_with_when_the_selection_is_another(paged: Visma) -> None:
    paged.faults({"path": PATH, "page": 5, "times": 0, "do": "forbidden"})
    broken = paged.sync(streams={"supplier_invoices"})
    paged.faults()

    rest = paged.sync(broken.state, streams=INVOICES)

    whole = paged.sync(streams=INVOICES)
    assert rest.own_rows("supplier_invoice_lines") == whole.own_rows("supplier_invoice_lines")


def test_the_next_page_is_fetched_while_this_one_is_written(
    paged: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the first page is being written, the call for the second one is already answered."""
    seen: list[int] = []

    def look(*_args: object, **_kwargs: object) -> None:
        for _ in range(500):
            if seen or len(paged.calls()) == 2:
                break
            time.sleep(0.01)
        seen.append(len(paged.calls()))

    monkeypatch.setattr("tap_visma.streams.RecordLines.flush", look)

    paged.sync(streams={"supplier_invoices"})

    assert seen[0] == 2


def test_lines_selected_later_are_read_from_the_beginning(visma: Visma) -> None:
    first = visma.sync(streams={"supplier_invoices"})

    second = visma.sync(first.state, streams=INVOICES)

    whole = visma.sync(streams=INVOICES)
    assert second.own_rows("supplier_invoice_lines") == whole.own_rows("supplier_invoice_lines")


def test_endpoints_that_ignore_paging_are_read_once(
    visma: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A list that the API description calls paged, and that gives page 1 for every page."""
    entity = replace(BY_NAME["ledgers"], paged=True)
    monkeypatch.setattr("tap_visma.tap.ENTITIES", [entity])

    run = visma.sync(streams={"ledgers"})

    assert len(visma.calls()) == 3  # the third tells it from a list that has grown in front
    assert run.counts == {"ledgers": 2}


def test_a_list_without_pages_that_gives_less_than_it_has_is_an_error(
    paged: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint that Visma begins to page, unknown to the tap."""
    entity = replace(BY_NAME["supplier_invoices"], paged=False)
    monkeypatch.setattr("tap_visma.tap.ENTITIES", [entity])

    run = paged.sync(streams=INVOICES)

    (failure,) = run.failures
    assert "and has no pages" in failure
    assert not run.bookmark("supplier_invoices")
