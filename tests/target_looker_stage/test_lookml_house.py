"""The LookML and the Looker step keep to what their rooms know."""

from __future__ import annotations

import re
from pathlib import Path

import target_looker_stage

HOUSE = Path(*target_looker_stage.__path__)
LOOKML = {path.stem: path.read_text() for path in (HOUSE / "lookml").glob("*.py")}
LOOKER = {path.stem: path.read_text() for path in HOUSE.glob("looker*.py")}


def having(texts: dict[str, str], word: str) -> set[str]:
    return {room for room, text in texts.items() if re.search(word, text)}


def test_the_lookml_uses_no_other_room_of_the_target() -> None:
    used = {
        each
        for text in LOOKML.values()
        for each in re.findall(r"(?:from|import) target_looker_stage(?:\.(\w+))?", text)
    }

    assert used == {"lookml"}


def test_only_one_room_runs_git_and_one_writes() -> None:
    assert having(LOOKML, "import subprocess") == {"git"}
    assert having(LOOKML, "write_bytes|write_text") == {"delivery"}
    assert having(LOOKML, "import lkml") == {"files", "reading"}


def test_only_one_room_sends_and_the_sdk_is_imported_when_it_is_needed() -> None:
    assert having(LOOKER, "import requests") == {"looker_client"}
    assert having(LOOKER, r"(?m)^from looker_sdk") == {"looker_client", "looker_steps"}
