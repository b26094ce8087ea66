"""A sandbox to read, sandboxes to change, and clients of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests

from sandbox_client import Client
from visma_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

SETTINGS = {
    "calls_per_window": 1_000_000,
    "window_seconds": 3600,
    "token_life_seconds": 3600,
    "page_caps": {},
    "latency_ms": 0,
    "require_one_request_at_a_time": False,
}


@pytest.fixture(scope="session")
def _standing() -> Iterator[Sandbox]:
    with Sandbox(companies="NO,FI", calls_per_hour=1_000_000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def reader(_standing: Sandbox) -> Iterator[Client]:
    """A client of a sandbox that no test changes."""
    with requests.Session() as session:
        client = Client(_standing, session=session, kept_books={})
        client.log_in()
        yield client


@pytest.fixture(scope="session")
def _settable() -> Iterator[Client]:
    with Sandbox(companies="NO") as sandbox, requests.Session() as session:
        yield Client(sandbox, session=session)


@pytest.fixture
def setter(_settable: Client) -> Iterator[Client]:
    """A client of a sandbox whose settings and faults a test may change, but not its books."""
    _settable.control("POST", "settings", SETTINGS)
    _settable.log_in()
    yield _settable
    _settable.control("DELETE", "faults")


@pytest.fixture(scope="module")
def changing() -> Iterator[Client]:
    """A client of a sandbox that tests change, each only what it looks at itself."""
    with (
        Sandbox(companies="NO", calls_per_hour=1_000_000) as sandbox,
        requests.Session() as session,
    ):
        yield Client(sandbox, session=session)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a sandbox of the test's own."""
    with (
        Sandbox(companies="NO", calls_per_hour=1_000_000) as sandbox,
        requests.Session() as session,
    ):
        client = Client(sandbox, session=session)
        client.log_in()
        yield client
