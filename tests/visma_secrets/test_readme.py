"""The README and the page about credentials know every verb and variable."""

from __future__ import annotations

import re

from meltano_projects import ROOT
from visma_secrets import identities
from visma_secrets.command import parser

README = (ROOT / "visma-secrets" / "README.md").read_text()
PAGE = (ROOT / "docs" / "secrets.md").read_text()


VERBS = set(re.findall(r"^    ([a-z]+)(?: |$)", parser().format_help(), re.MULTILINE))


def test_every_verb_is_in_the_readme_and_no_other() -> None:
    listed = set(re.findall(r"^\| `([a-z]+)[ `]", README, re.MULTILINE))

    assert {"init", "set", "import", "rotate", "exec"} <= VERBS
    assert listed == VERBS


def test_every_place_of_an_identity_is_told() -> None:
    for name in (identities.FILE_VARIABLE, identities.VARIABLE, identities.CREDENTIAL):
        assert name in README
        assert name in PAGE


def test_every_command_shown_has_a_verb_that_there_is() -> None:
    shown = re.findall(r"[$#`] ?visma-secrets ([a-z]+)", PAGE + README)

    assert len(shown) > 10
    assert set(shown) <= VERBS
