"""`meltano run visma-to-databricks`, into a stand-in of a workspace."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from databricks_workspace import DatabricksWorkspace
from meltano_projects import key_of, project

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Visma

STREAMS = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "sync_batches")

pytestmark = pytest.mark.process


def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    with DatabricksWorkspace() as workspace:
        settings = {
            "host": workspace.url,
            "warehouse_id": workspace.warehouse_id,
            "client_id": workspace.client_id,
            "client_secret": workspace.client_secret,
            "catalog": workspace.catalog,
            "default_target_schema": "visma",
            "outbox_dir": str(tmp_path / "outbox"),
        }
        secrets = (workspace.client_secret,)
        meltano = project(tmp_path, visma, STREAMS, "TARGET_DATABRICKS", settings, secrets=secrets)

        for _night in meltano.nights(visma, "visma-to-databricks"):
            rows = {r["record_id"]: r for r in workspace.rows("main.visma.supplier_invoices")}
            for invoice in visma.books("/v1/supplierInvoice"):
                assert Decimal(rows[key_of(visma, invoice)]["amount"]) == invoice["amount"]
            batches = {row["_batch_id"] for row in workspace.rows("main.visma.sync_batches")}
            assert {row["_batch_id"] for row in rows.values()} <= batches
