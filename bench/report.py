"""What was measured, as Markdown: the page, its tables, and the machine.

Knows cases and usages; what each section says and which bars it has, it does not know.
"""

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

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from bench.cases import Case
    from bench.measure import Usage

PER = 100_000
MOST_TIMES_THE_FLOOR, AIM = 3.0, 2.0

_VERSIONS = """
import json, sys
from importlib.metadata import version
print(json.dumps({name: version(name) for name in sys.argv[1:]}))
"""

HOW = f"""\
# Benchmarks

`make bench` measures what it costs to read a list of supplier invoices, and to load what was read,
and writes this page.

- **Cost**: user and system time of a command and all processes that it starts, its start
  included, per {PER:,} invoices; wall time likewise; largest resident memory. Python finds its
  modules compiled, as an installer leaves them.
- **Rounds** ({{runs}}): the cases of a section run in turn; its table has their median, and the
  range of the CPU time. A ratio is to the floor of the same round, so that a machine which others
  slow down slows both.

Measured on {{day}} with {{machine}}.
"""


def page(sections: Sequence[str], runs: int) -> str:
    """The whole page.

    Args:
        sections: Their texts, each with its heading.
        runs: How many rounds were measured.
    """
    how = HOW.format(runs=runs, day=f"{datetime.now(UTC):%Y-%m-%d}", machine=_machine())
    return "\n".join([how, *sections])


def table(cases: Sequence[Case], rounds: Sequence[Mapping[str, Usage]]) -> Iterator[str]:
    """A row for each case, of which the first is the floor."""
    yield (
        f"| case | invoices | CPU s per {PER:,} | range | times the floor "
        f"| wall s per {PER:,} | peak MB |"
    )
    yield "| --- | --: | --: | --: | --: | --: | --: |"
    for case in cases:
        used = [usages[case.key] for usages in rounds]
        scale = PER / case.records
        cpu = [usage.cpu_seconds * scale for usage in used]
        wall = median(usage.wall_seconds for usage in used) * scale
        peak = median(usage.peak_mb for usage in used)
        yield (
            f"| {case.label} | {case.records:,} | {median(cpu):.2f} "
            f"| {min(cpu):.2f} to {max(cpu):.2f} | {_ratio(case, cases[0], rounds):.1f} "
            f"| {wall:.2f} | {peak:.0f} |"
        )


def _ratio(case: Case, floor: Case, rounds: Sequence[Mapping[str, Usage]]) -> float:
    scale = floor.records / case.records
    return median(u[case.key].cpu_seconds * scale / u[floor.key].cpu_seconds for u in rounds)


def cpu_bar(name: str, key: str, floor: str, rounds: Sequence[Mapping[str, Usage]]) -> str:
    """The row of a bar: how many times the CPU of the floor a case may use.

    Args:
        name: What the row calls the case.
        key: Which case.
        floor: Which case is its floor; it reads as many invoices.
        rounds: What each case used, by its key, in each round.
    """
    ratio = median(usages[key].cpu_seconds / usages[floor].cpu_seconds for usages in rounds)
    aim = f"aim of {AIM} {'reached' if ratio <= AIM else 'not reached'}"
    bar = f"CPU, {name}: at most {MOST_TIMES_THE_FLOOR} times the floor"
    return f"| {bar} | {ratio:.2f} | {verdict(ratio <= MOST_TIMES_THE_FLOOR)}, {aim} |"


def verdict(passed: bool) -> str:  # noqa: FBT001 - a comparison
    """Whether a bar is reached."""
    return "pass" if passed else "**fail**"


def median_peak(key: str, rounds: Sequence[Mapping[str, Usage]]) -> float:
    """The memory of a case, in 10^6 bytes."""
    return median(usages[key].peak_mb for usages in rounds)


def versions(python: Path, *names: str) -> str:
    """Which versions of some packages an environment has."""
    done = subprocess.run(  # noqa: S603 - one of our own environments
        [str(python), "-c", _VERSIONS, *names], check=True, capture_output=True
    )
    return ", ".join(f"{name} {version}" for name, version in json.loads(done.stdout).items())


def _machine() -> str:
    """What it was measured on, without what would name the machine."""
    model = _entry("/proc/cpuinfo", "model name") or platform.machine()
    memory = _entry("/proc/meminfo", "MemTotal").removesuffix(" kB")
    gib = f"{int(memory) / 1024**2:.0f} GiB" if memory else "unknown memory"
    return f"{os.cpu_count()} cores ({model}), {gib}, Python {platform.python_version()}"


def _entry(path: str, name: str) -> str:
    try:
        text = Path(path).read_text(encoding="utf-8")
    except OSError:  # not Linux
        return ""
    found = re.search(rf"^{name}\s*: *(.+)$", text, re.MULTILINE)
    return found[1].strip() if found else ""
