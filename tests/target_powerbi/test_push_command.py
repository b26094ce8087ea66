"""The command's verbs, as a process with settings in a file."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from loader_runs import AMOUNT, AUDITED, KEY, audited, lines, schema, state
from target_powerbi import mapping

if TYPE_CHECKING:
    from powerbi_loads import Workspace

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
MESSAGES = [INVOICES, audited("invoices", "1", "10:00", amount=1), state({"at": 1})]

pytestmark = pytest.mark.process


def run(workspace: Workspace, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run the command with the workspace's settings."""
    config = workspace.folder / "config.json"
    config.write_text(json.dumps(workspace.config | {"retry_seconds": 0}))
    command = [sys.executable, "-m", "target_powerbi", *arguments, f"--config={config}"]
    done = subprocess.run(
        command, input=text, capture_output=True, text=True, check=False, env=os.environ
    )
    assert "Traceback" not in done.stderr
    assert workspace.config["client_secret"] not in done.stdout + done.stderr
    return done


def test_what_a_throttled_run_left_is_sent_by_a_replay_without_a_tap(workspace: Workspace) -> None:
    throttled = {"method": "POST", "status": 429, "headers": {"Retry-After": "86000"}}
    workspace.service.fault("/rows$", **throttled)

    stopped = run(workspace, text=lines(MESSAGES))
    replayed = run(workspace, "--replay")

    assert stopped.returncode == 1
    assert "for 86000 s" in stopped.stderr
    assert stopped.stdout == ""
    assert replayed.returncode == 0, replayed.stderr
    assert [row["amount"] for row in workspace.rows("invoices")] == [1]


def test_the_two_sides_of_a_comparison_are_equal_or_the_exit_code_says_so(
    workspace: Workspace,
) -> None:
    workspace.load(MESSAGES)

    equal = run(workspace, "compare")
    workspace.service.set(forget={"dataset": workspace.dataset, "table": "invoices"})
    differing = run(workspace, "compare")

    assert equal.returncode == 0, equal.stdout + equal.stderr
    assert differing.returncode == 1
    assert "differs" in differing.stdout


def test_the_mapping_that_is_printed_is_one_that_is_read(workspace: Workspace) -> None:
    own = run(workspace, "mapping")
    shipped = subprocess.run(
        [sys.executable, "-m", "target_powerbi", "mapping"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert own.stdout == workspace.mapping
    assert shipped.stdout == mapping.text(None)
