"""Two runs of one job are refused, and companies with plugins of their own run side by side."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml  # type: ignore[import-untyped]  # Meltano brings it without types

from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def visma() -> Iterator[Visma]:
    with visma_with("NO,SE,DK") as visma:
        yield visma


@pytest.fixture
def project(visma: Visma, tmp_path: Path) -> Path:
    """A project like this one, with its plugins and a pair of them for each company."""
    definition = yaml.safe_load((ROOT / "meltano.yml").read_text())
    for company in visma.config["companies"]:
        name = company["company_id"]
        tap = {"name": f"tap-visma-{name}", "inherit_from": "tap-visma"}
        target = {"name": f"target-duckdb-{name}", "inherit_from": "target-duckdb"}
        definition["plugins"]["extractors"].append(tap | {"config": {"companies": [company]}})
        path = str(tmp_path / f"{name}.duckdb")
        definition["plugins"]["loaders"].append(target | {"config": {"path": path}})
    (tmp_path / "meltano.yml").write_text(yaml.safe_dump(definition))
    (tmp_path / ".meltano").mkdir()
    for kind in ("extractors", "loaders"):
        (tmp_path / ".meltano" / kind).symlink_to(ROOT / ".meltano" / kind)
    return tmp_path


def begin(project: Path, visma: Visma, *plugins: str, **more: str) -> subprocess.Popen[str]:
    """Begin `meltano run`."""
    settings: dict[str, Any] = visma.config | {"_select": ["suppliers.*", "customers.*"]}
    del settings["companies"]
    environment = os.environ | more | {"MELTANO_AUTO_INSTALL": "false"}
    for name, value in settings.items():
        text = value if isinstance(value, str) else json.dumps(value)
        environment[f"TAP_VISMA_{name.upper()}"] = text
        for company in visma.config["companies"]:
            own = company["company_id"].upper().replace("-", "_")
            environment[f"TAP_VISMA_{own}_{name.upper()}"] = text
    return subprocess.Popen(
        [Path(sys.executable).parent / "meltano", "run", *plugins],
        cwd=project,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def test_companies_run_side_by_side(visma: Visma, project: Path) -> None:
    names = [company["company_id"] for company in visma.config["companies"]]

    runs = [begin(project, visma, f"tap-visma-{x}", f"target-duckdb-{x}") for x in names]
    for run in runs:
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output[-3000:]

    for number, name in enumerate(names):
        with duckdb.connect(project / f"{name}.duckdb", read_only=True) as connection:
            rows = connection.execute("SELECT company_id, count(*) FROM visma.suppliers GROUP BY 1")
            assert rows.fetchall() == [(name, len(visma.books("/v1/supplier", number)))]


def test_a_second_run_of_the_same_job_is_refused(visma: Visma, project: Path) -> None:
    name = visma.company_id()
    plugins = (f"tap-visma-{name}", f"target-duckdb-{name}")
    visma.faults({"path": "/v1/supplier", "times": 1, "do": {"slow": 200}})
    first = begin(project, visma, *plugins)
    assert first.stdout
    said = ""
    while "Running job" not in said:
        said += first.stdout.readline()

    second = begin(project, visma, *plugins)

    refusal, _ = second.communicate(timeout=200)
    first.terminate()
    first.communicate(timeout=200)
    assert second.returncode != 0
    assert "already running" in refusal
