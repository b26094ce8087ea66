"""Visma's stamps: one format, no zone, and the hour that autumn repeats."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tap_visma import stamps


@pytest.mark.parametrize(
    ("stamp", "fixed"),
    [
        ("2026-03-20T06:35:22", "2026-03-20T06:35:22.000000"),
        ("2026-03-20T06:35:22.1", "2026-03-20T06:35:22.100000"),
        ("2026-03-20T06:35:22.15", "2026-03-20T06:35:22.150000"),
        ("2026-03-20T06:35:22.153", "2026-03-20T06:35:22.153000"),
        ("2026-03-20T06:35:22.1534", "2026-03-20T06:35:22.153400"),
        ("2026-03-20T06:35:22.15345", "2026-03-20T06:35:22.153450"),
        ("2026-03-20T06:35:22.153456", "2026-03-20T06:35:22.153456"),
        ("2026-03-20T06:35:22.1534567", "2026-03-20T06:35:22.153456"),
    ],
)
def test_stamps_of_any_precision_take_one_format(stamp: str, fixed: str) -> None:
    assert stamps.fixed(stamp) == fixed
    assert stamps.fixed(fixed) == fixed
    assert stamps.of(stamps.parse(stamp)) == fixed


def test_stamps_in_the_fixed_format_sort_as_text_as_they_do_as_times() -> None:
    whole = ["2026-03-20T06:35:22", "2026-03-20T06:35:23", "2026-03-20T07:00:00"]
    written = [stamp + end for stamp in whole for end in ("", ".003", ".01", ".1", ".9999999")]

    fixed = [stamps.fixed(stamp) for stamp in written]

    assert sorted(fixed) == fixed
    assert {len(stamp) for stamp in fixed} == {26}


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-20T06:35:22Z",
        "2026-03-20T06:35:22.153Z",
        "2026-03-20T06:35:22+01:00",
        "2026-03-20T06:35:22.153+01:00",
        "2026-03-20T06:35:22-01:00",
        "2026-03-20T06:35:22.",
        "2026-03-20",
        "soon",
        "",
    ],
)
def test_a_stamp_with_a_zone_or_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no time without a zone"):
        stamps.fixed(text)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-20", datetime(2026, 3, 20)),  # noqa: DTZ001 - naive, as Visma's are
        ("2026-03-20T06:35:22", datetime(2026, 3, 20, 6, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T06:35:22Z", datetime(2026, 3, 20, 6, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T06:35:22+02:00", datetime(2026, 3, 20, 4, 35, 22)),  # noqa: DTZ001
        ("2026-03-20T23:30:00-01:00", datetime(2026, 3, 21, 0, 30)),  # noqa: DTZ001
    ],
)
def test_what_a_person_writes_becomes_a_naive_moment_by_way_of_utc(
    text: str, moment: datetime
) -> None:
    assert stamps.parse(text) == moment
    assert stamps.parse(text).tzinfo is None


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01", "", "20.03.2026"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        stamps.parse(text)


def test_a_filter_value_has_whole_seconds_and_is_never_later_than_the_moment() -> None:
    moment = stamps.parse("2026-03-20T06:35:22.999999")

    assert stamps.for_filter(moment) == "2026-03-20T06:35:22"


@pytest.mark.parametrize(
    ("bookmark", "minutes"),
    [
        ("2026-10-25T01:59:59.999999", 5),
        ("2026-10-25T02:00:00.000000", 65),  # Oslo, Stockholm and Copenhagen
        ("2026-10-25T02:59:59.999999", 65),
        ("2026-10-25T03:00:00.000000", 65),  # Helsinki
        ("2026-10-25T03:59:59.999999", 65),
        ("2026-10-25T04:00:00.000000", 5),
        ("2026-03-20T06:35:22.153000", 5),
    ],
)
def test_in_the_hour_that_autumn_repeats_the_overlap_is_an_hour_more(
    bookmark: str, minutes: int
) -> None:
    since = stamps.back(bookmark, timedelta(minutes=5))

    assert datetime.fromisoformat(bookmark) - since == timedelta(minutes=minutes)
