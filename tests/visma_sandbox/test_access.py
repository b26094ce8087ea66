"""Access: tokens of Visma Connect, the bearer, and the rate limit."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
import requests

from visma_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sandbox_client import Client


LIMITS = ("X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "X-RateLimit-Policy")


@pytest.fixture
def other(reader: Client) -> Iterator[Client]:
    """The client of the second company."""
    with requests.Session() as session:
        client = type(reader)(reader.sandbox, company=1, session=session)
        client.log_in()
        yield client


def test_a_token_says_how_long_it_lives(reader: Client) -> None:
    answer = reader.ask_token()
    assert answer.status_code == 200
    assert answer.json().keys() == {"access_token", "expires_in", "token_type", "scope"}
    assert (answer.json()["expires_in"], answer.json()["token_type"]) == (3600, "Bearer")


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"client_id": "isv_nobody"}, "invalid_client"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"scope": "vismanet_erp_service_api:everything"}, "invalid_scope"),
        ({"scope": ""}, "invalid_scope"),
        ({"tenant_id": "00000000-0000-0000-0000-000000000000"}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_wrong_token_request_is_refused_as_oauth_says(
    reader: Client, changed: dict[str, str], error: str
) -> None:
    answer = reader.ask_token(**changed)
    assert answer.status_code == 400
    assert answer.json()["error"] == error


def test_the_client_may_come_in_a_basic_header(reader: Client) -> None:
    form = reader.credentials
    identity = (form.pop("client_id"), form.pop("client_secret"))
    url = f"{reader.sandbox.url}/connect/token"
    assert requests.post(url, data=form, auth=identity, timeout=10).status_code == 200


@pytest.mark.parametrize("header", ["", "Bearer nonsense", "Basic nonsense"])
def test_without_a_good_bearer_the_answer_is_401(reader: Client, header: str) -> None:
    answer = reader.get("/v1/supplier", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_token_opens_its_own_company_only(reader: Client, other: Client) -> None:
    mine, yours = reader.read("/v1/branch"), other.read("/v1/branch")
    assert mine[0]["name"] != yours[0]["name"]
    with_header = reader.get("/v1/branch", headers={"ipp-company-id": other.company_id})
    assert with_header.json()[0]["name"] == mine[0]["name"]


def test_a_token_expires(setter: Client) -> None:
    setter.control("POST", "settings", {"token_life_seconds": 0.05})
    setter.log_in()
    assert setter.get("/v1/ledger").status_code == 200
    time.sleep(0.06)
    assert setter.get("/v1/ledger").status_code == 401


def test_the_customer_tenant_gets_a_token_that_opens_nothing(setter: Client) -> None:
    tenant = setter.control("GET", "").json()["customer_tenant_id"]
    setter.log_in(tenant_id=tenant)
    assert setter.get("/v1/supplier").status_code == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "HEAD"])
def test_lists_are_only_read(reader: Client, method: str) -> None:
    url = f"{reader.sandbox.url}/v1/supplier"
    answer = reader.session.request(method, url, data="{}", timeout=10)
    assert (answer.status_code, answer.headers["Allow"]) == (405, "GET")


def test_every_answer_tells_of_the_allowance(setter: Client) -> None:
    setter.control("POST", "settings", {"calls_per_window": 5, "window_seconds": 60})
    first, second = setter.get("/v1/ledger"), setter.get("/v1/ledger", skip="1")
    assert [first.headers[name] for name in LIMITS] == ["5", "4", "60", "4-fixed-window"]
    assert second.headers["X-RateLimit-Remaining"] == "3"


def test_a_used_up_window_answers_429_until_it_ends(setter: Client) -> None:
    setter.control("POST", "settings", {"calls_per_window": 2, "window_seconds": 0.3})
    statuses = [setter.get("/v1/ledger").status_code for _ in range(3)]
    refused = setter.get("/v1/ledger")
    assert [*statuses, refused.status_code] == [200, 200, 429, 429]
    assert refused.headers["Retry-After"] == "1"
    assert refused.headers["X-RateLimit-Remaining"] == "0"
    time.sleep(0.31)
    assert setter.get("/v1/ledger").status_code == 200


def test_a_company_and_the_token_endpoint_do_not_use_up_another_companys_window() -> None:
    with Sandbox(companies="NO,DK", calls_per_hour=1) as sandbox, requests.Session() as session:
        for company in sandbox.companies.values():
            form = {
                "grant_type": "client_credentials",
                "client_id": sandbox.tokens.client_id,
                "client_secret": sandbox.tokens.client_secret,
                "scope": "vismanet_erp_service_api:read",
                "tenant_id": company.tenant_id,
            }
            for _ in range(3):
                token = session.post(f"{sandbox.url}/connect/token", data=form, timeout=10).json()
            header = {"Authorization": f"Bearer {token['access_token']}"}
            statuses = [
                session.get(f"{sandbox.url}/v1/ledger", headers=header, timeout=10).status_code
                for _ in range(2)
            ]
            assert statuses == [200, 429]


def test_calls_are_listed_without_secrets(setter: Client) -> None:
    setter.control("DELETE", "calls")
    setter.log_in()
    setter.get("/v1/supplier", pageNumber=1, pageSize=3)
    token, page = setter.control("GET", "calls").json()
    assert set(token["params"]) == {"grant_type", "scope", "tenant_id"}
    assert page == {
        "n": 2,
        "company_id": setter.company_id,
        "path": "/v1/supplier",
        "params": {"pageNumber": "1", "pageSize": "3"},
        "status": 200,
        "records": 3,
        "faulted": False,
    }


def test_a_connection_is_kept_and_bodies_are_packed_when_asked(reader: Client) -> None:
    packed = reader.get("/v1/customer")
    plain = reader.get("/v1/customer", headers={"Accept-Encoding": "identity"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert int(plain.headers["Content-Length"]) == len(plain.content) == len(packed.content)
    assert plain.raw.version == 11
    assert "Connection" not in plain.headers
