"""The rooms of the package import only rooms that stand below them, and no loader."""

from __future__ import annotations

import pytest

import warehouse_checks
from houses import imports, rooms
from warehouse_checks import errors
from warehouse_checks.errors import CheckError

# Each floor may use those before it, and its own.
FLOORS = (
    {"__init__", "clock", "errors", "findings", "dialects", "grants"},
    {"settings", "calls", "keys", "ledger"},
    {"google_tokens", "snowflake_api", "comparison"},
    {"bigquery_api", "told"},
    {"tables", "snowflake_preflight", "bigquery_preflight"},
    {"verify"},
    {"command", "__main__"},
)
ROOMS = rooms(warehouse_checks)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], warehouse_checks) <= set().union(*FLOORS[: floor + 1])


def test_only_one_room_sends_calls_and_no_room_knows_a_loader() -> None:
    texts = {room: path.read_text() for room, path in ROOMS.items()}

    assert {room for room, text in texts.items() if "import requests\n" in text} == {"calls"}
    others = ("loader_core", "singer_sdk", "target_snowflake_", "target_bigquery_", "tap_visma")
    assert not [room for room, text in texts.items() for name in others if f"{name}" in text]


def test_every_error_is_a_check_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 3
    assert all(issubclass(kind, CheckError) and kind.__doc__ for kind in kinds)
