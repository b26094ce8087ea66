"""One workspace for all tests of this folder, and for each test a schema of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databricks_loads import Books
from databricks_workspace import DatabricksWorkspace
from loader_runs import new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def served() -> Iterator[DatabricksWorkspace]:
    """The workspace."""
    with DatabricksWorkspace() as workspace:
        yield workspace


@pytest.fixture
def workspace(served: DatabricksWorkspace) -> Iterator[DatabricksWorkspace]:
    """The workspace, in which nothing goes wrong yet."""
    usual = served.control("GET", "settings")
    served.control("DELETE", "faults")
    served.control("DELETE", "calls")
    yield served
    served.control("DELETE", "faults")
    served.control("POST", "settings", usual)


@pytest.fixture
def books(workspace: DatabricksWorkspace, tmp_path: Path) -> Books:
    """An empty schema, and a loader for it."""
    return Books(workspace, new_name(), tmp_path)
