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
import sys
import tempfile
import time
from contextlib import closing, redirect_stdout
from typing import TYPE_CHECKING, Any

from common import books, control, output_of, sandbox, say, table, tap_options, total, write_files
from powerbi_loads import LinkedClock
from powerbi_service import PowerBIService
from target_powerbi import compare, mapping
from target_powerbi.lake import Lake
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

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
        streams = {each.stream for each in mapping.load().tables}
        files = write_files(
            folder, ready, settings(folder, service), streams, use_singer_decimal=True
        )

        say("First night: the model is made with all tables, relationships and measures.")
        wrong = night(files, service) + compared(ready, files, service)

        control(ready, "advance", {"days": 1})
        say("A business day has passed. Second night: a throttled minute, and a lost answer.")
        service.fault("/rows$", method="POST", status=429, headers={"Retry-After": "60"}, skip=1)
        service.fault("/rows$", method="POST", drop=True, commit=True, skip=2)
        wrong += night(files, service) + compared(ready, files, service)

    say(f"Differences: {wrong}.")
    if wrong:
        sys.exit("The tables are not what the books are.")


def settings(folder: str, service: PowerBIService) -> dict[str, object]:
    """What the target is told."""
    return {
        **service.settings,
        "mode": "both",
        "dataset": DATASET,
        "lakehouse_id": "00000000-0000-0000-0000-000000000001",
        "onelake_url": f"file://{folder}/lakehouse",
        "zoneless_columns": ["date", "*Date", "*DateTime"],
    }


def night(files: Mapping[str, Path], service: PowerBIService) -> int:
    """Run the tap and the target; gives how often the two sides differ afterwards."""
    began = time.monotonic()
    print("$ tap-visma ... | target-powerbi ...")
    tapped = output_of("tap-visma", *tap_options(files))
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


def target_of(files: Mapping[str, Path], service: PowerBIService) -> TargetPowerBI:
    """The target, on a clock that can be moved."""
    target = TargetPowerBI(config=json.loads(files["target"].read_text()))
    target.clock = LinkedClock(service)
    return target


def sides(files: Mapping[str, Path], service: PowerBIService) -> int:
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


def compared(ready: dict[str, Any], files: Mapping[str, Path], service: PowerBIService) -> int:
    """Show rows and sums of the books beside both sides; gives how many differ.

    What is gone from the books without a trace stays on both sides until the tap's next sweep.
    """
    target = target_of(files, service)
    lake = Lake(target.make_lake_place(target.make_client()), target.clock)
    rows: list[list[object]] = []
    for name, (path, key, amounts) in TABLES.items():
        there = {
            (company["company_id"], *(each[field] for field in key.values())): each
            for company in ready["companies"]
            for each in books(ready, company["company_id"], path)
        }
        of = ("company_id", *key)
        columns = ", ".join((*of, *amounts))
        opened = lake.open(lake.place.table(name))
        if opened is None:
            sys.exit(f"There is no table {name} in the lakehouse.")
        found = lake.query(f"SELECT {columns} FROM t WHERE _sdc_deleted_at IS NULL", t=opened)
        both = [
            [row for row in side if tuple(row[column] for column in of) in there]
            for side in (service.rows(name, DATASET), found.to_pylist())
        ]
        rows.append([name, "rows", len(there), *(len(side) for side in both)])
        for column, field in amounts.items():
            wanted = total(each[field] for each in there.values())
            rows.append([name, column, wanted, *(total(r[column] for r in side) for side in both)])
    say("The books of the sandbox beside both sides; a changed fact is three rows in the model.")
    table(["table", "figure", "books", "push", "onelake"], rows)
    sums = [row for row in rows if row[1] != "rows"]
    return sum(row[2] != row[4] for row in rows) + sum(row[2] != row[3] for row in sums)


if __name__ == "__main__":
    logging.disable(logging.INFO)
    main()
