"""What the README says is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from target_bigquery_guarded import errors
from target_bigquery_guarded.layout import BATCH_KEY
from target_bigquery_guarded.settings import SCHEMA

README = Path(__file__).parents[2] / "target-bigquery-guarded" / "README.md"
TEXT = README.read_text()


def test_the_files_that_it_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_its_settings_are_settings() -> None:
    (config,) = re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)

    assert json.loads(config).keys() <= SCHEMA["properties"].keys()
    assert set(SCHEMA["required"]) <= json.loads(config).keys()


def test_it_names_the_columns_and_faults_that_a_user_meets() -> None:
    assert all(f"`{word}" in TEXT for word in (BATCH_KEY, *errors.RETRIED))


def test_every_room_is_below_four_hundred_lines_and_says_what_it_knows() -> None:
    rooms = list(Path(README.parent, "target_bigquery_guarded").glob("*.py"))

    assert rooms
    for room in rooms:
        text = room.read_text()
        assert text.startswith('"""'), room
        assert len(text.splitlines()) <= 400, room
