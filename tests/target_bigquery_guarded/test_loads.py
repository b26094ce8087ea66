"""What is in the tables after loads, and how they are laid out."""

from __future__ import annotations

import json
import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from bigquery_loads import Books
from loader_core import LoaderError, SettingsError
from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

DATE_TIME = {"type": ["string", "null"], "format": "date-time"}
FIELDS: dict[str, Any] = {"date": DATE_TIME, "amount": AMOUNT, "account": {"type": ["object"]}}
INVOICES = schema("invoices", AUDITED | FIELDS, KEY)
LOG = schema("log", {"text": {"type": "string"}}, ())
GREATEST = "99999999999999999999999999999.999999999"


def invoice(number: str, stamp: str = "10:00", read: int = 1, **values: Any) -> dict[str, Any]:
    of = {"date": "2026-03-31T00:00:00", "amount": 1, "account": {"number": "3000"}}
    return audited("invoices", number, stamp, read, **of | values)


def test_tables_are_partitioned_by_month_of_the_document_date_and_clustered_by_key(
    books: Books,
) -> None:
    books.load([INVOICES, invoice("1"), state(1)])

    table = books.table("invoices")
    assert table["timePartitioning"] == {"type": "MONTH", "field": "date"}
    assert table["clustering"] == {"fields": ["company_id", "record_id"]}
    assert table["numRows"] == "1"


def test_the_first_wanted_column_that_is_a_time_partitions_and_settings_choose(
    books: Books,
) -> None:
    fields = {"due": DATE_TIME, "documentDate": {"type": "string"}, "tranDate": DATE_TIME}
    chosen: dict[str, Any] = {
        "partition_columns": ["documentDate", "due"],
        "partition_granularity": "day",
    }

    books.load([schema("usual", AUDITED | fields, KEY), state(1)])
    books.load([schema("chosen", AUDITED | fields, KEY), state(1)], **chosen)

    assert books.table("usual")["timePartitioning"] == {"type": "MONTH", "field": "tranDate"}
    assert books.table("chosen")["timePartitioning"] == {"type": "DAY", "field": "due"}


def test_a_table_without_a_document_date_has_no_partitions(books: Books) -> None:
    books.load([schema("suppliers", AUDITED, KEY), state(1)], cluster_on_key_properties=False)

    assert "timePartitioning" not in books.table("suppliers")
    assert "clustering" not in books.table("suppliers")


def test_every_type_has_its_column_and_descriptions_follow(books: Books) -> None:
    fields = {
        "flag": {"type": "boolean", "description": "Is 'paid'"},
        "count": {"type": "integer"},
        "rate": AMOUNT,
        "day": {"type": "string", "format": "date"},
    }

    books.load([schema("all", AUDITED | FIELDS | fields, KEY)], decimal_scales={"rate": 12})

    types = books.types("all")
    assert types["flag"] == "BOOLEAN"
    assert types["count"] == "INTEGER"
    assert types["amount"] == "NUMERIC"
    assert types["rate"] == "BIGNUMERIC"
    assert types["day"] == "DATE"
    assert types["account"] == "STRING"
    assert (types["lastModifiedDateTime"], types["date"]) == ("DATETIME", "TIMESTAMP")
    (flag,) = [f for f in books.table("all")["schema"]["fields"] if f["name"] == "flag"]
    assert flag["description"] == "Is 'paid'"


def test_money_keeps_all_digits_and_sums_are_exact(books: Books) -> None:
    tenths = [invoice(str(n), amount=Decimal("0.1")) for n in range(3)]
    lines = [json.dumps(each, default=str).replace('"0.1"', "0.1") for each in tenths]
    lines.append(json.dumps(invoice("9", amount=0)).replace('"amount": 0', f'"amount": {GREATEST}'))

    books.load([INVOICES, *lines, state(1)])

    found = sorted(Decimal(row["amount"]) for row in books.rows("invoices"))
    assert found == [Decimal("0.1")] * 3 + [Decimal(GREATEST)]
    assert sum(found[:3]) == Decimal("0.3")


