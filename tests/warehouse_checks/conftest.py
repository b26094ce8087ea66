"""One account and one project for all tests of this folder; for each test a schema of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from bigquery_service import BigQueryService
from checks_places import BigQueryPlace, Books, KeyPair, SnowflakePlace
from snowflake_account import SnowflakeAccount
from warehouse_checks.calls import Caller
from warehouse_checks.clock import Clock
from warehouse_checks.google_tokens import ServiceAccount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from checks_places import Place


@pytest.fixture(scope="session")
def key_pair() -> KeyPair:
    """That of the user who loads."""
    return KeyPair()


@pytest.fixture(scope="session")
def served_account() -> Iterator[SnowflakeAccount]:
    """The account, started once."""
    with SnowflakeAccount() as account:
        yield account


@pytest.fixture(scope="session")
def served_service() -> Iterator[BigQueryService]:
    """The project, started once."""
    with BigQueryService() as service:
        yield service


@pytest.fixture
def snowflake(served_account: SnowflakeAccount, key_pair: KeyPair) -> Iterator[SnowflakePlace]:
    """A schema in the account, with which nothing is wrong yet."""
    usual: dict[str, Any] = served_account.control("GET", "state")
    served_account.change(user={"rsa_public_key": key_pair.public()})
    yield SnowflakePlace(served_account, key_pair.private())
    served_account.control("DELETE", "faults")
    served_account.change(**usual)


@pytest.fixture
def bigquery(served_service: BigQueryService) -> Iterator[BigQueryPlace]:
    """A dataset in the project, with which nothing is wrong yet."""
    usual: dict[str, Any] = served_service.control("GET", "state")
    caller = Caller(Clock())
    account = ServiceAccount(BigQueryPlace.key_file(served_service))
    token = account.token(caller)
    caller.close()
    yield BigQueryPlace(served_service, token)
    served_service.control("DELETE", "faults")
    served_service.set(**usual)


@pytest.fixture(params=["snowflake", "bigquery"])
def place(request: pytest.FixtureRequest) -> Place:
    """Each of both."""
    found: Place = request.getfixturevalue(request.param)
    return found


@pytest.fixture
def books(place: Place, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Books:
    """An empty set of tables in each of both."""
    return Books(place, tmp_path, capsys)
