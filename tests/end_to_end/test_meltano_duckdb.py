"""`meltano run tap-visma target-duckdb` from this repository: rows, sums and resumed state."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import duckdb
import pytest

from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SELECTED = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "journal_transaction_lines")

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO,SE") as visma:
        yield visma


def meltano_run(visma: Visma, database: Path, suffix: str) -> subprocess.CompletedProcess[str]:
    settings = {
        f"TAP_VISMA_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in visma.config.items()
    }
    environment = os.environ | settings
    environment |= {
        "TARGET_DUCKDB_PATH": str(database),
        "TAP_VISMA__SELECT": json.dumps([f"{stream}.*" for stream in SELECTED]),
    }
    return subprocess.run(
        [
            Path(sys.executable).parent / "meltano",
            "run",
            f"--state-id-suffix={suffix}",
            "tap-visma",
            "target-duckdb",
        ],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )


def test_two_nights_arrive_whole_and_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    database = tmp_path / "warehouse.duckdb"
    suffix = uuid4().hex  # no state of an earlier run of this test
    for _night in range(2):
        visma.forget_calls()
        done = meltano_run(visma, database, suffix)
        assert done.returncode == 0, done.stderr[-3000:]
        assert visma.config["client_secret"] not in done.stdout + done.stderr

        with duckdb.connect(database, read_only=True) as connection:
            for number in range(2):
                invoices = visma.books("/v1/supplierInvoice", number)
                row = connection.execute(
                    "SELECT count(*), sum(amount::DECIMAL(38, 2)) FROM visma.supplier_invoices "
                    "WHERE company_id = ? AND list_contains(?, record_id)",
                    [visma.company_id(number), [key(visma, number, x) for x in invoices]],
                ).fetchone()
                assert row == (len(invoices), sum(invoice["amount"] for invoice in invoices))
        visma.control("advance", {"days": 1})

    since = [call["params"].get("lastModifiedDateTime") for call in visma.calls()]
    assert all(since)  # the second night went on from the bookmarks of the first
    assert len(since) == 2 * 3


def key(visma: Visma, company: int, invoice: dict[str, str]) -> str:
    return ":".join(
        [visma.company_id(company), invoice["documentType"], invoice["referenceNumber"]]
    )
