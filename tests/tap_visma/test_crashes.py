"""kill -9 at any byte, again and again: the end is that of an undisturbed run."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from archives import Kept
from tap_runs import Visma, of_entity, without_audit
from tap_visma import audit

if TYPE_CHECKING:
    from pathlib import Path

STREAMS = of_entity("supplier_invoices") | of_entity("journal_transactions")
CAPS = {"/v1/supplierInvoice": 10, "/v2/journaltransaction": 100}


class Loader:
    """Keeps what it was given up to the last STATE, as one does that loads by whole batches."""

    def __init__(self) -> None:
        self.audit_ids: dict[str, str] = {}
        self.rows: dict[str, dict[str, Any]] = {}
        self.state: dict[str, Any] = {}
        self._pending: dict[str, dict[str, Any]] = {}

    def take(self, line: bytes) -> None:
        message = json.loads(line)
        if message["type"] == "RECORD":
            record = message["record"]
            self._pending[f"{message['stream']} {record['record_id']}"] = without_audit(record)
            self.audit_ids[f"{message['stream']} {record['record_id']}"] = record["_audit_id"]
        elif message["type"] == "STATE":
            self.rows |= self._pending
            self._pending = {}
            self.state = message["value"]

    def crash(self) -> None:
        self._pending = {}


def run_until(
    loader: Loader, visma: Visma, folder: Path, last_byte: int | None, how: int, **settings: Any
) -> int:
    """Run the tap as a process of its own, and end it after so many bytes of output."""
    config, state, catalog = (folder / f"{name}.json" for name in ("config", "state", "catalog"))
    config.write_text(json.dumps(visma.config | settings))
    state.write_text(json.dumps(loader.state))
    catalog.write_text(json.dumps(visma.catalog(STREAMS)))
    command = [sys.executable, "-m", "tap_visma", "--config", str(config)]
    command += ["--state", str(state), "--catalog", str(catalog)]
    seen = 0
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        assert process.stdout
        for line in process.stdout:
            if not line.endswith(b"\n"):
                assert how == signal.SIGKILL  # nothing else may cut a line
                break
            loader.take(line)
            seen += len(line)
            if last_byte is not None and seen >= last_byte:
                process.send_signal(how)
                if how == signal.SIGKILL:
                    break
                last_byte = None
    loader.crash()
    return process.returncode


@pytest.mark.process
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "terminated"])
def test_ended_at_random_bytes_again_and_again_no_row_is_lost(
    visma: Visma, tmp_path: Path, how: int
) -> None:
    visma.control("settings", {"page_caps": CAPS, "calls_per_window": 100_000})
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when the test fails, to run it again
    dice = random.Random(seed)
    undisturbed = Loader()
    assert run_until(undisturbed, visma, tmp_path, None, how) == 0

    loader = Loader()
    endings = []
    for _ in range(40):
        code = run_until(loader, visma, tmp_path, dice.randrange(1_500_000), how)
        endings.append(code)
        if code == 0:
            break

    assert endings[-1] == 0
    assert len(endings) > 1
    # When all is written, Python no longer handles signals on its way out
    assert set(endings[:-1]) <= {-how, 128 + how}
    assert loader.rows == undisturbed.rows


@pytest.mark.process
def test_killed_while_archiving_every_row_that_was_loaded_goes_back_to_its_bytes(
    visma: Visma, tmp_path: Path
) -> None:
    visma.control("settings", {"page_caps": CAPS, "calls_per_window": 100_000})
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when the test fails, to run it again
    dice = random.Random(seed)
    undisturbed = Loader()
    assert run_until(undisturbed, visma, tmp_path, None, signal.SIGKILL) == 0
    kept = Kept(tmp_path / "archive")

    loader = Loader()
    endings: list[int] = []
    while 0 not in endings and len(endings) < 40:
        byte = dice.randrange(1_500_000)
        code = run_until(loader, visma, tmp_path, byte, signal.SIGKILL, archive_url=kept.url)
        endings.append(code)

    assert endings[-1] == 0
    assert len(endings) > 1
    assert loader.rows == undisturbed.rows
    assert [
        f for f in audit.verify(kept.archive, kept.places(), chains=True) if f.differences
    ] == []
    assert kept.left_open() == []
    for key, row in dice.sample(sorted(loader.rows.items()), 200):
        place, raw = audit.record(kept.archive, loader.audit_ids[key])
        assert kept.archive.is_committed(place)
        sent = json.loads(raw)
        same = [name for name in SAME if name in sent]
        assert [row[name] for name in same] == [sent[name] for name in same] != []


KILLED = """
import os, signal, sys
from tap_visma import stores
from tap_visma.__main__ import main

when, last = sys.argv.pop(1), int(sys.argv.pop(1))
writes = 0

class Killed(stores.Folder):
    def put(self, name, data):
        global writes
        writes += 1
        if writes == last and when == "within":
            super().put(name + stores.UNFINISHED, data[: len(data) // 2])
        if writes == last and when == "after":
            super().put(name, data)
        if writes == last:
            os.kill(os.getpid(), signal.SIGKILL)
        super().put(name, data)

stores.Folder = Killed
main()
"""
"""The tap, killed before, within or after one of its writes to the archive."""


@pytest.mark.process
@pytest.mark.parametrize("when", ["before", "within", "after"])
def test_killed_at_any_write_to_the_archive_nothing_half_written_counts(
    visma: Visma, tmp_path: Path, when: str
) -> None:
    visma.control("settings", {"page_caps": {"/v1/supplier": 10}, "calls_per_window": 100_000})
    streams = of_entity("suppliers")
    undisturbed = visma.sync(streams=streams)
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    catalog.write_text(json.dumps(visma.catalog(streams)))

    code, write = -signal.SIGKILL, 0
    while code == -signal.SIGKILL:
        write += 1
        kept = Kept(tmp_path / f"archive-{write}")
        config.write_text(json.dumps(visma.config | {"archive_url": kept.url}))
        command = [sys.executable, "-c", KILLED, when, str(write), "--config", str(config)]
        command += ["--catalog", str(catalog)]
        code = subprocess.run(command, capture_output=True, check=False).returncode
        before = len(visma.calls())
        run = visma.sync(streams=streams, archive_url=kept.url)

        assert run.own_rows("suppliers") == undisturbed.own_rows("suppliers")
        findings = [*audit.verify(kept.archive, kept.places(), chains=True)]
        assert [f for f in findings if f.differences or f.is_open] == []
        assert kept.left_open() == []
        if write > 5:  # all three pages were whole
            assert len(visma.calls()) - before == 1
    assert code == 0
    assert write == 7


SAME = ("referenceNumber", "batchNumber", "lineNumber", "description")
"""Columns that are written as Visma sends them, in one stream or another."""


@pytest.mark.process
def test_a_loader_that_ends_early_is_named_as_the_reason(visma: Visma, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(visma.config))
    tap = f"{sys.executable} -m tap_visma --config {config} | head -c 100000 > /dev/null"

    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", tap], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert "what reads the tap's output has ended" in done.stderr
    assert "Traceback" not in done.stderr
