"""The Singer SDK's own tests of a target, against the service."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from powerbi_loads import Workspace
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from powerbi_service import PowerBIService

CONFIG: dict[str, Any] = {"later": True}
"""The suite wants the settings when it is collected, before there is a service."""


@pytest.fixture(scope="module", autouse=True)
def _settings(served: PowerBIService, tmp_path_factory: pytest.TempPathFactory) -> None:
    CONFIG.clear()
    CONFIG.update(Workspace(served, tmp_path_factory.mktemp("standard")).config)


TestStandardSuite = get_target_test_class(TargetPowerBI, config=CONFIG)
