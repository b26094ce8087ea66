"""Loads into a real PostgreSQL: what is there afterwards, for whom, and what it says of itself."""

from __future__ import annotations

import json
from contextlib import closing
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import psycopg
import pytest

from loader_core import LoaderError, SchemaError, SettingsError
from loader_runs import AMOUNT, AUDITED, KEY, TEXT, TIME, audited, record, schema, state
from postgres_server import PASSWORDS
from target_looker_stage.errors import AccessError, BusyError
from target_looker_stage.session import Session
from target_looker_stage.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from staging_loads import Books

INVOICES = schema(
    "supplierInvoices",
    AUDITED
    | {
        "amount": AMOUNT | {"title": "Amount", "description": "Without VAT; it's in NOK"},
        "financialPeriod": TEXT,
        "dueDate": {"type": ["string", "null"], "format": "date"},
        "supplier": {"type": ["object", "null"]},
        "time": {"type": ["string", "null"], "format": "time"},
    },
    KEY,
)
LOG = [schema("log", {"text": TEXT}, ()), record("log", {"text": "a"}), state(1)]


def invoice(number: int, amount: float, stamp: str = "10:00", **more: Any) -> dict[str, Any]:
    values = {"amount": amount, "financialPeriod": "202603", "dueDate": "2026-03-31"}
    values |= {"supplier": {"number": "S1", "limit": 0.1}, "time": "10:00"}
    return audited("supplierInvoices", str(number), stamp, 1, **values | more)


def test_columns_have_names_types_and_comments_of_the_warehouse(books: Books) -> None:
    books.load([INVOICES, invoice(1, 10.5), state(1)])

    found = books.ask(
        "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) "
        "FROM pg_attribute WHERE attrelid = 'supplier_invoices'::regclass AND attnum > 0"
    )
    types = {name: kind for name, kind, _ in found}
    assert types["amount"] == "numeric(38,9)"
    assert types["due_date"] == "date"
    assert types["supplier"] == "jsonb"
    assert types["last_modified_date_time"] == "timestamp without time zone"
    assert types["_extracted_at"] == "timestamp with time zone"
    assert (types["_pk"], types["_load_id"]) == ("text", "bigint")
    assert ("amount", "numeric(38,9)", "Amount: Without VAT; it's in NOK") in found
    (row,) = books.rows("supplier_invoices")
    assert row["_pk"] == "no|no:1"
    assert row["amount"] == Decimal("10.5")
    assert row["supplier"] == '{"limit": 0.1, "number": "S1"}'


def test_a_key_of_one_column_is_the_physical_key_itself(books: Books) -> None:
    books.load([schema("things", {"id": TEXT}), record("things", {"id": "x"}), state(1)])

    (row,) = books.rows("things")
    assert row["id"] == "x"
    assert "_pk" not in row


def test_keys_that_are_joined_stay_different(books: Books) -> None:
    pairs = [("a|b", "c"), ("a", "b|c"), ("a\\", "|b|c"), ("a\\|b", "c")]
    of = schema("pairs", {"one": TEXT, "two": TEXT}, ["one", "two"])

    books.load([of, *(record("pairs", {"one": a, "two": b}) for a, b in pairs), state(1)])

    assert {(row["one"], row["two"]) for row in books.rows("pairs")} == set(pairs)


@pytest.mark.parametrize("publish", ["run", "stream"])
def test_a_first_load_in_which_documents_come_again_keeps_the_newest(
    books: Books, publish: str
) -> None:
    document = {
        "stream": "invoices",
        "key": ["company_id", "invoice"],
        "version": "lastModifiedDateTime",
    }
    of = schema("lines", AUDITED | {"invoice": TEXT}, KEY, **{"x-document": document})
    batches = [("7:1", "10:00"), ("7:2", "10:00"), ("7:1", "11:00"), ("7:2", "09:00")]
    came = [
        audited("lines", name, at, invoice=name[0]) for name, at in [*batches, ("8:1", "10:00")]
    ]

    run = books.load([of, *came, state(1)], publish=publish, batch_size_rows=1)

    assert run.error is None
    left = {row["record_id"]: row["last_modified_date_time"].hour for row in books.current("lines")}
    assert left == {"no:7:1": 11, "no:8:1": 10}


