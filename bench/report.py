"""What was measured, as Markdown: the machine, the table, and the bars with pass or fail."""

from __future__ import annotations

import json
import os
import platform
import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from bench.cases import (
    FLOOR,
    TAP_ARCHIVE,
    TAP_BIN,
    TAP_DECIMAL,
    TAP_DOUBLE,
    TAP_HALF,
    TAP_PLAIN,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.cases import Case
    from bench.measure import Usage

PER = 100_000
MOST_TIMES_THE_FLOOR, AIM = 3.0, 2.0
MOST_MB = 120
MOST_START_SECONDS = 1.0
MOST_ARCHIVE_SECONDS = 1.5

_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""

HOW = f"""\
# Benchmarks

`make bench` measures what it costs to read a list of supplier invoices, and writes this page.

- **Server**: a process of its own with pages rendered beforehand. Invoices of about 2.9 kB with
  {{fields}} fields, two lines and one tax line each, 5,000 on a page, not compressed; the shapes,
  token and headers of Visma.net ERP, no waits. What the server uses is not counted.
- **Cost**: user and system time of the client and all processes that it starts, its start
  included, per {PER:,} invoices; wall time likewise; largest resident memory. Python finds its
  modules compiled, as an installer leaves them.
- **Rounds** ({{runs}}): the cases run in turn; the table has their median, and the range of the
  CPU time. A ratio is to the floor of the same round, so that a machine which others slow down
  slows both.
- **(a)** calls and parses every page, **(a2)** only receives the bytes.
- **(b)** is `tap-visma` with all of `supplier_invoices` and `supplier_invoice_lines` selected,
  its messages written to `/dev/null`; that it writes every record is counted first. It runs in
  the environment that Meltano makes for it.
- **(c)** is a tap written the usual way with the SDK: `RESTStream`, `PageNumberPaginator`, the
  fields declared with `th`, lines nested in their invoice, all else as the SDK has it.
- **(d)** {{dlt}}

(c) and (d) read fewer invoices because each takes long; their start-up weighs more for it.
"""
DLT_WITH_FILES = """\
is dlt's REST API source into Parquet files, `max_table_nesting=0`. It does more than the
  others: it also writes the files."""
DLT_LEFT_OUT = "is dlt, left out here: its environment could not be made."


def page(
    cases: Sequence[Case],
    rounds: Sequence[Mapping[str, Usage]],
    starts: Sequence[Usage],
    peers: Path | None,
    fields: int,
) -> str:
    """The whole page.

    Args:
        cases: What was measured.
        rounds: What each case used, by its key, in each round.
        starts: What `tap-visma --version` used.
        peers: The Python that has orjson and dlt, if there is one.
        fields: How many fields an invoice has.
    """
    dlt = DLT_WITH_FILES if peers else DLT_LEFT_OUT
    how = HOW.format(runs=len(rounds), dlt=dlt, fields=fields)
    return "\n".join(
        [
            how,
            f"## Figures of {datetime.now(UTC):%Y-%m-%d}",
            "",
            *_machine(peers),
            "",
            *table(cases, rounds),
            "",
            *bars(cases, rounds, starts),
            "",
        ]
    )


def table(cases: Sequence[Case], rounds: Sequence[Mapping[str, Usage]]) -> Iterator[str]:
    """A row for each case."""
    yield (
        f"| case | invoices | CPU s per {PER:,} | range | times the floor "
        f"| wall s per {PER:,} | peak MB |"
    )
    yield "| --- | --: | --: | --: | --: | --: | --: |"
    floor = next(case for case in cases if case.key == FLOOR)
    for case in cases:
        used = [usages[case.key] for usages in rounds]
        scale = PER / case.records
        cpu = [usage.cpu_seconds * scale for usage in used]
        ratio = median(_ratios(case, floor, rounds))
        wall = median(usage.wall_seconds for usage in used) * scale
        peak = median(usage.peak_mb for usage in used)
        yield (
            f"| {case.label} | {case.records:,} | {median(cpu):.2f} "
            f"| {min(cpu):.2f} to {max(cpu):.2f} | {ratio:.1f} | {wall:.2f} | {peak:.0f} |"
        )


def _ratios(case: Case, floor: Case, rounds: Sequence[Mapping[str, Usage]]) -> list[float]:
    scale = floor.records / case.records
    return [u[case.key].cpu_seconds * scale / u[floor.key].cpu_seconds for u in rounds]


def bars(
    cases: Sequence[Case], rounds: Sequence[Mapping[str, Usage]], starts: Sequence[Usage]
) -> Iterator[str]:
    """What the tap has to reach, and whether it does."""
    yield "| bar | reached | |"
    yield "| --- | --: | --- |"
    for key, label in ((TAP_PLAIN, "the tap"), (TAP_DECIMAL, "with `use_singer_decimal`")):
        ratio = median(u[key].cpu_seconds / u[FLOOR].cpu_seconds for u in rounds)
        aim = f"aim of {AIM} {'reached' if ratio <= AIM else 'not reached'}"
        name = f"CPU, {label}: at most {MOST_TIMES_THE_FLOOR} times the floor"
        yield f"| {name} | {ratio:.2f} | {_verdict(ratio <= MOST_TIMES_THE_FLOOR)}, {aim} |"
    records = next(case.records for case in cases if case.key == TAP_ARCHIVE)
    more = (u[TAP_ARCHIVE].cpu_seconds - u[TAP_PLAIN].cpu_seconds for u in rounds)
    archive = median(more) * PER / records
    name = f"the archive: under {MOST_ARCHIVE_SECONDS} s CPU per {PER:,} invoices"
    yield f"| {name} | {archive:.2f} s | {_verdict(archive < MOST_ARCHIVE_SECONDS)} |"
    keys = (TAP_PLAIN, TAP_DECIMAL, TAP_ARCHIVE, TAP_HALF, TAP_DOUBLE)
    peak = max(usages[key].peak_mb for usages in rounds for key in keys)
    yield f"| memory at any size: under {MOST_MB} MB | {peak:.0f} MB | {_verdict(peak < MOST_MB)} |"
    half, double = (median(u[key].peak_mb for u in rounds) for key in (TAP_HALF, TAP_DOUBLE))
    yield f"| memory for four times as many invoices | {double - half:+.0f} MB | |"
    start = median(usage.cpu_seconds for usage in starts)
    name = f"start (`tap-visma --version`): under {MOST_START_SECONDS:.0f} s CPU"
    yield f"| {name} | {start:.2f} s | {_verdict(start < MOST_START_SECONDS)} |"


def _verdict(passed: bool) -> str:  # noqa: FBT001 - a comparison
    return "pass" if passed else "**fail**"


def _machine(peers: Path | None) -> Iterator[str]:
    """What it was measured on, without what would name the machine."""
    model = _entry("/proc/cpuinfo", "model name") or platform.machine()
    memory = _entry("/proc/meminfo", "MemTotal").removesuffix(" kB")
    gib = f"{int(memory) / 1024**2:.0f} GiB" if memory else "unknown memory"
    yield f"{os.cpu_count()} cores ({model}), {gib}, Python {platform.python_version()}."
    ours = _versions(TAP_BIN / "python", "tap-visma", "singer-sdk", "msgspec", "requests")
    yield f"Tap and plain tap: {ours}."
    if peers:
        yield f"Floor and dlt: {_versions(peers, 'dlt', 'pyarrow', 'orjson', 'requests')}."


def _entry(path: str, name: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ""
    found = re.search(rf"^{name}\s*: *(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""


def _versions(python: Path, *names: str) -> str:
    done = subprocess.run(  # noqa: S603 - one of our own environments
        [str(python), "-c", _VERSIONS, *names], check=True, capture_output=True
    )
    return ", ".join(f"{name} {version}" for name, version in json.loads(done.stdout).items())
