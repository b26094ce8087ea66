"""One account for all tests of this folder, and for each test a schema of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loader_runs import new_name
from snowflake_account import SnowflakeAccount
from snowflake_loads import TOKEN, Books, KeyPair

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture(scope="session")
def keys() -> KeyPair:
    """The key pair whose public half is registered."""
    return KeyPair.new()


@pytest.fixture(scope="session")
def served(keys: KeyPair) -> Iterator[SnowflakeAccount]:
    """The account."""
    token = {"name": "LOADER", "secret": TOKEN, "expires_at": "2100-01-01T00:00:00+00:00"}
    with SnowflakeAccount({"user": {"rsa_public_key": keys.public}, "tokens": [token]}) as account:
        yield account


@pytest.fixture
def account(served: SnowflakeAccount) -> Iterator[SnowflakeAccount]:
    """The account, in which nothing goes wrong yet."""
    usual = served.control("GET", "state")
    served.control("DELETE", "faults")
    served.control("DELETE", "calls")
    yield served
    served.control("DELETE", "faults")
    served.control("POST", "state", usual)


@pytest.fixture
def books(account: SnowflakeAccount, keys: KeyPair, tmp_path: Path) -> Books:
    """An empty schema, and a loader for it."""
    return Books(account, keys, new_name().upper(), tmp_path)
