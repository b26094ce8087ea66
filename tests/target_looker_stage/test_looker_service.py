"""The stand-in of Looker does, and refuses, what the official description of its API says."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import attr
import pytest
import requests
from looker_sdk import models40
from looker_sdk.rtl.auth_token import AccessToken

from looker_service import LookerService
from looker_tables import SCHEMA, staged
from target_looker_stage.lookml import Options, deliver, project

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/4.0"
QUERY = {"model": "visma_net", "view": "looker_loads", "fields": ["looker_loads.newest_load"]}


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LookerService]:
    """One Looker for all tests here, with a datagroup."""
    options = Options(connection="warehouse", model="visma_net", schema=SCHEMA)
    folder = tmp_path_factory.mktemp("lookml")
    deliver(project(staged("accounts"), options), folder)
    with LookerService() as service:
        service.set(lookml=str(folder), newest=3)
        yield service


class Caller:
    """Calls with plain HTTP, as one who is logged in."""

    def __init__(self, looker: LookerService) -> None:
        self.looker = looker
        self.token = ""

    def log_in(self, **how: Any) -> requests.Response:
        settings = self.looker.settings
        key = {
            "client_id": settings["looker_client_id"],
            "client_secret": settings["looker_client_secret"],
        }
        answer = self("POST", "/login", **({"data": key} | how))
        if answer.ok:
            self.token = answer.json()["access_token"]
        return answer

    def __call__(self, method: str, path: str, **how: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = f"{self.looker.url}{API}{path}"
        return requests.request(method, url, headers=headers, timeout=30, **how)


@pytest.fixture
def caller(process: LookerService) -> Caller:
    """One who is logged in."""
    found = Caller(process)
    assert found.log_in().ok
    return found


@pytest.mark.parametrize(
    ("call", "model"),
    [
        (("POST", "/login", {}), AccessToken),
        (("GET", "/versions", {}), models40.ApiVersion),
        (("GET", "/datagroups", {}), models40.Datagroup),
        (("PATCH", "/datagroups/1", {"json": {"triggered_at": 1}}), models40.Datagroup),
        (("PUT", "/connections/warehouse/test?tests=query", {}), models40.DBConnectionTestResult),
        (("POST", "/scheduled_plans/7/run_once", {"json": {}}), models40.ScheduledPlan),
    ],
    ids=lambda given: f"{given[0]} {given[1]}" if isinstance(given, tuple) else "",
)
def test_an_answer_has_no_field_that_the_official_model_has_not(
    caller: Caller, call: tuple[str, str, dict[str, Any]], model: type
) -> None:
    method, path, how = call
    answer = caller.log_in() if path == "/login" else caller(method, path, **how)

    body = answer.json()
    (said,) = body if isinstance(body, list) else [body]
    assert said
    assert said.keys() <= {each.name for each in attr.fields(model)}


@pytest.mark.parametrize(
    ("method", "path", "how", "status"),
    [
        ("GET", "/nothing", {}, 404),
        ("GET", "/queries/run/json", {}, 404),
        ("PATCH", "/datagroups/99", {"json": {"triggered_at": 1}}, 404),
        ("PATCH", "/datagroups/1", {"json": {"name": "mine"}}, 422),
        ("PATCH", "/datagroups/1", {"json": {"triggered_at": "1"}}, 422),
        ("PATCH", "/datagroups/1", {"json": {"triggered_at": time.time_ns()}}, 422),
        ("PATCH", "/datagroups/1", {"data": {"triggered_at": 1}}, 400),
        ("PUT", "/connections/other/test?tests=query", {}, 404),
        ("POST", "/queries/run/json", {"json": QUERY | {"model": "other"}}, 404),
        ("POST", "/queries/run/json", {"json": QUERY | {"fields": ["a", "b"]}}, 404),
        ("POST", "/scheduled_plans/9/run_once", {"json": {}}, 404),
        ("POST", "/projects/other/deploy_ref_to_production?ref=main", {}, 404),
    ],
)
def test_what_looker_refuses_is_refused_in_its_form(
    caller: Caller, method: str, path: str, how: dict[str, Any], status: int
) -> None:
    answer = caller(method, path, **how)

    assert answer.status_code == status
    assert answer.json().keys() == {"message", "documentation_url"}


def test_credentials_are_taken_from_a_form_alone(caller: Caller) -> None:
    key = {"client_id": "x", "client_secret": "y"}

    assert caller.log_in(data=None, params=key).status_code == 400
    assert caller.log_in(data=None, json=key).status_code == 400
    assert caller.log_in(data=key).status_code == 404


def test_a_token_ends_by_age_by_log_out_and_by_revocation(caller: Caller) -> None:
    assert caller("DELETE", "/logout").status_code == 204
    assert caller("GET", "/versions").status_code == 401
    caller.log_in()
    caller.looker.set(revoke=True)
    assert caller("GET", "/versions").status_code == 401
    caller.looker.set(expires_in=0)
    caller.log_in()
    assert caller("GET", "/versions").status_code == 401
    caller.looker.set(expires_in=3600)


def test_a_datagroup_remembers_when_it_was_triggered(caller: Caller) -> None:
    caller("PATCH", "/datagroups/1", json={"triggered_at": 1_700_000_000})

    (group,) = caller("GET", "/datagroups").json()
    assert (group["name"], group["triggered_at"]) == ("visma_load", 1_700_000_000)


def test_a_query_gives_the_measure_that_it_asks_for(caller: Caller) -> None:
    assert caller("POST", "/queries/run/json", json=QUERY).json() == [
        {"looker_loads.newest_load": 3}
    ]


@pytest.mark.process
def test_it_ends_when_its_input_ends(process: LookerService) -> None:
    with LookerService() as other:
        assert other.url != process.url
    with pytest.raises(requests.ConnectionError):
        other.shown()
