"""What goes wrong on the way: lost answers, refusals, tokens, and jobs that fail."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.errors import DestinationError
from loader_runs import AMOUNT, AUDITED, KEY, PatientClock, audited, schema, state
from target_bigquery_guarded.errors import RETRIED, AccessError, JobError

if TYPE_CHECKING:
    from bigquery_loads import Books

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
FIRST = [audited("invoices", str(n), "10:00", amount=n) for n in range(4)]
SECOND = [audited("invoices", str(n), "11:00", 2, amount=n + 10) for n in range(2, 6)]
MESSAGES = [INVOICES, *FIRST, state(1), *SECOND, state(2)]
ENDED = [(f"no:{n}", str(amount)) for n, amount in enumerate((0, 1, 12, 13, 14, 15))]
LOAD, MERGE = "^LOAD .*stage", "^MERGE"
TABLES, UPLOAD, JOBS = "/tables$", "^/upload/", "/jobs"

HEALED: dict[str, dict[str, Any]] = {
    "the load job fails": {"statement": LOAD, "method": "POST", "do": {"fail": "backendError"}},
    "the second load job fails, thrice": {
        "statement": LOAD,
        "method": "POST",
        "after": 1,
        "count": 3,
        "do": {"fail": "jobBackendError"},
    },
    "the merge job fails": {"statement": MERGE, "method": "POST", "do": {"fail": "internalError"}},
    "too many jobs": {
        "statement": MERGE,
        "method": "POST",
        "count": 2,
        "do": {"fail": "jobRateLimitExceeded"},
    },
    "another writer was first": {
        "statement": MERGE,
        "method": "POST",
        "do": {
            "fail": "invalidQuery",
            "message": "Could not serialize access to table due to concurrent update",
        },
    },
    "the file is cut off": {"path": UPLOAD, "do": "cut_upload"},
    "the file's answer is lost": {"path": UPLOAD, "do": "drop"},
    "the merge is reset": {"statement": MERGE, "method": "POST", "do": "reset"},
    "the merge is done, its answer is lost": {"statement": MERGE, "method": "POST", "do": "drop"},
    "the merge's answer is cut off": {"statement": MERGE, "method": "POST", "do": "truncate"},
    "the second merge's answer is lost": {
        "statement": MERGE,
        "method": "POST",
        "after": 1,
        "do": "drop",
    },
    "asking after the merge is refused": {
        "statement": MERGE,
        "method": "GET",
        "do": {"status": 503},
    },
    "the merge runs for long": {"statement": MERGE, "method": "POST", "do": {"running": 4}},
    "the load is held back": {"statement": LOAD, "method": "POST", "do": {"pending": 4}},
    "the table is made, its answer is lost": {"path": TABLES, "do": "drop"},
    "the staging table's answer is lost": {"path": TABLES, "after": 1, "do": "drop"},
    "too many table changes": {
        "path": TABLES,
        "count": 2,
        "do": {"status": 403, "error_code": "rateLimitExceeded"},
    },
    "the service is not there": {"path": JOBS, "count": 3, "do": {"status": 503}},
    "a gateway's page": {"path": JOBS, "count": 2, "do": {"html": 502}},
    "the token is revoked before the file": {"path": UPLOAD, "do": "revoke"},
    "the token is revoked before the merge": {"statement": MERGE, "do": "revoke"},
    "the answer of the removal is lost": {"method": "DELETE", "do": "drop"},
}


def amounts(books: Books) -> list[tuple[str, str]]:
    return [(row["record_id"], row["amount"]) for row in books.current("invoices")]


@pytest.mark.parametrize("rule", HEALED.values(), ids=HEALED)
def test_what_can_be_healed_ends_as_if_nothing_had_been(books: Books, rule: dict[str, Any]) -> None:
    match = {name: value for name, value in rule.items() if name != "do"}
    books.service.fault(rule["do"], **match)

    run = books.load(MESSAGES, batch_size_rows=4)

    assert run.error is None
    assert run.last_state == 2
    assert books.service.hits()[0] == rule.get("count", 1)
    assert amounts(books) == ENDED
    assert books.staged() == []


@pytest.mark.parametrize("reason", sorted(RETRIED - {"concurrentUpdate"}))
def test_a_job_that_fails_for_now_is_done_again_under_another_id(books: Books, reason: str) -> None:
    books.service.fault({"fail": reason}, statement=MERGE, method="POST")
    clock = PatientClock()

    run = books.load([INVOICES, *FIRST, state(1)], clock=clock)

    assert run.error is None
    assert len(books.rows("invoices")) == 4
    assert any(0.25 <= pause <= 0.5 for pause in clock.slept)


def test_columns_whose_answer_is_lost_are_added_once(books: Books) -> None:
    books.load([INVOICES, *FIRST, state(1)])
    wider = schema("invoices", AUDITED | {"amount": AMOUNT, "text": {"type": "string"}}, KEY)
    books.service.fault("drop", method="PATCH")

    run = books.load([wider, *SECOND, state(2)])

    assert run.error is None
    assert books.service.hits() == [1]
    assert list(books.types("invoices")).count("text") == 1


ENDING: dict[str, tuple[dict[str, Any], type[Exception], str]] = {
    "a load job that fails at its end": (
        {"statement": LOAD, "do": {"fail": "invalid", "message": "'secret value'"}},
        JobError,
        "loading rows for 'invoices' failed with invalid (job singer-",
    ),
    "every load job fails": (
        {"statement": LOAD, "count": 0, "do": {"fail": "backendError"}},
        JobError,
        "backendError",
    ),
    "a merge that can never succeed": (
        {"statement": MERGE, "do": {"fail": "invalidQuery", "message": "'secret value'"}},
        JobError,
        "merging into 'invoices' failed with invalidQuery",
    ),
    "a quota that is used up": (
        {"statement": MERGE, "do": {"fail": "quotaExceeded"}},
        JobError,
        "quotas",
    ),
    "a quota that is used up, at once": (
        {"statement": MERGE, "do": {"status": 403, "error_code": "quotaExceeded"}},
        DestinationError,
        "quotas",
    ),
    "somebody cancels the job": (
        {"statement": MERGE, "do": {"fail": "stopped"}},
        JobError,
        "Somebody cancelled the job",
    ),
    "no answer for too long": (
        {"statement": MERGE, "count": 0, "do": "reset"},
        DestinationError,
        "no answer to merging into 'invoices'",
    ),
    "refusals without end": (
        {"path": UPLOAD, "count": 0, "do": {"status": 429}},
        DestinationError,
        "refused with 429",
    ),
    "a proxy's page": (
        {"path": JOBS, "count": 0, "do": {"html": 403}},
        AccessError,
        "refused with 403, no reason",
    ),
    "a job that does not end": (
        {"statement": MERGE, "do": {"running": 10**6}},
        DestinationError,
        "did not end in 60 s",
    ),
    "the staging table expires too early": (
        {"statement": MERGE, "do": {"fail": "notFound"}},
        JobError,
        "nobody drops tables",
    ),
}


@pytest.mark.parametrize(("rule", "kind", "told"), ENDING.values(), ids=ENDING)
def test_what_cannot_be_healed_is_told_and_the_next_run_goes_on(
    books: Books, rule: dict[str, Any], kind: type[Exception], told: str
) -> None:
    match = {"method": "POST", "after": 1} | rule
    books.service.fault(match.pop("do"), **match)

    run = books.load(MESSAGES, batch_size_rows=4, retry_seconds=20, job_seconds=60)

    assert isinstance(run.error, kind)
    assert told in str(run.error)
    assert "secret value" not in str(run.error)
    assert run.last_state in {1, None}
    books.service.control("DELETE", "faults")
    books.service.control("POST", "settle")
    again = books.load([INVOICES, *(SECOND if run.last_state else [*FIRST, *SECOND]), state(2)])
    assert again.error is None
    assert amounts(books) == ENDED


def test_a_missing_role_is_told_with_its_permission(books: Books) -> None:
    books.service.set(grants={"": ["roles/bigquery.dataEditor"]})

    run = books.load([INVOICES, *FIRST, state(1)])

    assert isinstance(run.error, AccessError)
    assert "bigquery.jobs.create" in str(run.error)
    assert "BigQuery Job User" in str(run.error)
    assert run.states == []


ACCESS: dict[str, tuple[dict[str, Any], str]] = {
    "the key is disabled": ({"key_disabled": True}, "its key is not disabled"),
    "the account is gone": ({"account_deleted": True}, "the account is there"),
    "the clock is wrong": ({"clock_skew_seconds": 7200}, "Set the clock of this machine"),
    "the API is off": ({"api_disabled": True}, "Enable the BigQuery API"),
}


@pytest.mark.parametrize(("set_to", "told"), ACCESS.values(), ids=ACCESS)
def test_who_is_not_let_in_is_told_why(books: Books, set_to: dict[str, Any], told: str) -> None:
    books.service.set(**set_to)

    run = books.load([INVOICES, *FIRST, state(1)])

    assert isinstance(run.error, AccessError)
    assert told in str(run.error)
    assert books.service.key["private_key"] not in str(run.error)


def test_a_key_that_lacks_parts_is_told_as_such(books: Books) -> None:
    run = books.load([INVOICES], credentials_json={"type": "service_account"})

    assert "the key of the service account cannot be used" in str(run.error)


def test_a_dataset_elsewhere_or_nowhere_is_told(books: Books) -> None:
    books.service.set(datasets={books.dataset: "US"})

    elsewhere = books.load([INVOICES])
    nowhere = books.load([INVOICES], dataset=f"no_{books.dataset}", location=None)

    assert "is in US, not where 'location' says" in str(elsewhere.error)
    assert "there is no dataset" in str(nowhere.error)


def test_a_new_token_is_asked_for_when_the_old_one_ends(books: Books) -> None:
    books.service.set(token_life_seconds=1)

    run = books.load(MESSAGES, batch_size_rows=1)

    assert run.error is None
    assert books.calls().count("POST /token") > 1
    assert amounts(books) == ENDED


def test_a_job_that_an_earlier_run_left_under_way_is_waited_for(books: Books) -> None:
    books.service.fault({"running": 8}, statement=MERGE, method="POST")
    books.service.fault({"status": 503}, statement=MERGE, method="GET")
    left = books.load([INVOICES, *FIRST, state(1)], retry_seconds=0)
    assert isinstance(left.error, DestinationError)
    assert books.rows("invoices") == []
    books.service.control("DELETE", "calls")

    again = books.load([INVOICES, *SECOND, state(2)])

    assert again.error is None
    merges = [call for call in books.calls() if "MERGE" in call]
    assert merges.index("POST MERGE INTO", 1) > 7  # not before the one of the first run has ended
    assert amounts(books) == ENDED


@pytest.mark.parametrize("lost", ["reset", "drop"])
def test_a_job_of_an_earlier_run_is_not_taken_for_one_whose_answer_is_lost(
    books: Books, lost: str
) -> None:
    books.service.fault({"fail": "stopped"}, statement=MERGE, method="POST")
    assert books.load([INVOICES, *FIRST, state(1)]).error is not None
    books.service.control("DELETE", "faults")
    books.service.fault(lost, path=UPLOAD)

    again = books.load([INVOICES, *SECOND, state(2)])

    assert again.error is None
    assert books.service.hits() == [1]
    assert amounts(books) == ENDED


def test_a_job_that_does_not_end_is_cancelled(books: Books) -> None:
    books.service.fault({"running": 10**6}, statement=MERGE, method="POST")

    run = books.load([INVOICES, *FIRST, state(1)], job_seconds=10)

    assert "did not end in 10 s" in str(run.error)
    assert [call for call in books.calls() if call.endswith("/cancel")]
    assert books.service.control("POST", "settle") == {"jobs": 0}


def test_the_text_of_a_fault_and_the_key_stay_out_of_the_log(
    books: Books, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "target_bigquery_guarded")
    books.service.fault(
        {"fail": "backendError", "message": "a secret value"}, statement=MERGE, method="POST"
    )

    books.load(MESSAGES)

    assert "trying again" in caplog.text
    assert "a secret value" not in caplog.text
    assert books.service.key["private_key"][:60] not in caplog.text
