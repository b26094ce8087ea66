"""The Singer SDK's own tests of a target, against the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from databricks_loads import Books
from loader_runs import new_name
from target_databricks.target import TargetDatabricks

if TYPE_CHECKING:
    from databricks_workspace import DatabricksWorkspace

CONFIG: dict[str, Any] = {"later": True}
"""The suite wants the settings when it is collected, before there is a workspace."""


@pytest.fixture(scope="module", autouse=True)
def _settings(served: DatabricksWorkspace, tmp_path_factory: pytest.TempPathFactory) -> None:
    CONFIG.clear()
    CONFIG.update(Books(served, new_name(), tmp_path_factory.mktemp("standard")).config)


TestStandardSuite = get_target_test_class(TargetDatabricks, config=CONFIG)
