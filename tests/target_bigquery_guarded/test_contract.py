"""The contract of writers, over BigQuery."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from bigquery_loads import Emptied
from loader_core.testing import WriterContract

if TYPE_CHECKING:
    from bigquery_loads import Books
    from loader_core.testing import Destination


class TestBigQuery(WriterContract):
    @pytest.fixture
    def destination(self, books: Books) -> Destination:
        return Emptied(books, {"a__b__c": 'a "b" c'})
