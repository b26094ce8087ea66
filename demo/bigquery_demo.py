"""Two nights of three companies, from the sandbox into a stand-in of BigQuery, with a failed job.

Checks the account first (`warehouse-checks preflight`), runs `tap-visma | target-bigquery-guarded`,
lets a business day pass, and lets a merge fail in the second night: that run must end with an exit
code other than 0, and the next one mends it. Then compares the books of the sandbox with the
tables, and lets `warehouse-checks verify` compare the batches. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from bigquery_service import BigQueryService
from common import BIN, books, output_of, sandbox, say, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DATASET = "visma"
STREAMS = (
    "accounts",
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
    "sync_batches",
)
NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""Google's library asks a public service for regions; so it asks no one."""


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    with (
        sandbox() as ready,
        BigQueryService(state={"datasets": {DATASET: "EU"}}) as service,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
        files = write_files(Path(folder), config, service)
        say("Before the first run: would it work?")
        check("preflight", files)

        say("First night: everything.")
        night(files)
        wrong = compare(ready, service)

        advance = f"{ready['url']}/__sandbox/advance"
        requests.post(advance, json={"days": 1}, timeout=60).raise_for_status()
        say("A business day has passed. Second night: what changed, and a merge fails at its end.")
        service.fault({"fail": "invalid"}, statement="^MERGE.*_lines`", method="POST")
        failed = night(files, ends_well=False)

        say("The next run begins with what is left.")
        night(files)
        wrong += compare(ready, service)
        say("After the run: is all there that was read?")
        check("verify", files)
        say(f"Jobs that failed: {sum(service.hits())}. Differences: {wrong}.")
    if wrong or not failed:
        sys.exit("The tables are not what the books are, or a failed job was not told.")


def write_files(folder: Path, config: dict[str, Any], service: BigQueryService) -> dict[str, Path]:
    """The files that the commands are started with."""
    names = ("tap", "target", "catalog", "state", "key")
    files = {name: folder / f"{name}.json" for name in names}
    files["tap"].write_text(json.dumps(config))
    files["key"].write_text(json.dumps(service.key))
    target = {
        "project": service.project,
        "dataset": DATASET,
        "location": "EU",
        "credentials_path": str(files["key"]),
        "api_endpoint": service.url,
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


def check(verb: str, files: dict[str, Path]) -> None:
    """Run one of the checks, and end if it finds anything."""
    arguments = [verb, "bigquery", "--config", files["target"].name]
    print(f"$ warehouse-checks {' '.join(arguments)}", flush=True)
    command = [str(BIN / "warehouse-checks"), *arguments]
    folder = files["target"].parent
    done = subprocess.run(command, check=False, cwd=folder, env=os.environ | NO_WAY_OUT)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"The check ended with {done.returncode}.")


def night(files: dict[str, Path], *, ends_well: bool = True) -> bool:
    """Run the tap into the target; the last STATE is what the next night begins with.

    Returns:
        Whether it ended as it should.
    """
    began = time.monotonic()
    tap = [str(BIN / "tap-visma"), "--config", str(files["tap"])]
    tap += ["--catalog", str(files["catalog"]), "--state", str(files["state"])]
    target = [str(BIN / "target-bigquery-guarded"), "--config", str(files["target"])]
    print("$ tap-visma ... | target-bigquery-guarded ...", flush=True)
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=log) as reading,  # noqa: S603 - our own
    ):
        done = subprocess.run(  # noqa: S603 - our own
            target,
            stdin=reading.stdout,
            capture_output=True,
            text=True,
            check=False,
            env=os.environ | NO_WAY_OUT,
        )
        if reading.stdout:
            reading.stdout.close()
        code = reading.wait()
        log.seek(0)
        if ends_well and (code or done.returncode):
            sys.exit(f"{log.read().decode()[-3000:]}{done.stderr[-3000:]}\nThe night failed.")
    states = done.stdout.splitlines()
    if states:
        files["state"].write_text(states[-1])
    print(f"exit code {done.returncode} in {time.monotonic() - began:.0f} s, {len(states)} STATEs")
    for line in done.stderr.splitlines():
        if " failed with " in line:
            print(line)
    return ends_well == (done.returncode == 0)


def compare(ready: dict[str, Any], service: BigQueryService) -> int:
    """Show rows and sums of the books beside those of the tables; gives how many differ."""
    there = {
        name: list(current(service, name))
        for name in ("supplier_invoices", "journal_transaction_lines")
    }
    rows: list[list[object]] = []
    for company in ready["companies"]:
        known, name = company["company_id"], company["name"]
        invoices = {
            f"{known}:{one['documentType']}:{one['referenceNumber']}": one
            for one in books(ready, known, "/v1/supplierInvoice")
        }
        lines = {
            f"{known}:{one['module']}:{one['batchNumber']}:{line['lineNumber']}": line
            for one in books(ready, known, "/v2/journaltransaction")
            for line in one["journalTransactionLines"]
        }
        for table_name, wanted, columns in (
            ("supplier_invoices", invoices, ("amount",)),
            ("journal_transaction_lines", lines, ("debitAmount", "creditAmount")),
        ):
            found = [row for row in there[table_name] if row["record_id"] in wanted]
            for column in columns:
                pairs = (len(wanted), len(found), total(wanted.values(), column))
                rows.append([name, f"{table_name}.{column}", *pairs, total(found, column)])
    table(["company", "column", "rows: books", "tables", "sum: books", "tables"], rows)
    return sum(row[at] != row[at + 1] for row in rows for at in (2, 4))


def current(service: BigQueryService, name: str) -> Iterator[dict[str, Any]]:
    """Rows of a table that are not marked as deleted."""
    for row in service.rows(f"{DATASET}.{name}"):
        if row.get("_sdc_deleted_at") is None:
            yield row


def total(rows: Iterable[dict[str, Any]], name: str) -> Decimal:
    """The sum of a column."""
    return sum((Decimal(row[name]) for row in rows), Decimal(0)).quantize(Decimal("0.01"))


if __name__ == "__main__":
    main()
