"""kill -9 before every call that changes something: the next run ends as an undisturbed one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loader_forks import forks
from loader_runs import AMOUNT, AUDITED, TEXT, activate, audited, lines, new_name, schema, state
from snowflake_loads import Books, KeyPair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from loader_forks import Forks
    from snowflake_account import SnowflakeAccount

STREAM = "invoice_lines"
SCHEMA = schema(
    STREAM,
    AUDITED | {"invoice": TEXT, "amount": AMOUNT},
    ["record_id"],
    **{
        "x-document": {
            "stream": "invoices",
            "key": ["company_id", "invoice"],
            "version": "lastModifiedDateTime",
        }
    },
)


def line(number: int, stamp: str, read: int = 1, invoice: str = "7") -> dict[str, Any]:
    return audited(STREAM, str(number), stamp, read, invoice=invoice, amount=number)


RECORDS: list[dict[str, Any]] = [
    line(1, "10:00"),
    line(2, "10:00"),
    line(3, "10:00", invoice="8"),
    state({"at": 4}),
    line(1, "11:00", read=2),  # the other line of the invoice is gone
    line(4, "11:00", read=2, invoice="9"),
    state({"at": 7}),
    activate(STREAM, 1),
    state({"at": 9}),
]
SETTINGS: dict[str, dict[str, Any]] = {
    "rows are merged": {},
    "tables are replaced": {"load_method": "overwrite", "batch_size_rows": 10},
}


def tap(from_state: Any) -> str:
    """What the tap writes when it is started from a STATE."""
    return lines([SCHEMA, *RECORDS[from_state["at"] if from_state else 0 :]])


def run_to_the_end(process: Forks, config: dict[str, Any], last_state: Any) -> None:
    code, _ = process.run(config, tap(last_state))
    assert code == 0


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forks]:
    """What runs the target, once for each line that it is sent."""
    with forks(tmp_path_factory.mktemp("forks"), "snowflake_forks") as process:
        yield process


@pytest.mark.process
@pytest.mark.parametrize("settings", SETTINGS.values(), ids=SETTINGS)
def test_killed_before_any_change_the_next_run_ends_as_an_undisturbed_one(
    account: SnowflakeAccount,
    keys: KeyPair,
    tmp_path: Path,
    process: Forks,
    settings: dict[str, Any],
) -> None:
    config = {"batch_size_rows": 3, **settings}
    undisturbed = Books(account, keys, new_name().upper(), tmp_path / "undisturbed")
    run_to_the_end(process, undisturbed.config | config, None)
    wanted, steps = undisturbed.comparable(STREAM), process.steps()
    assert len(wanted) > 2
    assert steps > 5
    for step in range(1, steps + 1):
        books = Books(account, keys, new_name().upper(), tmp_path / str(step))

        code, states = process.run(books.config | config, tap(None), die_at=step)

        assert code == -9, f"step {step} of {steps} never came"
        last_state = json.loads(states[-1]) if states else None
        run_to_the_end(process, books.config | config, last_state)
        assert books.comparable(STREAM) == wanted, f"killed at step {step} of {steps}"
