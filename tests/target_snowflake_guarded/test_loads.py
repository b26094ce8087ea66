"""Loads of all kinds, beyond the contract: names, types, exact amounts, late batches, JSON."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.errors import SchemaError
from loader_runs import AMOUNT, AUDITED, KEY, TEXT, activate, audited, lines, record, schema, state

if TYPE_CHECKING:
    from snowflake_loads import Books

INVOICES = schema(
    "invoices", AUDITED | {"amount": AMOUNT | {"description": "Without VAT; it's in NOK"}}, KEY
)
MOST = "99999999999999999999999999999.999999999"
LEAST = "0.000000001"


def test_amounts_arrive_digit_for_digit_as_numbers_and_as_texts(books: Books) -> None:
    decimal = {"type": ["string", "null"], "format": "x-singer.decimal"}
    messages = [
        schema("sums", {"id": TEXT, "number": AMOUNT, "text": decimal}, ["id"]),
        record("sums", {"id": "1", "number": "MOST", "text": f"-{MOST}"}),
        record("sums", {"id": "2", "number": 84.72, "text": LEAST}),
        record("sums", {"id": "3", "number": None, "text": None}),
        state(1),
    ]

    books.load(lines(messages).replace('"MOST"', MOST).splitlines())

    found = {row["ID"]: (row["NUMBER"], row["TEXT"]) for row in books.rows("sums")}
    assert found == {
        "1": (Decimal(MOST), Decimal(f"-{MOST}")),
        "2": (Decimal("84.720000000"), Decimal(LEAST)),
        "3": (None, None),
    }
    assert [books.types("sums")[name] for name in ("NUMBER", "TEXT")] == ["NUMBER(38,9)"] * 2


def test_names_and_types_need_neither_quotes_nor_casts(books: Books) -> None:
    fields = {
        "amount": AMOUNT,
        "supplier": {"type": ["object", "null"]},
        "hold": {"type": "boolean"},
    }
    values: dict[str, Any] = {"amount": 1, "supplier": {"n": [1]}, "hold": True}

    books.load([schema("log", AUDITED | fields, KEY), audited("log", "1", "10:00", **values)])

    types = {name: of.partition("(")[0] for name, of in books.types("log").items()}
    assert types["LASTMODIFIEDDATETIME"] == "TIMESTAMP_NTZ"
    assert types["_EXTRACTED_AT"] == "TIMESTAMP_TZ"
    assert types["SUPPLIER"] == "VARIANT"
    assert types["HOLD"] == "BOOLEAN"
    database = books.account.ready["database"]
    plain = f"SELECT supplier:n[0], lastModifiedDateTime FROM {database}.{books.schema}.log"
    assert books.account.query(plain)[0][0] == "1"


def test_texts_arrive_letter_for_letter(books: Books) -> None:
    texts = [
        "",
        '"',
        "a,b",
        "two\nlines",
        "back\\slash",
        "\\N",
        "NULL",
        " blank ",
        "åäö €",
        "'",
        "007",
    ]
    records = [record("texts", {"id": str(n), "text": text}) for n, text in enumerate(texts)]
    nothing = record("texts", {"id": "none", "text": None})

    books.load(
        [schema("texts", {"id": TEXT, "text": {"type": ["string", "null"]}}), *records, nothing]
    )

    found = {row["ID"]: row["TEXT"] for row in books.rows("texts")}
    assert found == {str(n): text for n, text in enumerate(texts)} | {"none": None}


def test_a_batch_that_comes_late_changes_nothing(books: Books) -> None:
    old = audited("invoices", "1", "10:00", 1, amount=1)
    new = audited("invoices", "1", "11:00", 2, amount=2)

    for message in (old, new, old):
        books.load([INVOICES, message, state(1)])

    assert [row["AMOUNT"] for row in books.rows("invoices")] == [2]


def test_two_versions_in_one_run_leave_the_newer_one(books: Books) -> None:
    full = schema("currencies", {"id": TEXT, "_extracted_at": AUDITED["_extracted_at"]})
    rows = [
        record(
            "currencies", {"id": name, "_extracted_at": f"2026-03-02T00:0{version}:00Z"}, version
        )
        for version, names in ((1, "AB"), (2, "B"))
        for name in names
    ]

    books.load([full, *rows, activate("currencies", 2), state(1)], hard_delete=True)

    assert [row["ID"] for row in books.rows("currencies")] == ["B"]


def test_columns_that_come_later_are_added(books: Books) -> None:
    wider = {"first": TEXT, "second": {"type": ["object", "null"]}, "third": {"type": "integer"}}
    books.load([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)])

    run = books.load(
        [
            schema("invoices", AUDITED | {"amount": AMOUNT} | wider, KEY),
            audited("invoices", "2", "10:00", first="a", second={"n": 1}, third=3),
        ]
    )

    assert run.error is None
    found = {
        row["RECORD_ID"]: (row["FIRST"], row["SECOND"], row["THIRD"])
        for row in books.rows("invoices")
    }
    assert found == {"no:1": (None, None, None), "no:2": ("a", '{"n":1}', 3)}


def test_a_type_that_does_not_fit_is_told_with_both_types(books: Books) -> None:
    books.load([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)])

    text = schema("invoices", AUDITED | {"amount": TEXT}, KEY)
    run = books.load([text, audited("invoices", "1", "11:00", amount="x"), state(2)])

    assert isinstance(run.error, SchemaError)
    assert "column 'amount' is NUMBER(38,9) in the table 'INVOICES', and VARCHAR" in str(run.error)


def test_columns_that_differ_in_capitals_only_are_refused(books: Books) -> None:
    twins = schema("twins", {"id": TEXT, "Total": TEXT, "total": TEXT})

    run = books.load([twins, record("twins", {"id": "1", "Total": "a", "total": "b"})])

    assert "'Total' and 'total' would both be stored as 'TOTAL'" in str(run.error)


def test_streams_that_would_share_a_table_are_refused(books: Books) -> None:
    messages = [
        message
        for name in ("log-a", "log_a")
        for message in (schema(name, {"id": TEXT}), record(name, {"id": "1"}))
    ]

    run = books.load(messages)

    assert "would both be stored as 'LOG_A'" in str(run.error)


def test_a_text_that_no_column_holds_is_rejected_and_the_others_are_loaded(books: Books) -> None:
    messages = [
        schema("texts", {"id": TEXT, "text": TEXT}),
        record("texts", {"id": "1", "text": "x" * (16 * 1024 * 1024 + 1)}),
        record("texts", {"id": "2", "text": "short"}),
    ]

    run = books.load(messages)

    assert "1 rows could not be loaded" in str(run.error)
    assert [row["ID"] for row in books.rows("texts")] == ["2"]
    assert "more than 16 MiB" in (books.folder / "outbox" / "rejects.jsonl").read_text()


@pytest.mark.process
def test_ended_by_sigterm_it_cancels_what_the_warehouse_does(books: Books) -> None:
    config, source = books.folder / "config.json", books.folder / "input.jsonl"
    config.write_text(json.dumps(books.config))
    source.write_text(lines([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)]))
    books.account.fault({"running": 10**6}, statement="^MERGE")
    command = [sys.executable, "-m", "target_snowflake_guarded", "--config", str(config)]
    with (
        source.open() as opened,
        subprocess.Popen(command, stdin=opened, stdout=subprocess.PIPE) as process,
    ):
        books.account.control("POST", "await", {"statement": "MERGE"})
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)

    assert process.returncode == 128 + signal.SIGTERM
    assert output == b""
    assert "SYSTEM$CANCEL_QUERY" in books.account.statements()[-1]
    books.account.control("POST", "settle")
    assert books.rows("invoices") == []
