"""One workspace for all tests, and a schema of its own for each."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest
import requests

from databricks_workspace import DatabricksWorkspace
from databricks_workspace.client import Client

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "token_life_seconds": 3600,
    "polls_to_start": 0,
    "warehouse_state": "RUNNING",
    "rows_per_chunk": 10_000,
    "grants": {"": ["CREATE_CATALOG"], "main": ["ALL_PRIVILEGES"]},
}
_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def _standing() -> Iterator[DatabricksWorkspace]:
    with DatabricksWorkspace() as workspace:
        yield workspace


@pytest.fixture
def workspace(_standing: DatabricksWorkspace) -> DatabricksWorkspace:
    """The workspace, with the settings that it had at first, no faults and no calls."""
    _standing.control("POST", "settings", SETTINGS)
    _standing.control("DELETE", "faults")
    _standing.control("DELETE", "calls")
    return _standing


@pytest.fixture
def client(workspace: DatabricksWorkspace) -> Iterator[Client]:
    """A client with a schema of its own, and in it the volume `stage`."""
    with requests.Session() as session:
        client = Client(workspace, f"schema_{next(_numbers)}", session)
        client.log_in()
        client.run(f"CREATE SCHEMA main.{client.schema}")
        client.run("CREATE VOLUME stage")
        workspace.control("DELETE", "calls")
        yield client
