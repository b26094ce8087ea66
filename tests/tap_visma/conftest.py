"""Sandboxes for the tests of the tap."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tap_runs import Visma, visma_with

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def untouched() -> Iterator[Visma]:
    """A sandbox with three companies that no test changes."""
    with visma_with(companies="NO,SE,DK") as visma:
        yield visma


@pytest.fixture
def visma() -> Iterator[Visma]:
    """A sandbox with one company, for a test that changes it."""
    with visma_with() as visma:
        yield visma


@pytest.fixture
def two_companies() -> Iterator[Visma]:
    """A sandbox with two companies, for a test that changes it."""
    with visma_with(companies="NO,SE") as visma:
        yield visma
