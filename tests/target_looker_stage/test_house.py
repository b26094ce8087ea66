"""The rooms of the target import only rooms that stand below them; the errors are the core's."""

from __future__ import annotations

import pytest

import target_looker_stage
from houses import imports, rooms
from loader_core import LoaderError
from target_looker_stage import errors

# Each floor may use those before it, and its own. The folder `lookml` is a house of its own.
FLOORS = (
    {"__init__", "errors", "names", "type_table", "looker_settings"},
    {"settings"},
    {"layout"},
    {"statements", "rows"},
    {"audit", "session"},
    {"tables"},
    {"writer", "looker", "looker_client", "looker_steps"},
    {"modelling"},
    {"target"},
    {"doctor", "__main__"},
)
ROOMS = rooms(target_looker_stage)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)
    found = {name.partition(".")[0] for name in imports(ROOMS[room], target_looker_stage)}

    assert found - {"lookml", "__version__"} <= set().union(*FLOORS[: floor + 1])


def test_only_the_session_speaks_to_the_server() -> None:
    texts = {room: path.read_text() for room, path in ROOMS.items()}

    assert {room for room, text in texts.items() if "import psycopg" in text} == {"session"}
    assert {room for room, text in texts.items() if '"INSERT INTO' in text} <= {
        "statements",
        "audit",
    }


def test_nothing_renames_drops_or_retypes_a_table_of_the_schema() -> None:
    for room, path in ROOMS.items():
        text = path.read_text()
        assert "RENAME" not in text, room
        assert "ALTER COLUMN" not in text, room
        assert text.count("DROP TABLE") == (1 if room == "statements" else 0), room


def test_every_error_is_a_loader_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 3
    assert all(issubclass(kind, LoaderError) and kind.__doc__ for kind in kinds)
