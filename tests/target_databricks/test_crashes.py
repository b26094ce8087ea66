"""kill -9 before every call that changes something: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from databricks_ledger import LEDGER, RULES, STREAM, line
from databricks_loads import Books
from loader_forks import forks
from loader_runs import activate, comparable, lines, new_name, state

if TYPE_CHECKING:
    from pathlib import Path

    from databricks_workspace import DatabricksWorkspace
    from loader_forks import Forks

RECORDS: list[dict[str, Any]] = [
    line(1, "1920", document=7),
    line(2, "2400", document=7),
    line(3, "3000"),
    state({"at": 4}),
    line(1, "2400", "11:00", read=2, document=7),  # has moved, and the other line is gone
    line(4, "1920", "11:00", read=2),
    state({"at": 7}),
    activate(STREAM, 1),
    state({"at": 9}),
]
TWO_TABLES = RULES | {
    "rules": [{"accounts": ["1*"], "table": "gl_assets"}],
    "unmatched": {"table": "gl_other"},
}
SETTINGS: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "routed to two tables": ({"gl_routing": TWO_TABLES}, ("gl_assets", "gl_other")),
    "tables are replaced": ({"load_method": "overwrite", "batch_size_rows": 10}, (STREAM,)),
}


def tap(from_state: Any) -> str:
    """What the tap writes when it is started from a STATE."""
    return lines([LEDGER, *RECORDS[from_state["at"] if from_state else 0 :]])


def end(books: Books, tables: tuple[str, ...]) -> dict[str, list[dict[str, Any]]]:
    return {table: comparable(books.rows(table)) for table in tables}


def run_to_the_end(process: Forks, config: dict[str, Any], last_state: Any) -> None:
    code, _ = process.run(config, tap(last_state))
    assert code == 0


@pytest.mark.process
@pytest.mark.parametrize(("settings", "tables"), SETTINGS.values(), ids=SETTINGS)
def test_killed_before_any_change_the_next_run_ends_as_an_undisturbed_one(
    workspace: DatabricksWorkspace,
    tmp_path: Path,
    settings: dict[str, Any],
    tables: tuple[str, ...],
) -> None:
    config = {"batch_size_rows": 3, **settings}
    with forks(tmp_path, "databricks_forks") as process:
        undisturbed = Books(workspace, new_name(), tmp_path / "undisturbed")
        run_to_the_end(process, undisturbed.config | config, None)
        wanted, steps = end(undisturbed, tables), process.steps()
        assert any(wanted.values())
        assert steps > 6
        for step in range(1, steps + 1):
            books = Books(workspace, new_name(), tmp_path / str(step))

            code, states = process.run(books.config | config, tap(None), die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            last_state = json.loads(states[-1]) if states else None
            run_to_the_end(process, books.config | config, last_state)
            assert end(books, tables) == wanted, f"killed at step {step} of {steps}"
            assert books.staged() == []
