"""The rooms of the core import only rooms that stand below them, and errors are of one family."""

from __future__ import annotations

import pytest

import loader_core
from houses import imports, rooms
from loader_core import errors
from loader_core.errors import LoaderError

# Each floor may use those before it, and its own.
FLOORS = (
    {"errors", "clock", "ordering"},
    {"durable", "settings"},
    {"type_table", "messages"},
    {"tables", "records", "rejects"},
    {"batches", "open_batches"},
    {"writer", "outbox", "samples"},
    {"delivery", "streams"},
    {"target"},
    {"command", "doctor"},
    {"__init__", "testing"},
)
ROOMS = rooms(loader_core)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], loader_core) <= set().union(*FLOORS[: floor + 1])


def test_only_the_seam_for_files_changes_files() -> None:
    changing = (
        ".replace(path",
        ".unlink(",
        "os.replace",
        "os.rename",
        ".write_bytes",
        ".write_text",
    )

    found = {room for room, path in ROOMS.items() if any(x in path.read_text() for x in changing)}

    assert found - {"samples"} == {"durable"}


def test_only_what_faces_singer_knows_its_sdk() -> None:
    knowing = {room for room, path in ROOMS.items() if "from singer_sdk" in path.read_text()}

    assert knowing == {"errors", "settings", "messages", "streams", "target", "doctor"}


def test_the_public_names_are_those_that_are_listed() -> None:
    assert all(hasattr(loader_core, name) for name in loader_core.__all__)
    assert loader_core.__all__ == sorted(loader_core.__all__)


def test_every_error_is_a_loader_error_with_a_docstring_and_a_place_in_the_tree() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    own = [kind for kind in kinds if kind.__module__ == errors.__name__]

    assert len(own) > 10
    assert all(issubclass(kind, LoaderError) and kind.__doc__ for kind in own)
    assert all(kind.__name__ in str(errors.__doc__) for kind in own)


def test_an_error_says_where_what_and_the_way_out() -> None:
    error = LoaderError("the bridge is up", "Wait for the ship")

    assert str(error) == "the bridge is up. Wait for the ship."
    assert str(error.at("invoices", "0001").at("x", "y")) == (
        "stream 'invoices', batch '0001': the bridge is up. Wait for the ship."
    )
