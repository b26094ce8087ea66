"""What a person at the command line gets: one clear line, never a traceback or a secret."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap_runs import Visma, visma_with
from tap_visma.entities import ENTITIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Tap = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.process

SECRET = "a-secret-that-must-not-show"


@pytest.fixture(scope="module")
def visma() -> Iterator[Visma]:
    with visma_with() as visma:
        yield visma


@pytest.fixture
def tap(tmp_path: Path) -> Tap:
    """Runs `tap-visma` with these settings and arguments."""

    def run(config: Any, *arguments: str) -> subprocess.CompletedProcess[str]:
        path = tmp_path / "config.json"
        path.write_text(config if isinstance(config, str) else json.dumps(config))
        command = [sys.executable, "-m", "tap_visma", "--config", str(path), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)

    return run


def errors(done: subprocess.CompletedProcess[str]) -> list[str]:
    """The messages at level ERROR, without time and name."""
    return [line.split("| ", 3)[3] for line in done.stderr.splitlines() if "| ERROR " in line]


BAD_SETTINGS: dict[str, tuple[dict[str, Any], str]] = {
    "no client id": ({"client_id": None}, "Setting 'client_id' is missing"),
    "no secret": ({"client_secret": ""}, "Setting 'client_secret' is missing"),
    "a secret that is a number": ({"client_secret": 12345678}, "Setting 'client_secret' must be"),
    "no companies": ({"companies": None}, "Setting 'companies' is missing"),
    "an empty list of companies": ({"companies": []}, "Setting 'companies' is empty"),
    "companies as text": ({"companies": "no"}, "Setting 'companies' must be a list"),
    "a company that is a text": (
        {"companies": ["no"]},
        "Setting 'companies[0]' must be an object such as",
    ),
    "a company without tenant": (
        {"companies": [{"company_id": "no"}]},
        "Setting 'companies[0]' needs a 'tenant_id'",
    ),
    "a company id with blanks": (
        {"companies": [{"company_id": "n o", "tenant_id": "t"}]},
        "Setting 'companies[0]': 'company_id' may have letters",
    ),
    "a misspelt key": (
        {"companies": [{"company_id": "no", "tenant_id": "t", "tennant": "t"}]},
        "Setting 'companies[0]' has 'tennant'",
    ),
    "one company twice": (
        {"companies": [{"company_id": "no", "tenant_id": t} for t in "ab"]},
        "Setting 'companies' names company_id 'no' 2 times",
    ),
    "a start date that is none": (
        {"start_date": "yesterday"},
        "Setting 'start_date' must be a day",
    ),
    "a start date before all": ({"start_date": "0001-01-01"}, "Setting 'start_date' must be a day"),
    "a page size of nothing": ({"page_size": 0}, "Setting 'page_size' must be a whole number"),
    "a page size as text": ({"page_size": "100"}, "Setting 'page_size' must be a whole number"),
    "plain http": ({"api_url": "http://visma.example"}, "Setting 'api_url' must begin with https"),
    "no address": ({"token_url": "connect"}, "Setting 'token_url' must be an address"),
    "a password in an address": (
        {"api_url": "https://me:pw@visma.example"},
        "Setting 'api_url' must not hold a user name",
    ),
    "a word that is none of the words": (
        {"quota_exhausted": "sleep"},
        "Setting 'quota_exhausted' must be one of wait, stop",
    ),
}


@pytest.mark.parametrize(("change", "message"), BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_bad_settings_are_named_before_any_call(
    visma: Visma, tap: Tap, change: dict[str, Any], message: str
) -> None:
    config = visma.config | {"client_secret": SECRET} | change

    done = tap({name: value for name, value in config.items() if value is not None})

    assert done.returncode == 1
    assert any(line.startswith(message) for line in errors(done))
    assert "Traceback" not in done.stderr
    assert SECRET not in done.stderr + done.stdout
    assert "12345678" not in done.stderr
    assert done.stdout == ""


def with_company(visma: Visma, **changes: str) -> dict[str, Any]:
    (company,) = visma.config["companies"]
    return {**visma.config, "companies": [company | changes]}


@pytest.mark.parametrize("argument", [(), ("--test",)], ids=["a sync", "a connection test"])
def test_faults_at_the_door_are_named_with_the_way_out(
    visma: Visma, tap: Tap, argument: tuple[str, ...]
) -> None:
    wrong = {
        "tenant_id": with_company(visma, tenant_id="00000000-0000-4000-8000-000000000000"),
        "not the customer's": with_company(visma, tenant_id=visma.customer_tenant_id()),
        "'scope'": visma.config | {"scope": "vismanet_erp_service_api:everything"},
        "'client_secret'": visma.config | {"client_secret": SECRET},
        "without a path": visma.config | {"api_url": f"{visma.url}/erp/service"},
    }
    for way_out, config in wrong.items():
        done = tap(config, *argument)

        assert done.returncode == 1
        assert any(way_out in line and visma.company_id() in line for line in errors(done))
        assert "Traceback" not in done.stderr
        assert SECRET not in done.stderr + done.stdout


def test_a_host_that_does_not_answer_is_named(visma: Visma, tap: Tap) -> None:
    done = tap(visma.config | {"token_url": "http://127.0.0.1:9/connect/token"}, "--test")

    assert done.returncode == 1
    assert "no connection (127.0.0.1:9), 5 times" in errors(done)[-1]
    assert "Check address, network and proxy" in errors(done)[-1]


def test_a_file_that_is_no_json_or_not_there_is_named(tap: Tap) -> None:
    assert errors(tap('{"client_id": '))[-1].startswith("A file given is not JSON")
    assert "nowhere.json" in errors(tap({}, "--config", "nowhere.json"))[-1]


def test_a_state_whose_bookmark_is_no_time_is_named(visma: Visma, tap: Tap, tmp_path: Path) -> None:
    state = tmp_path / "state.json"
    partition = {"context": {"company_id": visma.company_id()}, "replication_key_value": "soon"}
    bookmarks = {"suppliers": {"version": 1, "partitions": [partition | {"version": 1}]}}
    state.write_text(json.dumps({"bookmarks": bookmarks}))

    done = tap(visma.config, "--state", str(state))

    assert done.returncode == 1
    assert "'suppliers': the bookmark in the state is not a time" in " ".join(errors(done))


def test_the_connection_test_reads_one_record_of_each_stream(visma: Visma, tap: Tap) -> None:
    visma.forget_calls()

    done = tap(visma.config, "--test")

    assert done.returncode == 0
    counts: dict[str, int] = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message["type"] == "RECORD":
            counts[message["stream"]] = counts.get(message["stream"], 0) + 1
    assert {entity.name for entity in ENTITIES} <= counts.keys()
    assert {counts[entity.name] for entity in ENTITIES} == {1}


def test_discovery_needs_no_settings_and_lists_every_stream(tap: Tap) -> None:
    done = tap({}, "--discover")

    assert done.returncode == 0
    streams = {entry["tap_stream_id"] for entry in json.loads(done.stdout)["streams"]}
    entities = {n for e in ENTITIES for n in (e.name, *(lines.name for lines in e.lists))}
    assert streams == entities | {"sync_batches"}


def test_about_shows_every_setting(tap: Tap) -> None:
    about = json.loads(tap({}, "--about", "--format=json").stdout)

    assert about["name"] == "tap-visma"
    assert {"client_id", "companies", "start_date"} <= about["settings"]["properties"].keys()
