"""The contract of writers, over Snowflake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loader_core.testing import WriterContract
from snowflake_loads import Emptied

if TYPE_CHECKING:
    from loader_core.testing import Destination
    from snowflake_loads import Books


class TestSnowflake(WriterContract):
    @pytest.fixture
    def destination(self, books: Books) -> Destination:
        return Emptied(books)
