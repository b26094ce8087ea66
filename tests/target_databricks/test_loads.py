"""Loads of all kinds, beyond the contract: schemas, exact amounts, late batches, the ledger."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from databricks_ledger import ledger, sums
from loader_core.errors import SchemaError
from loader_runs import AMOUNT, AUDITED, KEY, TEXT, audited, lines, record, schema, state

if TYPE_CHECKING:
    from databricks_loads import Books

INVOICES = schema(
    "invoices", AUDITED | {"amount": AMOUNT | {"description": "Without VAT; it's in NOK"}}, KEY
)
MOST = "99999999999999999999999999999.999999999"


def test_a_number_of_38_digits_arrives_digit_for_digit(books: Books) -> None:
    messages = [INVOICES, audited("invoices", "1", "10:00", amount="MOST"), state(1)]

    books.load(lines(messages).replace('"MOST"', f"-{MOST}").splitlines())

    assert [row["amount"] for row in books.rows("invoices")] == [f"-{MOST}"]


def test_a_batch_that_comes_late_changes_nothing(books: Books) -> None:
    old = audited("invoices", "1", "10:00", 1, amount=1)
    new = audited("invoices", "1", "11:00", 2, amount=2)

    for message in (old, new, old):
        books.load([INVOICES, message, state(1)])

    assert [row["amount"] for row in books.rows("invoices")] == ["2.000000000"]


def test_columns_that_come_later_are_added_at_once(books: Books) -> None:
    wider = {"first": TEXT, "second": {"type": ["object", "null"]}, "third": {"type": "integer"}}
    books.load([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)])
    books.workspace.control("DELETE", "calls")

    run = books.load(
        [
            schema("invoices", AUDITED | {"amount": AMOUNT} | wider, KEY),
            audited("invoices", "2", "10:00", first="a", second={"n": 1}, third=3),
        ]
    )

    assert run.error is None
    assert books.calls().count("POST ALTER TABLE") == 1
    assert [(row["first"], row["second"], row["third"]) for row in books.rows("invoices")] == [
        (None, None, None),
        ("a", '{"n":1}', 3),
    ]


def test_a_type_that_does_not_fit_is_told_with_both_types(books: Books) -> None:
    books.load([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)])

    text = schema("invoices", AUDITED | {"amount": TEXT}, KEY)
    run = books.load([text, audited("invoices", "1", "11:00", amount="x"), state(2)])

    assert isinstance(run.error, SchemaError)
    assert "column 'amount' is DECIMAL(38,9) in the table 'invoices', and STRING" in str(run.error)


def test_columns_that_differ_in_capitals_only_are_refused(books: Books) -> None:
    twins = schema("twins", {"id": TEXT, "Total": TEXT, "total": TEXT})

    run = books.load([twins, record("twins", {"id": "1", "Total": "a", "total": "b"})])

    assert "'Total' and 'total' are one and the same" in str(run.error)


def test_streams_that_would_share_a_table_are_refused(books: Books) -> None:
    messages = [
        message
        for name in ("log-a", "log_a")
        for message in (schema(name, {"id": TEXT}), record(name, {"id": "1"}))
    ]

    run = books.load(messages)

    assert "would both be stored as 'log_a'" in str(run.error)


def test_a_table_says_what_it_holds_by_what_it_is_named_and_clustered(books: Books) -> None:
    books.load([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)])

    path = f"/api/2.1/unity-catalog/tables/main.{books.schema}.invoices"
    told = books.client().call("GET", path).json()
    columns = {column["name"]: column for column in told["columns"]}
    assert columns["amount"]["comment"] == "Without VAT; it's in NOK"
    assert columns["lastModifiedDateTime"]["type_text"] == "timestamp_ntz"
    assert columns["_extracted_at"]["type_text"] == "timestamp"
    assert [name for name, column in columns.items() if not column["nullable"]] == KEY
    (constraint,) = told["table_constraints"]
    assert constraint["primary_key_constraint"]["child_columns"] == KEY
    clustering = json.loads(told["properties"]["clusteringColumns"])
    assert clustering == [["company_id"], ["lastModifiedDateTime"]]


def test_every_batch_is_noted_once(books: Books) -> None:
    records = [audited("invoices", str(n), "10:00", amount=n) for n in range(5)]
    books.workspace.fault("drop", statement="_singer_batches.*AS t")

    books.load([INVOICES, *records, state(1)], batch_size_rows=2)

    noted = books.rows("_singer_batches")
    assert sorted(row["row_count"] for row in noted) == [1, 2, 2]
    assert {(row["stream"], row["table_name"]) for row in noted} == {("invoices", "invoices")}
    assert all(row["statement_id"] and row["loaded_at"] for row in noted)


@pytest.mark.process
def test_three_loaders_at_once_load_into_the_same_tables(books: Books) -> None:
    companies = ("no", "se", "dk")
    books.workspace.fault({"fail": "DELTA_CONCURRENT_APPEND"}, statement="^MERGE", count=4, after=1)
    processes = []
    for seed, company in enumerate(companies):
        config = books.folder / f"{company}.json"
        outbox = str(books.folder / company)
        config.write_text(json.dumps(books.config | {"outbox_dir": outbox, "batch_size_rows": 50}))
        source = books.folder / f"{company}.jsonl"
        source.write_text(lines(ledger(company, 100, seed)))
        command = [sys.executable, "-m", "target_databricks", "--config", str(config)]
        with source.open() as opened:
            processes.append(
                subprocess.Popen(
                    command, stdin=opened, stdout=subprocess.PIPE, stderr=subprocess.PIPE
                )
            )
    told = [process.communicate(timeout=120)[1].decode() for process in processes]

    assert [process.returncode for process in processes] == [0, 0, 0], told
    wanted = sums(
        json.loads(text, parse_float=str)["record"]
        for seed, company in enumerate(companies)
        for text in ledger(company, 100, seed)
        if isinstance(text, str)
    )
    assert sums(books.rows("journal_transaction_lines")) == wanted
    assert books.workspace.hits() == [4]


@pytest.mark.process
def test_ended_by_sigterm_it_cancels_what_the_warehouse_does(books: Books) -> None:
    config = books.folder / "config.json"
    config.write_text(json.dumps(books.config | {"wait_seconds": 5}))
    source = books.folder / "input.jsonl"
    source.write_text(lines([INVOICES, audited("invoices", "1", "10:00", amount=1), state(1)]))
    books.workspace.fault({"running": 10**6}, statement="^MERGE")
    command = [sys.executable, "-m", "target_databricks", "--config", str(config)]
    with (
        source.open() as opened,
        subprocess.Popen(command, stdin=opened, stdout=subprocess.PIPE) as process,
    ):
        while not any(call.startswith("GET /api/2.0/sql") for call in _calls(books)):
            assert process.poll() is None
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=30)

    assert process.returncode == 128 + signal.SIGTERM
    assert output == b""
    assert [call for call in _calls(books) if call.endswith("/cancel")]
    assert books.rows("invoices") == []


def _calls(books: Books) -> list[str]:
    """What was called, by method and path."""
    return [f"{call['method']} {call['path']}" for call in books.workspace.control("GET", "calls")]


def test_a_setting_that_is_wrong_is_told_without_its_value(books: Books) -> None:
    wrong: dict[str, Any] = {
        "host": "http://far.example.com",
        "warehouse_id": "",
        "catalog": "a.b",
        "volume": "",
    }

    for name, value in wrong.items():
        run = books.load([INVOICES], **{name: value})
        assert f"'{name}'" in str(run.error)
        assert not value or value not in str(run.error)
