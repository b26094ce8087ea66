"""The rooms of the target import only rooms that stand below them; the errors are the core's."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import target_powerbi
from houses import imports, rooms
from loader_core import LoaderError
from target_powerbi import errors
from target_powerbi.settings import SCHEMA

# Each floor may use those before it, and its own.
FLOORS = (
    {"__init__", "errors", "fields", "limits", "lineage", "state", "stored_rows"},
    {"mapping", "mapping_checks", "settings", "refitting", "store"},
    {"client", "conversions", "lake", "queries", "refresh"},
    {"model", "lake_layout"},
    {"outgoing", "merging", "framing"},
    {"push", "onelake", "both", "compare"},
    {"target"},
    {"doctor"},
    {"command"},
    {"__main__"},
)
ROOMS = rooms(target_powerbi)
README = Path(__file__).parents[2] / "target-powerbi" / "README.md"
TEXT = README.read_text()


def test_every_room_has_a_floor() -> None:
    assert ROOMS.keys() == set().union(*FLOORS)


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_uses_only_what_stands_below_it(room: str) -> None:
    floor = next(number for number, rooms in enumerate(FLOORS) if room in rooms)

    assert imports(ROOMS[room], target_powerbi) <= set().union(*FLOORS[: floor + 1])


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_is_below_four_hundred_lines_and_says_what_it_knows(room: str) -> None:
    text = ROOMS[room].read_text()

    assert text.startswith('"""')
    assert len(text.splitlines()) <= 400


def test_only_the_client_knows_http() -> None:
    texts = {room: path.read_text() for room, path in ROOMS.items()}

    assert {room for room, text in texts.items() if "import requests" in text} == {"client"}
    assert {room for room, text in texts.items() if "import msal" in text} == {"client"}


def test_every_error_is_a_loader_error_with_a_docstring() -> None:
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type)]

    assert len(kinds) > 6
    assert all(issubclass(kind, LoaderError) and kind.__doc__ for kind in kinds)


def test_the_files_that_the_readme_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)(?:#[^)]*)?\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_the_settings_of_the_readme_are_settings() -> None:
    (config,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)

    assert json.loads(config).keys() <= SCHEMA["properties"].keys()
    assert set(SCHEMA["required"]) <= json.loads(config).keys()
