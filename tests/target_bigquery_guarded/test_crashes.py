"""kill -9 after every call that changes something: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from bigquery_loads import Books
from loader_forks import forks
from loader_runs import (
    AMOUNT,
    AUDITED,
    KEY,
    activate,
    audited,
    comparable,
    lines,
    new_name,
    schema,
    state,
)

if TYPE_CHECKING:
    from pathlib import Path

    from bigquery_service import BigQueryService
    from loader_forks import Forks

STREAM, LOG = "invoice_lines", "calls"
LINES = schema(
    STREAM,
    AUDITED | {"document": {"type": "string"}, "amount": AMOUNT},
    KEY,
    **{
        "x-document": {
            "stream": "invoices",
            "key": ["document"],
            "version": "lastModifiedDateTime",
        }
    },
)


def line(number: int, stamp: str, read: int = 1, document: str = "A") -> dict[str, Any]:
    return audited(STREAM, f"{document}:{number}", stamp, read, document=document, amount=number)


RECORDS: list[dict[str, Any]] = [
    line(1, "10:00"),
    line(2, "10:00"),
    line(1, "10:00", document="B"),
    state({"at": 4}),
    line(1, "11:00", 2),  # the other line of the document is gone
    line(4, "11:00", 2),
    state({"at": 7}),
    activate(STREAM, 1),
    state({"at": 9}),
]
SETTINGS: dict[str, dict[str, Any]] = {
    "merged": {"batch_size_rows": 3},
    "only added": {"batch_size_rows": 3, "load_method": "append-only"},
    "replaced": {"batch_size_rows": 10, "load_method": "overwrite"},
}


def tap(from_state: Any) -> str:
    """What the tap writes when it is started from a STATE."""
    return lines([LINES, *RECORDS[from_state["at"] if from_state else 0 :]])


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
