"""Two nights of three companies, from the sandbox into a stand-in of a Snowflake account.

Looks at the account before the first load, runs `tap-visma | target-snowflake-guarded`, lets a
business day pass, runs it again with a job that fails in the middle, and then once more. After each
whole night `warehouse-checks verify` compares the tables with the sync batches, and this script the
books of the sandbox with the tables. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from common import BIN, books, output_of, sandbox, say
from snowflake_account import SnowflakeAccount

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

SCHEMA = "RAW"
STREAMS = (
    "accounts",
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
    "sync_batches",
)


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with (
        sandbox() as ready,
        SnowflakeAccount({"user": {"rsa_public_key": public.decode()}}) as account,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
        files = write_files(Path(folder), config, account, private)

        say("Before the first load: would it work?")
        check("preflight", files)

        say("First night: everything.")
        night(files)
        wrong = compare(ready, account)
        check("verify", files)

        advance = f"{ready['url']}/__sandbox/advance"
        requests.post(advance, json={"days": 1}, timeout=60).raise_for_status()
        account.fault({"fail": "100038"}, statement="^MERGE", after=2)
        say("A business day has passed. Second night, and a merge fails in the middle.")
        night(files, fails=True)
        failed = sum(account.hits())
        account.control("DELETE", "faults")

        say("The same night again: it goes on from the last STATE and what is in the outbox.")
        night(files)
        wrong += compare(ready, account)
        check("verify", files)
        say(f"Jobs that failed: {failed}. Differences: {wrong}.")
    if wrong or failed != 1:
        sys.exit("The tables are not what the books are, or no job failed.")


def write_files(
    folder: Path, config: dict[str, Any], account: SnowflakeAccount, private: bytes
) -> dict[str, Path]:
    """The files that the commands are started with."""
    files = {name: folder / f"{name}.json" for name in ("tap", "target", "catalog", "state")}
    files["tap"].write_text(json.dumps(config | {"use_singer_decimal": True}))
    key = folder / "key.p8"
    key.write_bytes(private)
    ready = account.ready
    target = {
        "account": ready["account"],
        "host": account.url,
        "user": ready["user"],
        "private_key_path": str(key),
        "role": ready["role"],
        "warehouse": ready["warehouse"],
        "database": ready["database"],
        "default_target_schema": SCHEMA,
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


def night(files: dict[str, Path], *, fails: bool = False) -> None:
    """Run the tap into the target; the last STATE is what the next night begins with."""
    began = time.monotonic()
    tap = [str(BIN / "tap-visma"), "--config", str(files["tap"])]
    tap += ["--catalog", str(files["catalog"]), "--state", str(files["state"])]
    target = [str(BIN / "target-snowflake-guarded"), "--config", str(files["target"])]
    print("$ tap-visma ... | target-snowflake-guarded ...")
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=log) as reading,  # noqa: S603 - our own
    ):
        done = subprocess.run(  # noqa: S603 - our own
            target, stdin=reading.stdout, capture_output=True, text=True, check=False
        )
        if reading.stdout:
            reading.stdout.close()
        code = reading.wait()
        log.seek(0)
        if bool(done.returncode) != fails or (code and not fails):
            sys.exit(f"{log.read().decode()[-3000:]}{done.stderr[-3000:]}\nNot as it should end.")
    if fails:
        print(done.stderr.splitlines()[-1])
    states = done.stdout.splitlines()
    if states:
        files["state"].write_text(states[-1])
    print(
        f"exit code {done.returncode} after {time.monotonic() - began:.0f} s, {len(states)} STATEs"
    )


def check(verb: str, files: dict[str, Path]) -> None:
    """Run a check; the demo ends where it finds anything."""
    command = [str(BIN / "warehouse-checks"), verb, "snowflake", "--config", str(files["target"])]
    print(f"$ warehouse-checks {verb} snowflake", flush=True)
    done = subprocess.run(command, check=False)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{verb} ends with exit code {done.returncode}.")


def compare(ready: dict[str, Any], account: SnowflakeAccount) -> int:
    """Show rows and sums of the books beside those of the tables; gives how many differ."""
    rows: list[list[object]] = []
    for company in ready["companies"]:
        known, name = company["company_id"], company["name"]
        for table, column, wanted in expected(ready, known):
            found = stored(account, table, column, wanted)
            sums = [sum(of.values(), Decimal(0)) for of in (wanted, found)]
            rows.append([name, f"{table}.{column}", len(wanted), len(found), *sums])
    show(["company", "column", "rows: books", "tables", "sums: books", "tables"], rows)
    return sum(row[at] != row[at + 1] for row in rows for at in (2, 4))


def expected(ready: dict[str, Any], company: str) -> Iterator[tuple[str, str, dict[str, Decimal]]]:
    """Tables, a column of each, and what the books hold in it, by `record_id`."""
    invoices = {
        f"{company}:{one['documentType']}:{one['referenceNumber']}": Decimal(one["amount"])
        for one in books(ready, company, "/v1/supplierInvoice")
    }
    yield "SUPPLIER_INVOICES", "AMOUNT", invoices
    lines = [
        (f"{company}:{one['module']}:{one['batchNumber']}:{line['lineNumber']}", line)
        for one in books(ready, company, "/v2/journaltransaction")
        for line in one["journalTransactionLines"]
    ]
    for column in ("debitAmount", "creditAmount"):
        wanted = {key: Decimal(line[column]) for key, line in lines}
        yield "JOURNAL_TRANSACTION_LINES", column.upper(), wanted


def stored(
    account: SnowflakeAccount, table: str, column: str, wanted: dict[str, Decimal]
) -> dict[str, Decimal]:
    """Current rows of a table with keys that the books have."""
    name = f"{account.ready['database']}.{SCHEMA}.{table}"
    sql = f"SELECT record_id, {column} FROM {name} WHERE _sdc_deleted_at IS NULL"
    rows = account.query(sql)
    return {str(key): Decimal(str(value)) for key, value in rows if key in wanted}


def show(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, numbers to the right."""
    cells = [[f"{c:,.2f}" if isinstance(c, Decimal) else str(c) for c in row] for row in rows]
    widths = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    for row in (list(head), ["-" * width for width in widths], *cells):
        first, second, *rest = zip(row, widths, strict=True)
        words = [first[0].ljust(first[1]), second[0].ljust(second[1])]
        print("  ".join([*words, *(cell.rjust(width) for cell, width in rest)]))


if __name__ == "__main__":
    main()
