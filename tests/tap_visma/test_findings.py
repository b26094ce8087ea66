"""How the doctor counts: windows of the allowance, and figures that are not known for certain."""

from __future__ import annotations

import pytest

from tap_visma.findings import Allowance, Figure


@pytest.mark.parametrize(
    ("calls", "windows"), [(30, 1), (31, 2), (120, 2), (121, 3)], ids=["all", "+1", "two", "three"]
)
def test_the_first_window_holds_what_is_left_of_it(calls: int, windows: int) -> None:
    allowance = Allowance(limit=100, remaining=40, reserve=10, resets_in_seconds=60)

    assert allowance.windows(calls) == windows


def test_a_sum_is_known_as_well_as_the_least_known_of_its_parts() -> None:
    assert str(Figure.sum([Figure(1), Figure(2)])) == "3"
    assert str(Figure.sum([Figure(1), Figure(2, "at least")])) == "3+"
    assert str(Figure.sum([Figure(1, "about"), Figure(2, "at least")])) == "~3"
