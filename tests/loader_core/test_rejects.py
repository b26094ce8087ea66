"""Rows that no table can take: set aside with where they came from, and never in silence."""

from __future__ import annotations

from loader_core.errors import MissingKeyError, RejectedRowsError
from loader_runs import AMOUNT, AUDITED, KEY, Loader, audited, record, schema, state

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT, "text": {"type": "string"}}, KEY)
GOOD = audited("invoices", "1", "10:00", 1, amount=1, text="a")
BAD = audited("invoices", "2", "10:00", 1, amount="secret", text="b")


def test_the_run_goes_on_and_says_at_its_end_how_many_and_where(loader: Loader) -> None:
    run = loader.load([INVOICES, GOOD, BAD, state(1)])

    assert isinstance(run.error, RejectedRowsError)
    assert "1 rows could not be loaded" in str(run.error)
    assert str(loader.outbox / "rejects.jsonl") in str(run.error)
    assert run.states == ["1"]
    assert [row["text"] for row in loader.current("invoices")] == ["a"]


def test_a_reject_says_where_the_row_came_from_and_not_what_is_in_it(loader: Loader) -> None:
    loader.load([INVOICES, BAD])

    (reject,) = loader.rejects()
    assert reject.pop("rejected_at")
    assert reject == {
        "stream": "invoices",
        "reason": "column 'amount': not a number",
        "trace": {
            "company_id": "no",
            "record_id": "no:2",
            "_batch_id": "batch",
            "_audit_id": "batch/1/2",
        },
    }


def test_the_record_itself_is_kept_where_that_is_asked_for(loader: Loader) -> None:
    loader.load([INVOICES, BAD], keep_rejected_records=True)

    assert loader.rejects()[0]["record"] == BAD["record"]


def test_rows_that_the_destination_refuses_are_set_aside_and_the_others_written(
    loader: Loader,
) -> None:
    long = audited("invoices", "3", "10:00", 1, amount=1, text="x" * 9)

    run = loader.load([INVOICES, GOOD, long, state(1)], max_text=8 + len("2026-03-02"))
    again = loader.load([INVOICES, long], max_text=8, keep_rejected_records=True)

    assert run.error is None
    assert "could not be loaded" in str(again.error)
    assert [reject["reason"] for reject in loader.rejects()] == [
        "column 'text': more than 8 letters"
    ]
    assert loader.rejects()[0]["record"]["text"] == "x" * 9
    assert loader.waiting() == []


def test_a_batch_of_which_every_row_is_refused_leaves_nothing(loader: Loader) -> None:
    run = loader.load([INVOICES, GOOD, state(1)], max_text=0)

    assert isinstance(run.error, RejectedRowsError)
    assert run.states == ["1"]
    assert loader.current("invoices") == []
    assert loader.waiting() == []


def test_a_row_without_its_key_is_rejected_and_told_apart(loader: Loader) -> None:
    things = schema("things", {"id": {"type": ["integer", "null"]}, "text": {"type": "string"}})

    run = loader.load([things, record("things", {"text": "a"}), record("things", {"id": None})])

    assert isinstance(run.error, MissingKeyError)
    assert [reject["reason"] for reject in loader.rejects()] == [
        "Object missing required field `id`",
        "Expected `int`, got `null` - at `$.id`",
    ]


def test_a_line_that_was_torn_off_in_the_rejects_file_is_cut(loader: Loader) -> None:
    loader.load([INVOICES, BAD, BAD | {"record": BAD["record"] | {"record_id": "no:torn"}}])
    path = loader.outbox / "rejects.jsonl"
    path.write_text(path.read_text()[:-9])

    loader.load([INVOICES, BAD | {"record": BAD["record"] | {"record_id": "no:next"}}])

    ids = [reject["trace"]["record_id"] for reject in loader.rejects()]
    assert ids == ["no:2", "no:next"]
