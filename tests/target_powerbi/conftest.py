"""One Power BI for all tests of this folder, and for each test a dataset of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from powerbi_loads import Workspace
from powerbi_service import PowerBIService

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def served() -> Iterator[PowerBIService]:
    """The service."""
    with PowerBIService() as service, pytest.MonkeyPatch.context() as patch:
        patch.setenv("REQUESTS_CA_BUNDLE", service.ca)
        yield service


@pytest.fixture
def service(served: PowerBIService) -> PowerBIService:
    """The service, in which nothing is there and nothing goes wrong yet."""
    served.set(reset=True)
    return served


@pytest.fixture
def workspace(service: PowerBIService, tmp_path: Path) -> Workspace:
    """A dataset that is not there yet, and a loader for it."""
    return Workspace(service, tmp_path)
