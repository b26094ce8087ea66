"""What goes wrong on the way: lost answers, refusals, tokens, and statements that fail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from databricks_loads import Books
from loader_core.errors import DestinationError
from loader_runs import AMOUNT, AUDITED, KEY, PatientClock, audited, new_name, schema, state
from target_databricks.client import Client
from target_databricks.errors import AccessError, StatementError
from target_databricks.settings import Settings

if TYPE_CHECKING:
    from pathlib import Path

    from databricks_workspace import DatabricksWorkspace

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
FIRST = [audited("invoices", str(n), "10:00", amount=n) for n in range(4)]
SECOND = [audited("invoices", str(n), "11:00", 2, amount=n + 10) for n in range(2, 6)]
MESSAGES = [INVOICES, *FIRST, state(1), *SECOND, state(2)]
STATEMENTS, FILES = "/api/2.0/sql/statements", "/api/2.0/fs/files"

HEALED: dict[str, dict[str, Any]] = {
    "the file is cut off": {"method": "PUT", "path": FILES, "do": "cut_upload"},
    "the file's answer is lost": {"method": "PUT", "path": FILES, "do": "drop"},
    "the merge is reset": {"statement": "^MERGE", "do": "reset"},
    "the merge is done, its answer is lost": {"statement": "^MERGE", "do": "drop"},
    "the merge's answer is cut off": {"statement": "^MERGE", "do": "truncate"},
    "the second merge's answer is lost": {"statement": "^MERGE", "after": 2, "do": "drop"},
    "another writer was first": {"statement": "^MERGE", "do": {"fail": "DELTA_CONCURRENT_APPEND"}},
    "another writer was first, thrice": {
        "statement": "^MERGE",
        "count": 3,
        "do": {"fail": "DELTA_CONCURRENT_DELETE_READ"},
    },
    "the table changed": {"statement": "^MERGE", "do": {"fail": "DELTA_METADATA_CHANGED"}},
    "the service asks to come back": {
        "statement": "^MERGE",
        "do": {
            "fail": "X",
            "message": "Busy.",
            "error_code": "TEMPORARILY_UNAVAILABLE",
        },
    },
    "too many calls": {"path": STATEMENTS, "do": {"status": 429, "retry_after": 7}},
    "a gateway's page": {"method": "PUT", "path": FILES, "count": 2, "do": {"html": 503}},
    "the token is revoked before the file": {"method": "PUT", "path": FILES, "do": "revoke"},
    "the token is revoked before the merge": {"statement": "^MERGE", "do": "revoke"},
    "the answer of the removal is lost": {"method": "DELETE", "path": FILES, "do": "drop"},
    "the table is made, its answer is lost": {"statement": "^CREATE TABLE", "do": "drop"},
    "the note's answer is lost": {"statement": "_singer_batches.*AS t", "do": "drop"},
    "no token for a while": {"path": "/oidc", "count": 2, "do": {"status": 503}},
    "the statement runs for long": {"statement": "^MERGE", "do": {"running": 4}},
    "the result was thrown away": {"statement": "^MERGE", "do": {"end_as": "CLOSED"}},
}


def amounts(books: Books) -> list[tuple[str, str]]:
    return [(row["record_id"], row["amount"]) for row in books.current("invoices")]


@pytest.mark.parametrize("rule", HEALED.values(), ids=HEALED)
def test_what_can_be_healed_ends_as_if_nothing_had_been(books: Books, rule: dict[str, Any]) -> None:
    match = {name: value for name, value in rule.items() if name != "do"}
    books.workspace.fault(rule["do"], **match)

    run = books.load(MESSAGES, batch_size_rows=4)

    assert run.error is None
    assert run.last_state == 2
    assert books.workspace.hits()[0] == rule.get("count", 1)
    assert amounts(books) == [
        (f"no:{n}", f"{amount}.000000000") for n, amount in enumerate((0, 1, 12, 13, 14, 15))
    ]
    assert books.staged() == []


def test_columns_whose_answer_is_lost_are_added_once(books: Books) -> None:
    books.load([INVOICES, *FIRST, state(1)])
    wider = schema("invoices", AUDITED | {"amount": AMOUNT, "text": {"type": "string"}}, KEY)
    books.workspace.fault("drop", statement="^ALTER")

    run = books.load([wider, *SECOND, state(2)])

    assert run.error is None
    assert books.workspace.hits() == [1]
    assert all("text" in row for row in books.rows("invoices"))


ENDING: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a statement that can never succeed": (
        {"statement": "^MERGE", "do": {"fail": "DATATYPE_MISMATCH", "message": "'secret value'"}},
        StatementError,
        "merging into 'invoices' failed with DATATYPE_MISMATCH",
    ),
    "a grant that is missing": (
        {"statement": "^MERGE", "do": {"fail": "PERMISSION_DENIED"}},
        StatementError,
        "target-databricks-doctor",
    ),
    "somebody cancels the statement": (
        {"statement": "^MERGE", "do": {"end_as": "CANCELED"}},
        DestinationError,
        "was cancelled",
    ),
    "no answer for too long": (
        {"statement": "^MERGE", "count": 0, "do": "reset"},
        DestinationError,
        "no answer from",
    ),
    "conflicts without end": (
        {"statement": "^MERGE", "count": 0, "do": {"fail": "DELTA_CONCURRENT_APPEND"}},
        StatementError,
        "DELTA_CONCURRENT_APPEND",
    ),
    "refusals without end": (
        {"path": FILES, "count": 0, "do": {"status": 429}},
        DestinationError,
        "answers 429",
    ),
    "no new token is given": (
        {"path": "/oidc", "count": 0, "do": {"status": 401}},
        AccessError,
        "'client_id'",
    ),
    "a statement that does not end": (
        {"statement": "^MERGE", "do": {"running": 10**6}},
        DestinationError,
        "did not end in 60 s",
    ),
}


@pytest.mark.parametrize(("rule", "kind", "told"), ENDING.values(), ids=ENDING)
def test_what_cannot_be_healed_is_told_and_the_next_run_goes_on(
    books: Books, rule: dict[str, Any], kind: type[Exception], told: str
) -> None:
    match = {name: value for name, value in rule.items() if name != "do"}
    books.workspace.fault(rule["do"], **match)

    run = books.load(MESSAGES, batch_size_rows=4, statement_seconds=60, retry_seconds=60)

    assert isinstance(run.error, kind)
    assert told in str(run.error)
    assert "secret value" not in str(run.error)
    assert run.states == []
    assert books.workspace.hits()[0] >= 1
    books.workspace.control("DELETE", "faults")
    assert books.load(MESSAGES).error is None
    assert len(amounts(books)) == 6
    assert books.staged() == []


def test_who_is_asked_to_wait_waits_that_long(books: Books) -> None:
    books.workspace.fault({"status": 429, "retry_after": 7}, path=STATEMENTS)
    clock = PatientClock()

    books.load(MESSAGES, clock=clock)

    assert 7 <= max(clock.slept) < 8


def test_a_warehouse_that_starts_is_waited_for_and_shown(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    books.workspace.control(
        "POST", "settings", {"warehouse_state": "STOPPED", "polls_to_start": 30}
    )

    with caplog.at_level(logging.INFO, logger="target_databricks"):
        run = books.load(MESSAGES, wait_seconds=5)

    assert run.error is None
    assert "waits for the warehouse" in caplog.text


def test_a_token_that_is_about_to_expire_is_renewed_before_a_batch(books: Books) -> None:
    clock = PatientClock()
    client = Client(Settings.of(books.config), clock)
    client.renew_if_due()
    clock.slept.append(3600 - 299)
    client.renew_if_due()
    client.renew_if_due()
    client.close()

    assert books.calls() == ["POST /oidc/v1/token"] * 2


def test_tokens_that_live_shorter_than_a_batch_do_not_stop_it(books: Books) -> None:
    books.workspace.control("POST", "settings", {"token_life_seconds": 0.05})

    run = books.load(MESSAGES, batch_size_rows=2)

    assert run.error is None
    assert len(amounts(books)) == 6


def test_neither_secret_nor_token_is_logged(books: Books, caplog: pytest.LogCaptureFixture) -> None:
    books.workspace.fault("revoke", statement="^MERGE")
    books.workspace.fault({"status": 503}, path=STATEMENTS)

    with caplog.at_level(logging.DEBUG):
        books.load(MESSAGES)

    assert "trying again" in caplog.text
    assert books.workspace.client_secret not in caplog.text
    assert "Bearer" not in caplog.text


def test_a_secret_with_letters_that_no_header_has_is_refused_like_any_other(books: Books) -> None:
    run = books.load(MESSAGES, client_secret="a secret…")

    assert isinstance(run.error, AccessError)
    assert "'client_secret'" in str(run.error)


def test_a_catalog_that_is_not_there_is_made_only_if_that_is_wanted(
    workspace: DatabricksWorkspace, tmp_path: Path
) -> None:
    books = Books(workspace, "books", tmp_path)
    catalog = new_name()

    assert "'create_catalog'" in str(books.load(MESSAGES, catalog=catalog).error)
    assert books.load(MESSAGES, catalog=catalog, create_catalog=True).error is None

    assert len(workspace.rows(f"{catalog}.books.invoices")) == 6
