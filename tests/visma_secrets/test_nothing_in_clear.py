"""No credential lies in clear on a disk, in an argument or in an output: in a run, or after it.

Real runs of Meltano, one of them at its most talkative, one whose tap is killed, one that is killed
itself. That the search finds what there is to find is shown by the folder in memory.
"""

from __future__ import annotations

import json
import os
import signal
import stat
from typing import TYPE_CHECKING

import pytest

from databricks_workspace import DatabricksWorkspace
from meltano_projects import variables
from secrets_project import (
    MEMORY,
    Project,
    below,
    named,
    project_in,
    read_until,
)
from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process

SLOW = {"path": "/v1/supplier", "times": 1, "do": {"slow": 200}}
SELECT = ["suppliers.*"]


@pytest.fixture(scope="module")
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


@pytest.fixture(scope="module")
def catalog(visma: Visma, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A catalog, so that only one run has to discover it."""
    path = tmp_path_factory.mktemp("catalog") / "catalog.json"
    path.write_text(json.dumps(visma.catalog({"suppliers"})))
    return path


@pytest.fixture
def project(visma: Visma, tmp_path: Path) -> Project:
    """A project with the tap's credentials sealed, at a Visma without faults."""
    visma.faults()
    secrets = {"client_secret": visma.config["client_secret"], "mask_key": "f0a2-mask-b77c"}
    project = project_in(tmp_path, secrets, SELECT)
    settings = variables("TAP_VISMA", visma.config | {"mask_key": secrets["mask_key"]})
    project.seal(settings | {"TARGET_DUCKDB_PATH": str(tmp_path / "warehouse.duckdb")})
    project.secrets["identity"] = project.identity()
    return project


def assert_nothing_in_clear(project: Project, said: str) -> None:
    assert project.in_files() == {}
    assert project.found_in(said.encode()) == set()


def test_a_halted_run_and_one_whose_tap_is_killed(
    visma: Visma, project: Project, catalog: Path
) -> None:
    visma.faults(SLOW)
    command = ("meltano", "--log-level=debug", "run", "tap-visma", "target-duckdb")
    with project.run(*command, TAP_VISMA__CATALOG=str(catalog)) as process:
        said = read_until(process, "tap-visma v")

        config = {name: keys for name, keys in project.in_files(MEMORY).items() if "tap" in name}
        assert set().union(*config.values()) == {"client_secret", "mask_key"}
        assert stat.S_IMODE(MEMORY.stat().st_mode) == 0o700
        assert len(below(process.pid)) >= 4  # exec, Meltano, tap and loader
        assert project.in_arguments(process.pid) == {}
        assert_nothing_in_clear(project, said)

        os.kill(named(process.pid, "tap-visma"), signal.SIGKILL)
        rest, _ = process.communicate()

    assert process.returncode == 1
    assert_nothing_in_clear(project, said + rest)
    assert project.in_files(MEMORY).keys().isdisjoint(config)


def test_a_run_whose_meltano_is_killed(visma: Visma, project: Project, catalog: Path) -> None:
    visma.faults(SLOW)
    command = ("meltano", "run", "tap-visma", "target-duckdb")
    with project.run(*command, TAP_VISMA__CATALOG=str(catalog)) as process:
        said = read_until(process, "tap-visma v")
        left = set(project.in_files(MEMORY))

        os.kill(named(process.pid, "meltano"), signal.SIGKILL)

        assert process.wait() == 128 + signal.SIGKILL
    assert left
    assert left.isdisjoint(project.in_files(MEMORY))
    assert_nothing_in_clear(project, said)
    assert not (project.folder / ".meltano" / "run").exists()


def test_a_login_that_is_refused(visma: Visma, project: Project) -> None:
    project.secrets["wrong"] = "0123-wrong-3210"
    with project.run(
        "tap-visma", "--config=ENV", TAP_VISMA_CLIENT_SECRET=project.secrets["wrong"]
    ) as process:
        said, _ = process.communicate()

    assert process.returncode == 1
    assert visma.token_calls()[-1]["status"] >= 400
    assert_nothing_in_clear(project, said)


def test_runs_of_both_loaders_that_come_to_their_end(visma: Visma, project: Project) -> None:
    with DatabricksWorkspace() as workspace:
        target = {
            "host": workspace.url,
            "warehouse_id": workspace.warehouse_id,
            "client_id": workspace.client_id,
            "client_secret": workspace.client_secret,
            "catalog": workspace.catalog,
            "default_target_schema": "visma",
            "outbox_dir": str(project.folder / "outbox"),
        }
        project.secrets["databricks"] = workspace.client_secret
        settings = variables("TAP_VISMA", visma.config) | variables("TARGET_DATABRICKS", target)
        project.seal_more(settings)
        run = ("tap-visma", "target-duckdb", "tap-visma", "target-databricks")
        with project.run("meltano", "run", *run) as process:
            said, _ = process.communicate()

        assert process.returncode == 0, said[-3000:]
        assert len(workspace.rows("main.visma.suppliers")) == len(visma.books("/v1/supplier"))
    assert_nothing_in_clear(project, said)
    assert (project.folder / "outbox").exists()
