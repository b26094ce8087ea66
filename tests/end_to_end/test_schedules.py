"""Schedules: meltano.yml, the systemd timers and the page about them say the same."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"


@pytest.fixture(scope="module")
def schedules() -> dict[str, dict[str, Any]]:
    """The schedules as Meltano lists them."""
    meltano = Path(sys.executable).parent / "meltano"
    listed = subprocess.run(
        [meltano, "schedule", "list", "--format=json"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=120,
    )
    return {of["name"]: of for of in json.loads(listed.stdout)["schedules"]["job"]}


def on_calendar(cron: str) -> str:
    """A cron expression of plain numbers and stars, as systemd writes it."""
    minute, hour, day, month, weekday = cron.split()
    days = ["Sun ", "Mon ", "Tue ", "Wed ", "Thu ", "Fri ", "Sat "]
    before = "" if weekday == "*" else days[int(weekday)]
    return f"{before}*-{month}-{day} {int(hour):02}:{int(minute):02}:00"


def unit(name: str) -> RawConfigParser:
    parser = RawConfigParser(strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    parser.read(UNITS / name)
    return parser


def test_each_schedule_has_a_timer_that_goes_off_at_the_same_times(
    schedules: dict[str, dict[str, Any]],
) -> None:
    assert {f"visma-{name}.timer" for name in schedules} == {x.name for x in UNITS.glob("*.timer")}
    for name, schedule in schedules.items():
        timer = unit(f"visma-{name}.timer")["Timer"]
        assert timer["OnCalendar"] == on_calendar(schedule["cron_interval"])
        job = schedule["job"]["name"].removeprefix("visma-")
        assert timer["Unit"] == f"visma@{job}.service"


def test_the_service_runs_the_job_in_its_name() -> None:
    command = unit("visma@.service")["Service"]["ExecStart"]

    assert command.endswith("run visma-%i")


def test_the_page_lists_all_of_them(schedules: dict[str, dict[str, Any]]) -> None:
    page = (ROOT / "docs" / "scheduling.md").read_text()

    listed = dict(re.findall(r"^\| `([a-z-]+)` \| `([a-z-]+)` \|", page, re.MULTILINE))
    assert listed == {name: of["job"]["name"] for name, of in schedules.items()}


def test_each_destination_has_a_job_and_each_job_but_the_demos_a_schedule(
    schedules: dict[str, dict[str, Any]],
) -> None:
    definition = (ROOT / "meltano.yml").read_text()
    jobs = set(re.findall(r"^  - name: (visma-to-[a-z]+)$", definition, re.MULTILINE))

    assert jobs == {of["job"]["name"] for of in schedules.values()} | {"visma-to-duckdb"}
