"""The doctor finds each of the usual faults of a set-up, and says what to click."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state
from powerbi_loads import MAPPING
from target_powerbi import doctor
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from powerbi_loads import Workspace

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)


def found(workspace: Workspace, **settings: Any) -> dict[str, tuple[str, str]]:
    """Findings by what they are about; the last of each."""
    tries = settings.pop("tries_creation", False)
    target = TargetPowerBI(config=workspace.config | settings)
    told = doctor.findings(target, tries_creation=tries)
    return {each.about: (each.result, each.note) for each in told}


def load(workspace: Workspace) -> None:
    invoice = audited("invoices", "1", "10:00", amount=1)
    assert workspace.load([INVOICES, invoice, state({"at": 1})]).error is None


def test_a_good_set_up_is_all_well_and_nothing_is_changed(workspace: Workspace) -> None:
    before = found(workspace, tries_creation=True)
    load(workspace)
    after = found(workspace)

    assert {result for result, _ in (before | after).values()} == {"ok"}
    assert after["role"] == ("ok", "Member")
    assert after.keys() >= {"token", "tenant switch", "workspace", "mapping and model", "queries"}
    assert [each["name"] for each in workspace.service.shown()["datasets"]] == [workspace.dataset]


@pytest.mark.parametrize(
    ("given", "about", "note"),
    [
        ({"tenant_switch": False}, "tenant switch", "Tenant settings, Developer settings"),
        ({"role": None}, "workspace", "object id of the app registration is another one"),
        ({"role": "Viewer"}, "role", "Manage access: make it Member"),
        ({"queries_switch": False}, "queries", "'Dataset Execute Queries REST API': Enabled"),
        ({"creation": False}, "making a push dataset", "set 'mode' to onelake"),
    ],
    ids=["switch", "not a member", "viewer", "queries", "creation"],
)
def test_each_fault_of_a_tenant_is_found_with_what_to_click(
    workspace: Workspace, given: dict[str, Any], about: str, note: str
) -> None:
    load(workspace)
    workspace.service.set(**given)

    result, told = found(workspace, tries_creation=True)[about]

    assert result in {"missing", "failed"}
    assert note in told


def test_each_fault_of_a_dataset_is_found(workspace: Workspace) -> None:
    about = f"dataset {workspace.dataset}"
    missing = found(workspace, create_if_missing=False)[about]
    load(workspace)
    workspace.mapping = MAPPING.replace('"Int64"', '"String"')
    differs = found(workspace)["mapping and model"]
    other = workspace.service.set(dataset={"name": "Report", "push": False})["id"]
    imported = found(workspace, dataset="Report")["dataset Report"]
    pushed = found(workspace, refresh_dataset_id=workspace.shown()["id"])
    refreshable = found(workspace, refresh_dataset_id=other)

    assert missing == ("missing", "Set 'create_if_missing', or correct 'dataset'")
    assert differs[0] == "failed"
    assert "is Int64 in it, and String in the mapping" in differs[1]
    assert imported[0] == "failed"
    assert "It is no push dataset" in imported[1]
    assert pushed[f"dataset to refresh {workspace.shown()['id']}"][0] == "failed"
    assert refreshable[f"dataset to refresh {other}"] == ("ok", "Report")


def test_a_refusal_of_a_query_that_comes_as_a_success_is_found_too(workspace: Workspace) -> None:
    load(workspace)
    body = '{"results":[{"error":{"code":"DAX query failure"}}]}'
    workspace.service.fault("/executeQueries$", method="POST", status=200, body=body)

    result, told = found(workspace)["queries"]

    assert result == "failed"
    assert "asking the model has no result" in told


@pytest.mark.process
def test_the_command_says_it_by_its_exit_code_and_never_a_secret(workspace: Workspace) -> None:
    workspace.service.set(role="Viewer")
    config = workspace.folder / "config.json"
    config.write_text(json.dumps(workspace.config))
    command = [sys.executable, "-m", "target_powerbi", "doctor", f"--config={config}"]

    done = subprocess.run([*command, "--format=json"], capture_output=True, text=True, check=False)

    told = json.loads(done.stdout)
    assert done.returncode == 1, done.stderr
    assert told["works"] is False
    assert workspace.config["client_secret"] not in done.stdout + done.stderr
    assert "Traceback" not in done.stderr
