"""The section on the tap: what its cases are, their table, and the bars with pass or fail."""

from __future__ import annotations

from statistics import median
from typing import TYPE_CHECKING

from bench.report import PER, cpu_bar, median_peak, table, verdict, versions
from bench.tap_cases import (
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
    from pathlib import Path

    from bench.cases import Case
    from bench.measure import Usage

MOST_MB = 120
MOST_START_SECONDS = 1.0
MOST_ARCHIVE_SECONDS = 1.5

HOW = """\
## The tap

- **Server**: a process of its own with pages rendered beforehand. Invoices of about 2.9 kB with
  {fields} fields, two lines and one tax line each, 5,000 on a page, not compressed; the shapes,
  token and headers of Visma.net ERP, no waits. What the server uses is not counted.
- **(a)** calls and parses every page, **(a2)** only receives the bytes.
- **(b)** is `tap-visma` with all of `supplier_invoices` and `supplier_invoice_lines` selected,
  its messages written to `/dev/null`; that it writes every record is counted first. It runs in
  the environment that Meltano makes for it.
- **(c)** is a tap written the usual way with the SDK: `RESTStream`, `PageNumberPaginator`, the
  fields declared with `th`, lines nested in their invoice, all else as the SDK has it.
- **(d)** {dlt}

(c) and (d) read fewer invoices because each takes long; their start-up weighs more for it.
"""
DLT_WITH_FILES = """\
is dlt's REST API source into Parquet files, `max_table_nesting=0`. It does more than the
  others: it also writes the files."""
DLT_LEFT_OUT = "is dlt, left out here: its environment could not be made."


def section(
    cases: Sequence[Case],
    rounds: Sequence[Mapping[str, Usage]],
    starts: Sequence[Usage],
    peers: Path | None,
    fields: int,
) -> str:
    """The whole section.

    Args:
        cases: What was measured.
        rounds: What each case used, by its key, in each round.
        starts: What `tap-visma --version` used.
        peers: The Python that has orjson and dlt, if there is one.
        fields: How many fields an invoice has.
    """
    how = HOW.format(dlt=DLT_WITH_FILES if peers else DLT_LEFT_OUT, fields=fields)
    lines = [how, *_environments(peers), "", *table(cases, rounds), ""]
    return "\n".join([*lines, *_bars(cases, rounds, starts), ""])


def _environments(peers: Path | None) -> Iterator[str]:
    ours = versions(TAP_BIN / "python", "tap-visma", "singer-sdk", "msgspec", "requests")
    yield f"Tap and plain tap: {ours}."
    if peers:
        yield f"Floor and dlt: {versions(peers, 'dlt', 'pyarrow', 'orjson', 'requests')}."


def _bars(
    cases: Sequence[Case], rounds: Sequence[Mapping[str, Usage]], starts: Sequence[Usage]
) -> Iterator[str]:
    """What the tap has to reach, and whether it does."""
    yield "| bar | reached | |"
    yield "| --- | --: | --- |"
    yield cpu_bar("the tap", TAP_PLAIN, FLOOR, rounds)
    yield cpu_bar("with `use_singer_decimal`", TAP_DECIMAL, FLOOR, rounds)
    records = next(case.records for case in cases if case.key == TAP_ARCHIVE)
    more = (u[TAP_ARCHIVE].cpu_seconds - u[TAP_PLAIN].cpu_seconds for u in rounds)
    archive = median(more) * PER / records
    name = f"the archive: under {MOST_ARCHIVE_SECONDS} s CPU per {PER:,} invoices"
    yield f"| {name} | {archive:.2f} s | {verdict(archive < MOST_ARCHIVE_SECONDS)} |"
    keys = (TAP_PLAIN, TAP_DECIMAL, TAP_ARCHIVE, TAP_HALF, TAP_DOUBLE)
    peak = max(usages[key].peak_mb for usages in rounds for key in keys)
    yield f"| memory at any size: under {MOST_MB} MB | {peak:.0f} MB | {verdict(peak < MOST_MB)} |"
    more_memory = median_peak(TAP_DOUBLE, rounds) - median_peak(TAP_HALF, rounds)
    yield f"| memory for four times as many invoices | {more_memory:+.0f} MB | |"
    start = median(usage.cpu_seconds for usage in starts)
    name = f"start (`tap-visma --version`): under {MOST_START_SECONDS:.0f} s CPU"
    yield f"| {name} | {start:.2f} s | {verdict(start < MOST_START_SECONDS)} |"