def test_more_digits_than_nine_are_kept_where_that_is_said(books: Books) -> None:
    line = json.dumps(invoice("1", amount=0)).replace('"amount": 0', '"amount": 1.234567890123')

    run = books.load([INVOICES, line, state(1)], decimal_scales={"amount": 12})

    assert run.error is None
    assert books.rows("invoices")[0]["amount"] == "1.234567890123"


def test_an_old_batch_that_comes_again_changes_nothing(books: Books) -> None:
    old = [INVOICES, *(invoice(str(n), amount=n) for n in range(5)), state(1)]
    new = [INVOICES, *(invoice(str(n), "11:00", 2, amount=n + 10) for n in range(3, 7)), state(2)]
    books.load(old)
    books.load(new)
    wanted = books.rows("invoices")

    replayed = books.load(old)

    assert replayed.error is None
    assert books.rows("invoices") == wanted
    assert [row["amount"] for row in wanted] == ["0", "1", "2", "13", "14", "15", "16"]


def test_a_batch_that_was_lost_in_the_warehouse_is_written_again(books: Books) -> None:
    messages = [INVOICES, invoice("1"), invoice("2"), state(1)]
    books.load(messages)
    wanted = books.rows("invoices")
    books.service.tamper(f'DELETE FROM "{books.dataset}"."invoices"')

    books.load(messages)

    assert books.rows("invoices") == wanted


def test_rows_without_a_key_are_added_once_per_batch(books: Books, tmp_path: Path) -> None:
    messages = [LOG, record("log", {"text": "a"}), record("log", {"text": "a"}), state(1)]

    for _ in range(2):
        books.load(messages)
    other = Books(books.service, books.dataset, tmp_path / "other")
    other.load([LOG, record("log", {"text": "b"}), state(1)])

    assert sorted(row["text"] for row in books.current("log")) == ["a", "a", "b"]
    assert books.table("log")["clustering"] == {"fields": ["_sdc_batch_key"]}


def test_json_is_a_column_of_json_where_that_is_wanted(books: Books) -> None:
    books.load([INVOICES, invoice("1"), state(1)], json_columns=["acc*"])
    books.load([INVOICES, invoice("2"), state(2)], json_columns=["acc*"])

    assert books.types("invoices")["account"] == "JSON"
    assert [json.loads(row["account"]) for row in books.rows("invoices")] == [
        {"number": "3000"}
    ] * 2


def test_texts_that_are_no_json_stay_texts_whatever_the_pattern(books: Books) -> None:
    wider = schema("invoices", AUDITED | FIELDS | {"text": {"type": "string"}}, KEY)

    run = books.load([wider, invoice("1", text="{no JSON"), state(1)], json_columns=["*"])

    assert run.error is None
    assert (books.types("invoices")["account"], books.types("invoices")["text"]) == (
        "JSON",
        "STRING",
    )
    assert books.rows("invoices")[0]["text"] == "{no JSON"


def test_columns_are_added_and_old_rows_have_null_in_them(books: Books) -> None:
    wider = schema("invoices", AUDITED | FIELDS | {"text": {"type": "string"}}, KEY)
    books.load([INVOICES, invoice("1"), state(1)])

    run = books.load([wider, invoice("2", text="new"), state(2)])

    assert run.error is None
    assert [row["text"] for row in books.rows("invoices")] == [None, "new"]


def test_a_column_of_another_type_ends_the_run_and_names_both(books: Books) -> None:
    other = schema("invoices", AUDITED | FIELDS | {"amount": {"type": "string"}}, KEY)
    books.load([INVOICES, invoice("1"), state(1)])

    run = books.load([other, invoice("1", amount="x"), state(2)])

    assert "'amount' is NUMERIC in the table 'invoices', and STRING" in str(run.error)
    assert run.states == []


