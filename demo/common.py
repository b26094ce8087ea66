"""What the demos share: the sandbox and its books, a night, and what a terminal shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
from collections import Counter
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

BIN = Path(sys.executable).parent
STREAMS = (
    "accounts",
    "suppliers",
    "supplier_invoices",
    "supplier_invoice_lines",
    "journal_transactions",
    "journal_transaction_lines",
)
AMOUNTS = {
    "journal_transaction_lines": ("debitAmount", "creditAmount"),
    "supplier_invoices": ("amount", "vatAmount"),
}
"""What is compared with the books: a table, and the two columns that are added up."""
Rows: TypeAlias = "Mapping[str, Mapping[str, Any]]"
"""Rows by `record_id`."""


@contextmanager
def sandbox(companies: str = "NO,SE,DK") -> Iterator[dict[str, Any]]:
    """A sandbox with companies of these countries; gives what it says of itself."""
    command = [str(BIN / "visma-sandbox"), "serve", "--port", "0", "--companies", companies]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr] # it is a pipe
        finally:
            process.terminate()


def control(ready: Mapping[str, Any], what: str, body: object) -> None:
    """Change something in the sandbox."""
    requests.post(f"{ready['url']}/__sandbox/{what}", json=body, timeout=60).raise_for_status()


def calls(ready: Mapping[str, Any], by: str) -> Counter[str]:
    """API calls since this was last asked, by a field of theirs; token calls are left out."""
    url = f"{ready['url']}/__sandbox/calls"
    log = requests.get(url, timeout=60).json()
    requests.delete(url, timeout=60).raise_for_status()
    return Counter(call[by] for call in log if call["path"].startswith("/v"))


def books(ready: Mapping[str, Any], company: str, path: str) -> list[dict[str, Any]]:
    """A list of the sandbox's books, not by way of the API that the tap reads."""
    url = f"{ready['url']}/__sandbox/books/{company}"
    answer = requests.get(url, params={"path": path}, timeout=60)
    answer.raise_for_status()
    return list(json.loads(answer.text, parse_float=Decimal))


def expected(ready: Mapping[str, Any], company: str) -> dict[str, Rows]:
    """What the tables of `AMOUNTS` should hold of a company."""
    lines = {
        f"{company}:{of['module']}:{of['batchNumber']}:{line['lineNumber']}": line
        for of in books(ready, company, "/v2/journaltransaction")
        for line in of["journalTransactionLines"]
    }
    invoices = {
        f"{company}:{one['documentType']}:{one['referenceNumber']}": one
        for one in books(ready, company, "/v1/supplierInvoice")
    }
    return {"journal_transaction_lines": lines, "supplier_invoices": invoices}


def current(rows: Iterable[Mapping[str, Any]]) -> Rows:
    """Rows that are not marked as deleted."""
    return {row["record_id"]: row for row in rows if row.get("_sdc_deleted_at") is None}


def compare(
    ready: Mapping[str, Any],
    there: Mapping[str, Rows],
    amounts: Mapping[str, tuple[str, str]] = AMOUNTS,
    here: Callable[[Mapping[str, Any], str], Mapping[str, Rows]] = expected,
) -> int:
    """Show rows and sums of the books beside those of the tables; gives how many differ.

    What is gone from the books without a trace stays in the tables until the tap's next sweep.

    Args:
        ready: What the sandbox says of itself.
        there: The rows of each table.
        amounts: The columns of each table that are added up.
        here: Gives what the tables should hold of a company.
    """
    rows: list[list[object]] = []
    for company in ready["companies"]:
        for name, wanted in here(ready, company["company_id"]).items():
            found = [row for key, row in there[name].items() if key in wanted]
            figures: list[object] = [len(wanted), len(found)]
            for column in amounts[name]:
                figures += [total(row[column] for row in of) for of in (wanted.values(), found)]
            rows.append([company["name"], name, *figures])
    head = ["company", "table", "rows: books", "tables", "debit or amount: books", "tables"]
    table([*head, "credit or VAT: books", "tables"], rows)
    return sum(row[at] != row[at + 1] for row in rows for at in (2, 4, 6))


