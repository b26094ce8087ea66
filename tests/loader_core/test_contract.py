"""The contract of writers, over SQLite: committing each batch, and all of them at the end."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from loader_core.testing import Destination, WriterContract
from loader_runs import rows, types
from loader_sqlite import SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from loader_core import Writer


@dataclass
class SqliteFile(Destination):
    """An SQLite file whose texts are made the values again that they stand for."""

    path: Path
    publish: str

    def connect(self) -> Writer:
        return SqliteWriter(str(self.path), self.publish)

    def rows(self, table: str) -> list[dict[str, Any]]:
        of = types(self.path, table)
        return [
            {name: _value(of[name], value) for name, value in row.items()}
            for row in rows(self.path, table)
        ]


VALUES: dict[str, Callable[[Any], Any]] = {
    "DECIMAL": Decimal,
    "BOOLEAN": bool,
    "DATE": date.fromisoformat,
    "LOCAL": datetime.fromisoformat,
    "UTC": lambda text: datetime.fromisoformat(text).replace(tzinfo=UTC),
}


def _value(kind: str, value: Any) -> Any:
    read = VALUES.get(kind.partition("_")[0])
    return value if value is None or read is None else read(value)


class TestEachBatch(WriterContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return SqliteFile(tmp_path / "books.sqlite", "batch")


class TestAllAtTheEnd(WriterContract):
    @pytest.fixture
    def destination(self, tmp_path: Path) -> Destination:
        return SqliteFile(tmp_path / "books.sqlite", "run")
