"""kill -9 before every step: the next run ends as an undisturbed one; STATE was never ahead."""

from __future__ import annotations

import json
import random
from operator import itemgetter
from typing import TYPE_CHECKING, Any

import pytest

from loader_forks import Forks, forks
from loader_runs import (
    AMOUNT,
    AUDITED,
    KEY,
    Loader,
    activate,
    audited,
    comparable,
    lines,
    rows,
    schema,
    state,
)

if TYPE_CHECKING:
    from pathlib import Path

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
LINES = schema(
    "lines",
    AUDITED | {"invoice": {"type": "string"}, "amount": AMOUNT},
    KEY,
    **{
        "x-document": {
            "stream": "invoices",
            "key": ["company_id", "invoice"],
            "version": "lastModifiedDateTime",
        }
    },
)


def line(invoice: str, number: int, stamp: str, read: int) -> dict[str, Any]:
    return audited("lines", f"{invoice}:{number}", stamp, read, invoice=invoice, amount=number)


RECORDS: list[dict[str, Any]] = [
    audited("invoices", "1", "10:00", 1, amount=10.10),
    audited("invoices", "2", "10:00", 1, amount=20),
    line("1", 1, "10:00", 1),
    line("1", 2, "10:00", 1),
    line("2", 1, "10:00", 1),
    state({"at": 6}),
    audited("invoices", "3", "11:00", 2, amount=30),
    audited("invoices", "1", "11:00", 2, amount=11.11),
    line("1", 1, "11:00", 2),  # the other line of invoice 1 is gone
    line("3", 1, "11:00", 2),
    state({"at": 11}),
    audited("invoices", "2", "12:00", 3, amount=21),
    activate("invoices", 1),
    activate("lines", 1),
    state({"at": 15}),
]
TABLES = ("invoices", "lines")


def tap(from_state: Any) -> str:
    """What the tap writes when it is started from a STATE."""
    return lines([INVOICES, LINES, *RECORDS[from_state["at"] if from_state else 0 :]])


def end(path: Path) -> dict[str, list[dict[str, Any]]]:
    return {table: comparable(rows(path, table)) for table in TABLES}


def assert_rows_of(state_line: str, path: Path) -> None:
    """All that came before the STATE is there, or something newer; of lines, their document."""
    at = json.loads(state_line)["at"]
    there = {
        (table, row.get("invoice", row["record_id"])): row["lastModifiedDateTime"]
        for table in TABLES
        for row in sorted(rows(path, table), key=itemgetter("lastModifiedDateTime"))
    }
    for message in RECORDS[:at]:
        if message["type"] == "RECORD":
            values = message["record"]
            stored = there[message["stream"], values.get("invoice", values["record_id"])]
            assert stored >= values["lastModifiedDateTime"]


def run_to_the_end(process: Forks, config: dict[str, Any], last_state: Any) -> None:
    code, _ = process.run(config, tap(last_state))
    assert code == 0


SETTINGS = {
    "each batch is committed": {},
    "all is committed at the end": {"publish": "run"},
    "tables are replaced": {"load_method": "overwrite"},
}


@pytest.mark.process
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_killed_before_any_step_the_next_run_ends_as_an_undisturbed_one(
    tmp_path: Path, settings: dict[str, Any]
) -> None:
    config = {"batch_size_rows": 4, **settings}
    with forks(tmp_path) as process:
        undisturbed = Loader(tmp_path / "undisturbed")
        undisturbed.folder.mkdir()
        run_to_the_end(process, undisturbed.config | config, None)
        wanted, steps = end(undisturbed.folder / "books.sqlite"), process.steps()
        assert steps > 100
        for step in range(1, steps + 1):
            loader = Loader(tmp_path / str(step))
            loader.folder.mkdir()
            path = loader.folder / "books.sqlite"

            code, states = process.run(loader.config | config, tap(None), die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            if states:
                assert_rows_of(states[-1], path)
            run_to_the_end(
                process, loader.config | config, json.loads(states[-1]) if states else None
            )
            assert end(path) == wanted, f"killed at step {step} of {steps}"
            assert loader.waiting() == []


@pytest.mark.process
def test_killed_again_and_again_no_row_is_lost(tmp_path: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when the test fails, to run it again
    dice = random.Random(seed)
    config = {"batch_size_rows": 2}
    undisturbed, loader = Loader(tmp_path / "undisturbed"), Loader(tmp_path / "killed")
    undisturbed.folder.mkdir()
    loader.folder.mkdir()
    with forks(tmp_path) as process:
        run_to_the_end(process, undisturbed.config | config, None)
        last_state, deaths = None, 0
        for chance in range(1, 100):
            text, step = tap(last_state), dice.randrange(1, 30 * chance)
            code, states = process.run(loader.config | config, text, die_at=step)
            last_state = json.loads(states[-1]) if states else last_state
            if code == 0:
                break
            deaths += 1

    assert code == 0
    assert deaths > 0
    path = loader.folder / "books.sqlite"
    assert end(path) == end(undisturbed.folder / "books.sqlite")
