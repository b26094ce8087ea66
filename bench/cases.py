"""What is measured: a command for each way to read the list, and what it needs prepared.

Knows the commands, their settings and their environments; measures nothing itself.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.measure import CommandError

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
BENCH = ROOT / "bench"
PROJECT_BIN = ROOT / ".venv" / "bin"
TAP_BIN = ROOT / ".meltano" / "extractors" / "tap-visma" / "venv" / "bin"
"""The environment that Meltano makes: the tap and what it needs, as a user has it."""
TAP = TAP_BIN / "tap-visma"
REQUIREMENTS = BENCH / "requirements.txt"
STREAMS = ("supplier_invoices", "supplier_invoice_lines")

FLOOR, BYTES, TAP_PLAIN, TAP_DECIMAL, SDK, DLT = "a", "a2", "b", "b decimal", "c", "d"
TAP_ARCHIVE, TAP_HALF, TAP_DOUBLE = "b archive", "b half", "b double"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Case:
    """One way to read a list.

    Attributes:
        key: Which it is.
        label: What the table says.
        records: How many invoices it reads.
        command: The command, its list's port left out as `{port}`.
    """

    key: str
    label: str
    records: int
    command: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many invoices the cases read."""

    tap: int

    @property
    def slow(self) -> int:
        """Of those that take many times as long for each invoice."""
        return self.tap // 5

    @property
    def half(self) -> int:
        """The smaller list with which the tap's memory is looked at."""
        return self.tap // 2

    @property
    def double(self) -> int:
        """The larger one."""
        return self.tap * 2

    def all(self) -> list[int]:
        """Every length once."""
        return sorted({self.tap, self.slow, self.half, self.double})


def peers_python() -> Path | None:
    """The Python of `.venv-bench`, which is made when it is missing or its pins have changed.

    Returns:
        `None` where it cannot be made.
    """
    folder = ROOT / ".venv-bench"
    python = folder / "bin" / "python"
    complete = folder / ".complete"
    pins = REQUIREMENTS.read_text()
    if complete.is_file() and complete.read_text() == pins:
        return python
    uv, ours, pins_file = str(PROJECT_BIN / "uv"), str(PROJECT_BIN / "python"), str(REQUIREMENTS)
    make = [uv, "venv", "-q", "--clear", "--python", ours, str(folder)]
    fill = [uv, "pip", "install", "-q", "--compile-bytecode", "--python", str(python)]
    try:
        for command in (make, [*fill, "-r", pins_file]):
            subprocess.run(command, check=True)  # noqa: S603 - commands of this benchmark
    except (OSError, subprocess.CalledProcessError) as error:
        logger.warning("without dlt and orjson, whose environment cannot be made: %s", error)
        return None
    complete.write_text(pins)
    return python


def cases(folder: Path, ports: Mapping[int, int], sizes: Sizes, peers: Path | None) -> list[Case]:
    """All cases, in the order in which each round runs them.

    Args:
        folder: For settings and catalogs; lasts as long as the cases.
        ports: Where lists are served, by their length.
        sizes: How many invoices to read.
        peers: The Python that has orjson and dlt, if there is one.
    """
    python = str(TAP_BIN / "python")
    floor = [str(peers or python), str(BENCH / "floor.py")]
    parser = "orjson" if peers else "msgspec"

    def tap(key: str, label: str, records: int, **settings: object) -> Case:
        config = _tap_config(folder / f"{key}.json", ports[records], **settings)
        catalog = folder / f"{key}.catalog.json"
        catalog.write_text(json.dumps(_select(_discover(config))))
        command = (str(TAP), "--config", str(config), "--catalog", str(catalog))
        return Case(key, label, records, command)

    def reads(key: str, label: str, records: int, *command: str) -> Case:
        return Case(key, label, records, command)

    api_url, slow_url = (f"http://127.0.0.1:{ports[size]}" for size in (sizes.tap, sizes.slow))
    plain_config = folder / "plain.json"
    plain_config.write_text(json.dumps({"api_url": slow_url}))
    # Each round reads all from the server, as a first load that nothing went before
    kept = {"archive_url": str(folder / "archive"), "archive_reuse_hours": 0}
    count, slow_count = str(sizes.tap), str(sizes.slow)
    listed = [
        reads(FLOOR, f"(a) floor: requests + {parser}", sizes.tap, *floor, api_url, count, parser),
        reads(BYTES, "(a2) bytes: requests alone", sizes.tap, *floor, api_url, count, "none"),
        tap(TAP_PLAIN, "**(b) tap-visma**", sizes.tap),
        tap(TAP_DECIMAL, "(b) with `use_singer_decimal`", sizes.tap, use_singer_decimal=True),
        tap(TAP_ARCHIVE, "(b) with an archive", sizes.tap, **kept),
        tap(TAP_HALF, "(b) half the list", sizes.half),
        tap(TAP_DOUBLE, "(b) twice the list", sizes.double),
        reads(
            SDK,
            "(c) plain SDK tap",
            sizes.slow,
            *(python, str(BENCH / "plain_sdk_tap.py"), "--config", str(plain_config)),
        ),
    ]
    if peers:
        source = (str(peers), str(BENCH / "dlt_source.py"), slow_url, slow_count)
        listed.append(reads(DLT, "(d) dlt to Parquet files", sizes.slow, *source))
    return listed


def environment(folder: Path) -> dict[str, str]:
    """The variables with which all cases run.

    Nothing leaves this machine, and no settings of Python's own from outside: compiled modules
    are kept, as an installer leaves them, but apart from the environments under test.
    """
    inherited = {name: of for name, of in os.environ.items() if not name.startswith("PYTHON")}
    return inherited | {
        "PYTHONPYCACHEPREFIX": str(folder / "compiled"),
        "NO_PROXY": "127.0.0.1",
        "DLT_DATA_DIR": str(folder / "dlt"),
        "RUNTIME__DLTHUB_TELEMETRY": "false",
    }


def prove(case: Case, folder: Path) -> None:
    """Run a case of the tap once and count what it writes.

    Raises:
        CommandError: It does not write every invoice and both lines of each.
    """
    counts = Counter[str]()
    with subprocess.Popen(  # noqa: S603 - a command of this benchmark
        case.command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=environment(folder),
    ) as process:
        for line in process.stdout or ():
            if line.startswith(b'{"type":"RECORD"'):
                counts[json.loads(line)["stream"]] += 1
    expected = dict(zip(STREAMS, (case.records, 2 * case.records), strict=True))
    if process.returncode or counts != expected:
        raise CommandError(f"{case.label} wrote {dict(counts)}, exit code {process.returncode}")


def _tap_config(path: Path, port: int, **settings: object) -> Path:
    api_url = f"http://127.0.0.1:{port}"
    config = {
        "client_id": "isv_bench",
        "client_secret": "bench",
        "companies": [{"company_id": "no", "tenant_id": "bench"}],
        "api_url": api_url,
        "token_url": f"{api_url}/connect/token",
    }
    path.write_text(json.dumps(config | settings))
    return path


def _discover(config: Path) -> dict[str, Any]:
    command = [str(TAP), "--config", str(config), "--discover"]
    done = subprocess.run(  # noqa: S603 - a command of this benchmark
        command, check=True, capture_output=True, env=environment(config.parent)
    )
    catalog: dict[str, Any] = json.loads(done.stdout)
    return catalog


def _select(catalog: dict[str, Any]) -> dict[str, Any]:
    """The catalog with all of the two streams selected, and nothing else."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] = stream["tap_stream_id"] in STREAMS
    return catalog
