"""The ways to read a list that are measured: a command for each, and what it needs prepared.

Knows the tap's command, settings and catalog, and those of the others; measures nothing itself.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter
from typing import TYPE_CHECKING, Any

from bench.cases import BENCH, ROOT, Case, environment
from bench.measure import CommandError

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from bench.cases import Sizes

TAP_BIN = ROOT / ".meltano" / "extractors" / "tap-visma" / "venv" / "bin"
"""The environment that Meltano makes: the tap and what it needs, as a user has it."""
TAP = TAP_BIN / "tap-visma"
STREAMS = ("supplier_invoices", "supplier_invoice_lines")

FLOOR, BYTES, TAP_PLAIN, TAP_DECIMAL, SDK, DLT = "a", "a2", "b", "b decimal", "c", "d"
TAP_ARCHIVE, TAP_HALF, TAP_DOUBLE = "b archive", "b half", "b double"


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
        command = tap_command(folder, key, ports[records], STREAMS, **settings)
        return Case(key, label, records, command)

    def reads(key: str, label: str, records: int, *command: str) -> Case:
        return Case(key, label, records, command)

    api_url, slow_url = (f"http://127.0.0.1:{ports[size]}" for size in (sizes.full, sizes.slow))
    plain_config = folder / "plain.json"
    plain_config.write_text(json.dumps({"api_url": slow_url}))
    # Each round reads all from the server, as a first load that nothing went before
    kept = {"archive_url": str(folder / "archive"), "archive_reuse_hours": 0}
    count, slow_count = str(sizes.full), str(sizes.slow)
    listed = [
        reads(FLOOR, f"(a) floor: requests + {parser}", sizes.full, *floor, api_url, count, parser),
        reads(BYTES, "(a2) bytes: requests alone", sizes.full, *floor, api_url, count, "none"),
        tap(TAP_PLAIN, "**(b) tap-visma**", sizes.full),
        tap(TAP_DECIMAL, "(b) with `use_singer_decimal`", sizes.full, use_singer_decimal=True),
        tap(TAP_ARCHIVE, "(b) with an archive", sizes.full, **kept),
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


def tap_command(
    folder: Path, name: str, port: int, streams: Collection[str], **settings: object
) -> tuple[str, ...]:
    """The tap's command, with all of some streams selected.

    Args:
        folder: For its settings and catalog.
        name: Of these two files.
        port: Where its list is served.
        streams: Which streams to select.
        settings: Beside those that every tap of this benchmark has.
    """
    config = _tap_config(folder / f"{name}.json", port, **settings)
    catalog = folder / f"{name}.catalog.json"
    catalog.write_text(json.dumps(_select(_discover(config), streams)))
    return (str(TAP), "--config", str(config), "--catalog", str(catalog))


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


def _select(catalog: dict[str, Any], streams: Collection[str]) -> dict[str, Any]:
    """The catalog with all of some streams selected, and nothing else."""
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog
