"""The Singer SDK's own tests of a target, against PostgreSQL, for both ways to publish."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.testing import get_target_test_class

from loader_runs import new_name
from staging_loads import Books
from target_looker_stage.target import TargetLookerStage

if TYPE_CHECKING:
    from postgres_server import PostgresServer

AT_THE_END: dict[str, Any] = {"later": True}
AS_IT_COMES: dict[str, Any] = {"later": True}
"""The suite wants the settings when it is collected, before there is a server."""


@pytest.fixture(scope="module", autouse=True)
def _settings(postgres: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> None:
    for config, publish in ((AT_THE_END, "run"), (AS_IT_COMES, "stream")):
        books = Books(postgres, new_name(), tmp_path_factory.mktemp(publish))
        config.clear()
        config.update(books.config | {"publish": publish})


TestStandardSuite = get_target_test_class(TargetLookerStage, config=AS_IT_COMES)
TestStandardSuiteAtTheEnd = get_target_test_class(TargetLookerStage, config=AT_THE_END)
