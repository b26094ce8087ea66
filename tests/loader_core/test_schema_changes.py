"""A schema that changes in the middle of a run."""

from __future__ import annotations

from typing import Any

import pytest

from loader_core.errors import InputError, SchemaError, UnknownStreamError
from loader_runs import Loader, record, schema, state

ID, TEXT = {"type": "integer"}, {"type": ["string", "null"]}


def test_rows_of_the_old_schema_are_written_before_the_table_changes(loader: Loader) -> None:
    run = loader.load(
        [
            schema("things", {"id": ID, "old": TEXT}),
            record("things", {"id": 1, "old": "a"}),
            schema("things", {"id": ID, "new": TEXT}),
            record("things", {"id": 2, "new": "b"}),
            state(1),
        ]
    )

    assert run.states == ["1"]
    assert loader.current("things") == [
        {"id": 1, "old": "a", "new": None},
        {"id": 2, "old": None, "new": "b"},
    ]


@pytest.mark.parametrize(
    ("old", "new"),
    [({"type": "object"}, {"type": "array"}), (TEXT, {"type": ["array", "null"]})],
    ids=["an object, then an array", "a text, then an array"],
)
def test_rows_of_each_schema_are_read_by_their_own_where_the_column_stays_as_it_is(
    loader: Loader, old: dict[str, Any], new: dict[str, Any]
) -> None:
    first: Any = {} if old["type"] == "object" else "text"

    run = loader.load(
        [
            schema("things", {"id": ID, "x": old}),
            record("things", {"id": 1, "x": first}),
            schema("things", {"id": ID, "x": new}),
            record("things", {"id": 2, "x": [1]}),
            state(1),
        ]
    )

    assert run.error is None
    assert [row["x"] for row in loader.current("things")] == [str(first), "[1]"]


def test_what_a_new_schema_no_longer_requires_may_be_left_out(loader: Loader) -> None:
    columns = {"id": ID, "x": TEXT}

    run = loader.load(
        [
            schema("things", columns, required=["x"]),
            record("things", {"id": 1, "x": "a"}),
            schema("things", columns),
            record("things", {"id": 2}),
        ]
    )

    assert run.error is None
    assert loader.current("things") == [{"id": 1, "x": "a"}, {"id": 2, "x": None}]


def test_the_same_schema_again_closes_no_batch(loader: Loader) -> None:
    things = schema("things", {"id": ID, "text": TEXT})

    run = loader.load(
        [things, record("things", {"id": 1}), state(1), things, record("things", {"id": 2})]
    )

    assert run.states == ["1"]
    assert len({row["_sdc_sequence"] for row in loader.rows("things")}) == 1


def test_a_column_of_another_type_is_an_error_with_both_types_and_what_came_before_stays(
    loader: Loader,
) -> None:
    run = loader.load(
        [
            schema("things", {"id": ID, "x": TEXT}),
            record("things", {"id": 1, "x": "a"}),
            state(1),
            schema("things", {"id": ID, "x": {"type": "number"}}),
            record("things", {"id": 2, "x": 1}),
            state(2),
        ]
    )

    assert isinstance(run.error, SchemaError)
    assert "stream 'things': column 'x' is TEXT" in str(run.error)
    assert "DECIMAL" in str(run.error)
    assert run.states == ["1"]
    assert loader.current("things") == [{"id": 1, "x": "a"}]


@pytest.mark.parametrize("name", ['a "b"', "a\\b", "a\nb"])
def test_a_name_that_cannot_be_read_is_an_error_that_names_it(loader: Loader, name: str) -> None:
    run = loader.load([schema("things", {"id": ID, name: TEXT})])

    assert isinstance(run.error, SchemaError)
    assert repr(name) in str(run.error)


def test_a_record_before_its_schema_is_an_error(loader: Loader) -> None:
    run = loader.load([record("things", {"id": 1})])

    assert isinstance(run.error, UnknownStreamError)
    assert "'things'" in str(run.error)


def test_a_key_that_is_no_column_is_an_error(loader: Loader) -> None:
    run = loader.load([schema("things", {"text": TEXT})])

    assert isinstance(run.error, SchemaError)
    assert "stream 'things': the key column 'id'" in str(run.error)


@pytest.mark.parametrize("line", ["secret", '{"secret":' * 100_000], ids=["a word", "too deep"])
def test_a_line_that_is_no_message_is_an_error_that_does_not_quote_it(
    loader: Loader, line: str
) -> None:
    run = loader.load([schema("things", {"id": ID}), record("things", {"id": 1}), line, state(1)])

    assert isinstance(run.error, InputError)
    assert "message 3 of the input" in str(run.error)
    assert "secret" not in str(run.error)
    assert run.states == []


def test_an_input_that_breaks_off_within_a_line_is_loaded_up_to_there(loader: Loader) -> None:
    messages = [schema("things", {"id": ID}), record("things", {"id": 1}), state(1)]

    run = loader.load(messages, torn='{"type": "RECORD", "str')

    assert isinstance(run.error, InputError)
    assert run.states == ["1"]
    assert loader.current("things") == [{"id": 1}]


def test_batch_messages_are_refused_with_what_to_do(loader: Loader) -> None:
    run = loader.load(['{"type": "BATCH", "stream": "things", "encoding": {}, "manifest": []}'])

    assert "batch_config" in str(run.error)
