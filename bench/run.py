"""Measures what tap and loaders cost beside a floor and beside others, in one run.

`python bench/run.py` prints tables; `--write` also writes them to `docs/benchmarks.md`.
"""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
import sys
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

# So that `python bench/run.py` finds the package of which this file is a part
sys.path[0] = str(Path(__file__).resolve().parent.parent)

from bench import (  # noqa: E402 - needs the line above
    cases,
    loader_cases,
    loader_report,
    measure,
    report,
    tap_cases,
    tap_report,
)
from bench.invoices import render  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bench.cases import Case
    from bench.measure import Usage

PAGE = cases.ROOT / "docs" / "benchmarks.md"
STARTS = 5

logger = logging.getLogger("bench")


@contextmanager
def page_server(lengths: list[int]) -> Iterator[dict[int, int]]:
    """Serve lists of these lengths; gives the port of each."""
    command = [sys.executable, "-m", "bench.page_server", *map(str, lengths)]
    with subprocess.Popen(  # noqa: S603 - a command of this benchmark
        command, cwd=cases.ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        ports = json.loads(process.stdout.readline() if process.stdout else b"")
        yield {int(length): port for length, port in ports.items()}
        # Popen closes the server's stdin on the way out, which ends it


def served(port: int) -> int:
    """How many records of the list at a port have been sent."""
    connection = HTTPConnection("127.0.0.1", port)
    connection.request("GET", "/served")
    with connection.getresponse() as response:
        return int(response.read())


def measured(case: Case, folder: Path) -> Usage:
    """Run a case once, and show what it used."""
    environment, log = cases.environment(folder), folder / "stderr.log"
    usage = measure.run(case.command, environment, log, source=case.source)
    logger.info("%-35s %6.2f s CPU %5.0f MB", case.label, usage.cpu_seconds, usage.peak_mb)
    return usage


def read(case: Case, port: int, folder: Path) -> Usage:
    """Run a case of the tap's once.

    Raises:
        CommandError: It failed, or did not read the list exactly once.
    """
    before = served(port)
    usage = measured(case, folder)
    sent = served(port) - before
    if sent != case.records:
        raise measure.CommandError(f"{case.label} read {sent} records, not {case.records}")
    return usage


def load(case: Case, folder: Path) -> Usage:
    """Run a case of the loaders once.

    Raises:
        CommandError: It failed, or did not take every record.
    """
    loader_cases.make_ready(folder)
    usage = measured(case, folder)
    loader_cases.prove(case, folder)
    return usage


def tap_section(folder: Path, ports: dict[int, int], sizes: cases.Sizes, runs: int) -> str:
    """Measure what it costs to read, and tell of it."""
    peers = cases.peers_python()
    listed = tap_cases.cases(folder, ports, sizes, peers)
    tap_cases.prove(next(case for case in listed if case.key == tap_cases.TAP_HALF), folder)
    for case in listed:  # the server warms up, and Python keeps compiled modules
        if case.key in {tap_cases.FLOOR, tap_cases.SDK, tap_cases.DLT}:
            read(case, ports[case.records], folder)
    start = [str(tap_cases.TAP), "--version"]
    environment, log = cases.environment(folder), folder / "stderr.log"
    starts = [measure.run(start, environment, log) for _ in range(STARTS)]
    rounds = [
        {case.key: read(case, ports[case.records], folder) for case in listed} for _ in range(runs)
    ]
    fields = len(json.loads(render(1)[0] + b"}"))
    return tap_report.section(listed, rounds, starts, peers, fields)


def loader_section(folder: Path, ports: dict[int, int], sizes: cases.Sizes, runs: int) -> str:
    """Measure what it costs to load, and tell of it."""
    lines = loader_cases.write_lines(folder, ports, sizes)
    listed = loader_cases.cases(folder, lines, sizes)
    for case in listed:  # Python keeps compiled modules
        if case.key != loader_cases.LOADER_DOUBLE:
            load(case, folder)
    rounds = [{case.key: load(case, folder) for case in listed} for _ in range(runs)]
    return loader_report.section(listed, rounds, loader_cases.fields(lines[sizes.full]))


def figures(sizes: cases.Sizes, runs: int) -> str:
    """Measure all, and tell of it."""
    with TemporaryDirectory() as name, page_server(sizes.all()) as ports:
        folder = Path(name)
        measurements = (tap_section, loader_section)
        sections = [measurement(folder, ports, sizes, runs) for measurement in measurements]
    return report.page(sections, runs)


def main() -> None:
    """Read the arguments, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round with a tenth: a smoke test")
    parser.add_argument("--records", type=int, help="invoices that are read and loaded (100000)")
    parser.add_argument("--runs", type=int, help="rounds (3)")
    parser.add_argument("--write", action="store_true", help=f"write docs/{PAGE.name}")
    given = parser.parse_args()
    if given.quick and given.write:
        parser.error("--quick is no measurement to write down")
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    records = given.records or (10_000 if given.quick else 100_000)
    runs = given.runs or (1 if given.quick else 3)
    try:
        text = figures(cases.Sizes(records), runs)
    except measure.CommandError as error:
        sys.exit(str(error))
    sys.stdout.write(text)
    if given.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
