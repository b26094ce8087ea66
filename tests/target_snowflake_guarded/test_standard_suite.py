"""The Singer SDK's own tests of a target, against the account."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from loader_runs import new_name
from snowflake_loads import Books, KeyPair
from target_snowflake_guarded.target import TargetSnowflake

if TYPE_CHECKING:
    from snowflake_account import SnowflakeAccount

CONFIG: dict[str, Any] = {"later": True}
"""The suite wants the settings when it is collected, before there is an account."""


@pytest.fixture(scope="module", autouse=True)
def _settings(
    served: SnowflakeAccount, keys: KeyPair, tmp_path_factory: pytest.TempPathFactory
) -> None:
    CONFIG.clear()
    folder = tmp_path_factory.mktemp("standard")
    CONFIG.update(Books(served, keys, new_name().upper(), folder).config)


TestStandardSuite = get_target_test_class(TargetSnowflake, config=CONFIG)
