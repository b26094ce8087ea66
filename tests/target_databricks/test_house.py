"""The rooms of the target import only rooms that stand below them; the errors are the core's."""

from __future__ import annotations

import pytest

import target_databricks
from houses import imports, rooms
from loader_core import LoaderError
from target_databricks import errors

# Each floor may use those before it, and its own.
FLOORS = (
    {"__init__", "errors", "type_table", "accounts"},
    {"tokens", "layout"},
    {"routing", "statements"},
    {"settings"},
    {"client"},
    {"warehouse"},
    {"writer"},
    {"target"},
    {"doctor", "__main__"},
)
ROOMS = rooms(target_databricks)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], target_databricks) <= set().union(*FLOORS[: floor + 1])


def test_only_the_client_calls_and_only_the_builder_writes_sql() -> None:
    texts = {room: path.read_text() for room, path in ROOMS.items()}

    assert {room for room, text in texts.items() if "import requests" in text} == {"client"}
    assert {room for room, text in texts.items() if '"MERGE INTO' in text} == {"statements"}


def test_every_error_is_a_loader_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 3
    assert all(issubclass(kind, LoaderError) and kind.__doc__ for kind in kinds)
