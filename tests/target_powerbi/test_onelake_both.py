"""The contract of writers, over two destinations at once: both have the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from lake_loads import EmptyLake, LakeBooks
from loader_core.testing import Destination, WriterContract
from target_powerbi.both import BothWriter
from target_powerbi.lake import folder

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core import Writer


@dataclass
class Two(Destination):
    first: Destination
    second: Destination

    def connect(self) -> Writer:
        return BothWriter(self.first.connect(), self.second.connect())

    def rows(self, table: str) -> list[dict[str, Any]]:
        found, other = ([*each.rows(table)] for each in (self.first, self.second))
        assert sorted(map(_settled, found)) == sorted(map(_settled, other))
        return found


def _settled(row: dict[str, Any]) -> str:
    """What a row is, but for when it was marked: that is another moment in each."""
    gone = row.get("_sdc_deleted_at") is not None
    return str(row | {"_sdc_deleted_at": gone})


class TestBoth(WriterContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        names = {"a__b__c": 'a "b" c'}
        places = (folder(tmp_path / name) for name in ("first", "second"))
        return Two(*(EmptyLake(LakeBooks(place), names) for place in places))
