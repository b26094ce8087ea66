"""The writer over OneLake's real address, at a store that speaks Azure's protocol; needs node."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from lake_loads import EmptyLake, LakeBooks
from loader_core.samples import Batches, keyed_table, log_table, replacing_table, row
from loader_core.testing import by_id, deliver, texts
from loader_runs import PatientClock
from onelake_store import SERVER, onelake_store

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from target_powerbi.lake import Place

pytestmark = [
    pytest.mark.process,
    pytest.mark.skipif(not SERVER.exists(), reason="Azurite is not there, as node is not"),
]


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with onelake_store() as place:
        yield place


@pytest.fixture
def lake(place: Place) -> EmptyLake:
    return EmptyLake(LakeBooks(place), {})


def test_merges_and_replays_go_through_the_address_of_onelake(
    lake: EmptyLake, tmp_path: Path
) -> None:
    batches, table = Batches(tmp_path), keyed_table()
    nights = [
        batches.of(table, [row("1", "a", "10:00", 1), row("2", "b", "10:00", 1)]),
        batches.of(table, [row("1", "changed", "11:00", 2)]),
        batches.of(table, [row("3", "c", "11:00", 3)]),
    ]
    deliver(lake, nights)
    version = lake.books.version("keyed")

    deliver(lake, nights)

    assert by_id(lake, "keyed") == {"1": "changed", "2": "b", "3": "c"}
    assert lake.books.version("keyed") == version


def test_a_generation_is_staged_beside_the_tables_and_replaces_in_one_commit(
    lake: EmptyLake, tmp_path: Path
) -> None:
    batches, (given_up, table) = Batches(tmp_path), map(replacing_table, (1, 2))
    deliver(lake, [batches.of(given_up, [row("8", "given up", "10:00", 1)])])
    writer = lake.connect()
    writer.prepare(table)
    writer.write(batches.of(table, [row("9", "new", "09:00", 2)]))

    assert lake.books.lake.staged("keyed") == ["2"]
    writer.replace(table)

    assert by_id(lake, "keyed") == {"9": "new"}
    assert lake.books.lake.staged("keyed") == []


def test_rows_that_are_only_added_are_there_once(lake: EmptyLake, tmp_path: Path) -> None:
    batch = Batches(tmp_path).of(log_table(), [{"text": "a"}, {"text": "a"}])

    deliver(lake, [batch, batch])
    deliver(lake, [batch])

    assert texts(lake, "log") == ["a", "a"]


def test_two_loaders_at_once_lose_nothing(place: Place, tmp_path: Path) -> None:
    batches, table = Batches(tmp_path), keyed_table()
    table = type(table)(
        **{name: getattr(table, name) for name in table.__slots__} | {"name": "two"}
    )
    lakes = [EmptyLake(LakeBooks(place, clock=PatientClock()), {}) for _ in range(2)]
    deliver(lakes[0], [batches.of(table, [row("0", "", "10:00", 1)])])
    loads = [
        [batches.of(table, [row(f"{who}{n}", "", "10:00", 1)]) for n in range(4)] for who in "ab"
    ]

    threads = [
        threading.Thread(target=deliver, args=(lake, load))
        for lake, load in zip(lakes, loads, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(by_id(lakes[0], "two")) == 9
