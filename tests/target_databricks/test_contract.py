"""The contract of writers, over Databricks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databricks_loads import Emptied
from loader_core.testing import WriterContract

if TYPE_CHECKING:
    from databricks_loads import Books
    from loader_core.testing import Destination


class TestDatabricks(WriterContract):
    @pytest.fixture
    def destination(self, books: Books) -> Destination:
        return Emptied(books, {})
