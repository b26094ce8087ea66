"""The stand-in keeps to what is documented of Snowflake: logins, the SQL API, exact sums."""

from __future__ import annotations

import time
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

import jwt
import pytest
import requests
from cryptography.hazmat.primitives import serialization

from snowflake_loads import TOKEN

if TYPE_CHECKING:
    from snowflake_account import SnowflakeAccount
    from snowflake_loads import KeyPair

PATH = "/api/v2/statements"


def send(
    account: SnowflakeAccount,
    sql: str,
    token: str = TOKEN,
    kind: str = "PROGRAMMATIC_ACCESS_TOKEN",
    **params: str,
) -> requests.Response:
    headers = {"Authorization": f"Bearer {token}", "X-Snowflake-Authorization-Token-Type": kind}
    body = {"statement": sql, "warehouse": "LOADING", "database": "VISMA"}
    return requests.post(account.url + PATH, json=body, headers=headers, params=params, timeout=30)


def ask(account: SnowflakeAccount, handle: str) -> requests.Response:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "X-Snowflake-Authorization-Token-Type": "PROGRAMMATIC_ACCESS_TOKEN",
    }
    return requests.get(f"{account.url}{PATH}/{handle}", headers=headers, timeout=30)


def claims(account: SnowflakeAccount, fingerprint: str, **changed: Any) -> dict[str, Any]:
    subject = f"{account.ready['account']}.{account.ready['user']}"
    now = int(time.time())
    told = {"iss": f"{subject}.{fingerprint}", "sub": subject, "iat": now, "exp": now + 600}
    return told | changed


WRONG: dict[str, dict[str, Any]] = {
    "over": {"iat": 1_000_000_000, "exp": 1_000_000_600},
    "not yet": {"iat": 4_000_000_000, "exp": 4_000_000_600},
    "of another user": {"sub": "VISMATEST.OTHER"},
    "with another fingerprint": {"iss": "VISMATEST.LOADER.SHA256:x"},
    "good": {},
}


@pytest.mark.parametrize("changed", WRONG.values(), ids=WRONG)
def test_a_jwt_counts_only_with_key_user_and_time(
    account: SnowflakeAccount, keys: KeyPair, changed: dict[str, Any]
) -> None:
    rows = account.control("POST", "query", {"sql": "SELECT 1"})
    described = send(account, "DESC USER LOADER").json()["data"]
    (fingerprint,) = [row[1] for row in described if row[0] == "RSA_PUBLIC_KEY_FP"]
    key: Any = serialization.load_pem_private_key(keys.private.encode(), None)
    token = jwt.encode(claims(account, fingerprint, **changed), key, algorithm="RS256")

    answer = send(account, "SELECT CURRENT_USER()", token, "KEYPAIR_JWT")

    assert rows["rows"] == [["1"]]
    if changed:
        assert (answer.status_code, answer.json()["code"]) == (401, "390144")
    else:
        assert answer.json()["data"] == [["LOADER"]]


def test_a_result_is_text_with_its_types(account: SnowflakeAccount) -> None:
    sql = (
        "SELECT 12.5::NUMBER(38,9) AS n, TRUE AS b, '2026-01-02'::DATE AS d, NULL AS nothing, "
        "'1970-01-01 00:00:01.5'::TIMESTAMP_NTZ AS t"
    )

    told = send(account, sql).json()

    assert told["data"] == [["12.500000000", "true", "20455", None, "1.500000000"]]
    types = [(each["name"], each["type"]) for each in told["resultSetMetaData"]["rowType"]]
    assert types[:3] == [("N", "fixed"), ("B", "boolean"), ("D", "date")]


def test_a_statement_is_in_progress_until_it_has_been_asked_after_often_enough(
    account: SnowflakeAccount,
) -> None:
    account.fault({"running": 2}, statement="SELECT 7")

    first = send(account, "SELECT 7")
    handle = first.json()["statementHandle"]

    assert first.status_code == 202
    assert [ask(account, handle).status_code for _ in range(2)] == [202, 200]
    assert ask(account, handle).json()["data"] == [["7"]]


def test_a_request_that_is_sent_again_is_done_once(account: SnowflakeAccount) -> None:
    account.query("CREATE SCHEMA IF NOT EXISTS once")
    account.query("CREATE OR REPLACE TABLE once.log (n INT)")
    request = {"requestId": "11111111-2222-3333-4444-555555555555", "retry": "true"}

    handles = {
        send(account, "INSERT INTO once.log VALUES (1)", **request).json()["statementHandle"]
        for _ in range(2)
    }

    assert len(handles) == 1
    assert account.query("SELECT COUNT(*) FROM once.log") == [["1"]]


def test_a_statement_that_fails_is_told_with_code_and_state(account: SnowflakeAccount) -> None:
    answer = send(account, "SELECT * FROM raw.nowhere")

    assert answer.status_code == 422
    assert (answer.json()["code"], answer.json()["sqlState"]) == ("002003", "42S02")


def test_the_sum_of_numbers_is_exact(account: SnowflakeAccount) -> None:
    sql = "SELECT SUM(n) FROM (SELECT 0.1::NUMBER(38,9) AS n UNION ALL SELECT 0.2::NUMBER(38,9))"

    assert send(account, sql).json()["data"] == [["0.300000000"]]


def test_the_clock_of_the_account_can_be_wrong(account: SnowflakeAccount) -> None:
    account.change(clock_offset_seconds=-7200)

    date = parsedate_to_datetime(send(account, "SELECT 1").headers["Date"])

    assert abs(time.time() - date.timestamp() - 7200) < 600


def test_shows_have_the_documented_columns(account: SnowflakeAccount) -> None:
    account.change(
        network_policies=[{"name": "OFFICE", "allowed_ip_list": ["203.0.113.0/24"]}],
        network_policy="OFFICE",
    )
    shown = {
        "SHOW WAREHOUSES LIKE 'load%'": ("auto_resume", "true"),
        "SHOW DATABASES LIKE 'visma'": ("name", "VISMA"),
        "SHOW GRANTS TO ROLE LOADER_ROLE": ("grantee_name", "LOADER_ROLE"),
        "SHOW NETWORK POLICIES": ("entries_in_allowed_ip_list", "1"),
        "DESC NETWORK POLICY OFFICE": ("value", "203.0.113.0/24"),
        "SHOW PARAMETERS LIKE 'NETWORK_POLICY' IN USER LOADER": ("value", "OFFICE"),
        "SHOW USER PROGRAMMATIC ACCESS TOKENS": ("status", "ACTIVE"),
        "SELECT CURRENT_IP_ADDRESS() AS address": ("ADDRESS", "203.0.113.7"),
    }

    for sql, (column, value) in shown.items():
        told = send(account, sql).json()
        names = [each["name"] for each in told["resultSetMetaData"]["rowType"]]
        assert told["data"][0][names.index(column)] == value, sql
