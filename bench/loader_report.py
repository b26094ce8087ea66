"""The section on loaders: what their cases are, their table, and the bars with pass or fail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.loader_cases import DUCKDB, DUCKDB_BIN, FLOOR, LOADER, LOADER_DOUBLE, python
from bench.report import cpu_bar, median_peak, table, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.cases import Case
    from bench.measure import Usage

HOW = """\
## The loaders

- **Lines**: what `tap-visma` writes of the server's list with all of `supplier_invoices` selected:
  records of {fields} fields, about {bytes:.1f} kB a line, and with them SCHEMA, STATE and
  ACTIVATE_VERSION. They are written to files once, from which the commands read. A command that
  has not taken every record ends the benchmark.
- **(e)** decodes the lines with msgspec into typed records, makes Arrow columns of the same types
  as (f), decimals exact, and throws them away.
- **(f)** is `loader_core` with its settings as they are by default, under a writer that takes
  batches and does nothing. All else is as in a real load: validation, the last row of each key,
  batches written to the outbox as Parquet files and synced, their acknowledgement, and STATE. The
  outbox is a new one in a temporary folder each time.
- **(g)** is a target written the usual way with the SDK: a `BatchSink` that throws its batches
  away, all else as the SDK has it.
- **(h)** {duckdb}

Floor, (f) and (g) run in an environment with loader-core and what it needs, and nothing else:
where pandas is installed, pyarrow imports it, which costs the floor and (f) alike.

{fewer}
"""
DUCKDB_INTO_A_FILE = """\
is `target-duckdb` into a new file, in the environment that Meltano makes for it. It does
  more than the others, since it loads a table, and less: it validates nothing, and its amounts are
  floats."""
DUCKDB_LEFT_OUT = "is `target-duckdb`, left out here: it is not installed."
FEWER = "{} fewer invoices because each takes long; their start-up weighs more for it."


def section(cases: Sequence[Case], rounds: Sequence[Mapping[str, Usage]], fields: int) -> str:
    """The whole section.

    Args:
        cases: What was measured.
        rounds: What each case used, by its key, in each round.
        fields: How many fields a record has.
    """
    has_duckdb = any(case.key == DUCKDB for case in cases)
    floor = cases[0]
    how = HOW.format(
        fields=fields,
        bytes=floor.source.stat().st_size / floor.records / 1000,
        duckdb=DUCKDB_INTO_A_FILE if has_duckdb else DUCKDB_LEFT_OUT,
        fewer=FEWER.format("(g) and (h) read" if has_duckdb else "(g) reads"),
    )
    lines = [how, *_environments(has_duckdb=has_duckdb), "", *table(cases, rounds), ""]
    return "\n".join([*lines, *_bars(rounds), ""])


def _environments(*, has_duckdb: bool) -> Iterator[str]:
    ours = versions(python(), "loader-core", "singer-sdk", "msgspec", "pyarrow")
    yield f"Floor, (f) and (g): {ours}."
    if has_duckdb:
        yield f"(h): {versions(DUCKDB_BIN / 'python', 'target-duckdb', 'duckdb')}."


def _bars(rounds: Sequence[Mapping[str, Usage]]) -> Iterator[str]:
    """What the core has to reach, and whether it does."""
    yield "| bar | reached | |"
    yield "| --- | --: | --- |"
    yield cpu_bar("loader-core", LOADER, FLOOR, rounds)
    more_memory = median_peak(LOADER_DOUBLE, rounds) - median_peak(LOADER, rounds)
    yield f"| memory for twice as many lines | {more_memory:+.0f} MB | |"
