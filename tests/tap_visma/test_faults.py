"""What goes wrong at Visma, and that no row is lost or doubled by it.

Each fault is injected by the sandbox on the wire; the end is compared with an undisturbed run.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tap_runs import BY_NAME, MovedClock, Visma, of_entity, same_rows

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"


@pytest.fixture
def paged(visma: Visma) -> Visma:
    """A sandbox whose supplier invoices come in pages of 20."""
    visma.control("settings", {"page_caps": {PATH: 20}})
    return visma


PASSING = {
    "a gateway error": {"status": 503},
    "an error page": "html",
    "no body": "empty",
    "plain text": "plain",
    "a body cut off in the middle": "truncate",
    "a connection that is closed": "drop",
    "a revoked token": "revoke",
}


@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_passing_fault_costs_one_more_call_and_nothing_else(paged: Visma, fault: Any) -> None:
    undisturbed = paged.sync(streams=INVOICES)
    calls = len(paged.calls())
    paged.forget_calls()
    rules = paged.faults({"path": PATH, "page": 3, "do": fault})

    run = paged.sync(streams=INVOICES, clock=MovedClock())

    assert rules() == [1]
    assert run.failures == []
    assert same_rows(run, undisturbed, INVOICES)
    assert run.counts == undisturbed.counts
    assert len(paged.calls()) == calls + 1


@pytest.mark.parametrize(
    ("fault", "what"),
    [
        ({"status": 500}, "answers with status 500, 5 times"),
        ({"html": 200}, "answers with something that is not whole JSON, 5 times"),
        ("other_json", "the answer is not the list expected"),
        ("forbidden", "does not give access to /v1/supplierInvoice (403)"),
        ({"status": 400}, "refuses the call to /v1/supplierInvoice (status 400"),
    ],
    ids=["server error", "error page", "other JSON", "forbidden", "refused"],
)
def test_a_lasting_fault_fails_its_stream_and_no_other(visma: Visma, fault: Any, what: str) -> None:
    streams = INVOICES | of_entity("suppliers") | of_entity("supplier_payments")
    undisturbed = visma.sync(streams=streams)
    rules = visma.faults({"path": PATH, "times": 0, "do": fault})

    run = visma.sync(streams=streams, clock=MovedClock())

    assert sum(rules()) > 0
    (failure,) = run.failures
    company_id = visma.config["companies"][0]["company_id"]
    assert failure.startswith(f"company '{company_id}', stream 'supplier_invoices': ")
    assert what in failure
    assert same_rows(run, undisturbed, streams - INVOICES)
    assert not run.bookmark("supplier_invoices")

    visma.faults()
    assert same_rows(visma.sync(run.state, streams=streams), undisturbed, INVOICES)


def test_a_company_whose_token_is_refused_is_named_once_and_does_not_stop_the_others(
    two_companies: Visma,
) -> None:
    broken, whole = two_companies.config["companies"]
    companies = [broken | {"tenant_id": "00000000-0000-4000-8000-000000000000"}, whole]

    run = two_companies.sync(streams=INVOICES | of_entity("customer_invoices"), companies=companies)

    (failure,) = run.failures
    assert len(two_companies.token_calls()) == 2
    assert failure.startswith(f"company '{broken['company_id']}', stream 'supplier_invoices'")
    assert "tenant_id" in failure
    assert {row["company_id"] for row in run.records("supplier_invoices")} == {whole["company_id"]}


def test_a_token_of_the_customer_instead_of_the_company_is_explained(visma: Visma) -> None:
    company = visma.config["companies"][0] | {"tenant_id": visma.customer_tenant_id()}

    run = visma.sync(streams=INVOICES, companies=[company])

    assert "the company's own tenant id, not the customer's" in run.failures[0]


def test_tokens_are_renewed_ahead_and_never_asked_for_per_stream(visma: Visma) -> None:
    visma.sync(streams=INVOICES | of_entity("suppliers") | of_entity("customers"))

    assert len(visma.token_calls()) == 1


def test_a_token_that_expires_during_a_run_is_renewed_before_its_end(paged: Visma) -> None:
    clock = MovedClock(seconds_per_look=400)

    run = paged.sync(streams=INVOICES, clock=clock)

    assert run.failures == []
    assert len(paged.token_calls()) > 1
    assert {call["status"] for call in paged.calls()} == {200}


def test_an_answer_that_takes_too_long_is_asked_for_in_smaller_pages(paged: Visma) -> None:
    undisturbed = paged.sync(streams=INVOICES)
    rules = paged.faults({"path": PATH, "page": 3, "do": {"slow": 2.6}})
    paged.control("settings", {"page_caps": {PATH: 40}})

    run = paged.sync(streams=INVOICES, timeout_seconds=2)

    assert rules() == [1]
    assert run.failures == []
    assert same_rows(run, undisturbed, INVOICES)
    assert {call["params"]["pageSize"] for call in paged.calls()[-2:]} == {"20"}


def test_no_error_shows_a_secret_a_token_or_what_an_answer_said(
    visma: Visma, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    visma.faults(
        {"path": PATH, "times": 0, "do": "forbidden"},
        {"path": "/v1/supplier", "times": 0, "do": {"status": 400}},
        {"path": "/v1/customer", "times": 0, "do": "html"},
    )

    run = visma.sync(
        streams=INVOICES | of_entity("suppliers") | of_entity("customers"), clock=MovedClock()
    )

    said = "\n".join([*run.failures, *caplog.messages])
    assert len(run.failures) == 3
    assert visma.config["client_secret"] not in said
    assert "Bearer " not in said
    assert "<html" not in said.lower()


def test_records_that_share_a_key_are_an_error_and_never_overwritten_in_silence(
    visma: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in taps that leave the branch out of the key of a balance."""
    balances = BY_NAME["general_ledger_balances"]
    monkeypatch.setattr("tap_visma.tap.ENTITIES", [replace(balances, key=balances.key[1:])])

    run = visma.sync(streams=of_entity("general_ledger_balances"))

    (failure,) = run.failures
    assert "stream 'general_ledger_balances': two records of page 1 share the key" in failure
    assert run.records("general_ledger_balances") == []
    assert not run.bookmark("general_ledger_balances")


def test_lines_that_share_a_key_are_an_error_as_well(
    visma: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    invoices = BY_NAME["supplier_invoices"]
    lines = replace(invoices.lists[0], key=("uom",))
    monkeypatch.setattr("tap_visma.tap.ENTITIES", [replace(invoices, lists=(lines,))])

    run = visma.sync(streams=INVOICES)

    (failure,) = run.failures
    assert "two of its lines share a key" in failure
    assert run.records("supplier_invoice_lines") == []
