"""Verify: rows and sums of both warehouses against the ledger of batches."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from checks_places import (
    AUDIT,
    INVOICES,
    LARGE,
    BigQueryPlace,
    Books,
    batch_id,
    lines_with,
    standard,
)
from warehouse_checks.calls import Answer, Caller

if TYPE_CHECKING:
    from pathlib import Path

INVOICE_STREAM = ("1001", "supplier_invoices")


def test_what_is_whole_is_found_so_digit_for_digit(books: Books) -> None:
    standard(books)
    books.load()

    code, reports = books.verify()

    assert code == 0
    assert {each["result"] for each in reports.values()} == {"ok"}
    newest = reports[INVOICE_STREAM]
    assert (newest["rows"], newest["expected"], newest["found"]) == (4, 2, 2)
    of_other = reports["1002", "supplier_invoices"]["sums"]
    assert [Decimal(each["found"]) for each in of_other] == [Decimal(LARGE), Decimal("0.000000001")]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("DELETE FROM {table} WHERE record_id = '1001:3'", "2: 1 rows, not 2"),
        ("DELETE FROM {table} WHERE company_id = '1002'", "3: 0 rows, not 1"),
        ("DELETE FROM {table} WHERE _batch_id LIKE '%1'", "0 of its 3 rows"),
        ("UPDATE {table} SET amount = -0.100000001 WHERE record_id = '1001:3'", "sum of amount"),
        (
            f"UPDATE {{table}} SET amount = {LARGE[:-1]}8 WHERE company_id = '1002'",
            f"8, not {LARGE}",
        ),
        ("INSERT INTO {table} SELECT * FROM {table} WHERE record_id = '1001:1'", "the key of"),
        ("UPDATE {table} SET _batch_id = 'foreign' WHERE record_id = '1001:1'", "batch foreign"),
        ("UPDATE {table} SET _batch_id = NULL WHERE record_id = '1001:1'", "without a batch"),
        ("UPDATE {table} SET company_id = '9' WHERE record_id = '1001:1'", "ledger does not have"),
    ],
)
def test_what_is_not_whole_is_found(books: Books, change: str, told: str) -> None:
    standard(books)
    books.load()
    books.change(change)

    code, shown = books.told("verify")

    assert code == 1
    assert lines_with(shown, "supplier_invoices:", told)
    assert lines_with(shown, "differs", "supplier_invoices")


def test_a_batch_that_a_later_one_has_overwritten_in_part_is_whole(books: Books) -> None:
    standard(books)
    books.load()
    books.change("DELETE FROM {table} WHERE record_id = '1001:1'")  # as if 1001:4 had its key

    code, reports = books.verify()

    assert (code, reports[INVOICE_STREAM]["result"]) == (0, "ok")


def test_a_batch_whose_run_was_killed_cannot_be_compared_until_the_next_one(books: Books) -> None:
    standard(books)
    books.batch("1001", 4, None, status="killed", since="2026-11-01")
    books.add("supplier_invoices", ("1001", "1001:5", batch_id(4), "1", "1"))
    books.load()

    code, reports = books.verify()

    assert (code, reports[INVOICE_STREAM]["result"]) == (2, "unknown")
    assert "run again" in reports[INVOICE_STREAM]["note"]
    assert reports["1002", "supplier_invoices"]["result"] == "ok"


def test_rows_that_came_twice_and_had_changed_are_no_difference(books: Books) -> None:
    standard(books)
    books.batch("1001", 4, None, since="2026-11-01", records=2)
    books.add("supplier_invoices", ("1001", "1001:5", batch_id(4), "1", "1"))
    books.load()

    code, reports = books.verify()

    assert (code, reports[INVOICE_STREAM]["expected"]) == (0, None)
    assert "no totals" in reports[INVOICE_STREAM]["note"]


def test_a_replay_adds_nothing_to_what_is_expected(books: Books) -> None:
    standard(books)
    books.batch("1001", 2, None, status="replayed", since="2026-11-01", records=2)
    books.load()

    code, reports = books.verify()

    assert code == 0
    assert reports[INVOICE_STREAM]["expected"] == 2


def test_a_replay_that_failed_does_not_hide_what_is_expected(books: Books) -> None:
    books.batch("1001", 2, None, status="failed", since="2026-11-01", records=0)
    standard(books)
    books.load()

    code, reports = books.verify()

    assert code == 0
    assert reports[INVOICE_STREAM]["expected"] == 2


@pytest.mark.parametrize(("since", "code"), [(None, 0), ("2026-11-02", 1)])
def test_rows_are_gone_rightly_only_after_a_full_pass_that_did_not_find_them(
    books: Books, since: str | None, code: int
) -> None:
    standard(books)
    empty = {"supplier_invoices": {"records": 0, "sums": {}}}
    books.batch("1001", 4, empty, since=since)
    books.load()
    books.change("DELETE FROM {table} WHERE company_id = '1001'")

    found, reports = books.verify("--company", "1001", "--stream", "supplier_invoices")

    assert found == code
    assert reports[INVOICE_STREAM]["rows"] == 0


def test_a_column_of_floats_is_a_difference(books: Books) -> None:
    standard(books)
    books.load(INVOICES | {"amount": "float"})

    code, reports = books.verify()

    assert code == 1
    assert "amount is FLOAT" in reports[INVOICE_STREAM]["differences"][0]


def test_numbers_kept_as_text_are_summed_exactly(books: Books) -> None:
    standard(books)
    books.load(INVOICES | {"amount": "text"})

    code, _ = books.verify()

    assert code == 0


def test_a_column_that_is_not_there_is_a_difference(books: Books) -> None:
    standard(books)
    books.load(AUDIT | {"other": "decimal", "quantity": "decimal"})

    code, reports = books.verify()

    assert code == 1
    assert "no such column" in reports[INVOICE_STREAM]["differences"][0]


def test_a_table_that_is_not_there_is_a_difference(books: Books) -> None:
    standard(books)
    books.load(without="supplier_invoice_lines")

    code, reports = books.verify()

    assert code == 1
    assert "0 rows, not 1" in reports["1001", "supplier_invoice_lines"]["differences"][0]


def test_companies_and_streams_can_be_chosen(books: Books) -> None:
    standard(books)
    books.load()

    code, reports = books.verify("--company", "1002", "--stream", "supplier_invoices")

    assert code == 0
    assert list(reports) == [("1002", "supplier_invoices")]


def test_a_result_in_pages_is_read_whole(
    bigquery: BigQueryPlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    books = Books(bigquery, tmp_path, capsys)
    standard(books)
    books.load()
    bigquery.service.set(rows_per_page=1)

    code, reports = books.verify()

    assert (code, len(reports)) == (0, 4)


def test_a_query_is_asked_after_where_the_dataset_is(
    bigquery: BigQueryPlace,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bigquery.service.set(datasets={bigquery.dataset: "europe-north1"})
    books = Books(bigquery, tmp_path, capsys)
    standard(books)
    books.load()
    asked: list[Any] = []
    call = Caller.call

    def noted(caller: Caller, method: str, url: str, **how: Any) -> Answer:
        asked.extend([how.get("params")] if "/queries/" in url else [])
        return call(caller, method, url, **how)

    monkeypatch.setattr(Caller, "call", noted)
    found = json.loads(books.told("verify", "--format", "json", location=None)[1])

    assert found["whole"]
    assert {params["location"] for params in asked} == {"europe-north1"}


def test_statements_that_go_on_are_asked_after(books: Books) -> None:
    standard(books)
    books.load()
    place = books.place
    if isinstance(place, BigQueryPlace):
        place.service.fault({"running": 2}, statement="COUNT")
    else:
        place.account.fault({"running": 2}, statement="COUNT")

    code, _ = books.verify("--stream", "supplier_invoices")

    assert code == 0


def test_without_a_ledger_nothing_can_be_checked(books: Books) -> None:
    code, shown = books.told("verify")

    assert code == 2
    assert "Select the stream sync_batches" in shown


def test_an_answer_that_is_lost_is_asked_for_again(books: Books) -> None:
    standard(books)
    books.load()
    place = books.place
    if isinstance(place, BigQueryPlace):
        place.service.fault("drop", statement="COUNT")
    else:
        place.account.fault("drop", statement="COUNT")

    code, _ = books.verify()

    assert code == 0
    assert len(books.clock.waits) >= 1


def test_a_statement_that_fails_is_told_without_its_text(books: Books) -> None:
    standard(books)
    books.load()
    place = books.place
    if isinstance(place, BigQueryPlace):
        fault = {"fail": "resourcesExceeded", "message": "row 1001:1 is large"}
        place.service.fault(fault, statement="COUNT")
    else:
        place.account.fault({"fail": "000606", "message": "1001:1"}, statement="COUNT")

    code, shown = books.told("verify")

    assert code == 2
    assert "1001:1" not in shown
    assert "history" in shown
