"""Calls and answers are those that Microsoft describes; Prism stands between and holds to it."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
import requests

from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, schema, state
from powerbi_description import DESCRIPTION, PRISM, held_to_description
from powerbi_loads import MAPPING
from target_powerbi import doctor
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Iterator

    from powerbi_loads import Workspace
    from powerbi_service import PowerBIService

SUPPLIERS = schema("suppliers", AUDITED | {"name": {"type": "string"}}, KEY)
INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)
WIDER = MAPPING.replace(
    '{ name = "number", field',
    '{ name = "more", field = "more", type = "String" },\n  { name = "number", field',
)
VALIDATES = "https://stoplight.io/prism/errors#"

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not PRISM.exists(), reason="Prism is not there, as node is not"),
]


@pytest.fixture(scope="module")
def held(served: PowerBIService) -> Iterator[str]:
    """The address of the proxy before the service."""
    with held_to_description(served.url) as url:
        yield url


def night(number: int) -> list[dict[str, Any]]:
    """A supplier of another name, an invoice of another amount."""
    stamp = f"10:{number:02d}"
    return [
        *(SUPPLIERS, audited("suppliers", "S", stamp, name=f"Acme {number}")),
        *(INVOICES, audited("invoices", "1", stamp, amount=number)),
        state({"night": number}),
    ]


def test_all_that_is_described_is_called_and_nothing_else(workspace: Workspace, held: str) -> None:
    reports = workspace.service.set(dataset={"name": "Reports", "push": False})["id"]
    through: dict[str, Any] = {"api_url": held, "refresh_dataset_id": reports}
    through |= {"refresh_wait_seconds": 60}
    target = TargetPowerBI(config=workspace.config | through)
    found = doctor.findings(target, tries_creation=True)
    results = {finding.result for finding in found}
    workspace.service.fault("/rows$", drop=True, commit=True)

    first = workspace.load(night(1), **through)
    workspace.mapping = WIDER
    second = workspace.load(night(2), schema_policy="evolve", **through)
    gone = [SUPPLIERS, INVOICES, activate("suppliers", 2), activate("invoices", 2), state({})]
    third = workspace.load(gone, **through)

    assert results == {"ok"}
    assert [run.error for run in (first, second, third)] == [None, None, None]
    assert sum(row["amount"] for row in workspace.rows("invoices")) == 0
    assert workspace.rows("suppliers") == []
    assert _operations(workspace.service.shown()["calls"]) == {
        f"{method.upper()} {path}"
        for path, methods in json.loads(DESCRIPTION.read_text())["paths"].items()
        for method in methods
    }


def test_a_call_that_is_not_as_described_does_not_arrive(workspace: Workspace, held: str) -> None:
    rows = "datasets/7/tables/invoices/rows"

    answers = [
        _through(workspace, held, "POST", rows, {"rows": [{}] * 10_001}),
        _through(workspace, held, "POST", rows, {"rows": "none"}),
        _through(workspace, held, "POST", "datasets", {"name": "x"}),
    ]

    assert [answer.status_code for answer in answers] == [422] * 3
    assert not [call for call in workspace.service.shown()["calls"] if "/datasets" in call]


def test_an_answer_that_is_not_as_described_does_not_come_back(
    workspace: Workspace, held: str
) -> None:
    workspace.service.fault("/datasets$", status=200, body='{"value": [{"name": 7}]}')

    answer = _through(workspace, held, "GET", "datasets")

    assert answer.json()["type"] == f"{VALIDATES}VIOLATIONS"


def _through(
    workspace: Workspace, held: str, method: str, path: str, body: Any = None
) -> requests.Response:
    url = f"{held}/v1.0/myorg/groups/{workspace.config['workspace_id']}/{path}"
    token = TargetPowerBI(config=workspace.config).make_client().token()
    headers = {"Authorization": f"Bearer {token}"}
    return requests.request(method, url, json=body, headers=headers, timeout=60)


def _operations(calls: list[str]) -> set[str]:
    """Calls of the API, with the names of parameters in place of ids."""
    of_api = {call for call in calls if re.match("[A-Z]+ (groups|datasets)", call)}
    for part, name in (("groups", "groupId"), ("datasets", "datasetId"), ("tables", "tableName")):
        of_api = {re.sub(f"{part}/[^/]+", f"{part}/{{{name}}}", call) for call in of_api}
    return {call.replace(" ", " /v1.0/myorg/", 1) for call in of_api}
