"""Faults: each as a client meets it, on the call that the rule names and on no other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
import requests

from databricks_workspace.client import FILES, STATEMENTS

if TYPE_CHECKING:
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process
ME = "/api/2.0/preview/scim/v2/Me"
INSERT = "INSERT INTO t VALUES (1)"


def statuses(client: Client, calls: int) -> list[int]:
    return [client.call("GET", ME).status_code for _ in range(calls)]


@pytest.mark.parametrize("status", [403, 429, 500, 503])
def test_a_status_is_answered_once_and_then_all_is_well(client: Client, status: int) -> None:
    client.workspace.fault({"status": status, "retry_after": 7}, path="/Me$")
    answer = client.call("GET", ME)
    assert (answer.status_code, answer.headers["Retry-After"]) == (status, "7")
    assert answer.json()["error_code"]
    assert statuses(client, 1) == [200]


def test_a_refused_statement_was_not_run(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"status": 429, "error_code": "REQUEST_LIMIT_EXCEEDED"}, statement="INS")
    answer = client.call("POST", STATEMENTS, json=client.order(INSERT))
    assert (answer.status_code, answer.json()["error_code"]) == (429, "REQUEST_LIMIT_EXCEEDED")
    assert client.rows("t") == []


def test_a_gateway_answers_with_a_page(client: Client) -> None:
    client.workspace.fault({"html": 502})
    answer = client.call("GET", ME)
    assert (answer.status_code, answer.headers["Content-Type"]) == (502, "text/html")


def test_a_token_is_revoked_in_the_middle_of_a_run(client: Client) -> None:
    client.workspace.fault("revoke", after=1)
    assert statuses(client, 3) == [200, 401, 401]
    client.log_in()
    assert statuses(client, 1) == [200]


@pytest.mark.parametrize("wait", ["0s", "50s"])
def test_an_answer_is_lost_after_the_statement_was_done(client: Client, wait: str) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault("drop", method="POST", statement="^INSERT")
    with pytest.raises(requests.ConnectionError):
        client.send(INSERT, wait_timeout=wait)
    assert client.rows("t") == [{"n": 1}]
    client.run(INSERT)
    assert len(client.rows("t")) == 2


def test_a_connection_is_reset_before_anything_was_done(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault("reset", statement="^INSERT")
    with pytest.raises(requests.ConnectionError):
        client.send(INSERT)
    assert client.rows("t") == []


def test_an_upload_that_is_cut_leaves_no_file(client: Client) -> None:
    client.upload("a.bin", b"before")
    client.workspace.fault("cut_upload", method="PUT", path="^/api/2.0/fs/files/")
    with pytest.raises(requests.ConnectionError):
        client.upload("a.bin", b"x" * 5_000_000)
    assert client.call("GET", FILES + client.volume_path("a.bin")).content == b"before"


def test_half_an_answer_and_then_the_end(client: Client) -> None:
    client.workspace.fault("truncate")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.call("GET", ME)
    assert statuses(client, 1) == [200]


def test_a_slow_answer_is_still_right(client: Client) -> None:
    client.workspace.fault({"slow": 0.2})
    began = time.monotonic()
    assert statuses(client, 1) == [200]
    assert time.monotonic() - began >= 0.2


def test_a_statement_shows_pending_and_running_for_so_many_polls(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"pending": 2, "running": 1}, statement="^INSERT")
    told = client.send(INSERT)
    polled = [client.poll(told["statement_id"]) for _ in range(4)]
    states = [told["status"]["state"], *polled]
    assert states == ["PENDING", "PENDING", "PENDING", "RUNNING", "SUCCEEDED"]
    assert client.rows("t") == [{"n": 1}]


def test_a_statement_fails_with_any_class_inside_a_good_answer(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    failing = {"fail": "DELTA_CONCURRENT_APPEND", "message": "Another writer was faster."}
    client.workspace.fault(failing, statement="^INSERT", count=2)
    messages = [client.failure(INSERT) for _ in range(2)]
    assert all(each.startswith("[DELTA_CONCURRENT_APPEND] Another writer") for each in messages)
    assert client.rows("t") == []
    client.run(INSERT)
    assert client.rows("t") == [{"n": 1}]


@pytest.mark.parametrize(("state", "rows"), [("CANCELED", []), ("CLOSED", [{"n": 1}])])
def test_a_statement_ends_in_a_rarer_state(client: Client, state: str, rows: Any) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"end_as": state}, statement="^INSERT")
    assert client.send(INSERT)["status"] == {"state": state}
    assert client.rows("t") == rows


def test_the_token_endpoint_can_fail_too(client: Client) -> None:
    client.workspace.fault({"status": 503}, path="^/oidc/v1/token$")
    assert [client.ask_token().status_code for _ in range(2)] == [503, 200]


def test_a_poll_can_fail_without_harm_to_its_statement(client: Client) -> None:
    client.workspace.fault({"pending": 1}, method="POST", statement="^SELECT 5")
    sent = client.send("SELECT 5")["statement_id"]
    client.workspace.fault({"status": 503}, method="GET", statement="^SELECT 5")
    assert client.call("GET", f"{STATEMENTS}/{sent}").status_code == 503
    assert [client.poll(sent) for _ in range(2)] == ["PENDING", "SUCCEEDED"]


def test_a_rule_begins_after_some_calls_and_acts_as_often_as_it_says(client: Client) -> None:
    client.workspace.fault({"status": 500}, path="/Me$", after=1, count=2)
    assert statuses(client, 5) == [200, 500, 500, 200, 200]
    assert client.workspace.hits() == [2]
    client.workspace.fault({"status": 503}, path="/Me$", count=0)
    assert statuses(client, 3) == [503] * 3
    (_, shown) = client.workspace.control("GET", "faults")
    assert (shown["matched"], shown["hits"], shown["path"]) == (3, 3, "/Me$")


def test_a_rule_leaves_other_calls_alone(client: Client) -> None:
    client.workspace.fault({"status": 500}, method="PUT")
    client.workspace.fault({"status": 500}, path="^/api/2.1/")
    client.workspace.fault({"status": 500}, statement="MERGE")
    assert statuses(client, 1) == [200]
    assert client.run("SELECT 1") == [["1"]]
    assert client.workspace.hits() == [0, 0, 0]


def test_calls_are_listed_without_their_contents(client: Client) -> None:
    client.upload("a.txt", b"confidential")
    client.workspace.fault({"status": 503}, path="/Me$")
    client.call("GET", ME)
    client.send("SELECT 'confidential'")
    calls = client.workspace.control("GET", "calls")
    assert [(call["method"], call["status"], call["faulted"]) for call in calls] == [
        ("PUT", 204, False),
        ("GET", 503, True),
        ("POST", 200, False),
    ]
    assert calls[-1]["statement"] == "SELECT"
    assert "confidential" not in str(calls)


@pytest.mark.parametrize(
    "rule",
    [
        {"do": "explode"},
        {"do": {}},
        {"path": "x"},
        {"do": "drop", "when": 1},
        {"do": "drop", "path": "("},
        {"do": "drop", "after": -1},
        {"do": {"retry_after": 1}},
        5,
    ],
    ids=str,
)
def test_a_rule_that_cannot_be_understood_is_refused(client: Client, rule: object) -> None:
    url = f"{client.workspace.url}/__workspace/faults"
    answer = client.session.post(url, json=[rule], timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
