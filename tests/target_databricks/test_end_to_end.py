"""Sandbox, tap-visma, target-databricks: two nights of a company, to the cent."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from databricks_ledger import RULES
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from databricks_loads import Books

STREAMS = {
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
    "general_ledger_transactions",
}
GENERAL_LEDGER = {
    "stream": "general_ledger_transactions",
    "account": "account.number",
    "rules": [{"accounts": ["1*"], "table": "ledger_assets"}],
    "unmatched": {"table": "ledger_other"},
}

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


def night(visma: Visma, books: Books, state: str | None) -> str:
    """Run tap and target as processes; gives the last STATE."""
    files = {
        "tap": visma.config,
        "catalog": visma.catalog(STREAMS),
        "target": books.config | {"gl_routing": [RULES, GENERAL_LEDGER]},
        "state": json.loads(state) if state else {},
    }
    paths: dict[str, Path] = {}
    for name, content in files.items():
        paths[name] = books.folder / f"{name}.json"
        paths[name].write_text(json.dumps(content))
    tap = [sys.executable, "-m", "tap_visma", "--config", str(paths["tap"])]
    tap += ["--catalog", str(paths["catalog"]), "--state", str(paths["state"])]
    target = [sys.executable, "-m", "target_databricks", "--config", str(paths["target"])]
    with subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        done = subprocess.run(
            target, stdin=writing.stdout, capture_output=True, text=True, check=False, timeout=150
        )
    assert done.returncode == 0, done.stderr[-3000:]
    assert writing.returncode == 0
    assert books.workspace.client_secret not in done.stderr
    return done.stdout.splitlines()[-1]


def sums(rows: dict[str, dict[str, Any]]) -> tuple[Decimal, Decimal]:
    return (
        sum((Decimal(row["debitAmount"]) for row in rows.values()), Decimal(0)),
        sum((Decimal(row["creditAmount"]) for row in rows.values()), Decimal(0)),
    )


def by_key(company: str, rows: list[dict[str, Any]], *names: str) -> dict[str, dict[str, Any]]:
    """Rows of the books, by what tap-visma makes their `record_id`."""
    return {":".join([company, *(str(row[name]) for name in names)]): row for row in rows}


def stored(books: Books, keys: Iterable[str], *tables: str) -> dict[str, dict[str, Any]]:
    """Current rows with these keys: what is gone from the books stays until a sweep."""
    wanted = set(keys)
    rows = [row for name in tables for row in books.current(name) if row["record_id"] in wanted]
    found = {row["record_id"]: row for row in rows}
    assert len(found) == len(rows)
    return found


def test_two_nights_arrive_whole_and_to_the_cent(visma: Visma, books: Books) -> None:
    company, state = visma.company_id(), None
    for _night in range(2):
        state = night(visma, books, state)

        invoices = visma.books("/v1/supplierInvoice")
        wanted = by_key(company, invoices, "documentType", "referenceNumber")
        found = stored(books, wanted, "supplier_invoices")
        assert found.keys() == wanted.keys()
        assert sum(Decimal(row["amount"]) for row in found.values()) == sum(
            invoice["amount"] for invoice in invoices
        )
        lines = [
            {**line, "of": journal["module"], "batch": journal["batchNumber"]}
            for journal in visma.books("/v2/journaltransaction")
            for line in journal["journalTransactionLines"]
        ]
        wanted = by_key(company, lines, "of", "batch", "lineNumber")
        found = stored(books, wanted, "gl_assets", "gl_debts", "gl_result", "gl_other")
        assert found.keys() == wanted.keys()
        assert sums(found) == sums(wanted)
        entries = visma.books("/v1/GeneralLedgerTransactions")
        wanted = by_key(company, entries, "module", "batchNumber", "lineNumber")
        found = stored(books, wanted, "ledger_assets", "ledger_other")
        assert found.keys() == wanted.keys()
        assert sums(found) == sums(wanted)
        numbers = {json.loads(row["account"])["number"] for row in books.current("ledger_assets")}
        assert {number[0] for number in numbers} == {"1"}
        visma.control("advance", {"days": 1})
