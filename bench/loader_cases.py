"""The ways to load what the tap has read: a command for each, all with the same lines on stdin.

Knows the commands, their settings and what they leave; measures nothing itself.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import TYPE_CHECKING

from bench.cases import BENCH, ROOT, Case, environment, python_with
from bench.measure import CommandError, run
from bench.tap_cases import tap_command

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from bench.cases import Sizes

CONSTRAINTS = ROOT / "constraints.txt"
DUCKDB_BIN = ROOT / ".meltano" / "loaders" / "target-duckdb" / "venv" / "bin"
DUCKDB_TARGET = DUCKDB_BIN / "target-duckdb"
STREAM = "supplier_invoices"

FLOOR, LOADER, LOADER_DOUBLE, SDK, DUCKDB = "e", "f", "f double", "g", "h"

_COUNT = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True) as database:
    print(database.sql("SELECT count(*) FROM bench.supplier_invoices").fetchone()[0])
"""


def python() -> Path:
    """The Python of an environment with loader-core and what it needs, as a user has it."""
    install = ("-c", str(CONSTRAINTS), "-e", str(ROOT / "loader-core"))
    return python_with(".venv-bench-loader", CONSTRAINTS.read_text(), *install)


def write_lines(folder: Path, ports: Mapping[int, int], sizes: Sizes) -> dict[int, Path]:
    """Let the tap write what the loaders read.

    Args:
        folder: For the files, and for what the tap needs.
        ports: Where lists are served, by their length.
        sizes: How many invoices to read.

    Returns:
        A file for each length that a case reads.

    Raises:
        CommandError: The tap failed.
    """
    files = {}
    for size in (sizes.slow, sizes.full, sizes.double):
        files[size] = folder / f"{size}.jsonl"
        command = tap_command(folder, f"lines-{size}", ports[size], (STREAM,))
        run(command, environment(folder), folder / "stderr.log", output=files[size])
    return files


def fields(lines: Path) -> int:
    """How many fields a record has."""
    with lines.open(encoding="utf-8") as file:
        return next(len(of["record"]) for of in map(json.loads, file) if of["type"] == "RECORD")


def cases(folder: Path, lines: Mapping[int, Path], sizes: Sizes) -> list[Case]:
    """All cases, in the order in which each round runs them; target-duckdb where there is one.

    Args:
        folder: For settings, and for what the targets leave; lasts as long as the cases.
        lines: What the tap wrote, by the number of invoices.
        sizes: How many invoices to read.
    """

    def loads(key: str, label: str, records: int, *command: str) -> Case:
        return Case(key, label, records, command, lines[records])

    def target(name: str, key: str, **settings: object) -> tuple[str, ...]:
        config = folder / f"{key}.json"
        config.write_text(json.dumps(settings))
        return (str(python()), str(BENCH / name), "--config", str(config))

    def core(key: str, label: str, records: int) -> Case:
        outbox = str(_left_in(folder) / "outbox")
        command = target("null_target.py", key, records=records, outbox_dir=outbox)
        return loads(key, label, records, *command)

    floor = (str(python()), str(BENCH / "loader_floor.py"), str(sizes.full))
    listed = [
        loads(FLOOR, "(e) floor: msgspec + Arrow", sizes.full, *floor),
        core(LOADER, "**(f) loader-core**", sizes.full),
        core(LOADER_DOUBLE, "(f) twice the lines", sizes.double),
        loads(
            SDK,
            "(g) plain SDK target",
            sizes.slow,
            *target("plain_sdk_target.py", SDK, records=sizes.slow),
        ),
    ]
    if DUCKDB_TARGET.is_file():
        config = folder / f"{DUCKDB}.json"
        settings = {"path": str(_database(folder)), "default_target_schema": "bench"}
        config.write_text(json.dumps(settings | {"temp_dir": str(_left_in(folder))}))
        command = (str(DUCKDB_TARGET), "--config", str(config))
        listed.append(loads(DUCKDB, "(h) target-duckdb", sizes.slow, *command))
    return listed


def make_ready(folder: Path) -> None:
    """Remove what the last load left, so that each is a first one."""
    left = _left_in(folder)
    shutil.rmtree(left, ignore_errors=True)
    left.mkdir()


def prove(case: Case, folder: Path) -> None:
    """Count what target-duckdb has loaded; the other commands fail where they miss a record.

    Raises:
        CommandError: It is not every record.
    """
    if case.key != DUCKDB:
        return
    count = [str(DUCKDB_BIN / "python"), "-c", _COUNT, str(_database(folder))]
    done = subprocess.run(  # noqa: S603 - the target's own Python
        count, stdout=subprocess.PIPE, check=False, text=True
    )
    if done.stdout.strip() != str(case.records):
        rows = done.stdout.strip() or "uncounted"
        raise CommandError(f"{case.label} loaded {rows} records, not {case.records}")


def _left_in(folder: Path) -> Path:
    return folder / "left"


def _database(folder: Path) -> Path:
    return _left_in(folder) / "warehouse.duckdb"
