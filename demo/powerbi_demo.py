"""Two nights of three companies, from the sandbox into a push model and a lakehouse at once.

Runs `tap-visma`, and target-powerbi in mode both, against a stand-in of Power BI and a folder in
place of OneLake. In the second night the service throttles for a minute, and one answer is lost.
Compares the books of the sandbox with both sides, and the two sides with each other. The clock is
moved in place of waiting, so the target runs within this process. Needs `tests/support` on
PYTHONPATH.
"""

from __future__ import annotations

import io
import json
import logging
import os
import subprocess
import sys
import tempfile
import time
from contextlib import closing, contextmanager, redirect_stdout
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

from powerbi_loads import LinkedClock
from powerbi_service import PowerBIService
from target_powerbi import compare, mapping
from target_powerbi.lake import Lake
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

BIN = Path(sys.executable).parent
DATASET = "Visma.net"
TABLES = {
    "ledger_transactions": (
        "/v1/GeneralLedgerTransactions",
        {"module": "module", "batch_number": "batchNumber", "line_number": "lineNumber"},
        {"debit": "debitAmount", "credit": "creditAmount"},
    ),
    "supplier_documents": (
        "/v1/supplierdocument",
        {"document_type": "documentType", "reference": "referenceNumber"},
        {"amount": "amount", "balance": "balance"},
    ),
}
"""Tables that are compared with the books: the path of those, and by column the field of the books,
of what names a row within its company, and of what is added up."""


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    with (
        sandbox() as ready,
        PowerBIService() as service,
        tempfile.TemporaryDirectory() as folder,
    ):
        os.environ["REQUESTS_CA_BUNDLE"] = service.ca
        files = write_files(Path(folder), ready, service)

        say("First night: the model is made with all tables, relationships and measures.")
        wrong = night(files, service) + compared(ready, files, service)

        advance = f"{ready['url']}/__sandbox/advance"
        requests.post(advance, json={"days": 1}, timeout=60).raise_for_status()
        say("A business day has passed. Second night: a throttled minute, and a lost answer.")
        service.fault("/rows$", method="POST", status=429, headers={"Retry-After": "60"}, skip=1)
        service.fault("/rows$", method="POST", drop=True, commit=True, skip=2)
        wrong += night(files, service) + compared(ready, files, service)

    say(f"Differences: {wrong}.")
    if wrong:
        sys.exit("The tables are not what the books are.")


