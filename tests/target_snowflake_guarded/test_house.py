"""The rooms of the target import only rooms that stand below them; the errors are the core's."""

from __future__ import annotations

import pytest

import target_snowflake_guarded
from houses import imports, rooms
from loader_core import LoaderError
from target_snowflake_guarded import errors

# Each floor may use those before it, and its own.
FLOORS = (
    {"__init__", "errors", "type_table", "keys"},
    {"layout", "files"},
    {"statements", "settings"},
    {"session"},
    {"writer"},
    {"target"},
    {"__main__"},
)
ROOMS = rooms(target_snowflake_guarded)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], target_snowflake_guarded) <= set().union(*FLOORS[: floor + 1])


def test_only_the_session_calls_and_only_the_builder_writes_sql() -> None:
    texts = {room: path.read_text() for room, path in ROOMS.items()}

    assert {room for room, text in texts.items() if "import snowflake.connector" in text} == {
        "session"
    }
    assert {room for room, text in texts.items() if '"MERGE INTO' in text} == {"statements"}


def test_every_error_is_a_loader_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 2
    assert all(issubclass(kind, LoaderError) and kind.__doc__ for kind in kinds)