def test_zero_bytes_are_shown_and_json_that_no_jsonb_takes_is_rejected_by_row(books: Books) -> None:
    of = schema("odd", {"id": TEXT, "text": TEXT, "json": {"type": "object"}})
    rows: list[dict[str, Any] | str] = [
        record("odd", {"id": "1", "text": "a\x00b", "json": {"k": "\x00\x00\\u0000"}}),
        '{"type":"RECORD","stream":"odd","record":{"id":"2","text":"","json":{"k":1e200000}}}',
        record("odd", {"id": "3", "text": "\\N", "json": {}}),
    ]

    run = books.load([of, *rows, state(1)])

    found = {row["id"]: (row["text"], row["json"]) for row in books.rows("odd")}
    assert found["1"][0] == "a␀b"
    assert json.loads(found["1"][1]) == {"k": "␀␀\\u0000"}
    assert found["3"] == ("\\N", "{}")
    assert found.keys() == {"1", "3"}
    assert isinstance(run.error, LoaderError)
    assert "1 rows could not be loaded" in str(run.error)


def test_dates_and_foreign_keys_are_indexed_parts_of_json_too(books: Books) -> None:
    books.load([INVOICES, invoice(1, 1), state(1)])

    found = {name for (name,) in books.ask("SELECT indexname FROM pg_indexes")}
    assert {
        "supplier_invoices__due_date__idx",
        "supplier_invoices__financial_period__idx",
        "supplier_invoices__supplier__number__idx",
    } <= found


def test_a_load_is_audited_with_counts_times_and_sums_by_period(books: Books) -> None:
    books.load([INVOICES, invoice(1, 0.1), invoice(2, 0.2, financialPeriod="202604"), state(1)])
    books.load([INVOICES, invoice(1, 1000.01, "11:00"), state(2)])

    loads = books.ask("SELECT load_id, status, committed_at IS NOT NULL FROM _looker_loads")
    assert loads == [(1, "committed", True), (2, "committed", True)]
    ((received, merged, current, totals, modified),) = books.ask(
        "SELECT rows_received, rows_merged, rows_current, control_totals, last_modified::text "
        "FROM _looker_load_streams WHERE load_id = 2 AND stream = 'supplierInvoices'"
    )
    assert (received, merged, current) == (1, 1, 2)
    assert totals == {
        "202603": {"rows": 1, "amount": "1000.01"},
        "202604": {"rows": 1, "amount": "0.2"},
    }
    assert modified == "2026-03-01 11:00:00"
    assert books.ask("SELECT _load_id FROM supplier_invoices ORDER BY _pk") == [(2,), (1,)]


def test_versions_that_are_no_times_tell_which_row_is_newer_and_no_time(books: Books) -> None:
    of = schema("things", {"id": TEXT, "revision": TEXT})
    rows = [record("things", {"id": "1", "revision": revision}) for revision in ("b", "c", "a")]

    run = books.load([of, *rows, state(1)], version_column="revision", batch_size_rows=1)

    assert run.error is None
    assert [row["revision"] for row in books.rows("things")] == ["c"]
    assert books.ask("SELECT last_modified FROM _looker_load_streams") == [(None,)]


