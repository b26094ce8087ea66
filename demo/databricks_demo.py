"""Two nights of three companies, from the sandbox into a stand-in of a Databricks workspace.

Runs `tap-visma | target-databricks` with the ledger routed by account, lets a business day pass,
runs it again, and loses the answer of a merge on the way. Then compares the books of the sandbox
with the Delta tables, as delta-rs reads them. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from common import BIN, books, output_of, sandbox, say, table
from databricks_workspace import DatabricksWorkspace

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

SCHEMA = "visma"
STREAMS = (
    "accounts",
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
)
RULES = {
    "stream": "journal_transaction_lines",
    "account": "accountNumber",
    "columns": ["area"],
    "rules": [
        {"accounts": ["1*"], "table": "gl_assets", "set": {"area": "balance"}},
        {"accounts": ["2*"], "table": "gl_debts", "set": {"area": "balance"}},
        {"accounts": ["3000-3999"], "table": "gl_revenue", "set": {"area": "result"}},
    ],
    "unmatched": {"table": "gl_costs", "set": {"area": "result"}},
}
TABLE_OF = {"1": "gl_assets", "2": "gl_debts", "3": "gl_revenue"}
TABLES = ("gl_assets", "gl_debts", "gl_revenue", "gl_costs")


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    with (
        sandbox() as ready,
        DatabricksWorkspace() as workspace,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
        files = write_files(Path(folder), config, workspace)

        say("First night: everything.")
        night(files)
        wrong = compare(ready, workspace)

        advance = f"{ready['url']}/__sandbox/advance"
        requests.post(advance, json={"days": 1}, timeout=60).raise_for_status()
        workspace.fault("drop", statement="^MERGE.*gl_", after=1)
        say("A business day has passed. Second night: what changed, and a merge's answer is lost.")
        night(files)
        wrong += compare(ready, workspace)
        lost = sum(workspace.hits())
        say(f"Answers that were lost: {lost}. Differences: {wrong}.")
    if wrong or lost != 1:
        sys.exit("The tables are not what the books are, or no answer was lost.")


def write_files(
    folder: Path, config: dict[str, Any], workspace: DatabricksWorkspace
) -> dict[str, Path]:
    """The files that the two commands are started with."""
    files = {name: folder / f"{name}.json" for name in ("tap", "target", "catalog", "state")}
    files["tap"].write_text(json.dumps(config))
    target = {
        "host": workspace.url,
        "warehouse_id": workspace.warehouse_id,
        "client_id": workspace.client_id,
        "client_secret": workspace.client_secret,
        "catalog": workspace.catalog,
        "default_target_schema": SCHEMA,
        "gl_routing": RULES,
        "outbox_dir": str(folder / "outbox"),
    }
    files["target"].write_text(json.dumps(target))
    catalog = json.loads(output_of("tap-visma", "--config", str(files["tap"]), "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    files["catalog"].write_text(json.dumps(catalog))
    files["state"].write_text("{}")
    return files


def night(files: dict[str, Path]) -> None:
    """Run the tap into the target; the last STATE is what the next night begins with."""
    began = time.monotonic()
    tap = [str(BIN / "tap-visma"), "--config", str(files["tap"])]
    tap += ["--catalog", str(files["catalog"]), "--state", str(files["state"])]
    target = [str(BIN / "target-databricks"), "--config", str(files["target"])]
    print("$ tap-visma ... | target-databricks ...")
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=log) as reading,  # noqa: S603 - our own
    ):
        done = subprocess.run(  # noqa: S603 - our own
            target, stdin=reading.stdout, capture_output=True, text=True, check=False
        )
        code = reading.wait()
        log.seek(0)
        if code or done.returncode:
            sys.exit(f"{log.read().decode()[-3000:]}{done.stderr[-3000:]}\nThe night failed.")
    for line in done.stderr.splitlines():
        if "trying again" in line or "again in" in line:
            print(line)
    states = done.stdout.splitlines()
    files["state"].write_text(states[-1])
    print(f"done in {time.monotonic() - began:.0f} s, {len(states)} STATEs")


def compare(ready: dict[str, Any], workspace: DatabricksWorkspace) -> int:
    """Show rows and sums of the books beside those of the tables; gives how many differ."""
    there = {name: list(current(workspace, name)) for name in (*TABLES, "supplier_invoices")}
    rows: list[list[object]] = []
    for company in ready["companies"]:
        known, name = company["company_id"], company["name"]
        lines: dict[str, dict[str, Any]] = defaultdict(dict)
        for journal in books(ready, known, "/v2/journaltransaction"):
            for line in journal["journalTransactionLines"]:
                key = (known, journal["module"], journal["batchNumber"], line["lineNumber"])
                table_name = TABLE_OF.get(line["accountNumber"][0], "gl_costs")
                lines[table_name][":".join(map(str, key))] = line
        for table_name in TABLES:
            wanted = lines[table_name]
            found = [row for row in there[table_name] if row["record_id"] in wanted]
            pairs = [
                (len(wanted), len(found)),
                (total(wanted.values(), "debitAmount"), total(found, "debitAmount")),
                (total(wanted.values(), "creditAmount"), total(found, "creditAmount")),
            ]
            rows.append([name, table_name, *(value for pair in pairs for value in pair)])
        invoices = {
            f"{known}:{one['documentType']}:{one['referenceNumber']}": one
            for one in books(ready, known, "/v1/supplierInvoice")
        }
        found = [row for row in there["supplier_invoices"] if row["record_id"] in invoices]
        pairs = [
            (len(invoices), len(found)),
            (total(invoices.values(), "amount"), total(found, "amount")),
        ]
        rows.append([name, "supplier_invoices", *(v for pair in pairs for v in pair), "", ""])
    head = ["company", "table", "rows: books", "tables", "debit or amount: books", "tables"]
    table([*head, "credit: books", "tables"], rows)
    return sum(row[at] != row[at + 1] for row in rows for at in (2, 4, 6))


def current(workspace: DatabricksWorkspace, name: str) -> Iterator[dict[str, Any]]:
    """Rows of a table that are not marked as deleted."""
    for row in workspace.rows(f"{workspace.catalog}.{SCHEMA}.{name}"):
        if row.get("_sdc_deleted_at") is None:
            yield row


def total(rows: Iterable[dict[str, Any]], name: str) -> Decimal:
    """The sum of a column."""
    return sum((Decimal(row[name]) for row in rows), Decimal(0)).quantize(Decimal("0.01"))


if __name__ == "__main__":
    main()
