"""The contract of writers, over a lakehouse."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lake_loads import EmptyLake, LakeBooks
from loader_core.testing import WriterContract
from target_powerbi.lake import folder

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core.testing import Destination


class TestOneLake(WriterContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return EmptyLake(LakeBooks(folder(tmp_path / "lake")), {"a__b__c": 'a "b" c'})