def test_a_role_reads_what_it_was_granted_tables_of_later_loads_too(books: Books) -> None:
    granted: dict[str, Any] = {"grant_select_to": ["looker"]}
    books.load(LOG)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        books.ask(f"SELECT * FROM {books.schema}.log", "looker")

    books.load([schema("log", {"text": TEXT}, ()), state(2)], **granted)
    books.load([INVOICES, invoice(1, 1), state(3)])

    assert books.ask("SELECT text FROM log", "looker") == [("a",)]
    assert books.ask("SELECT count(*) FROM supplier_invoices", "looker") == [(1,)]
    assert books.ask("SELECT max(load_id) FROM _looker_loads", "looker") == [(3,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        books.ask(f"DELETE FROM {books.schema}.log", "looker")


def test_a_view_and_its_grants_stay_through_replacements_and_new_columns(books: Books) -> None:
    thing = schema("things", {"id": TEXT})
    wider = schema("things", {"id": TEXT, "newOne": TEXT})
    books.load([thing, record("things", {"id": "1"}), state(1)], grant_select_to=["looker"])
    with closing(books.server.connect("loader")) as opened:
        opened.execute(f"CREATE VIEW {books.schema}.seen AS SELECT id FROM {books.schema}.things")
        opened.execute(f"GRANT SELECT ON {books.schema}.seen TO looker")

    run = books.load(
        [wider, record("things", {"id": "2", "newOne": "x"}), state(2)], load_method="overwrite"
    )

    assert run.error is None
    assert books.ask("SELECT id FROM seen", "looker") == [("2",)]
    assert books.ask("SELECT id, new_one FROM things", "looker") == [("2", "x")]


def test_a_type_that_cannot_hold_the_new_values_is_an_error_and_nothing_changes(
    books: Books,
) -> None:
    books.load([INVOICES, invoice(1, 1), state(1)])
    narrower = books.load([INVOICES, invoice(1, 2, "11:00"), state(2)], decimal_scales={"*": 12})

    assert isinstance(narrower.error, SchemaError)
    assert "'amount' is numeric(38,9)" in str(narrower.error)
    assert [row["amount"] for row in books.rows("supplier_invoices")] == [1]
    loads = books.ask("SELECT status FROM _looker_loads ORDER BY load_id")
    assert loads == [("committed",), ("failed",)]


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"id": TEXT, "aB": TEXT, "a_b": TEXT}, "'aB' and 'a_b'"),
        ({"id": TEXT, "_load_id": TEXT}, "'_load_id'"),
    ],
)
def test_names_that_become_one_are_refused(
    books: Books, columns: dict[str, Any], words: str
) -> None:
    run = books.load([schema("things", columns), record("things", {"id": "1"}), state(1)])

    assert isinstance(run.error, SchemaError)
    assert words in str(run.error)


def test_streams_that_would_be_one_table_are_refused(books: Books) -> None:
    both = [schema("myThings", {"id": TEXT}), schema("my_things", {"id": TEXT})]
    rows = [record("myThings", {"id": "1"}), record("my_things", {"id": "1"})]

    assert isinstance(books.load([*both, *rows, state(1)]).error, SchemaError)


def test_a_second_run_is_refused_and_told_who_holds_the_lock(books: Books) -> None:
    with closing(books.writer()):
        run = books.load(LOG)

    assert isinstance(run.error, BusyError)
    assert f"into the schema '{books.schema}': process" in str(run.error)
    assert "'loader'" in str(run.error)
    assert books.load(LOG).error is None


def test_a_run_that_was_given_up_is_noted_by_the_next_one(books: Books) -> None:
    books.writer()._session._open.close()  # noqa: SLF001 - as if it were gone

    books.load(LOG)

    loads = books.ask("SELECT status FROM _looker_loads ORDER BY load_id")
    assert loads == [("failed",), ("committed",)]


def test_a_tap_that_breaks_off_leaves_last_night_and_the_next_run_brings_both(
    books: Books,
) -> None:
    books.load([INVOICES, invoice(1, 1), state(1)])

    torn = books.load([INVOICES, state(1), invoice(1, 2, "11:00"), state(2), invoice(2, 2)])
    before = books.current("supplier_invoices")
    again = books.load([INVOICES, state(1), invoice(3, 3), state(3)])

    assert torn.error is not None
    assert torn.states[-1] == "1"
    assert [row["amount"] for row in before] == [1]
    assert again.error is None
    assert sorted(row["amount"] for row in books.rows("supplier_invoices")) == [2, 2, 3]


@pytest.mark.parametrize("publish", ["run", "stream"])
def test_rows_that_somebody_deleted_are_back_when_their_batch_is_replayed(
    books: Books, publish: str
) -> None:
    night = [INVOICES, invoice(1, 1), invoice(2, 2), state(1)]
    books.load(night, publish=publish)
    with closing(books.server.connect()) as admin:
        admin.execute(f"DELETE FROM {books.schema}.supplier_invoices WHERE amount = 1")

    books.load(night, publish=publish)

    assert sorted(row["amount"] for row in books.rows("supplier_invoices")) == [1, 2]


