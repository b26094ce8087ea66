"""kill -9 before and after every change: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loader_forks import forks
from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, lines, schema, state
from powerbi_loads import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from loader_forks import Forks
    from powerbi_service import PowerBIService

SCHEMAS = [
    schema("suppliers", AUDITED | {"name": {"type": ["string", "null"]}}, KEY),
    schema("invoices", AUDITED | {"amount": AMOUNT}, KEY),
    schema("journal", AUDITED | {"amount": AMOUNT}, KEY),
]
FIRST: list[dict[str, Any]] = [
    audited("suppliers", "S", "10:00", name="Acme"),
    audited("invoices", "1", "10:00", amount=10),
    audited("journal", "1", "10:00", amount=1),
    state({"at": 3}),
]
SECOND: list[dict[str, Any]] = [
    audited("suppliers", "S", "11:00", 2, name="Acme AS"),
    audited("invoices", "1", "11:00", 2, amount=12),
    audited("journal", "2", "11:00", 2, amount=2),
    state({"at": 7}),
    activate("suppliers", 1),
]


def tap(records: list[dict[str, Any]]) -> str:
    return lines([*SCHEMAS, *records])


def end(workspace: Workspace) -> list[Any]:
    """All rows but for the dates at which a fact was reversed."""
    return [workspace.rows(name) for name in ("suppliers", "invoices", "journal")]


def night(process: Forks, workspace: Workspace, records: list[dict[str, Any]]) -> None:
    code, states = process.run(workspace.config, tap(records))
    assert code == 0
    assert states


@pytest.mark.process
@pytest.mark.parametrize("nights", [1, 2], ids=["while it is made", "while it changes"])
def test_killed_at_any_change_the_next_run_ends_as_an_undisturbed_one(
    service: PowerBIService, tmp_path: Path, nights: int
) -> None:
    records = [FIRST, SECOND][nights - 1]
    with forks(tmp_path, "powerbi_forks") as process:
        undisturbed = Workspace(service, tmp_path / "undisturbed")
        for each in [FIRST, SECOND][:nights]:
            night(process, undisturbed, each)
        wanted, steps = end(undisturbed), process.steps()
        assert all(wanted)
        assert steps > 10
        for step in range(1, steps + 1):
            workspace = Workspace(service, tmp_path / str(step))
            if nights > 1:
                night(process, workspace, FIRST)

            code, states = process.run(workspace.config, tap(records), die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            rest = [] if states and json.loads(states[-1]) == {"at": 7} else records
            code, _ = process.run(workspace.config, tap(rest))
            assert code == 0
            assert end(workspace) == wanted, f"killed at step {step} of {steps}"
