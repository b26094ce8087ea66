"""Faults: each as a client meets it, on the call that the rule names and on no other."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from sandbox_client import Client


PATH = "/v1/supplier"


def statuses(client: Client, calls: int, path: str = PATH) -> list[int]:
    return [client.get(path).status_code for _ in range(calls)]


@pytest.mark.parametrize("status", [400, 404, 500, 502, 503])
def test_a_status_is_answered_once_and_then_all_is_well(setter: Client, status: int) -> None:
    setter.spoil({"status": status})
    assert statuses(setter, 2) == [status, 200]


def test_a_429_carries_the_seconds_to_wait(setter: Client) -> None:
    setter.spoil({"status": 429, "retry_after": 7})
    answer = setter.get(PATH)
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")


@pytest.mark.parametrize(
    ("do", "status", "content_type", "begins"),
    [
        ("html", 502, "text/html", b"<html>"),
        ({"html": 200}, 200, "text/html", b"<html>"),
        ({"html": True, "status": 503}, 503, "text/html", b"<html>"),
        ("plain", 500, "text/plain", b"The service"),
        ("other_json", 200, "application/json; charset=utf-8", b'{"unexpected": true}'),
        ("empty", 200, None, b""),
        ("forbidden", 403, "application/json; charset=utf-8", b'{"message"'),
    ],
    ids=str,
)
def test_a_body_of_another_kind(
    setter: Client, do: object, status: int, content_type: str | None, begins: bytes
) -> None:
    setter.spoil(do)
    answer = setter.get(PATH)
    assert answer.status_code == status
    assert answer.headers.get("Content-Type") == content_type
    assert answer.content.startswith(begins)
    assert bool(answer.content) == bool(begins)
    assert setter.get(PATH).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "identity"])
def test_half_a_body_and_then_the_end(setter: Client, encoding: str) -> None:
    setter.spoil("truncate")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        setter.get(PATH, headers={"Accept-Encoding": encoding})
    assert setter.get(PATH).status_code == 200


def test_no_answer_at_all(setter: Client) -> None:
    setter.spoil("drop")
    with pytest.raises(requests.ConnectionError):
        setter.get(PATH)
    assert setter.get(PATH).status_code == 200


def test_a_slow_answer_is_still_right(setter: Client) -> None:
    setter.spoil({"slow": 0.2})
    began = time.monotonic()
    assert setter.read(PATH) != []
    assert time.monotonic() - began > 0.2


def test_a_revoked_token_stays_revoked_and_a_new_one_works(setter: Client) -> None:
    setter.spoil("revoke", nth=2)
    assert statuses(setter, 3) == [200, 401, 401]
    setter.log_in()
    assert statuses(setter, 1) == [200]


def test_a_change_comes_between_two_calls(client: Client) -> None:
    change = {"company_id": client.company_id, "path": PATH, "operation": "insert"}
    client.spoil({"change": change}, page=1)
    first = client.read(PATH, pageNumber=1, pageSize=500)
    second = client.read(PATH, pageNumber=1, pageSize=500)
    assert len(second) == len(first) + 1
    assert len(client.books(PATH)) == len(second)


def test_a_change_that_cannot_be_done_is_told_and_not_hidden(setter: Client) -> None:
    setter.spoil({"change": {"company_id": "nobody", "path": PATH, "operation": "insert"}})
    answer = setter.get(PATH)
    assert answer.status_code == 500
    assert "nobody" in answer.json()["message"]


def test_a_rule_acts_on_the_nth_match_and_as_often_as_it_says(setter: Client) -> None:
    setter.spoil({"status": 500}, nth=2, times=2)
    assert statuses(setter, 5) == [200, 500, 500, 200, 200]
    setter.spoil({"status": 503}, times=0)
    assert statuses(setter, 3) == [503] * 3


def test_a_rule_matches_company_path_and_page(setter: Client) -> None:
    setter.spoil({"status": 500}, times=0, company_id="another")
    setter.spoil({"status": 502}, times=0, path="/V1/Customer", page=2)
    assert statuses(setter, 1) == [200]
    assert setter.get("/v1/customer", pageNumber=1).status_code == 200
    assert setter.get("/v1/customer", pageNumber=2).status_code == 502


def test_the_token_endpoint_can_fail_too(setter: Client) -> None:
    setter.spoil({"status": 503}, path="/connect/token")
    assert [setter.ask_token().status_code for _ in range(2)] == [503, 200]


def test_rules_show_their_hits_and_can_be_cleared(setter: Client) -> None:
    setter.control("DELETE", "calls")
    setter.spoil({"status": 500}, path=PATH)
    statuses(setter, 3)
    (shown,) = setter.control("GET", "faults").json()
    assert (shown["matched"], shown["hits"], shown["path"]) == (3, 1, PATH)
    faulted = [call["faulted"] for call in setter.control("GET", "calls").json()]
    assert faulted == [True, False, False]
    setter.spoil({"status": 500}, times=0)
    setter.control("DELETE", "faults")
    assert statuses(setter, 1) == [200]


@pytest.mark.parametrize(
    "rule", [{"do": "explode"}, {"do": {}}, {"path": PATH}, {"do": "drop", "when": 1}, 5]
)
def test_a_rule_that_cannot_be_understood_is_refused(setter: Client, rule: object) -> None:
    url = f"{setter.sandbox.url}/__sandbox/faults"
    answer = setter.session.post(url, json=[rule], timeout=10)
    assert answer.status_code == 400
    assert answer.json()["error"]
