"""What the README says is what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from warehouse_checks import bigquery_preflight, snowflake_preflight
from warehouse_checks.findings import Finding, in_words
from warehouse_checks.grants import needed

README = Path(__file__).parents[2] / "warehouse-checks" / "README.md"
TEXT = README.read_text()


def test_the_files_that_it_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_it_names_limits_and_grants_as_the_code_has_them() -> None:
    grants = needed("LOADING", "VISMA", "RAW", has_schema=True)

    assert all(f"`{grant.privilege}`" in TEXT for grant in grants)
    assert f"within {snowflake_preflight.SOON.days} days" in TEXT
    for limits in (snowflake_preflight, bigquery_preflight):
        assert f"more than {limits.MOST_SKEW_SECONDS} s off" in TEXT


def test_its_examples_are_laid_out_as_the_command_does() -> None:
    grant = needed("LOADING", "VISMA", "RAW", has_schema=True)[-1]
    line = in_words([Finding(grant.about(), "missing", grant.sql("LOADER_ROLE"))])[0]

    assert line in TEXT


def test_every_room_is_below_four_hundred_lines_and_says_what_it_knows() -> None:
    rooms = list(Path(README.parent, "warehouse_checks").glob("*.py"))

    assert rooms
    for room in rooms:
        text = room.read_text()
        assert text.startswith('"""'), room
        assert len(text.splitlines()) <= 400, room
