"""STATE follows the rows, early, and unchanged."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.clock import Clock
from loader_core.errors import InputError, OutputError
from loader_core.messages import StateOutput
from loader_runs import Loader, record, schema, state

if TYPE_CHECKING:
    from loader_sqlite import SqliteTarget

A = schema("a", {"id": {"type": "integer"}})
B = schema("b", {"id": {"type": "integer"}})


def row(stream: str, number: int) -> dict[str, Any]:
    return record(stream, {"id": number})


class JumpingClock(Clock):
    """Runs ahead by so many seconds each time that someone looks at it."""

    def __init__(self, seconds: float) -> None:
        self._ahead = 0.0
        self._seconds = seconds

    def monotonic(self) -> float:
        self._ahead += self._seconds
        return super().monotonic() + self._ahead


def watch(loader: Loader, target: SqliteTarget, seen: list[tuple[bytes, int]]) -> None:
    """Note how many rows are there when each STATE is written."""
    write = target.output.write

    def noting(value: bytes) -> None:
        seen.append((value, len(loader.rows("a")) + len(loader.rows("b"))))
        write(value)

    target.output.write = noting  # type: ignore[method-assign] # the seam for STATE


def load_watched(
    loader: Loader,
    *groups: list[dict[str, Any]],
    clock: Clock | None = None,
    batch_size_rows: int = 100,
) -> list[tuple[bytes, int]]:
    """Run a target, and give each STATE with the number of rows that were there."""
    seen: list[tuple[bytes, int]] = []
    run = loader.feed(
        *groups,
        clock=clock,
        seen=lambda target: watch(loader, target, seen),
        batch_size_rows=batch_size_rows,
        max_batch_age_seconds=10,
    )
    assert run.error is None
    return seen


def test_state_passes_through_unchanged_whatever_is_in_it(loader: Loader) -> None:
    value = '{"bookmarks": {"x": 1.50, "y":  1e-7, "æ": "\\u00e6"}, "big": 12345678901234567890.1}'

    run = loader.load([f'{{"type": "STATE", "value": {value}}}'])

    assert run.states == [value]


def test_a_state_waits_for_the_batches_that_were_open_when_it_came(loader: Loader) -> None:
    messages = [A, B, row("a", 1), row("b", 1), state(2), row("b", 2), row("b", 3), state(4)]

    seen = load_watched(loader, messages, batch_size_rows=3)

    assert seen == [(b"2", 4), (b"4", 4)]  # not after b's three rows, since a's was open as well


def test_state_goes_out_batch_by_batch_not_at_the_end(loader: Loader) -> None:
    messages = [A]
    for number in range(1, 7):
        messages += [row("a", number), state(number)]

    seen = load_watched(loader, messages, batch_size_rows=3)

    assert seen == [(b"2", 3), (b"3", 3), (b"5", 6), (b"6", 6)]


def test_a_state_without_rows_before_it_goes_out_at_once(loader: Loader) -> None:
    assert load_watched(loader, [state(0), A, row("a", 1), state(1)]) == [(b"0", 0), (b"1", 1)]


def test_a_batch_is_written_when_it_is_old_so_that_state_can_follow(loader: Loader) -> None:
    groups = ([A, row("a", 1), state(1)], [B, row("b", 1), state(2)], [row("b", 2), state(3)])

    seen = load_watched(loader, *groups, clock=JumpingClock(4))

    assert seen[0] == (b"1", 1)
    assert seen[-1] == (b"3", 3)


def test_state_is_held_until_all_streams_are_published(loader: Loader) -> None:
    messages = [A, row("a", 1), state(1), B, row("b", 1), state(2)]

    run = loader.load(messages, batch_size_rows=1, publish="run")

    assert run.states == ["2"]


@pytest.mark.parametrize(
    ("then", "torn"), [([row("b", 9)], ""), ([], '{"type": "REC')], ids=["no STATE", "torn"]
)
def test_a_run_whose_tap_did_not_come_to_its_end_publishes_nothing(
    loader: Loader, then: list[dict[str, Any]], torn: str
) -> None:
    tonight = [A, row("a", 1), state(1), B, row("b", 1), state(2), *then]

    broken = loader.load(tonight, batch_size_rows=1, publish="run", torn=torn)
    silent = loader.load([], publish="run")

    assert isinstance(broken.error, InputError)
    assert isinstance(silent.error, InputError)
    assert (broken.states, loader.rows("a"), loader.rows("b")) == ([], [], [])
    again = loader.load([A, row("a", 2), state(3)], publish="run")
    assert (again.error, again.states) == (None, ["3"])
    assert len(loader.rows("a")) == 2
    assert len(loader.rows("b")) == 1 + len(then)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_state_that_cannot_be_written_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    full = io.TextIOWrapper(io.BufferedWriter(io.FileIO("/dev/full", "w")))
    monkeypatch.setattr(sys, "stdout", full)

    with pytest.raises(OutputError, match="No space left"):
        StateOutput().write(b"{}")

    monkeypatch.undo()
    with pytest.raises(OSError, match="No space left"):
        full.close()
