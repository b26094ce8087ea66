"""A loader with an empty outbox and an empty SQLite file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from loader_runs import Loader

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def loader(tmp_path: Path) -> Loader:
    return Loader(tmp_path)
