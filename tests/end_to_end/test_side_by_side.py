"""Two runs of one job are refused, and companies with plugins of their own run side by side."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from meltano_projects import BIN, Project, copied, variables
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def companies() -> Iterator[Visma]:
    with visma_with("NO,SE,DK") as visma:
        yield visma


@pytest.fixture
def project(companies: Visma, tmp_path: Path) -> Project:
    """A project like this one, with a pair of plugins for each company."""

    def add(plugins: dict[str, Any]) -> None:
        for company in companies.config["companies"]:
            name = company["company_id"]
            tap = {"name": f"tap-visma-{name}", "inherit_from": "tap-visma"}
            target = {"name": f"target-duckdb-{name}", "inherit_from": "target-duckdb"}
            plugins["extractors"].append(tap | {"config": {"companies": [company]}})
            path = str(tmp_path / f"{name}.duckdb")
            plugins["loaders"].append(target | {"config": {"path": path}})

    copied(tmp_path, add)
    settings = companies.config | {"_select": ["suppliers.*", "customers.*"]}
    del settings["companies"]
    # Meltano makes its database with the first command, which must not be two at once
    subprocess.run([BIN / "meltano", "state", "list"], cwd=tmp_path, check=True, timeout=200)
    return Project(tmp_path, variables("TAP_VISMA", settings))


def test_companies_run_side_by_side(companies: Visma, project: Project) -> None:
    names = [company["company_id"] for company in companies.config["companies"]]

    runs = [project.begin(f"tap-visma-{name}", f"target-duckdb-{name}") for name in names]
    for run in runs:
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output[-3000:]

    for number, name in enumerate(names):
        with duckdb.connect(project.folder / f"{name}.duckdb", read_only=True) as connection:
            rows = connection.execute("SELECT company_id, count(*) FROM visma.suppliers GROUP BY 1")
            assert rows.fetchall() == [(name, len(companies.books("/v1/supplier", number)))]


def test_a_second_run_of_the_same_job_is_refused(companies: Visma, project: Project) -> None:
    name = companies.company_id()
    plugins = (f"tap-visma-{name}", f"target-duckdb-{name}")
    companies.faults({"path": "/v1/supplier", "times": 1, "do": {"slow": 200}})
    first = project.begin(*plugins)
    assert first.stdout
    said = ""
    while "Running job" not in said:
        said += first.stdout.readline()

    second = project.begin(*plugins)

    refusal, _ = second.communicate(timeout=200)
    first.terminate()
    first.communicate(timeout=200)
    assert second.returncode != 0
    assert "already running" in refusal
