"""Sandbox, tap-visma, target-snowflake-guarded: two nights, a failed one, an old batch again."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from snowflake_loads import Books

STREAMS = {
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


def night(visma: Visma, books: Books, state: str | None, **tap_settings: Any) -> tuple[int, str]:
    """Run tap and target as processes; gives the target's exit code and what it wrote."""
    archive = {"archive_url": str(books.folder / "archive"), "use_singer_decimal": True}
    files = {
        "tap": visma.config | archive | tap_settings,
        "catalog": visma.catalog(STREAMS),
        "target": books.config,
        "state": json.loads(state) if state else {},
    }
    paths: dict[str, Path] = {}
    for name, content in files.items():
        paths[name] = books.folder / f"{name}.json"
        paths[name].write_text(json.dumps(content))
    tap = [sys.executable, "-m", "tap_visma", "--config", str(paths["tap"])]
    tap += ["--catalog", str(paths["catalog"]), "--state", str(paths["state"])]
    target = [sys.executable, "-m", "target_snowflake_guarded", "--config", str(paths["target"])]
    with subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as writing:
        done = subprocess.run(
            target, stdin=writing.stdout, capture_output=True, text=True, check=False, timeout=150
        )
        if writing.stderr:
            writing.stderr.read()
    assert books.keys.private.splitlines()[1] not in done.stderr
    assert "Traceback" not in done.stderr
    return done.returncode, done.stdout


def expected(visma: Visma) -> dict[str, Decimal]:
    """What the books of Visma say: amounts by what tap-visma makes their `record_id`."""
    company = visma.company_id()
    invoices = {
        f"{company}:{each['documentType']}:{each['referenceNumber']}": Decimal(each["amount"])
        for each in visma.books("/v1/supplierInvoice")
    }
    lines = {
        f"{company}:{each['module']}:{each['batchNumber']}:{line['lineNumber']}": Decimal(
            line["debitAmount"]
        )
        for each in visma.books("/v2/journaltransaction")
        for line in each["journalTransactionLines"]
    }
    return invoices | lines


def stored(books: Books) -> dict[str, Decimal]:
    return {
        row["RECORD_ID"]: row[amount]
        for table, amount in (
            ("supplier_invoices", "AMOUNT"),
            ("journal_transaction_lines", "DEBITAMOUNT"),
        )
        for row in books.current(table)
    }


def test_two_nights_a_failed_one_and_an_old_batch_end_to_the_cent(
    visma: Visma, books: Books
) -> None:
    code, told = night(visma, books, None)
    assert code == 0
    assert stored(books) == expected(visma)
    first = {row["_BATCH_ID"] for row in books.current("supplier_invoices")}

    visma.control("advance", {"days": 1})
    books.account.fault({"fail": "100038"}, statement="^MERGE")
    code, failed = night(visma, books, told.splitlines()[-1])
    assert code == 1

    code, told = night(visma, books, (told + failed).splitlines()[-1])
    assert code == 0
    wanted = expected(visma)
    found = stored(books)
    assert {key: found.get(key) for key in wanted} == wanted

    after = {table: books.current(table) for table in sorted(STREAMS)}
    for batch in first:
        code, _ = night(visma, books, None, replay_batch_id=batch)
        assert code == 0
    assert {table: books.current(table) for table in sorted(STREAMS)} == after
