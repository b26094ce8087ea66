"""`meltano run tap-visma target-databricks` from here, into a stand-in of a workspace."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from databricks_workspace import DatabricksWorkspace
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
SELECTED = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "sync_batches")

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


def variables(plugin: str, settings: dict[str, Any]) -> dict[str, str]:
    return {
        f"{plugin}_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
        for name, value in settings.items()
    }


def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    with DatabricksWorkspace() as workspace:
        target = {
            "host": workspace.url,
            "warehouse_id": workspace.warehouse_id,
            "client_id": workspace.client_id,
            "client_secret": workspace.client_secret,
            "catalog": workspace.catalog,
            "default_target_schema": "visma",
            "outbox_dir": str(tmp_path / "outbox"),
        }
        environment = os.environ | variables("TAP_VISMA", visma.config)
        environment |= variables("TARGET_DATABRICKS", target)
        environment["TAP_VISMA__SELECT"] = json.dumps([f"{stream}.*" for stream in SELECTED])
        meltano = str(Path(sys.executable).parent / "meltano")
        run = [meltano, "run", f"--state-id-suffix={uuid4().hex}"]
        for _night in range(2):
            visma.forget_calls()
            done = subprocess.run(
                [*run, "tap-visma", "target-databricks"],
                cwd=ROOT,
                env=environment,
                capture_output=True,
                text=True,
                check=False,
                timeout=300,
            )
            assert done.returncode == 0, done.stderr[-3000:]
            for secret in (visma.config["client_secret"], workspace.client_secret):
                assert secret not in done.stdout + done.stderr

            rows = {r["record_id"]: r for r in workspace.rows("main.visma.supplier_invoices")}
            for invoice in visma.books("/v1/supplierInvoice"):
                key = f"{visma.company_id()}:{invoice['documentType']}:{invoice['referenceNumber']}"
                assert Decimal(rows[key]["amount"]) == invoice["amount"]
            batches = {row["_batch_id"] for row in workspace.rows("main.visma.sync_batches")}
            assert {row["_batch_id"] for row in rows.values()} <= batches
            visma.control("advance", {"days": 1})

    since = [call["params"].get("lastModifiedDateTime") for call in visma.calls()]
    assert all(since)  # the second night went on from the bookmarks of the first
