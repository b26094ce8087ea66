"""`meltano run visma-to-powerbi`, in both modes, into stand-ins of Power BI and of a lakehouse."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest
from deltalake import DeltaTable

from meltano_projects import project
from powerbi_service import PowerBIService

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Visma

STREAMS = ("suppliers", "supplier_documents", "sync_batches")

pytestmark = pytest.mark.process


@pytest.mark.parametrize("mode", ["push", "onelake"])
def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path, mode: str) -> None:
    with PowerBIService() as service:
        settings = service.settings | {
            "mode": mode,
            "lakehouse_id": "00000000-0000-0000-0000-00000000000a",
            "onelake_url": f"file://{tmp_path / 'lake'}",
            "create_if_missing": True,
            "outbox_dir": str(tmp_path / "outbox"),
        }
        secrets = (settings["client_secret"],)
        meltano = project(tmp_path, visma, STREAMS, "TARGET_POWERBI", settings, secrets=secrets)
        meltano.environment["REQUESTS_CA_BUNDLE"] = service.ca

        for _night in meltano.nights(visma, "visma-to-powerbi"):
            if mode == "push":
                rows = service.rows("supplier_documents")
            else:
                (folder,) = (tmp_path / "lake").rglob("supplier_documents")
                rows = DeltaTable(folder).to_pyarrow_table().to_pylist()
            found = {(row["document_type"], row["reference"]): row["amount"] for row in rows}
            for document in visma.books("/v1/supplierdocument"):
                key = (document["documentType"], document["referenceNumber"])
                assert Decimal(found[key]) == document["amount"]
