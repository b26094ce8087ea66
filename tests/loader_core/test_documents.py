"""Documents as a whole: a line that is gone from a newer version does not stay as current."""

from __future__ import annotations

from typing import Any

import pytest

from loader_runs import AUDITED, KEY, Loader, activate, audited, schema, state

TEXT = {"type": "string"}
DOCUMENT = {"key": ["company_id", "number"], "version": "lastModifiedDateTime"}
INVOICES = schema("invoices", AUDITED | {"number": TEXT}, KEY)
LINES = schema(
    "lines", AUDITED | {"number": TEXT}, KEY, **{"x-document": {"stream": "invoices", **DOCUMENT}}
)


def invoice(number: str, stamp: str, read: int) -> dict[str, Any]:
    return audited("invoices", number, stamp, read, number=number)


def line(number: str, place: int, stamp: str, read: int) -> dict[str, Any]:
    return audited("lines", f"{number}:{place}", stamp, read, number=number)


def ids(loader: Loader) -> list[str]:
    return sorted(row["record_id"] for row in loader.current("lines"))


@pytest.mark.parametrize("hard", [False, True], ids=["marked", "deleted"])
@pytest.mark.parametrize("batch_size_rows", [1, 100])
def test_lines_of_an_older_version_go_when_newer_ones_come(
    loader: Loader, batch_size_rows: int, *, hard: bool
) -> None:
    settings: dict[str, Any] = {"hard_delete": hard, "batch_size_rows": batch_size_rows}
    first = [line("A", 1, "10:00", 1), line("A", 2, "10:00", 1), line("B", 1, "10:00", 1)]
    loader.load([LINES, *first], **settings)

    loader.load([LINES, line("A", 2, "11:00", 2), line("A", 3, "11:00", 2)], **settings)

    assert ids(loader) == ["no:A:2", "no:A:3", "no:B:1"]
    assert len(loader.rows("lines")) == (3 if hard else 4)


def test_the_last_line_goes_when_its_document_has_none_left(loader: Loader) -> None:
    loader.load([INVOICES, LINES, invoice("A", "10:00", 1), line("A", 1, "10:00", 1), state(1)])

    loader.load([INVOICES, LINES, invoice("A", "11:00", 2), state(2)])

    assert ids(loader) == []


def test_lines_whose_newer_ones_may_still_come_stay(loader: Loader) -> None:
    loader.load([INVOICES, LINES, invoice("A", "10:00", 1), line("A", 1, "10:00", 1), state(1)])

    # The tap ended after the document and before its lines: no STATE follows
    loader.load([INVOICES, LINES, state(1), invoice("A", "11:00", 2)])

    assert ids(loader) == ["no:A:1"]


def test_without_the_documents_stream_lines_still_follow_each_other(loader: Loader) -> None:
    loader.load([LINES, line("A", 1, "10:00", 1), state(1)])
    loader.load([LINES, line("A", 2, "11:00", 2), state(2)])

    assert ids(loader) == ["no:A:2"]


@pytest.mark.parametrize(
    "came",
    [[], [invoice("A", "10:00", 1), activate("invoices", 1)]],
    ids=["nothing", "a document"],
)
def test_streams_of_which_nothing_came_are_no_trouble_where_tables_are_replaced(
    loader: Loader, came: list[dict[str, Any]]
) -> None:
    run = loader.load([INVOICES, LINES, *came, state(1)], load_method="overwrite")

    assert run.error is None
    assert run.states == ["1"]
    assert ids(loader) == []
