"""The contract of writers, over PostgreSQL: all at the end of a run, and batch by batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loader_core.testing import WriterContract
from staging_loads import Emptied

if TYPE_CHECKING:
    from loader_core.testing import Destination
    from staging_loads import Books


class TestPublishedAtTheEnd(WriterContract):
    @pytest.fixture
    def destination(self, books: Books) -> Destination:
        return Emptied(books, {"publish": "run"})


class TestPublishedAsItComes(WriterContract):
    @pytest.fixture
    def destination(self, books: Books) -> Destination:
        return Emptied(books, {"publish": "stream"})
