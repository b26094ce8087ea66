"""Sandbox, tap-visma, the target: two nights in both modes, and a first load of many lines."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state
from powerbi_loads import LinkedClock, Workspace
from tap_runs import Visma, visma_with
from target_powerbi import compare, mapping
from target_powerbi.lake import Lake
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = {
    "accounts",
    "suppliers",
    "supplier_documents",
    "supplier_invoices",
    "supplier_invoice_lines",
    "general_ledger_transactions",
}
LINES = 200_000

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


def night(workspace: Workspace, lines: list[bytes], settings: dict[str, Any]) -> None:
    run = workspace.load([line.decode() for line in lines], **settings)
    assert run.error is None
    assert run.states


def differing(workspace: Workspace, settings: dict[str, Any]) -> list[str]:
    """Figures that the model and the lakehouse do not have in common."""
    target = TargetPowerBI(config=workspace.config | settings)
    client = target.make_client()
    lake = Lake(target.make_lake_place(client), LinkedClock(workspace.service))
    sides = (compare.in_model(client, workspace.shown()["id"]), compare.in_lake(lake))
    lines = list(compare.compare(mapping.load(), sides))
    client.close()
    assert any(line.values[0] for line in lines)
    return [f"{line.table} {line.figure}" for line in lines if not line.equal]


def assert_whole(visma: Visma, workspace: Workspace) -> None:
    """The model holds what the books hold: of facts that change, by their sums."""
    key = ("documentType", "referenceNumber")
    wanted = {
        tuple(one[name] for name in key): one["amount"]
        for one in visma.books("/v1/supplierdocument")
    }
    found = {
        (row["document_type"], row["reference"]): row["amount"]
        for row in workspace.rows("supplier_documents")
    }
    assert {each: found.get(each) for each in wanted} == wanted
    debits: dict[Any, Decimal] = defaultdict(Decimal)
    for row in workspace.rows("ledger_transactions"):
        debits[row["module"], row["batch_number"], row["line_number"]] += row["debit"] or 0
    lines = {
        (one["module"], one["batchNumber"], one["lineNumber"]): one["debitAmount"]
        for one in visma.books("/v1/GeneralLedgerTransactions")
    }
    assert {each: debits[each] for each in lines} == lines


def test_two_nights_in_both_modes_with_a_throttled_minute_and_a_lost_answer(
    visma: Visma, workspace: Workspace
) -> None:
    settings = {
        "mode": "both",
        "lakehouse_id": workspace.service.settings["workspace_id"],
        "onelake_url": f"file://{workspace.folder / 'lakehouse'}",
        "zoneless_columns": ["date", "*Date", "*DateTime"],
    }
    workspace.mapping = mapping.text(None)
    first: list[bytes] = []
    last = visma.sync(streams=STREAMS, into=first).state
    night(workspace, first, settings)
    assert_whole(visma, workspace)

    visma.control("advance", {"days": 1})
    second: list[bytes] = []
    visma.sync(last, streams=STREAMS, into=second)
    throttled = {"method": "POST", "status": 429, "headers": {"Retry-After": "60"}}
    workspace.service.fault("/rows$", **throttled)
    workspace.service.fault("/rows$", method="POST", drop=True, commit=True, skip=1)
    night(workspace, second, settings)
    assert_whole(visma, workspace)
    assert differing(workspace, settings) == []

    before = json.dumps(workspace.shown()["tables"], sort_keys=True)
    night(workspace, second, settings)
    assert json.dumps(workspace.shown()["tables"], sort_keys=True) == before


def test_a_first_load_of_two_hundred_thousand_lines_is_paced_and_whole(
    workspace: Workspace,
) -> None:
    journal = schema("journal", AUDITED | {"amount": AMOUNT}, KEY)
    line = json.dumps(audited("journal", "NUMBER", "10:00", amount=1))
    lines = (line.replace("NUMBER", str(number)) + "\n" for number in range(LINES))

    run = workspace.load([journal, "".join(lines).rstrip("\n"), state({"at": 1})])

    assert run.error is None
    shown = workspace.shown()
    assert shown["tables"]["journal"] == LINES
    posts = [at for at, _ in shown["posts"]]
    assert [rows for _, rows in shown["posts"]] == [10_000] * 20
    assert min(later - earlier for earlier, later in pairwise(posts)) >= 1
