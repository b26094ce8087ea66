"""After a load Looker forgets its cache and shows that it sees the load; else it is said why."""

from __future__ import annotations

import logging
import os
import subprocess
import time
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
import requests

from looker_service import LookerService
from looker_tables import SCHEMA, staged
from postgres_server import READER
from target_looker_stage.audit import Audit
from target_looker_stage.looker import Outcome, announce, check
from target_looker_stage.looker_settings import LookerSettings
from target_looker_stage.lookml import Options, deliver, mark_deployed, project

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from postgres_server import PostgresServer

LOAD = 12
FOREIGN = '{"error": {"code": 503, "message": "no healthy upstream: key-of-somebody"}}'
LOOKERS = '{"message": "Slow down, %s", "documentation_url": "https://cloud.google.com/looker/"}'
NAMED = {
    "GIT_AUTHOR_NAME": "A person",
    "GIT_AUTHOR_EMAIL": "person@example.com",
    "GIT_COMMITTER_NAME": "A person",
    "GIT_COMMITTER_EMAIL": "person@example.com",
}
NIGHT = [
    "POST /api/4.0/login",
    "PUT /api/4.0/connections/warehouse/test",
    "GET /api/4.0/datagroups",
    "PATCH /api/4.0/datagroups/1",
    "POST /api/4.0/queries/run/json",
    "DELETE /api/logout",
]


def lookml(folder: Path, schema: str = SCHEMA) -> Path:
    """The LookML of two tables, in a folder."""
    options = Options(connection="warehouse", model="visma_net", schema=schema)
    deliver(project(staged("accounts", "suppliers"), options), folder)
    return folder


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LookerService, Path]]:
    """One Looker for all tests here, and the LookML that it has."""
    with LookerService() as service:
        yield service, lookml(tmp_path_factory.mktemp("lookml"))


@pytest.fixture
def looker(process: tuple[LookerService, Path]) -> LookerService:
    """The Looker as at its start, with the LookML deployed, which sees the load."""
    service, folder = process
    service.set(reset=True, lookml=str(folder), newest=LOAD)
    return service


