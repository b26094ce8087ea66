"""An error says where, what, and the way out."""

from __future__ import annotations

import pytest

from tap_visma import errors
from tap_visma.errors import (
    IncompleteSyncError,
    VismaError,
)


def test_an_error_says_where_what_and_the_way_out() -> None:
    error = VismaError("the bridge is up", "Wait for the ship")

    assert str(error) == "the bridge is up. Wait for the ship."
    assert str(error.at("no")) == "company 'no': the bridge is up. Wait for the ship."
    assert str(error.at("no", "suppliers")) == (
        "company 'no', stream 'suppliers': the bridge is up. Wait for the ship."
    )


def test_whoever_is_closest_to_the_fault_names_its_place() -> None:
    error = VismaError("what", "Todo").at("no", "suppliers").at("se", "customers")

    assert (error.company_id, error.stream) == ("no", "suppliers")


@pytest.mark.parametrize(
    ("count", "what"), [(1, "1 company stream failed"), (3, "3 of the company streams failed")]
)
def test_the_error_at_the_end_counts_those_before(count: int, what: str) -> None:
    failures = [VismaError("what", "Todo") for _ in range(count)]

    error = IncompleteSyncError(iter(failures))

    assert error.failures == tuple(failures)
    assert str(error).startswith(f"{what}. All others are complete")


def test_every_error_is_a_visma_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 8
    assert all(issubclass(kind, VismaError) and kind.__doc__ for kind in kinds)
