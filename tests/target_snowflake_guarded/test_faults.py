"""What goes wrong on the way: lost answers, statements in progress, refusals, and failures."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest
import snowflake.connector
from snowflake.connector import SnowflakeConnection
from snowflake.connector.constants import QueryStatus
from snowflake.connector.errors import OperationalError

from loader_core.errors import DestinationError, LoaderError, LostAnswerError
from loader_runs import AMOUNT, AUDITED, KEY, PatientClock, audited, schema, state
from target_snowflake_guarded.errors import AccessError, StatementError

if TYPE_CHECKING:
    from snowflake_loads import Books

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
FIRST = [audited("invoices", str(n), "10:00", amount=n) for n in range(4)]
SECOND = [audited("invoices", str(n), "11:00", 2, amount=n + 10) for n in range(2, 6)]
MESSAGES = [INVOICES, *FIRST, state(1), *SECOND, state(2)]

HEALED: dict[str, dict[str, Any]] = {
    "the merge's answer is lost": {"statement": "^MERGE", "do": "drop"},
    "the merge is never sent": {"statement": "^MERGE", "do": "reset"},
    "the copy's answer is lost": {"statement": "^COPY", "do": "drop"},
    "the file's answer is lost": {"path": "^/fs_bucket", "do": "drop"},
    "the table is made, its answer is lost": {"statement": "^CREATE TABLE", "do": "drop"},
    "an internal error": {"statement": "^MERGE", "do": {"fail": "000603"}, "count": 2},
    "too many wait for a lock": {"statement": "^MERGE", "do": {"fail": "000625"}},
    "the service is away": {"statement": "^COPY", "do": {"status": 503}},
    "the merge is in progress for long": {"statement": "^MERGE", "do": {"running": 9}},
    "the session's token is over": {"statement": "^MERGE", "do": "expire"},
    "no login at first": {"path": "login-request", "do": {"status": 503}},
}


def amounts(books: Books) -> list[tuple[str, str]]:
    return [
        (row["RECORD_ID"], format(row["AMOUNT"], "f"))
        for row in sorted(books.current("invoices"), key=lambda row: str(row["RECORD_ID"]))
    ]


WANTED = [(f"no:{n}", f"{amount}.000000000") for n, amount in enumerate((0, 1, 12, 13, 14, 15))]


@pytest.mark.parametrize("rule", HEALED.values(), ids=HEALED)
def test_what_can_be_healed_ends_as_if_nothing_had_been(books: Books, rule: dict[str, Any]) -> None:
    match = {name: value for name, value in rule.items() if name != "do"}
    books.account.fault(rule["do"], **match)

    run = books.load(MESSAGES, batch_size_rows=4)

    assert run.error is None
    assert run.last_state == 2
    assert books.account.hits() == [rule.get("count", 1)]
    assert amounts(books) == WANTED
    assert books.account.control("GET", "staged") == []


ENDING: dict[str, tuple[dict[str, Any], type[LoaderError], str]] = {
    "a merge that can never succeed": (
        {"statement": "^MERGE", "do": {"fail": "100038", "message": "'secret value'"}},
        StatementError,
        "merging into 'INVOICES' failed with 100038",
    ),
    "a copy that can never succeed": (
        {"statement": "^COPY", "do": {"fail": "100069", "message": "'secret value'"}},
        StatementError,
        "copying a batch for 'INVOICES' failed with 100069",
    ),
    "a grant that is missing": (
        {"statement": "^CREATE TABLE", "do": {"fail": "003001"}},
        StatementError,
        "Grant the role what the README lists",
    ),
    "an internal error without end": (
        {"statement": "^MERGE", "count": 0, "do": {"fail": "000603"}},
        StatementError,
        "failed with 000603",
    ),
    "a statement that does not end": (
        {"statement": "^MERGE", "do": {"running": 10**6}},
        DestinationError,
        "did not end in 60 s",
    ),
    "the second merge fails": (
        {"statement": "^MERGE", "after": 1, "do": {"fail": "100038"}},
        StatementError,
        "merging",
    ),
    "no answer for too long": (
        {"statement": "^MERGE", "count": 0, "do": "reset"},
        DestinationError,
        "no answer to merging into 'INVOICES'",
    ),
}


@pytest.mark.parametrize(("rule", "kind", "told"), ENDING.values(), ids=ENDING)
def test_what_cannot_be_healed_is_told_and_the_next_run_goes_on(
    books: Books, rule: dict[str, Any], kind: type[LoaderError], told: str
) -> None:
    match = {name: value for name, value in rule.items() if name != "do"}
    books.account.fault(rule["do"], **match)

    run = books.load(MESSAGES, batch_size_rows=4, statement_seconds=60, retry_seconds=2)

    assert isinstance(run.error, kind)
    assert told in str(run.error)
    assert "secret value" not in str(run.error)
    assert run.last_state == (1 if rule.get("after") else None)  # never ahead of its rows
    assert len(amounts(books)) == (4 if rule.get("after") else 0)
    books.account.control("DELETE", "faults")
    assert books.load(MESSAGES).error is None
    assert amounts(books) == WANTED


NUMBERS: dict[str, tuple[int, type[LoaderError]]] = {
    "retries are used up": (251012, LostAnswerError),
    "the session cannot be renewed": (252007, LostAnswerError),
    "the key is none": (251008, AccessError),
    "there is no user": (251005, AccessError),
}


@pytest.mark.parametrize(("number", "kind"), NUMBERS.values(), ids=NUMBERS)
def test_what_the_connector_refuses_is_told_from_answers_that_are_lost(
    books: Books, monkeypatch: pytest.MonkeyPatch, number: int, kind: type[LoaderError]
) -> None:
    def refuse(**_settings: Any) -> SnowflakeConnection:
        raise OperationalError("told by the connector", errno=number)

    monkeypatch.setattr(snowflake.connector, "connect", refuse)

    run = books.load(MESSAGES)

    assert type(run.error) is kind
    assert str(number) in str(run.error)


def test_pauses_between_questions_grow(books: Books) -> None:
    books.account.fault({"running": 9}, statement="^MERGE")
    clock = PatientClock()

    books.load(MESSAGES, clock=clock)

    assert clock.slept[:8] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0]


def test_a_statement_that_snowflake_begins_again_is_waited_for(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    books.account.fault({"running": 3}, statement="^MERGE")
    ask = SnowflakeConnection.get_query_status_throw_if_error

    def restarted(connection: SnowflakeConnection, query_id: str) -> QueryStatus:
        status = ask(connection, query_id)
        return QueryStatus.RESTARTED if status is QueryStatus.RUNNING else status

    monkeypatch.setattr(SnowflakeConnection, "get_query_status_throw_if_error", restarted)

    run = books.load(MESSAGES, batch_size_rows=4)

    assert run.error is None
    assert books.account.hits() == [1]
    assert amounts(books) == WANTED


def test_what_is_written_lasts_whatever_the_account_sets_for_sessions(
    books: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    connect = snowflake.connector.connect

    def noted(**settings: Any) -> SnowflakeConnection:
        asked.append(dict(settings["session_parameters"]))
        return connect(**settings)

    monkeypatch.setattr(snowflake.connector, "connect", noted)

    assert books.load([INVOICES, *FIRST, state(1)]).error is None
    assert [session["AUTOCOMMIT"] for session in asked] == [True]


def test_a_copy_that_finds_no_file_is_no_success(books: Books) -> None:
    books.account.fault("lose", path="^/fs_bucket")

    run = books.load([INVOICES, *FIRST, state(1)])

    assert "of 4 rows for 'INVOICES', 0 were copied" in str(run.error)
    assert run.states == []


def test_a_suspended_warehouse_that_does_not_resume_is_told(books: Books) -> None:
    warehouse = {"name": "LOADING", "state": "SUSPENDED", "auto_resume": False}
    books.account.change(warehouses=[warehouse])

    run = books.load(MESSAGES)

    assert "000606" in str(run.error)
    assert "AUTO_RESUME" in str(run.error)
    assert run.states == []


def test_a_database_that_is_not_there_is_told(books: Books) -> None:
    run = books.load(MESSAGES, database="NOWHERE")

    assert "there is no database 'NOWHERE'" in str(run.error)


def test_neither_key_nor_token_nor_rows_are_logged(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    books.account.fault("reset", statement="^MERGE")
    messages = [INVOICES, audited("invoices", "1", "10:00", amount=424242), state(1)]

    with caplog.at_level(logging.INFO):
        run = books.load(messages)

    assert run.error is None
    for secret in (books.keys.private.split("\n")[1], "424242", "Token=", "eyJ"):
        assert secret not in caplog.text
