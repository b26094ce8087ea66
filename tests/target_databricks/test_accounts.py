"""Sets of account codes: what is in them, where they overlap, and what none of them takes."""

from __future__ import annotations

import pytest

from target_databricks.accounts import Accounts, PatternError, gaps

TAKES = [
    ("1920", "1920", True),
    ("1920", "01920", False),
    ("3000-3999", "3000", True),
    ("3000-3999", "3999", True),
    ("3000-3999", "4000", False),
    ("3000-3999", "30001", False),
    ("30*", "30", True),
    ("30*", "30001", True),
    ("30*", "3100", False),
    ("*", "", True),
    ("0100-0199", "100", False),
    ("A100-A199", "A150", True),
]
OVERLAPS = [
    ("1920", "1920", True),
    ("1920", "19*", True),
    ("1920", "1000-1999", True),
    ("1920", "01920", False),
    ("3000-3999", "3999-4000", True),
    ("3000-3998", "3999-4000", False),
    ("3000-3999", "30000-39999", False),
    ("3000-3999", "39*", True),
    ("3000-3899", "39*", False),
    ("3000-3999", "3*", True),
    ("3050-3999", "30*", True),
    ("300-399", "3000*", False),
    ("3*", "30*", True),
    ("30*", "31*", False),
]


@pytest.mark.parametrize(("text", "code", "taken"), TAKES)
def test_a_set_takes_what_is_in_it(text: str, code: str, taken: bool) -> None:  # noqa: FBT001 - a row of the table
    assert Accounts.of(text).takes(code) is taken


@pytest.mark.parametrize(("one", "other", "overlap"), OVERLAPS)
def test_sets_overlap_whichever_comes_first(one: str, other: str, overlap: bool) -> None:  # noqa: FBT001 - as above
    assert Accounts.of(one).overlaps(Accounts.of(other)) is overlap
    assert Accounts.of(other).overlaps(Accounts.of(one)) is overlap


def test_sets_overlap_if_and_only_if_a_code_is_in_both() -> None:
    digits = "012"
    codes = ["", *digits]
    for _ in range(2):
        codes += [code + digit for code in codes for digit in digits]
    texts = ["0", "12", "0-1", "01-12", "001-120", "1*", "12*", "0*", "010-011", "22-22"]

    for one in map(Accounts.of, texts):
        for other in map(Accounts.of, texts):
            both = any(one.takes(code) and other.takes(code) for code in codes)
            assert one.overlaps(other) is both, (one.text, other.text)


@pytest.mark.parametrize("text", ["", "1 2", "3000-", "3999-3000", "300-3999", "3*5", "1-2-3"])
def test_what_is_no_set_is_refused(text: str) -> None:
    with pytest.raises(PatternError):
        Accounts.of(text)


def test_gaps_are_the_codes_that_no_set_takes() -> None:
    parts = [Accounts.of(text) for text in ("2000-2999", "1000", "15*", "4*", "0*", "99999", "X*")]

    assert gaps(Accounts.of("1000-5000"), parts) == ["1001-1499", "1600-1999", "3000-3999", "5000"]
    assert gaps(Accounts.of("2000-2999"), parts) == []
    with pytest.raises(PatternError, match="digits"):
        gaps(Accounts.of("1*"), parts)
