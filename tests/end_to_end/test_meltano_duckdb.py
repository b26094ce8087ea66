"""`meltano run visma-to-duckdb`: rows, sums and resumed state, with a loader that is not ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import pytest

from meltano_projects import key_of, project
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "journal_transaction_lines")

pytestmark = pytest.mark.process


@pytest.fixture
def two_companies() -> Iterator[Visma]:
    with visma_with("NO,SE") as visma:
        yield visma


def test_two_nights_arrive_whole_and_to_the_cent(two_companies: Visma, tmp_path: Path) -> None:
    visma, database = two_companies, tmp_path / "warehouse.duckdb"
    settings = {"path": str(database)}
    meltano = project(tmp_path, visma, STREAMS, "TARGET_DUCKDB", settings)

    for _night in meltano.nights(visma, "visma-to-duckdb"):
        with duckdb.connect(database, read_only=True) as connection:
            for number in range(2):
                invoices = visma.books("/v1/supplierInvoice", number)
                row = connection.execute(
                    "SELECT count(*), sum(amount::DECIMAL(38, 2)) FROM visma.supplier_invoices "
                    "WHERE company_id = ? AND list_contains(?, record_id)",
                    [visma.company_id(number), [key_of(visma, x, number) for x in invoices]],
                ).fetchone()
                assert row == (len(invoices), sum(invoice["amount"] for invoice in invoices))

    assert len(visma.calls()) == 2 * 3  # of the second night: one per entity and company
