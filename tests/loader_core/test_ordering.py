"""Which of two rows is newer, as a database answers the question that all destinations ask."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from itertools import product

import pytest

from loader_core.ordering import stored_is_newer

TIMES = (None, 1, 2)


def answered(stored: tuple[int | None, ...], new: tuple[int | None, ...]) -> bool:
    """Whether the stored row is newer, its columns being a version and when it was read."""
    return asked(stored_is_newer(["v", "e"], str), (*stored, None), (*new, None))


def asked(question: str, stored: tuple[int | None, ...], new: tuple[int | None, ...]) -> bool:
    """The answer for a version, a time of reading and a mark on both sides."""
    row = "SELECT ? AS v, ? AS e, ? AS gone"
    sql = f"SELECT {question} FROM ({row}) AS t, ({row}) AS s"
    with closing(sqlite3.connect(":memory:")) as opened:
        ((found,),) = opened.execute(sql, stored + new)
    return bool(found)


@pytest.mark.parametrize(("stored", "new"), [(2, 1), (1, 2)])
@pytest.mark.parametrize(("read", "read_anew"), [*product(TIMES, TIMES)])
def test_a_later_version_is_newer_whenever_it_was_read(
    stored: int, new: int, read: int | None, read_anew: int | None
) -> None:
    assert answered((stored, read), (new, read_anew)) is (stored > new)


@pytest.mark.parametrize(("stored", "new"), [(1, 1), (None, 1), (1, None), (None, None)])
@pytest.mark.parametrize(("read", "read_anew"), [*product(TIMES, TIMES)])
def test_with_one_version_or_none_the_row_that_was_read_later_is_newer(
    stored: int | None, new: int | None, read: int | None, read_anew: int | None
) -> None:
    is_later = read is not None and read_anew is not None and read > read_anew

    assert answered((stored, read), (new, read_anew)) is is_later


@pytest.mark.parametrize(
    ("new", "stays"),
    [((1, 1, None), True), ((1, 2, None), False), ((1, 1, 9), False), ((2, 1, None), False)],
    ids=["again", "read anew", "gone again", "changed"],
)
def test_a_row_that_is_gone_stays_so_against_itself_alone(
    new: tuple[int | None, ...], *, stays: bool
) -> None:
    with_mark, without = (stored_is_newer(["v", "e"], str, mark=mark) for mark in ("gone", None))

    assert asked(with_mark, (1, 1, 5), new) is stays
    assert asked(without, (1, 1, 5), new) is False