def test_names_that_bigquery_refuses_are_changed_and_clashes_are_refused(books: Books) -> None:
    text = {"type": "string"}
    odd = schema("Odd-Names", AUDITED | {"a b": text, "_table_x": text, "1st": text}, KEY)
    clash = schema("clash", AUDITED | {"a b": text, "A_b": text}, KEY)

    values = {"a b": "1", "_table_x": "2", "1st": "3"}
    fine = books.load([odd, audited("Odd-Names", "1", "10:00", **values), state(1)])
    refused = books.load([clash])

    assert fine.error is None
    (row,) = books.rows("odd_names")
    assert (row["a_b"], row["x__table_x"], row["x_1st"]) == ("1", "2", "3")
    assert "'a b' and 'A_b' are one and the same" in str(refused.error)


def test_two_streams_cannot_be_one_table(books: Books) -> None:
    run = books.load([schema("a b", AUDITED, KEY), schema("a-b", AUDITED, KEY)])

    assert "would both be stored as 'a_b'" in str(run.error)


def test_gone_rows_are_marked_or_deleted(books: Books) -> None:
    messages = [INVOICES, invoice("1"), invoice("2")]
    for message in messages[1:]:
        message["version"] = 1
    later = invoice("2", "11:00", 2)
    later["version"] = 2
    books.load([*messages, activate("invoices", 1), state(1)])

    books.load([INVOICES, later, activate("invoices", 2), state(2)])

    assert [row["record_id"] for row in books.current("invoices")] == ["no:2"]
    assert len(books.rows("invoices")) == 2
    books.load([INVOICES, later, activate("invoices", 2), state(3)], hard_delete=True)
    assert [row["record_id"] for row in books.rows("invoices")] == ["no:2"]


def test_large_files_come_in_chunks(books: Books) -> None:
    dice = random.Random(7)
    text = schema("notes", AUDITED | {"text": {"type": "string"}}, KEY)
    notes = [
        audited("notes", str(n), "10:00", text=dice.randbytes(200_000).hex()) for n in range(30)
    ]

    run = books.load([text, *notes, state(1)])

    assert run.error is None
    assert any(call.startswith("PUT") for call in books.calls())
    assert len(books.rows("notes")) == 30


def test_labels_and_the_limit_of_bytes_go_with_every_job(books: Books) -> None:
    books.load([INVOICES, invoice("1"), state(1)], labels={"team": "books"})

    run = books.load([INVOICES, invoice("2"), state(2)], maximum_bytes_billed=1)

    assert "'maximum_bytes_billed'" in str(run.error)
    assert books.table("invoices")["labels"] == {"team": "books"}
    assert len(books.rows("invoices")) == 1


WRONG: dict[str, dict[str, Any]] = {
    "'project'": {"project": "My Project"},
    "'dataset'": {"dataset": "books-4711.visma"},
    "'credentials_json'": {"credentials_json": '{"type": "authorized_user"}'},
    "'credentials_path'": {"credentials_json": None, "credentials_path": "/no/such/key.json"},
    "'api_endpoint'": {"api_endpoint": "http://far.example.com"},
    "'labels'": {"labels": {"Team": "x"}},
}


@pytest.mark.parametrize(("told", "wrong"), WRONG.items(), ids=WRONG)
def test_a_setting_that_is_wrong_is_told_without_its_value(
    books: Books, told: str, wrong: dict[str, Any]
) -> None:
    run = books.load([INVOICES], **wrong)

    assert isinstance(run.error, SettingsError)
    assert told in str(run.error)
    assert not any(str(value) in str(run.error) for value in wrong.values() if value)


def test_the_dataset_may_be_called_as_other_loaders_call_it(books: Books) -> None:
    run = books.load([INVOICES, invoice("1")], dataset=None, default_target_schema=books.dataset)

    assert not isinstance(run.error, LoaderError)
    assert len(books.rows("invoices")) == 1
