"""Deletes: Visma tells of none, so full passes carry a version that loaders can activate."""

from __future__ import annotations

from typing import Any

from tap_runs import MovedClock, Run, Visma, of_entity

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"


def activated(run: Run) -> dict[str, int]:
    return {m["stream"]: m["version"] for m in run.messages if m["type"] == "ACTIVATE_VERSION"}


def versions(run: Run, stream: str) -> set[int]:
    return {m["version"] for m in run.messages if m["type"] == "RECORD" and m["stream"] == stream}


def loaded(*runs: Run, stream: str = "supplier_invoices") -> set[str]:
    """Keys in a table whose loader deletes what an activation leaves behind."""
    table: dict[str, int] = {}
    for run in runs:
        for message in run.messages:
            if message.get("stream") != stream:
                continue
            if message["type"] == "RECORD":
                table[message["record"]["record_id"]] = message["version"]
            elif message["type"] == "ACTIVATE_VERSION":
                table = {k: v for k, v in table.items() if v >= message["version"]}
    return set(table)


def delete_one(visma: Visma) -> Any:
    row = visma.books(PATH)[3]
    key = [row["documentType"], row["referenceNumber"]]
    return visma.control(
        "change",
        {
            "company_id": visma.company_id(),
            "path": PATH,
            "operation": "delete",
            "count": 1,
            "keys": [key],
        },
    )


def test_a_first_load_is_a_version_that_is_activated(visma: Visma) -> None:
    run = visma.sync(streams=INVOICES)

    (version,) = versions(run, "supplier_invoices")
    assert versions(run, "supplier_invoice_lines") == {version}
    assert activated(run) == dict.fromkeys(INVOICES, version)


def test_what_changed_later_carries_the_same_version_and_activates_nothing(visma: Visma) -> None:
    first = visma.sync(streams=INVOICES)
    visma.control("advance", {"days": 1})

    second = visma.sync(first.state, streams=INVOICES)

    assert versions(second, "supplier_invoices") == versions(first, "supplier_invoices")
    assert activated(second) == {}


def test_a_sweep_finds_what_was_deleted(visma: Visma) -> None:
    first = visma.sync(streams=INVOICES)
    delete_one(visma)
    second = visma.sync(first.state, streams=INVOICES, sweep_days=1)
    assert activated(second) == {}  # not due yet

    second.state["bookmarks"]["supplier_invoices"]["version"] -= 2 * 86_400_000
    aged = _aged(second.state)
    third = visma.sync(aged, streams=INVOICES, sweep_days=1)

    assert set(activated(third)) == INVOICES
    assert loaded(first, second, third) == set(
        visma.sync(streams=INVOICES).rows("supplier_invoices")
    )
    assert len(loaded(first)) == len(loaded(first, second, third)) + 1


def _aged(state: dict[str, Any]) -> dict[str, Any]:
    """A state as it would be had its last full pass been two days earlier."""
    held = state["bookmarks"]["supplier_invoices"]
    for partition in held["partitions"]:
        partition["version"] = held["version"]
    held["activated"] = held["version"]
    return state


def test_a_later_start_date_makes_no_row_look_deleted(visma: Visma) -> None:
    first = visma.sync(streams=INVOICES)
    state = first.state
    state["bookmarks"]["supplier_invoices"]["version"] -= 2 * 86_400_000

    second = visma.sync(_aged(state), streams=INVOICES, sweep_days=1, start_date="2026-02-01")

    assert versions(second, "supplier_invoices") != versions(first, "supplier_invoices")
    assert activated(second) == {}
    assert loaded(first, second) == loaded(first)


def test_a_sweep_waits_until_there_are_calls_for_it(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {PATH: 20}, "calls_per_window": 12})
    first = visma.sync(streams=INVOICES)
    aged = _aged(first.state)
    aged["bookmarks"]["supplier_invoices"]["version"] -= 2 * 86_400_000
    aged = _aged(aged)
    streams = INVOICES | of_entity("suppliers")  # whose call tells what is left

    second = visma.sync(aged, streams=streams, sweep_days=1)

    assert "supplier_invoices" not in activated(second)
    assert len(second.records("supplier_invoices")) < len(first.records("supplier_invoices"))


def test_nothing_is_activated_when_one_company_could_not_be_read(two_companies: Visma) -> None:
    two_companies.faults(
        {"company_id": two_companies.company_id(1), "path": PATH, "times": 0, "do": "forbidden"}
    )
    first = two_companies.sync(streams=INVOICES)
    assert activated(first) == {}

    two_companies.faults()
    second = two_companies.sync(first.state, streams=INVOICES)

    assert set(activated(second)) == INVOICES
    whole = two_companies.sync(streams=INVOICES)
    assert loaded(first, second) == set(whole.rows("supplier_invoices"))


def test_nothing_is_activated_when_the_list_changed_while_it_was_read(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {PATH: 20}})
    body = {"company_id": visma.company_id(), "path": PATH, "operation": "delete", "count": 1}
    visma.faults({"path": PATH, "page": 3, "do": {"change": body}})

    run = visma.sync(streams=INVOICES)

    assert run.failures == []
    assert activated(run) == {}


def test_lists_without_stamps_are_a_full_pass_in_every_sync(visma: Visma) -> None:
    streams = of_entity("dimensions") | of_entity("financial_periods")
    first = visma.sync(streams=streams)
    second = visma.sync(first.state, streams=streams)

    assert set(activated(first)) == set(activated(second)) == streams
    assert min(versions(second, "dimensions")) > max(versions(first, "dimensions"))


def test_late_postings_into_old_periods_are_found_by_reading_the_periods_again(
    visma: Visma,
) -> None:
    streams = of_entity("general_ledger_balances")
    first = visma.sync(streams=streams)
    visma.forget_calls()

    visma.sync(first.state, streams=streams, refetch_periods=2, clock=MovedClock())

    periods = [
        call["params"].get("periodId") for call in visma.calls() if "Balance" in call["path"]
    ]
    assert periods == [None, "202602", "202603"]
