"""One BigQuery for all tests of this folder, and for each test a dataset of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bigquery_loads import NO_WAY_OUT, Books
from bigquery_service import BigQueryService
from loader_runs import new_name

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def served() -> Iterator[BigQueryService]:
    """The service."""
    with pytest.MonkeyPatch.context() as patch, BigQueryService() as service:
        for name, value in NO_WAY_OUT.items():
            patch.setenv(name, value)
        yield service


@pytest.fixture
def service(served: BigQueryService) -> Iterator[BigQueryService]:
    """The service, in which nothing goes wrong yet."""
    usual = served.control("GET", "state")
    served.control("DELETE", "faults")
    served.control("DELETE", "calls")
    yield served
    served.control("DELETE", "faults")
    served.control("POST", "state", usual)


@pytest.fixture
def books(service: BigQueryService, tmp_path: Path) -> Books:
    """A dataset that is not there yet, and a loader for it."""
    return Books(service, new_name(), tmp_path)