def total(values: Iterable[Any]) -> Decimal:
    """A sum with two digits."""
    return sum((Decimal(each or 0) for each in values), Decimal(0)).quantize(Decimal("0.01"))


def output_of(program: str, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """What one of our commands prints."""
    command = [str(BIN / program), *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"{done.stderr[-3000:]}\n{program} failed.")
    return done.stdout


def write_files(
    folder: str,
    ready: Mapping[str, Any],
    target: Mapping[str, Any],
    streams: Collection[str] = STREAMS,
    **more: object,
) -> dict[str, Path]:
    """The files that the commands are started with.

    Args:
        folder: Where they are written, and where the target's outbox is.
        ready: What the sandbox says of itself.
        target: Settings of the target.
        streams: Those that are selected.
        more: Settings of the tap, beside those that the sandbox tells.
    """
    files = {name: Path(folder, f"{name}.json") for name in ("tap", "target", "catalog", "state")}
    config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
    files["tap"].write_text(json.dumps(config | more))
    files["target"].write_text(json.dumps({**target, "outbox_dir": str(Path(folder, "outbox"))}))
    catalog = json.loads(output_of("tap-visma", "--config", str(files["tap"]), "--discover"))
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    files["catalog"].write_text(json.dumps(catalog))
    files["state"].write_text("{}")
    return files


def tap_options(files: Mapping[str, Path]) -> list[str]:
    """What the tap is started with."""
    options = {"config": "tap", "catalog": "catalog", "state": "state"}
    return [f"--{name}={files[of]}" for name, of in options.items()]


def night(
    files: Mapping[str, Path],
    target: str,
    shown: str,
    *,
    fails: bool = False,
) -> None:
    """Run the tap into the target; the last STATE is what the next night begins with.

    Args:
        files: As `write_files` gives them.
        target: The target's command.
        shown: A pattern; what matches it in the target's log is printed.
        fails: The target must end with an exit code other than 0.
    """
    began = time.monotonic()
    tap = [str(BIN / "tap-visma"), *tap_options(files)]
    print(f"$ tap-visma ... | {target} ...", flush=True)
    with (
        tempfile.TemporaryFile() as log,
        subprocess.Popen(tap, stdout=subprocess.PIPE, stderr=log) as reading,  # noqa: S603 - our own
    ):
        done = subprocess.run(  # noqa: S603 - our own
            [str(BIN / target), "--config", str(files["target"])],
            stdin=reading.stdout,
            capture_output=True,
            text=True,
            check=False,
        )
        if reading.stdout:
            reading.stdout.close()
        code = reading.wait()
        log.seek(0)
        if bool(done.returncode) != fails or (code and not fails):
            sys.exit(f"{log.read().decode()[-3000:]}{done.stderr[-3000:]}\nNot as it should end.")
    for said in re.findall(shown, done.stderr):
        print(said)
    states = done.stdout.splitlines()
    if states:
        files["state"].write_text(states[-1])
    print(f"exit code {done.returncode} in {time.monotonic() - began:.0f} s, {len(states)} STATEs")


def check(verb: str, destination: str, files: Mapping[str, Path]) -> None:
    """Run one of the checks, and end if it finds anything."""
    arguments = [verb, destination, "--config", files["target"].name]
    print(f"$ warehouse-checks {' '.join(arguments)}", flush=True)
    command = [str(BIN / "warehouse-checks"), *arguments]
    done = subprocess.run(command, check=False, cwd=files["target"].parent)  # noqa: S603 - our own
    if done.returncode:
        sys.exit(f"The check ended with {done.returncode}.")


def say(text: str) -> None:
    """Print a paragraph."""
    print(f"\n{text}", flush=True)


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Print a table, texts to the left and numbers to the right."""
    columns = []
    for name, *cells in zip(head, *rows, strict=True):
        numbers = not all(isinstance(cell, str) for cell in cells)
        words = [name, *(cell if isinstance(cell, str) else f"{cell:,}" for cell in cells)]
        width = max(map(len, words))
        words.insert(1, "-" * width)
        columns.append([word.rjust(width) if numbers else word.ljust(width) for word in words])
    for line in zip(*columns, strict=True):
        print("  ".join(line).rstrip())
