"""kill -9 after every call that changes something: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bigquery_loads import Books
from crash_story import SETTINGS, STREAM, tap
from loader_forks import forks
from loader_runs import comparable, new_name

if TYPE_CHECKING:
    from pathlib import Path

    from bigquery_service import BigQueryService
    from loader_forks import Forks

LOG = "calls"


def end(books: Books) -> list[dict[str, Any]]:
    """The rows, without the name of the batch that each came in."""
    found = comparable(books.rows(STREAM))
    return [{name: row[name] for name in row if name != "_sdc_batch_key"} for row in found]


def run_to_the_end(process: Forks, config: dict[str, Any], last_state: Any) -> None:
    code, _ = process.run(config, tap(last_state))
    assert code == 0


@pytest.mark.process
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_killed_after_any_change_the_next_run_ends_as_an_undisturbed_one(
    service: BigQueryService, tmp_path: Path, settings: dict[str, Any]
) -> None:
    with forks(tmp_path, "bigquery_forks") as process:
        undisturbed = Books(service, new_name(), tmp_path / "undisturbed")
        run_to_the_end(process, undisturbed.config | settings, None)
        wanted, steps = end(undisturbed), process.steps()
        assert wanted
        assert steps > 6
        for step in range(1, steps + 1):
            books = Books(service, new_name(), tmp_path / str(step))

            code, states = process.run(books.config | settings, tap(None), die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            last_state = json.loads(states[-1]) if states else None
            run_to_the_end(process, books.config | settings, last_state)
            assert end(books) == wanted, f"killed at step {step} of {steps}"
            assert books.staged() == []
