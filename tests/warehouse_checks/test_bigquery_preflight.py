"""Preflight of BigQuery: each fault that fails a load is found before it, with what to do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from checks_places import AUDIT, Desk

if TYPE_CHECKING:
    from pathlib import Path

    from checks_places import BigQueryPlace

EDITOR, JOB_USER = "roles/bigquery.dataEditor", "roles/bigquery.jobUser"
VIEWER = "roles/bigquery.dataViewer"


@pytest.fixture
def desk(bigquery: BigQueryPlace, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """The command, and a project in which nothing is wrong."""
    return Desk(bigquery, tmp_path, capsys)


def _service(desk: Desk) -> Any:
    return desk.place.service  # type: ignore[union-attr] # this folder's desk is at BigQuery's


def test_a_sound_project_has_no_fault(desk: Desk) -> None:
    code, found = desk.findings()

    assert code == 0
    assert {each["result"] for each in found.values()} == {"ok"}


@pytest.mark.parametrize(
    ("state", "about", "told"),
    [
        ({"key_disabled": True}, "token", "keys list --iam-account loader@"),
        ({"account_deleted": True}, "token", "is not there any more"),
        ({"clock_skew_seconds": 200}, "clock", "behind Google's"),
        ({"clock_skew_seconds": -7200}, "token", "clock is off"),
        ({"clock_skew_seconds": -7200}, "clock", "s ahead of Google's"),
        ({"api_disabled": True}, "BigQuery API", "gcloud services enable bigquery.googleapis.com"),
        ({"grants": {"": [EDITOR]}}, "bigquery.jobs.create on project books-4711", JOB_USER),
    ],
)
def test_a_fault_of_the_project_is_found(
    desk: Desk, state: dict[str, Any], about: str, told: str
) -> None:
    _service(desk).set(**state)

    code, found = desk.findings()

    assert code == 1
    assert found[about]["result"] in {"failed", "missing"}
    assert told in found[about]["note"]


def test_a_dataset_in_another_location_is_found(desk: Desk) -> None:
    code, found = desk.findings(location="europe-north1")

    name = desk.place.config["dataset"]
    assert code == 1
    assert "set 'location' to that" in found[f"dataset books-4711.{name}"]["note"]


def test_a_dataset_that_is_not_there_is_made_by_a_load_that_may_and_knows_where(
    desk: Desk,
) -> None:
    code, found = desk.findings(dataset="nowhere")
    assert (code, found["dataset books-4711.nowhere"]["result"]) == (0, "ok")

    code, found = desk.findings(dataset="nowhere", location=None)
    assert code == 1
    assert "bq mk --dataset" in found["dataset books-4711.nowhere"]["note"]

    _service(desk).set(grants={"": [VIEWER, JOB_USER]})
    code, found = desk.findings(dataset="nowhere")
    assert code == 1
    assert "bq mk --dataset --location EU" in found["dataset books-4711.nowhere"]["note"]


def test_each_permission_that_is_missing_is_named_with_its_role(desk: Desk) -> None:
    _service(desk).set(grants={"": [VIEWER, JOB_USER]})

    code, found = desk.findings()

    assert code == 1
    missing = {about.split()[0] for about, each in found.items() if each["result"] == "missing"}
    assert missing == {
        f"bigquery.tables.{verb}" for verb in ("create", "update", "updateData", "delete")
    }
    notes = [each["note"] for each in found.values() if each["result"] == "missing"]
    assert all(EDITOR in note and "serviceAccount:loader@" in note for note in notes)


def test_a_role_on_the_dataset_alone_is_seen_by_its_tables(desk: Desk) -> None:
    name = desk.place.config["dataset"]
    desk.place.make("accounts", AUDIT)
    _service(desk).set(grants={"": [JOB_USER], name: [EDITOR]})

    code, _ = desk.findings()

    assert code == 0


@pytest.mark.parametrize(
    ("who", "code", "result"),
    [
        ({"userByEmail": "loader@books-4711.iam.gserviceaccount.com"}, 0, "ok"),
        ({"userByEmail": "somebody@example.com"}, 1, "missing"),
        ({"groupByEmail": "loaders@example.com"}, 2, "unknown"),
    ],
)
def test_the_datasets_own_list_of_who_may_what_counts(
    desk: Desk, who: dict[str, str], code: int, result: str
) -> None:
    desk.place.share([{"role": "WRITER", **who}])  # type: ignore[union-attr] # at BigQuery's
    _service(desk).set(grants={"": [VIEWER, JOB_USER]})

    ended, found = desk.findings()

    assert ended == code
    about = f"bigquery.tables.create on dataset {desk.place.config['dataset']}"
    assert found[about]["result"] == result


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("no JSON", "is not JSON"),
        ("[]", "is not a JSON object"),
        ('{"type": "authorized_user"}', "is of type 'authorized_user'"),
        ('{"type": "service_account", "client_email": "a@b"}', "private_key_id"),
    ],
)
def test_a_key_file_that_is_none_is_told(desk: Desk, key: str, told: str) -> None:
    path = desk.write("key.json", key)

    code, found = desk.findings(credentials_json=None, credentials_path=path)

    assert (code, list(found)) == (1, ["key file"])
    assert told in found["key file"]["note"]


def test_a_damaged_private_key_is_told(desk: Desk) -> None:
    key = json.loads(desk.place.config["credentials_json"]) | {"private_key": "-----BEGIN"}

    code, found = desk.findings(credentials_json=json.dumps(key))

    assert (code, list(found)) == (1, ["key file"])


def test_a_project_that_cannot_be_asked_about_permissions_leaves_them_open(desk: Desk) -> None:
    fault = {"status": 403, "error_code": "SERVICE_DISABLED"}
    _service(desk).fault(fault, path="/v1/projects", count=0)

    code, found = desk.findings()

    assert code == 2
    assert "cloudresourcemanager" in found["permissions on the project"]["note"]


def test_an_address_where_nobody_answers_is_told(desk: Desk) -> None:
    code, found = desk.findings(api_endpoint="http://127.0.0.1:9")

    assert code == 1
    assert "no answer from 127.0.0.1:9" in found["query"]["note"]


def test_the_machines_own_credentials_are_used_where_no_key_is_set(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = desk.write("key.json", desk.place.config["credentials_json"])
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
    code, found = desk.findings(credentials_json=None)
    assert (code, found["token"]["result"]) == (0, "ok")

    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", f"{path}.gone")
    code, found = desk.findings(credentials_json=None)
    assert code == 1
    assert "Set 'credentials_path'" in found["token"]["note"]
