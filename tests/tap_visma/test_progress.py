"""A person at a terminal sees how far the run is; a log file has plain lines only."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tap_runs import Visma, of_entity

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.process


def command(visma: Visma, folder: Path) -> list[str]:
    visma.control("settings", {"page_caps": {"/v1/supplierInvoice": 20}})
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(visma.config))
    catalog.write_text(json.dumps(visma.catalog(of_entity("supplier_invoices"))))
    tap = [sys.executable, "-m", "tap_visma"]
    return [*tap, "--config", str(config), "--catalog", str(catalog)]


def test_a_terminal_shows_company_stream_page_records_and_calls_left(
    visma: Visma, tmp_path: Path
) -> None:
    leader, follower = pty.openpty()
    with subprocess.Popen(
        command(visma, tmp_path),
        stdout=subprocess.DEVNULL,
        stderr=follower,
        env=os.environ | {"COLUMNS": "160"},
    ) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 4096)
            except OSError:  # the other side is closed
                break
    os.close(leader)

    name = visma.config["companies"][0]["name"]
    assert process.returncode == 0
    assert f"{name}, supplier_invoices: page 1 of 7, ".encode() in shown
    assert b" of 500 calls left, new window in 60 min" in shown


def test_a_log_file_has_plain_lines_only(visma: Visma, tmp_path: Path) -> None:
    done = subprocess.run(command(visma, tmp_path), capture_output=True, check=True)

    assert b"\r" not in done.stderr
    assert b"\x1b" not in done.stderr
    assert b"supplier_invoices" in done.stderr
    assert b"of 500 calls left" in done.stderr
