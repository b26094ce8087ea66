"""Two nights of three companies, from the sandbox into a PostgreSQL that this starts itself.

Runs `tap-visma | target-looker-stage`, kills the target within the second night, runs it again,
and compares the books of the sandbox with the tables as Looker's role reads them. The LookML is
written into `output/lookml`, and a stand-in of Looker is told of each load. Needs `tests/support`
on PYTHONPATH.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from common import BIN, books, output_of, sandbox, say, table
from looker_service import LookerService
from postgres_server import READER, PostgresServer

if TYPE_CHECKING:
    from collections.abc import Iterable

LOOKML = Path(__file__).parent.parent / "output" / "lookml"
SCHEMA = "visma_stage"
STREAMS = (
    "accounts",
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
)
KILLED_AFTER = 2000
"""Lines of the tap after which the target is killed in the second night."""


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    shutil.rmtree(LOOKML, ignore_errors=True)
    LOOKML.mkdir(parents=True)
    with (
        sandbox() as ready,
        PostgresServer() as server,
        LookerService(warehouse=server.url(READER).replace("+psycopg", "")) as looker,
        tempfile.TemporaryDirectory() as folder,
    ):
        config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
        files = write_files(Path(folder), config, server, looker)

        say("First night: everything. The LookML is written; Looker is to read it from there.")
        night(files, lookml_only=True)
        looker.set(lookml=str(LOOKML))  # as its user would have it, by git
        wrong = compare(ready, server)
        last = stored(server)

        advance = f"{ready['url']}/__sandbox/advance"
        requests.post(advance, json={"days": 1}, timeout=60).raise_for_status()
        say("A business day has passed. Second night: the target is killed on its way.")
        killed(files)
        stands = stored(server) == last
        print(f"Last night stands as it was: {'yes' if stands else 'NO'}")

        say("The second night again.")
        night(files)
        wrong += compare(ready, server)
        audit = loads(server)
        head = ["load", "status", "rows received", "rows changed", "at Looker", "calls"]
        table(head, audit)
    found = sorted(path.name for path in LOOKML.rglob("*.lkml"))
    say(f"LookML: {len(found)} files in {LOOKML}. Differences: {wrong}.")
    told = [row[4] for row in audit if row[1] == "committed"]
    if wrong or not stands or len(found) < len(STREAMS) or told != ["ok", "ok"]:
        sys.exit("The tables are not what the books are, or a step after the load failed.")


def write_files(
    folder: Path, config: dict[str, Any], server: PostgresServer, looker: LookerService
) -> dict[str, Path]:
    """The files that the two commands are started with."""
    names = ("tap", "target", "first", "catalog", "state")
    files = {name: folder / f"{name}.json" for name in names}
    files["tap"].write_text(json.dumps(config | {"use_singer_decimal": True}))
    target = {
        "sqlalchemy_url": server.url(),
        "default_target_schema": SCHEMA,
        "grant_select_to": [READER],
        "zoneless_columns": ["date", "*Date", "*DateTime"],
        "outbox_dir": str(folder / "outbox"),
        "lookml_dir": str(LOOKML),
        "looker_connection": looker.settings["looker_connection"],
    }
    files["first"].write_text(json.dumps(target))
    files["target"].write_text(json.dumps(target | looker.settings))
    catalog = json.loads(output_of("tap-visma", "--config", str(files["tap"]), "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    files["catalog"].write_text(json.dumps(catalog))
    files["state"].write_text("{}")
    return files


def commands(files: dict[str, Path], *, lookml_only: bool) -> tuple[list[str], list[str]]:
    """The tap and the target."""
    tap = [str(BIN / "tap-visma"), "--config", str(files["tap"])]
    tap += ["--catalog", str(files["catalog"]), "--state", str(files["state"])]
    config = files["first" if lookml_only else "target"]
    return tap, [str(BIN / "target-looker-stage"), "--config", str(config)]


def night(files: dict[str, Path], *, lookml_only: bool = False) -> None:
    """Run the tap into the target; the last STATE is what the next night begins with."""
    began = time.monotonic()
    tap, target = commands(files, lookml_only=lookml_only)
    print("$ tap-visma ... | target-looker-stage ...")
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
        if "After load" in line:
            print(line[line.index("After load") :])
    states = done.stdout.splitlines()
    files["state"].write_text(states[-1])
    print(f"done in {time.monotonic() - began:.0f} s, {len(states)} STATEs")


def killed(files: dict[str, Path]) -> None:
    """Run the tap into a target that is killed when it has got some of it."""
    tap, target = commands(files, lookml_only=False)
    with (
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as reading,  # noqa: S603 - our own
        subprocess.Popen(  # noqa: S603 - our own
            target,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as loading,
    ):
        for number, line in enumerate(reading.stdout or ()):
            if number == KILLED_AFTER:
                break
            loading.stdin.write(line)  # type: ignore[union-attr] # it is a pipe
        loading.kill()
        reading.kill()


def ask(server: PostgresServer, sql: str) -> list[tuple[Any, ...]]:
    """The rows of a query, asked as Looker does."""
    with closing(server.connect(READER)) as opened:
        return opened.execute(sql.encode()).fetchall()


TABLES = {
    "journal_transaction_lines": ("debit_amount", "credit_amount"),
    "supplier_invoices": ("amount", "vat_amount"),
}
"""Tables that are compared, and the columns that are added up."""


def stored(server: PostgresServer) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """Amounts of the current rows by table and `record_id`."""
    found = {}
    for name, (one, other) in TABLES.items():
        rows = ask(
            server,
            f"SELECT record_id, {one}, {other} FROM {SCHEMA}.{name} WHERE _sdc_deleted_at IS NULL",
        )
        found[name] = {key: (first, second) for key, first, second in rows}
    return found


def wanted(ready: dict[str, Any], company: str) -> dict[str, dict[str, tuple[Decimal, Decimal]]]:
    """The same of the books of a company."""
    lines = {
        f"{company}:{of['module']}:{of['batchNumber']}:{line['lineNumber']}": (
            line["debitAmount"],
            line["creditAmount"],
        )
        for of in books(ready, company, "/v2/journaltransaction")
        for line in of["journalTransactionLines"]
    }
    invoices = {
        f"{company}:{one['documentType']}:{one['referenceNumber']}": (
            one["amount"],
            one["vatAmount"],
        )
        for one in books(ready, company, "/v1/supplierInvoice")
    }
    return dict(zip(TABLES, (lines, invoices), strict=True))


def compare(ready: dict[str, Any], server: PostgresServer) -> int:
    """Show rows and sums of the books beside those of the tables; gives how many differ.

    What is gone from the books without a trace stays in the tables until the tap's next sweep.
    """
    there = stored(server)
    rows: list[list[object]] = []
    for company in ready["companies"]:
        for name, of in wanted(ready, company["company_id"]).items():
            found = [amounts for key, amounts in there[name].items() if key in of]
            pairs: list[tuple[object, object]] = [(len(of), len(found))]
            pairs += [(total(of.values(), at), total(found, at)) for at in (0, 1)]
            rows.append([company["name"], name, *(value for pair in pairs for value in pair)])
    head = ["company", "table", "rows: books", "tables", "debit or amount: books", "tables"]
    table([*head, "credit or VAT: books", "tables"], rows)
    return sum(row[at] != row[at + 1] for row in rows for at in (2, 4, 6))


def loads(server: PostgresServer) -> list[list[Any]]:
    """What the audit says."""
    found = ask(
        server,
        "SELECT l.load_id::text, l.status, coalesce(sum(s.rows_received), 0), "
        "coalesce(sum(s.rows_merged), 0), coalesce(l.looker_status, ''), "
        f"coalesce(l.looker_calls, 0) FROM {SCHEMA}._looker_loads AS l "
        f"LEFT JOIN {SCHEMA}._looker_load_streams AS s USING (load_id) "
        "GROUP BY l.load_id ORDER BY l.load_id",
    )
    return [list(row) for row in found]


def total(rows: Iterable[tuple[Decimal, Decimal]], at: int) -> Decimal:
    """The sum of one of two amounts."""
    return sum((Decimal(row[at] or 0) for row in rows), Decimal(0)).quantize(Decimal("0.01"))


if __name__ == "__main__":
    main()
