"""A sandbox for each test of a whole run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma
