"""Sandbox, tap-visma, the target: two nights, a failed job and a replay, to the cent."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bigquery_loads import NO_WAY_OUT
from loader_runs import comparable
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bigquery_loads import Books

STREAMS = {
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
}

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


def run_target(books: Books, messages: bytes) -> subprocess.CompletedProcess[bytes]:
    """Run the target as a process, with settings in a file as Meltano gives them."""
    config = books.folder / "target.json"
    config.write_text(json.dumps(books.config | {"retry_seconds": 0}))
    return subprocess.run(
        [sys.executable, "-m", "target_bigquery_guarded", "--config", str(config)],
        input=messages,
        env=os.environ | NO_WAY_OUT,
        capture_output=True,
        check=False,
        timeout=150,
    )


def assert_whole(visma: Visma, books: Books) -> None:
    """The tables hold what the books hold."""
    company = visma.company_id()
    invoices = {
        f"{company}:{one['documentType']}:{one['referenceNumber']}": one["amount"]
        for one in visma.books("/v1/supplierInvoice")
    }
    lines = {
        f"{company}:{one['module']}:{one['batchNumber']}:{line['lineNumber']}": line
        for one in visma.books("/v2/journaltransaction")
        for line in one["journalTransactionLines"]
    }
    found = {row["record_id"]: row for row in books.current("supplier_invoices")}
    assert {key: Decimal(found[key]["amount"]) for key in invoices} == invoices
    found = {row["record_id"]: row for row in books.current("journal_transaction_lines")}
    for side in ("debitAmount", "creditAmount"):
        assert {key: Decimal(found[key][side]) for key in lines} == {
            key: line[side] for key, line in lines.items()
        }


def held(books: Books) -> dict[str, list[dict[str, Any]]]:
    """All rows of all tables; whether a row is marked as deleted counts, when does not."""
    return {name: comparable(books.rows(name)) for name in STREAMS}


def test_two_nights_a_failed_job_and_a_replay_end_whole_and_to_the_cent(
    visma: Visma, books: Books
) -> None:
    first: list[bytes] = []
    state = visma.sync(streams=STREAMS, into=first).state
    done = run_target(books, b"\n".join(first))
    assert done.returncode == 0, done.stderr[-3000:]
    assert json.loads(done.stdout.splitlines()[-1]) == state
    assert_whole(visma, books)

    visma.control("advance", {"days": 1})
    second: list[bytes] = []
    visma.sync(state, streams=STREAMS, into=second)
    books.service.fault({"fail": "invalid"}, statement="^MERGE.*invoices", method="POST")
    failed = run_target(books, b"\n".join(second))
    assert failed.returncode == 1
    assert b"failed with invalid (job singer-" in failed.stderr
    assert b"Traceback" not in failed.stderr
    assert books.service.key["private_key"].encode()[:60] not in failed.stderr + failed.stdout

    again = run_target(books, b"\n".join(second))
    assert again.returncode == 0, again.stderr[-3000:]
    assert_whole(visma, books)

    wanted = held(books)
    replayed = run_target(books, b"\n".join(first))
    assert replayed.returncode == 0, replayed.stderr[-3000:]
    assert held(books) == wanted
    assert books.table("supplier_invoices")["timePartitioning"]["type"] == "MONTH"
    assert books.staged() == []
