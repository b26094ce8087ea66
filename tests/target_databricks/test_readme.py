"""What the README says is what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from target_databricks import errors, routing
from target_databricks.layout import ROW_KEY
from target_databricks.statements import LEDGER

README = Path(__file__).parents[2] / "target-databricks" / "README.md"
TEXT = README.read_text()


def test_the_files_that_it_points_to_are_there() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", TEXT)

    assert links
    assert [link for link in links if not (README.parent / link).exists()] == []


def test_its_rules_are_rules() -> None:
    (rules,) = [
        block for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL) if "rules" in block
    ]

    assert routing.read(json.loads(rules)).keys() == {"journal_transaction_lines"}


def test_it_names_the_tables_columns_and_faults_that_a_user_meets() -> None:
    assert all(f"`{word}" in TEXT for word in (LEDGER, ROW_KEY, *errors.RETRIED))


def test_every_room_is_below_four_hundred_lines_and_says_what_it_knows() -> None:
    rooms = list(Path(README.parent, "target_databricks").glob("*.py"))

    assert rooms
    for room in rooms:
        text = room.read_text()
        assert text.startswith('"""'), room
        assert len(text.splitlines()) <= 400, room
