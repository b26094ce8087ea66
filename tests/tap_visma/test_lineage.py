"""Batch ids and record ids."""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta, timezone

import pytest

from tap_visma import lineage


def test_batch_ids_are_uuids_of_version_7_with_the_time_in_them() -> None:
    now = datetime(2026, 3, 20, 6, 35, 22, 153_999, tzinfo=UTC)

    for _ in range(200):
        batch = uuid.UUID(lineage.new_batch_id(now))
        assert batch.version == 7
        assert batch.variant == uuid.RFC_4122
        assert batch.int >> 80 == int(now.timestamp() * 1000)


def test_batch_ids_differ_within_a_millisecond_and_sort_by_time() -> None:
    start = datetime(2026, 3, 20, tzinfo=timezone(timedelta(hours=1)))
    moments = [start + timedelta(milliseconds=number) for number in range(1000)]

    batches = [lineage.new_batch_id(moment) for moment in moments]

    assert sorted(batches) == batches
    assert len({lineage.new_batch_id(start) for _ in range(1000)}) == 1000


def test_no_two_keys_give_one_record_id() -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # shown when the test fails, to run it again
    dice = random.Random(seed)
    ids: dict[str, tuple[str, ...]] = {}
    for _ in range(50_000):
        parts = ("".join(dice.choices(":%25A3", k=dice.randrange(5))) for _ in range(3))
        key = tuple(parts)[: dice.randint(1, 3)]
        assert ids.setdefault(lineage.record_id("no", key), key) == key

    assert len(ids) > 10_000


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        (("Invoice", "300001"), "no:Invoice:300001"),
        (("Invoice", None, 3), "no:Invoice::3"),
        (("a:b", "100%"), "no:a%3Ab:100%25"),
        (("a%3Ab",), "no:a%253Ab"),
        (("",), "no:"),
    ],
)
def test_a_record_id_is_the_company_and_the_key_as_a_person_would_write_it(
    key: tuple[str | int | None, ...], expected: str
) -> None:
    assert lineage.record_id("no", key) == expected
