"""kill -9 before and after every commit: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from crash_story import SETTINGS, tap
from lake_loads import LakeLoader
from loader_forks import forks
from loader_runs import comparable

if TYPE_CHECKING:
    from pathlib import Path

    from loader_forks import Forks

TABLE = "lines"
MAPPING = """
[[table]]
stream = "invoice_lines"
name = "lines"
kind = "fact"
columns = [
  { name = "line_key", field = "record_id", type = "String" },
  { name = "document", field = "document", type = "String" },
  { name = "amount", field = "amount", type = "Decimal" },
]
"""


def end(loader: LakeLoader) -> list[dict[str, Any]]:
    """The rows, without the name of the batch that each came in."""
    found = comparable(loader.books.rows(TABLE))
    return [{name: row[name] for name in row if name != "_sdc_batch_key"} for row in found]


def run_to_the_end(process: Forks, config: dict[str, Any], last_state: Any) -> None:
    code, _ = process.run(config, tap(last_state))
    assert code == 0


@pytest.mark.process
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_killed_at_any_commit_the_next_run_ends_as_an_undisturbed_one(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    mapping = tmp_path / "mapping.toml"
    mapping.write_text(MAPPING)
    with forks(tmp_path, "lake_forks") as process:
        undisturbed = LakeLoader(tmp_path / "undisturbed", mapping)
        run_to_the_end(process, undisturbed.config | settings, None)
        wanted, steps = end(undisturbed), process.steps()
        assert wanted
        assert undisturbed.refreshes == 1
        assert steps > 6
        for step in range(1, steps + 1):
            loader = LakeLoader(tmp_path / str(step), mapping)

            code, states = process.run(loader.config | settings, tap(None), die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            last_state = json.loads(states[-1]) if states else None
            run_to_the_end(process, loader.config | settings, last_state)
            assert end(loader) == wanted, f"killed at step {step} of {steps}"
            assert loader.refreshes >= 1, f"killed at step {step} of {steps}"
