"""Tokens: who gets one, and until when it is good."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process
ME = "/api/2.0/preview/scim/v2/Me"


def test_a_token_opens_the_api_and_says_who_it_is(client: Client) -> None:
    answer = client.ask_token()
    client.token = answer.json()["access_token"]
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    assert client.call("GET", ME).json()["userName"] == client.workspace.client_id


def test_a_wrong_secret_gets_no_token(client: Client) -> None:
    url = f"{client.workspace.url}/oidc/v1/token"
    who = (client.workspace.client_id, "wrong")
    form = {"grant_type": "client_credentials", "scope": "all-apis"}
    answer = client.session.post(url, data=form, auth=who, timeout=10)
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"scope": "sql"}, "invalid_scope"),
    ],
)
def test_only_client_credentials_for_all_apis(
    client: Client, form: dict[str, str], error: str
) -> None:
    answer = client.ask_token(**form)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


@pytest.mark.parametrize("token", ["", "made-up"])
def test_without_a_good_token_nothing_opens(client: Client, token: str) -> None:
    client.token = token
    answer = client.call("GET", ME)
    assert (answer.status_code, answer.json()["error_code"]) == (401, "UNAUTHENTICATED")


def test_a_token_expires(client: Client) -> None:
    client.workspace.control("POST", "settings", {"token_life_seconds": 0})
    client.log_in()
    assert client.call("GET", ME).status_code == 401


def test_revoked_tokens_stay_void_and_a_new_one_works(client: Client) -> None:
    client.workspace.control("POST", "revoke")
    assert [client.call("GET", ME).status_code for _ in range(2)] == [401, 401]
    client.log_in()
    assert client.call("GET", ME).status_code == 200


def test_discovery_needs_no_token_and_leads_to_the_token_endpoint(client: Client) -> None:
    url = client.workspace.url
    config = requests.get(f"{url}/.well-known/databricks-config", timeout=10).json()
    found = f"{config['oidc_endpoint']}/.well-known/oauth-authorization-server"
    endpoints = requests.get(found, timeout=10).json()
    assert endpoints["token_endpoint"] == f"{url}/oidc/v1/token"