def write_files(folder: Path, ready: dict[str, Any], service: PowerBIService) -> dict[str, Path]:
    """The files that the two programs are started with."""
    files = {name: folder / f"{name}.json" for name in ("tap", "target", "catalog", "state")}
    config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
    files["tap"].write_text(json.dumps(config | {"use_singer_decimal": True}))
    target = {
        **service.settings,
        "mode": "both",
        "dataset": DATASET,
        "lakehouse_id": "00000000-0000-0000-0000-000000000001",
        "onelake_url": f"file://{folder / 'lakehouse'}",
        "outbox_dir": str(folder / "outbox"),
        "zoneless_columns": ["date", "*Date", "*DateTime"],
    }
    files["target"].write_text(json.dumps(target))
    streams = {table.stream for table in mapping.load().tables}
    catalog = json.loads(output_of("tap-visma", "--config", str(files["tap"]), "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    files["catalog"].write_text(json.dumps(catalog))
    files["state"].write_text("{}")
    return files


def night(files: dict[str, Path], service: PowerBIService) -> int:
    """Run the tap and the target; gives how often the two sides differ afterwards."""
    began = time.monotonic()
    print("$ tap-visma ... | target-powerbi ...")
    arguments = [f"--{name}={files[of]}" for name, of in FILES.items()]
    tapped = output_of("tap-visma", *arguments)
    target = target_of(files, service)
    clock = target.clock
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with redirect_stdout(out):
        target.listen(io.StringIO(tapped))
    out.flush()
    states = out.buffer.getvalue().decode().splitlines()
    files["state"].write_text(states[-1])
    waited = sum(clock.slept) if isinstance(clock, LinkedClock) else 0.0
    print(f"done in {time.monotonic() - began:.0f} s; waited {waited:.0f} s on the moved clock")
    return sides(files, service)


FILES = {"config": "tap", "catalog": "catalog", "state": "state"}


def target_of(files: dict[str, Path], service: PowerBIService) -> TargetPowerBI:
    """The target, on a clock that can be moved."""
    target = TargetPowerBI(config=json.loads(files["target"].read_text()))
    target.clock = LinkedClock(service)
    return target


def sides(files: dict[str, Path], service: PowerBIService) -> int:
    """Show counts and sums of the model and the lakehouse; gives how many differ."""
    target = target_of(files, service)
    tables, client = mapping.load(), target.make_client()
    (dataset,) = (one for one in service.shown()["datasets"] if one["name"] == DATASET)
    with closing(client):
        asked = (
            compare.in_model(client, dataset["id"]),
            compare.in_lake(Lake(target.make_lake_place(client), target.clock)),
        )
        lines = list(compare.compare(tables, asked))
    print(compare.shown(lines, ("push", "onelake")))
    return sum(not line.equal for line in lines)


def compared(ready: dict[str, Any], files: dict[str, Path], service: PowerBIService) -> int:
    """Show rows and sums of the books beside both sides; gives how many differ.

    What is gone from the books without a trace stays on both sides until the tap's next sweep.
    """
    target = target_of(files, service)
    lake = Lake(target.make_lake_place(target.make_client()), target.clock)
    rows: list[list[object]] = []
    for table, (path, key, amounts) in TABLES.items():
        there = {
            (company["company_id"], *(each[field] for field in key.values())): each
            for company in ready["companies"]
            for each in books(ready, company["company_id"], path)
        }
        of = ("company_id", *key)
        names = ", ".join((*of, *amounts))
        opened = lake.open(lake.place.table(table))
        if opened is None:
            sys.exit(f"There is no table {table} in the lakehouse.")
        found = lake.query(f"SELECT {names} FROM t WHERE _sdc_deleted_at IS NULL", t=opened)
        both = [
            [row for row in side if tuple(row[name] for name in of) in there]
            for side in (service.rows(table, DATASET), found.to_pylist())
        ]
        rows.append([table, "rows", len(there), *(len(side) for side in both)])
        for column, field in amounts.items():
            wanted = total(each[field] for each in there.values())
            rows.append([table, column, wanted, *(total(r[column] for r in side) for side in both)])
    say("The books of the sandbox beside both sides; a changed fact is three rows in the model.")
    show(["table", "figure", "books", "push", "onelake"], rows)
    sums = [row for row in rows if row[1] != "rows"]
    return sum(row[2] != row[4] for row in rows) + sum(row[2] != row[3] for row in sums)


def books(ready: dict[str, Any], company: str, path: str) -> list[dict[str, Any]]:
    """A list of the sandbox's books, not by way of the API that the tap reads."""
    url = f"{ready['url']}/__sandbox/books/{company}"
    answer = requests.get(url, params={"path": path}, timeout=60)
    answer.raise_for_status()
    return list(json.loads(answer.text, parse_float=Decimal))


def total(values: Iterable[Decimal | None]) -> Decimal:
    """A sum with two digits."""
    return sum((Decimal(each or 0) for each in values), Decimal(0)).quantize(Decimal("0.01"))


@contextmanager
def sandbox() -> Iterator[dict[str, Any]]:
    """A sandbox with three companies; gives what it says of itself."""
    command = [str(BIN / "visma-sandbox"), "serve", "--port", "0", "--companies", "NO,SE,DK"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr] # it is a pipe
        finally:
            process.terminate()


def output_of(program: str, *arguments: str) -> str:
    """What one of our commands prints."""
    command = [str(BIN / program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{done.stderr[-3000:]}\n{program} failed.")
    return done.stdout


def say(text: str) -> None:
    """Print a paragraph."""
    print(f"\n{text}", flush=True)


def show(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, numbers to the right."""
    cells = [[f"{c:,}" if not isinstance(c, str) else c for c in row] for row in rows]
    widths = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    for row in (list(head), ["-" * width for width in widths], *cells):
        first, second, *rest = zip(row, widths, strict=True)
        words = [first[0].ljust(first[1]), second[0].ljust(second[1])]
        print("  ".join([*words, *(cell.rjust(width) for cell, width in rest)]))


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main()
