"""The command: one line when it is ready, quiet and zero when it is told to stop."""

from __future__ import annotations

import json
import signal
import subprocess
import sys

import pytest
import requests

from visma_sandbox import Sandbox
from visma_sandbox.command import main

COMMAND = [sys.executable, "-m", "visma_sandbox"]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
def test_serve_says_one_line_and_stops_quietly(ending: signal.Signals) -> None:
    serve = [*COMMAND, "serve", "--port", "0", "--companies", "2", "--seed", "3"]
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as running:
        assert running.stdout is not None
        ready = json.loads(running.stdout.readline())
        with requests.get(f"{ready['url']}/__sandbox", timeout=10) as about:
            assert ready.items() <= about.json().items()
        running.send_signal(ending)
        rest, complaints = running.communicate(timeout=10)
    assert (running.returncode, rest, complaints) == (0, b"", b"")
    assert [company["country"] for company in ready["companies"]] == ["NO", "SE"]


def test_config_is_what_a_tap_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with Sandbox(companies="SE") as sandbox:
        assert main(["config", "--url", sandbox.url]) == 0
    settings = json.loads(capsys.readouterr().out)
    assert settings["token_url"] == f"{settings['api_url']}/connect/token"
    assert settings["companies"][0].keys() == {"company_id", "tenant_id", "name"}
    assert {"client_id", "client_secret", "start_date"} < settings.keys()


def test_config_without_a_sandbox_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["config", "--url", "http://127.0.0.1:9"]) == 1
    assert "no sandbox answers" in capsys.readouterr().err


def test_serve_refuses_a_country_without_a_chart(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["serve", "--port", "0", "--companies", "NO,XX"]) == 2
    assert "NO,SE,DK,FI" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("companies", "countries"),
    [("NO,SE,DK", ["NO", "SE", "DK"]), (6, ["NO", "SE", "DK", "FI", "NO", "SE"]), ("fi", ["FI"])],
)
def test_companies_are_countries_or_a_number(companies: str | int, countries: list[str]) -> None:
    sandbox = Sandbox(companies=companies)
    assert [company.country.code for company in sandbox.companies.values()] == countries
    assert len({company.tenant_id for company in sandbox.companies.values()}) == len(countries)