@pytest.fixture(autouse=True)
def _no_call_home(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the SDK would fetch explanations of errors with."""

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the SDK asks the Internet for an explanation")

    monkeypatch.setattr("looker_sdk.error.requests.get", refuse)


class Waits(list[float]):
    """Takes the place of waiting."""

    def __call__(self, seconds: float) -> None:
        self.append(seconds)


def step(looker: LookerService, waits: Waits | None = None, **settings: Any) -> Outcome:
    found = LookerSettings.of(looker.settings | {"looker_timeout_seconds": 20} | settings)
    assert found
    return announce(LOAD, found, sleep=Waits() if waits is None else waits)


def remembered(looker: LookerService) -> dict[str, Any]:
    """What it shows of itself, asked by another function than the one taken from the SDK."""
    with requests.Session() as session, session.request("GET", f"{looker.url}/__looker") as answer:
        return dict(answer.json())


def calls(looker: LookerService) -> list[str]:
    return list(remembered(looker)["calls"])


def test_a_night_takes_six_calls(looker: LookerService) -> None:
    outcome = step(looker)

    said = f"Looker sees load {LOAD}, connection tested"
    assert outcome == Outcome("ok", said, 6)
    assert calls(looker) == NIGHT


def test_the_datagroup_is_triggered_now_and_not_in_the_future(looker: LookerService) -> None:
    step(looker)

    (group,) = remembered(looker)["datagroups"]
    assert 0 < time.time() - group["triggered_at"] < 60
    assert group["stale_before"] is None


@pytest.mark.parametrize("behind", [3600, -3600], ids=["behind ours", "before ours"])
def test_a_looker_with_another_clock_takes_the_time(looker: LookerService, behind: int) -> None:
    looker.set(behind=behind)

    assert step(looker).status == "ok"


def test_a_check_changes_nothing(looker: LookerService) -> None:
    settings = LookerSettings.of(looker.settings)
    assert settings

    said = "the API key is taken, datagroup found, connection tested"
    assert check(settings) == Outcome("ok", said, 4)
    assert [each["triggered_at"] for each in remembered(looker)["datagroups"]] == [None]
    looker.set(fault={"path": "login", "status": 404, "body": LOOKERS})
    assert "does not take the API key" in check(settings).message


def test_chosen_plans_run_once_each(looker: LookerService) -> None:
    outcome = step(looker, looker_scheduled_plans=["7", "8"])

    assert remembered(looker)["plans"] == {"7": 1, "8": 1}
    assert outcome.message.endswith("2 plans run")
    assert outcome.calls == len(NIGHT) + 2


@pytest.mark.parametrize("path", ["connections", "datagroups$", "datagroups/1", "queries"])
def test_a_token_that_is_revoked_on_the_way_is_renewed_once(
    looker: LookerService, path: str
) -> None:
    looker.set(fault={"path": path, "status": 401, "body": LOOKERS, "type": "application/json"})

    assert step(looker).status == "ok"
    assert calls(looker).count(NIGHT[0]) == 2


def test_a_token_is_renewed_before_it_expires(looker: LookerService) -> None:
    looker.set(expires_in=10)  # the margin of the SDK

    assert step(looker).status == "ok"
    assert calls(looker).count(NIGHT[0]) > 2


@pytest.mark.parametrize(
    ("fault", "waited"),
    [
        ({"status": 429, "headers": {"Retry-After": "7"}, "body": LOOKERS}, [7.0]),
        ({"status": 502}, [1.0]),
        ({"status": 503, "body": FOREIGN, "type": "application/json", "count": 2}, [1.0, 2.0]),
        ({"drop": True}, [1.0]),
    ],
    ids=["429 with Retry-After", "a gateway's page", "a proxy's JSON twice", "no answer"],
)
@pytest.mark.parametrize("path", ["login", "connections", "datagroups$", "datagroups/1", "queries"])
def test_what_is_refused_for_now_is_asked_again(
    looker: LookerService, path: str, fault: dict[str, Any], waited: list[float]
) -> None:
    waits = Waits()
    looker.set(fault={"path": path, **fault})

    assert step(looker, waits).status == "ok"
    assert waits == waited


FAILURES: dict[str, tuple[dict[str, Any], dict[str, Any], str, str]] = {
    "a wrong key": (
        {},
        {"looker_client_secret": "wrong-secret"},
        "does not take the API key",
        "looker_client_secret",
    ),
    "an address that is not Looker's": (
        {"path": "login", "status": 404, "body": "<html>Nothing</html>"},
        {},
        "answers 404 to /api/4.0/login",
        "not the address of a Looker API",
    ),
    "an address that leads elsewhere": (
        {"path": "login", "status": 302, "headers": {"Location": "https://example.com/"}},
        {},
        "answers 302",
        "not the address of a Looker API",
    ),
    "a page in place of an answer": (
        {"path": "datagroups", "status": 200, "body": "<html>Log in</html>"},
        {},
        "not what Looker answers",
        "a proxy answers",
    ),
    "foreign JSON in place of an answer": (
        {"path": "queries", "status": 200, "body": '{"a": [1]}', "type": "application/json"},
        {},
        "not what Looker answers",
        "a proxy answers",
    ),
    "a user without permission": (
        {"path": "datagroups/1", "status": 403, "body": LOOKERS, "type": "application/json"},
        {},
        "answers 403",
        "the permission",
    ),
    "a token that never holds": (
        {"path": "datagroups", "status": 401, "body": LOOKERS, "count": 9},
        {},
        "does not take the token that it gave",
        "was disabled",
    ),
    "a limit that lasts": (
        {"path": "datagroups", "status": 429, "body": LOOKERS, "count": 9},
        {},
        "answers 429",
        "the next run tries again",
    ),
    "a limit that lasts too long to wait": (
        {"path": "login", "status": 429, "headers": {"Retry-After": "3600"}, "body": LOOKERS},
        {},
        "answers 429",
        "the next run tries again",
    ),
    "a Looker that is down": (
        {"path": ".", "drop": True, "count": 9},
        {},
        "no answer",
        "the next run tries again",
    ),
    "calls that are used up": (
        {},
        {"looker_max_api_calls": 4},
        "all 4 calls to Looker are used",
        "looker_max_api_calls",
    ),
    "LookML that is not deployed": (
        {},
        {"looker_model": "other"},
        "no datagroup 'visma_load' in the model 'other'",
        "see_datagroups",
    ),
    "an explore that is not to be seen": (
        {"path": "queries", "status": 404, "body": LOOKERS, "type": "application/json"},
        {},
        "no explore 'looker_loads'",
        "access_data",
    ),
    "a plan that is not there": (
        {},
        {"looker_scheduled_plans": ["99"]},
        "no scheduled plan '99'",
        "see_schedules",
    ),
}


@pytest.mark.parametrize(("fault", "settings", "what", "todo"), FAILURES.values(), ids=FAILURES)
def test_a_failure_says_what_to_do_and_no_secret(  # noqa: PLR0917 - a row of the table
    looker: LookerService,
    caplog: pytest.LogCaptureFixture,
    fault: dict[str, Any],
    settings: dict[str, Any],
    what: str,
    todo: str,
) -> None:
    caplog.set_level(logging.DEBUG)
    if fault:
        looker.set(fault=fault)

    outcome = step(looker, **settings)
    assert outcome.status == "failed"
    assert what in outcome.message
    assert todo in outcome.message
    secrets = [looker.settings["looker_client_secret"], "wrong-secret", "Slow down", "Bearer"]
    assert not [each for each in secrets if each in caplog.text + outcome.message]


def test_a_looker_that_reads_something_else_is_found_out(looker: LookerService) -> None:
    looker.set(newest=LOAD - 1)
    assert f"sees load {LOAD - 1} as the newest, but load {LOAD}" in step(looker).message
    looker.set(newest=None)

    outcome = step(looker, looker_scheduled_plans=["7"])
    assert "sees no load" in outcome.message
    assert remembered(looker)["plans"]["7"] == 0


def test_a_connection_that_fails_its_test_ends_the_step(looker: LookerService) -> None:
    looker.set(tests={"connect": "success", "query": "error"})

    outcome = step(looker)
    assert "fails 1 of its 2 tests" in outcome.message
    assert "said by the database" not in outcome.message


def test_a_user_who_may_not_test_the_connection_goes_on(looker: LookerService) -> None:
    outcome = step(looker, looker_connection="hidden")

    assert outcome == Outcome("ok", f"Looker sees load {LOAD}, connection not tested", 6)


def test_a_plan_whose_answer_is_lost_is_not_run_again(looker: LookerService) -> None:
    looker.set(fault={"path": "run_once", "status": 502})
    waits = Waits()

    outcome = step(looker, waits, looker_scheduled_plans=["7"])
    assert "See in Looker whether it was done" in outcome.message
    assert waits == []


def test_a_plan_that_is_refused_for_now_is_asked_again(looker: LookerService) -> None:
    looker.set(fault={"path": "run_once", "status": 429, "body": LOOKERS})

    assert step(looker, looker_scheduled_plans=["7"]).status == "ok"
    assert remembered(looker)["plans"]["7"] == 1


def test_settings_of_the_sdk_beside_it_do_not_count(
    looker: LookerService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "looker.ini").write_text("[Looker]\nbase_url=https://example.com\nclient_id=x\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOOKERSDK_BASE_URL", "https://example.com")
    monkeypatch.setenv("LOOKERSDK_CLIENT_SECRET", "of-the-environment")

    assert step(looker).status == "ok"


@pytest.mark.process
def test_looker_reads_the_load_in_the_warehouse_itself(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    schema = "looked_at"
    address = postgres.url(READER).replace("+psycopg", "")
    with closing(postgres.connect()) as warehouse, LookerService(warehouse=address) as looker:
        warehouse.execute(f"CREATE SCHEMA {schema}")
        for statement in Audit(schema).create():
            warehouse.execute(statement.encode())
        looker.set(lookml=str(lookml(tmp_path, schema)))

        assert "'grant_select_to' gives them" in step(looker).message
        warehouse.execute(f"GRANT USAGE ON SCHEMA {schema} TO {READER}")
        warehouse.execute(f"GRANT SELECT ON {schema}._looker_loads TO {READER}")
        for load_id, status in ((LOAD, "running"), (LOAD - 1, "committed")):
            warehouse.execute(
                f"INSERT INTO {schema}._looker_loads (load_id, run_id, publish, status, started_at)"
                " OVERRIDING SYSTEM VALUE VALUES (%s, 'r', 'run', %s, now())".encode(),
                [load_id, status],
            )
        assert f"sees load {LOAD - 1} as the newest" in step(looker).message
        warehouse.execute(f"UPDATE {schema}._looker_loads SET status = 'committed'")
        assert step(looker).status == "ok"


@pytest.mark.process
def test_what_was_pushed_is_deployed_before_looker_is_asked(tmp_path: Path) -> None:
    upstream, copy = tmp_path / "upstream", tmp_path / "copy"
    author = "Loader <loader@example.com>"
    for command in (
        ["git", "init", "--quiet", "--bare", "--initial-branch=main", str(upstream)],
        ["git", "clone", "--quiet", str(upstream), str(copy)],
        ["git", "-C", str(copy), "commit", "--quiet", "--allow-empty", "-m", "Begin"],
        ["git", "-C", str(copy), "push", "--quiet", "-u", "origin", "HEAD:main"],
    ):
        subprocess.run(command, check=True, capture_output=True, env=os.environ | NAMED)
    options = Options(connection="warehouse", model="visma_net", schema=SCHEMA)
    files = project(staged("accounts"), options)
    commit = deliver(files, copy, git="push", author=author).commit
    deploy = {"looker_deploy": "git", "looker_project": "visma", "lookml_git": "push"}

    with LookerService(repository=upstream) as looker:
        looker.set(newest=LOAD)
        settings = LookerSettings.of(looker.settings | deploy)
        assert settings
        outcome = announce(LOAD, settings, commit=commit)
        assert (outcome.status, outcome.deployed) == ("ok", commit)
        assert remembered(looker)["deployed"] == [commit]
    mark_deployed(copy, outcome.deployed or "")
    assert deliver(files, copy, git="push", author=author).commit is None


def test_a_project_that_may_not_be_deployed_is_named(looker: LookerService) -> None:
    deploy = {"looker_deploy": "git", "looker_project": "hidden", "lookml_git": "push"}
    settings = LookerSettings.of(looker.settings | deploy)
    assert settings

    outcome = announce(LOAD, settings, commit="0" * 40)
    assert "no project 'hidden'" in outcome.message
    assert outcome.deployed is None
