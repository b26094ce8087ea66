"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from target_snowflake_guarded import errors
from target_snowflake_guarded.layout import ROW_KEY
from target_snowflake_guarded.session import FIRST_POLL_SECONDS, MOST_POLL_SECONDS

README = Path(__file__).parents[2] / "target-snowflake-guarded" / "README.md"
TEXT = README.read_text()


def test_the_files_that_it_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_it_names_the_columns_and_faults_that_a_user_meets() -> None:
    assert all(f"{number:06d} (" in TEXT for number in errors.RETRIED)
    assert f"`{ROW_KEY}`" in TEXT
    assert f"from {FIRST_POLL_SECONDS} s that double up to {MOST_POLL_SECONDS:.0f} s" in TEXT


def test_every_room_is_below_four_hundred_lines_and_says_what_it_knows() -> None:
    rooms = list(Path(README.parent, "target_snowflake_guarded").glob("*.py"))

    assert rooms
    for room in rooms:
        text = room.read_text()
        assert text.startswith('"""'), room
        assert len(text.splitlines()) <= 400, room
