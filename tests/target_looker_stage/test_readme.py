"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from target_looker_stage import audit
from target_looker_stage.layout import LOAD_ID, PK

README = Path(__file__).parents[2] / "target-looker-stage" / "README.md"
TEXT = README.read_text()


def test_the_files_that_it_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_it_names_the_tables_and_columns_that_a_user_meets() -> None:
    tables = (audit.LOADS, audit.STREAMS, audit.BATCHES, audit.TABLES)
    words = (*tables, PK, LOAD_ID, audit.RUNNING, audit.COMMITTED, audit.FAILED)

    assert [word for word in words if f"`{word}`" not in TEXT] == []
    assert f"the latest {audit.PERIODS}" in TEXT


def test_every_room_is_below_four_hundred_lines_and_says_what_it_knows() -> None:
    rooms = list(Path(README.parent, "target_looker_stage").rglob("*.py"))

    assert rooms
    for room in rooms:
        text = room.read_text()
        assert text.startswith('"""'), room
        assert len(text.splitlines()) <= 400, room
