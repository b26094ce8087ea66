"""ACTIVATE_VERSION and overwrite: old rows go when, and only when, the new ones are whole."""

from __future__ import annotations

from typing import Any

import pytest

from loader_core.errors import IncompleteLoadError, InputError
from loader_runs import Loader, activate, record, schema, state

THINGS = schema("things", {"id": {"type": "integer"}})


def row(number: int, version: int | None = None) -> dict[str, Any]:
    return record("things", {"id": number}, version)


@pytest.mark.parametrize("hard", [False, True], ids=["marked", "deleted"])
def test_rows_of_older_versions_go(loader: Loader, *, hard: bool) -> None:
    loader.load([THINGS, row(1, 1), row(2, 1)], hard_delete=hard)

    loader.load([THINGS, row(2, 2), activate("things", 2)], hard_delete=hard)

    assert loader.current("things") == [{"id": 2}]
    assert len(loader.rows("things")) == (1 if hard else 2)


def test_a_row_that_comes_back_is_no_longer_marked(loader: Loader) -> None:
    loader.load([THINGS, row(1, 1), activate("things", 2)])
    loader.load([THINGS, row(1, 2)])

    assert loader.current("things") == [{"id": 1}]


def test_activate_version_can_be_ignored(loader: Loader) -> None:
    messages = [THINGS, row(1, 1), activate("things", 2)]

    loader.load(messages, process_activate_version_messages=False)

    assert loader.current("things") == [{"id": 1}]
    assert "_sdc_table_version" not in loader.rows("things")[0]


def test_a_table_is_replaced_by_what_one_run_brings(loader: Loader) -> None:
    loader.load([THINGS, row(1), row(2)])

    run = loader.load([THINGS, row(3), state(1)], load_method="overwrite")

    assert run.states == ["1"]
    assert loader.current("things") == [{"id": 3}]


def test_a_run_that_breaks_off_leaves_the_table_as_it_was(loader: Loader) -> None:
    loader.load([THINGS, row(1)])

    run = loader.load([THINGS, row(2), state(1)], torn='{"type": "REC', load_method="overwrite")

    assert isinstance(run.error, InputError)
    assert run.states == []
    assert loader.current("things") == [{"id": 1}]


def test_a_stream_of_versions_that_is_not_activated_does_not_replace_its_table(
    loader: Loader,
) -> None:
    loader.load([THINGS, row(1)])

    run = loader.load([THINGS, row(2, 1), state(1)], load_method="overwrite")

    assert isinstance(run.error, IncompleteLoadError)
    assert "things" in str(run.error)
    assert run.states == []
    assert loader.current("things") == [{"id": 1}]


def test_a_stream_without_a_record_leaves_its_table_unless_it_says_that_it_is_empty(
    loader: Loader,
) -> None:
    loader.load([THINGS, row(1)])

    loader.load([THINGS, state(1)], load_method="overwrite")
    left = loader.current("things")
    run = loader.load([THINGS, activate("things", 2), state(2)], load_method="overwrite")

    assert left == [{"id": 1}]
    assert loader.current("things") == []
    assert run.states == ["2"]
