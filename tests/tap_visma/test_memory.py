"""However long a list is, the tap needs no more memory for it."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from archives import Kept
from tap_runs import Visma, of_entity

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

STREAMS = of_entity("supplier_invoices") | of_entity("journal_transactions")
LATE = "2026-03-01"
"""After which about a tenth of the books of a large company were changed."""

RELAY = """
import os, subprocess, sys
process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
_, status, usage = os.wait4(process.pid, 0)
process.returncode = os.waitstatus_to_exitcode(status)
print([process.returncode, usage.ru_maxrss])
"""
"""Starts the tap: what a process inherits of the one that starts it counts for its peak, so that
one has to be small, as pytest is not."""


@contextmanager
def large_company() -> Iterator[Visma]:
    """A sandbox as a process of its own, whose memory is not the tap's."""
    command = [sys.executable, "-m", "visma_sandbox", "serve", "--size", "large"]
    command += ["--companies", "NO", "--calls-per-hour", "100000", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout
            ready = json.loads(process.stdout.readline())
            (company,) = ready["companies"]
            yield Visma(
                ready["url"],
                {
                    "client_id": ready["client_id"],
                    "client_secret": ready["client_secret"],
                    "companies": [{key: company[key] for key in ("company_id", "tenant_id")}],
                    "api_url": ready["url"],
                    "token_url": f"{ready['url']}/connect/token",
                },
            )
        finally:
            process.terminate()


def peak_megabytes(visma: Visma, folder: Path, **settings: Any) -> float:
    """Run the tap as a process of its own, whose output goes nowhere."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(visma.config | settings))
    catalog.write_text(json.dumps(visma.catalog(STREAMS)))
    command = [sys.executable, "-m", "tap_visma", "--config", str(config)]
    command += ["--catalog", str(catalog)]
    done = subprocess.run(
        [sys.executable, "-c", RELAY, *command], capture_output=True, text=True, check=True
    )
    code, peak = json.loads(done.stdout)
    assert code == 0, done.stderr
    return float(peak) * (1 if sys.platform == "darwin" else 1024) / 1_000_000


def pages_read(visma: Visma) -> int:
    """Pages called for since last asked."""
    pages = len(visma.calls())
    visma.forget_calls()
    return pages


@pytest.mark.process
def test_ten_times_the_records_take_no_more_memory_also_with_an_archive(tmp_path: Path) -> None:
    kept = Kept(tmp_path / "archive")
    with large_company() as visma:
        of_a_tenth = peak_megabytes(visma, tmp_path, start_date=LATE, archive_url=kept.url)
        pages_of_a_tenth = pages_read(visma)
        of_all = peak_megabytes(visma, tmp_path, archive_url=kept.url)
        pages_of_all = pages_read(visma)
    assert len(kept.pages()) == pages_of_a_tenth + pages_of_all

    print(f"{of_a_tenth:.0f} MB for {pages_of_a_tenth} pages, {of_all:.0f} MB for {pages_of_all}")
    assert pages_of_all > 8 * pages_of_a_tenth
    assert pages_of_all > 150
    assert of_all < 120
    assert of_all < of_a_tenth + 25
