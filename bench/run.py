"""Measures what the tap costs beside a floor and beside others, in one run.

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

from bench import cases, measure, report  # noqa: E402 - needs the line above
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


def use(case: Case, port: int, folder: Path) -> Usage:
    """Run a case once.

    Raises:
        CommandError: It failed, or did not read the list exactly once.
    """
    before = served(port)
    usage = measure.run(case.command, cases.environment(folder), folder / "stderr.log")
    read = served(port) - before
    if read != case.records:
        raise measure.CommandError(f"{case.label} read {read} records, not {case.records}")
    logger.info("%-35s %6.2f s CPU %5.0f MB", case.label, usage.cpu_seconds, usage.peak_mb)
    return usage


def figures(sizes: cases.Sizes, runs: int) -> str:
    """Measure, and tell of it."""
    peers = cases.peers_python()
    with TemporaryDirectory() as name, page_server(sizes.all()) as ports:
        folder = Path(name)
        listed = cases.cases(folder, ports, sizes, peers)
        cases.prove(next(case for case in listed if case.key == cases.TAP_HALF), folder)
        for case in listed:  # the server warms up, and Python keeps compiled modules
            if case.key in {cases.FLOOR, cases.SDK, cases.DLT}:
                use(case, ports[case.records], folder)
        start = [str(cases.TAP), "--version"]
        environment, log = cases.environment(folder), folder / "stderr.log"
        starts = [measure.run(start, environment, log) for _ in range(STARTS)]
        rounds = [
            {case.key: use(case, ports[case.records], folder) for case in listed}
            for _ in range(runs)
        ]
    fields = len(json.loads(render(1)[0] + b"}"))
    return report.page(listed, rounds, starts, peers, fields)


def main() -> None:
    """Read the arguments, measure, print and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one round with a tenth: a smoke test")
    parser.add_argument("--records", type=int, help="invoices that the tap reads (100000)")
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
