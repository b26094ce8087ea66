"""`meltano run visma-to-looker`, into a real PostgreSQL, with the LookML."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from meltano_projects import key_of, project
from postgres_server import PASSWORDS, READER, PostgresServer

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Visma

STREAMS = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "sync_batches")

pytestmark = pytest.mark.process


def asked(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, asked as Looker does."""
    with closing(server.connect(READER)) as opened:
        return opened.execute(sql.encode()).fetchall()


def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    (tmp_path / "lookml").mkdir()
    with PostgresServer() as server:
        settings = {
            "sqlalchemy_url": server.url(),
            "grant_select_to": [READER],
            "lookml_dir": str(tmp_path / "lookml"),
            "looker_connection": "warehouse",
            "outbox_dir": str(tmp_path / "outbox"),
        }
        secrets = (PASSWORDS["loader"], server.url())
        meltano = project(
            tmp_path, visma, STREAMS, "TARGET_LOOKER_STAGE", settings, secrets=secrets
        )

        for night in meltano.nights(visma, "visma-to-looker"):
            rows = dict(
                asked(server, "SELECT record_id, amount FROM visma_stage.supplier_invoices")
            )
            for invoice in visma.books("/v1/supplierInvoice"):
                assert rows[key_of(visma, invoice)] == invoice["amount"]
            loads = asked(server, "SELECT status, looker_status FROM visma_stage._looker_loads")
            assert loads == [("committed", "ok")] * night
    assert list((tmp_path / "lookml").rglob("supplier_invoices.view.lkml"))
