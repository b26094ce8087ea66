"""However long the input and however many the streams, the target needs no more memory for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from loader_runs import Loader

SUPPORT = Path(__file__).parents[1] / "support"

TAP = """
import sys
rows, streams = map(int, sys.argv[1:])
out = sys.stdout
properties = ",".join('"c%d":{"type":["string","null"]}' % n for n in range(10))
for s in range(streams):
    out.write('{"type":"SCHEMA","stream":"s%d","key_properties":["id"],"schema":{"properties":'
              '{"id":{"type":"integer"},"amount":{"type":"number"},%s}}}\\n' % (s, properties))
for n in range(rows):
    values = ",".join('"c%d":"text %d of %d"' % (c, c, n) for c in range(10))
    out.write('{"type":"RECORD","stream":"s%d","record":{"id":%d,"amount":%d.%02d,%s}}\\n'
              % (n % streams, n, n, n % 100, values))
    if n % 1000 == 999:
        out.write('{"type":"STATE","value":%d}\\n' % n)
"""

RELAY = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print([process.returncode, usage.ru_maxrss])
"""
"""Starts the target: what a process inherits of the one that starts it counts for its peak, so
that one has to be small, as pytest is not."""


def peak_megabytes(folder: Path, rows: int, streams: int) -> float:
    """Load into SQLite, as a process of its own, batches of up to 2 MB."""
    folder.mkdir()
    config = folder / "config.json"
    config.write_text(json.dumps(Loader(folder).config | {"max_batch_mb": 2}))
    tap = subprocess.Popen(
        [sys.executable, "-c", TAP, str(rows), str(streams)], stdout=subprocess.PIPE
    )
    target = [sys.executable, "-m", "loader_sqlite", "--config", str(config)]
    with tap:
        done = subprocess.run(
            [sys.executable, "-c", RELAY, *target],
            stdin=tap.stdout,
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"PYTHONPATH": str(SUPPORT), "LOGLEVEL": "ERROR"},
        )
    code, peak = json.loads(done.stdout)
    assert code == 0, done.stderr
    assert sum(len(Loader(folder).rows(f"s{n}")) for n in range(streams)) == rows
    return float(peak) * (1 if sys.platform == "darwin" else 1024) / 1_000_000


@pytest.mark.process
def test_more_rows_and_more_streams_take_no_more_memory(tmp_path: Path) -> None:
    of_few = peak_megabytes(tmp_path / "few", 25_000, 1)
    of_many = peak_megabytes(tmp_path / "many", 100_000, 1)
    of_many_streams = peak_megabytes(tmp_path / "streams", 100_000, 40)

    print(f"{of_few:.0f} MB, {of_many:.0f} MB, {of_many_streams:.0f} MB in 40 streams")
    assert of_many < of_few + 20
    assert of_many_streams < of_few + 25