@pytest.mark.parametrize(
    ("role", "password", "kind"),
    [("loader", "wrong", AccessError), ("nobody", PASSWORDS["loader"], AccessError)],
)
def test_no_fault_of_the_connection_tells_the_address(
    books: Books, caplog: pytest.LogCaptureFixture, role: str, password: str, kind: type[Exception]
) -> None:
    escaped = "".join(f"%{ord(letter):02X}" for letter in password)
    url = f"postgresql+psycopg://{role}:{escaped}@127.0.0.1:{books.server.port}/books"

    run = books.load(LOG, sqlalchemy_url=url)

    assert isinstance(run.error, kind)
    assert password not in str(run.error) + caplog.text
    assert escaped not in str(run.error) + caplog.text


@pytest.mark.parametrize(
    "url",
    [
        "mysql://a:hush@host/db",
        "hush",
        "postgresql://a:hu@sh@host/db",
        "postgresql://a:hush/x@host/db",
        "postgresql://a:hush@host:5432",
        "postgresql://a:hush%zz@host/db",
    ],
)
def test_a_wrong_address_is_told_without_a_word_of_it(books: Books, url: str) -> None:
    run = books.load(LOG, sqlalchemy_url=url)

    assert isinstance(run.error, SettingsError)
    assert "sqlalchemy_url" in str(run.error)
    assert "hush" not in str(run.error)
    assert "sh@" not in str(run.error)


def test_times_keep_their_digits_whatever_the_servers_zone(books: Books) -> None:
    of = schema("times", {"id": TEXT, "moment": TIME, "lastModifiedDateTime": TIME})
    values = {"moment": "2026-03-29T02:30:00.123456+01:00"}
    values |= {"lastModifiedDateTime": "2026-03-29T02:30:00.123456"}

    books.load([of, record("times", {"id": "1", **values}), state(1)])

    ((moment, local),) = books.ask("SELECT moment::text, last_modified_date_time::text FROM times")
    assert (moment, local) == ("2026-03-29 01:30:00.123456+00", "2026-03-29 02:30:00.123456")


def test_letters_arrive_as_they_are_whatever_the_databases_encoding(books: Books) -> None:
    with closing(books.server.connect()) as admin:
        admin.execute(
            f"CREATE DATABASE {books.schema} OWNER loader ENCODING 'LATIN1' TEMPLATE template0"
        )
    url = books.server.url(database=books.schema)
    of = schema("beers", {"id": TEXT, "name": TEXT | {"title": "Øl"}})
    rows = [record("beers", {"id": name, "name": name}) for name in ("blåbærøl", "Ω")]

    run = books.load([of, *rows, state(1)], sqlalchemy_url=url)

    assert "1 rows could not be loaded" in str(run.error)
    with closing(psycopg.connect(url.replace("+psycopg", ""), client_encoding="UTF8")) as opened:
        found = opened.execute(f"SELECT name, octet_length(name) FROM {books.schema}.beers")
        assert found.fetchall() == [("blåbærøl", 8)]


def test_a_commit_is_on_the_disk_before_it_is_answered(books: Books) -> None:
    assert books.ask("SHOW synchronous_commit") == [("off",)]

    with closing(Session(Settings.of(books.config))) as session:
        assert session.run("SHOW synchronous_commit", what="asking") == [("on",)]


def test_a_role_that_is_not_there_is_told_before_anything_is_loaded(books: Books) -> None:
    run = books.load(LOG, grant_select_to=["nobody_of_this_name"])

    assert isinstance(run.error, SettingsError)
    assert books.rows("log") == []


def test_what_waits_in_the_outbox_holds_no_password(books: Books, tmp_path: Path) -> None:
    books.load([*LOG, record("log", {"text": "b"})])

    written = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert books.waiting() == 1
    assert PASSWORDS["loader"].encode() not in written
