"""One server for all tests of this folder, and for each test a schema of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loader_runs import new_name
from postgres_server import PostgresServer
from staging_loads import Books

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """The server."""
    with PostgresServer() as server:
        yield server


@pytest.fixture
def books(postgres: PostgresServer, tmp_path: Path) -> Books:
    """An empty schema, and a loader for it."""
    return Books(postgres, new_name(), tmp_path)
