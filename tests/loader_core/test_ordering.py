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
    sql = "SELECT {} FROM (SELECT ? AS v, ? AS e) AS t, (SELECT ? AS v, ? AS e) AS s"
    with closing(sqlite3.connect(":memory:")) as opened:
        ((found,),) = opened.execute(sql.format(stored_is_newer(["v", "e"], str)), stored + new)
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
