"""The rooms of the tap import only rooms that stand below them in the house."""

from __future__ import annotations

import pytest

import tap_visma
from houses import imports, rooms

# Each floor may use those before it, and its own.
FLOORS = (
    {"errors", "clock"},
    {"entities", "schemas", "events", "envelopes"},
    {"stamps", "lineage", "quota", "census", "masking", "stores", "inbox", "remembered"},
    {"ledger", "webhook_settings", "settings", "checks"},
    {"retries", "connect", "calls", "archive", "receiver"},
    {"records", "pages", "bookmarks", "recording", "control"},
    {"extraction", "hints", "deletions"},
    {"replay"},
    {"messages", "progress", "streams", "delivery", "entity_streams", "tap"},
    {"__main__", "__init__", "commands"},
    {"findings", "doctor", "audit", "batches", "webhooks"},
)
ROOMS = rooms(tap_visma)


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() | {"schemas"} == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)
    below = set().union(*FLOORS[: floor + 1])

    assert imports(ROOMS[room], tap_visma) <= below


def test_only_what_faces_singer_knows_its_sdk() -> None:
    knowing = {room for room, path in ROOMS.items() if "from singer_sdk" in path.read_text()}

    glue = {"messages", "streams", "entity_streams", "tap", "__main__"}
    assert knowing == glue | {"settings", "webhook_settings"}
