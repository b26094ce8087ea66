"""`meltano run visma-to-bigquery`, into a stand-in of BigQuery: checked, loaded, verified."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from bigquery_loads import NO_WAY_OUT
from bigquery_service import BigQueryService
from meltano_projects import key_of, project

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Visma

STREAMS = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "sync_batches")

pytestmark = pytest.mark.process


def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    with BigQueryService() as service:
        settings = {
            "project": service.project,
            "dataset": "visma",
            "location": "EU",
            "credentials_json": json.dumps(service.key),
            "api_endpoint": service.url,
            "outbox_dir": str(tmp_path / "outbox"),
        }
        secret = service.key["private_key"][:60]
        meltano = project(tmp_path, visma, STREAMS, "TARGET_BIGQUERY", settings, secrets=(secret,))
        meltano.environment |= NO_WAY_OUT
        meltano.run("preflight:bigquery")

        for _night in meltano.nights(visma, "visma-to-bigquery"):
            rows = {row["record_id"]: row for row in service.rows("visma.supplier_invoices")}
            for invoice in visma.books("/v1/supplierInvoice"):
                assert Decimal(rows[key_of(visma, invoice)]["amount"]) == invoice["amount"]
            batches = {row["_batch_id"] for row in service.rows("visma.sync_batches")}
            assert {row["_batch_id"] for row in rows.values()} <= batches

        oldest = min(row["_batch_id"] for row in rows.values())
        meltano.replay(oldest, "target-bigquery")
        assert {row["record_id"]: row for row in service.rows("visma.supplier_invoices")} == rows
        meltano.run("verify:bigquery")
