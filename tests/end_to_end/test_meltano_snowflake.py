"""`meltano run visma-to-snowflake`, into a stand-in of an account: checked, loaded, verified."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from meltano_projects import key_of, project
from snowflake_account import SnowflakeAccount
from snowflake_loads import KeyPair

if TYPE_CHECKING:
    from pathlib import Path

    from tap_runs import Visma

STREAMS = ("suppliers", "supplier_invoices", "supplier_invoice_lines", "sync_batches")

INVOICES = "SELECT record_id, amount, _batch_id FROM raw.supplier_invoices ORDER BY record_id"

pytestmark = pytest.mark.process


def test_two_nights_arrive_to_the_cent(visma: Visma, tmp_path: Path) -> None:
    keys = KeyPair.new()
    with SnowflakeAccount({"user": {"rsa_public_key": keys.public}}) as account:
        names = ("account", "user", "role", "warehouse", "database")
        settings = {name: account.ready[name] for name in names} | {
            "host": account.url,
            "private_key": keys.private,
            "default_target_schema": "raw",
            "outbox_dir": str(tmp_path / "outbox"),
        }
        secret = keys.private.splitlines()[1]
        meltano = project(tmp_path, visma, STREAMS, "TARGET_SNOWFLAKE", settings, secrets=(secret,))
        meltano.run("preflight:snowflake")

        for _night in meltano.nights(visma, "visma-to-snowflake"):
            rows = account.query(INVOICES)
            found = {str(key): Decimal(str(amount)) for key, amount, _ in rows}
            for invoice in visma.books("/v1/supplierInvoice"):
                assert found[key_of(visma, invoice)] == invoice["amount"]
            batches = account.query("SELECT _batch_id FROM raw.sync_batches")
            assert {batch for _, _, batch in rows} <= {batch for (batch,) in batches}

        meltano.replay(min(str(batch) for _, _, batch in rows), "target-snowflake")
        assert account.query(INVOICES) == rows
        meltano.run("verify:snowflake")
