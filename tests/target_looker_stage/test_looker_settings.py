"""Settings of the LookML and of the Looker step are refused by name, and never show a value."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from loader_core import SettingsError
from target_looker_stage.looker_settings import PROPERTIES, LookerSettings, LookmlSettings

LOOKER = {
    "looker_url": "https://example.cloud.looker.com/",
    "looker_client_id": "an-id",
    "looker_client_secret": "a-secret",
    "looker_connection": "warehouse",
}
LOOKML = {"lookml_dir": "lookml", "looker_connection": "warehouse"}


def test_both_are_off_until_they_are_asked_for() -> None:
    assert LookerSettings.of({}) is None
    assert LookmlSettings.of({}) is None


def test_defaults_are_those_of_the_properties() -> None:
    looker, lookml = LookerSettings.of(LOOKER), LookmlSettings.of(LOOKML)

    assert looker
    assert (looker.url, looker.model, looker.max_api_calls) == (
        "https://example.cloud.looker.com",
        "visma_net",
        20,
    )
    assert lookml
    assert (lookml.folder, lookml.git, lookml.week_start_day) == (Path("lookml"), "none", "monday")


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (LOOKER | {"looker_url": "http://example.com"}, "looker_url"),
        (LOOKER | {"looker_url": "https://example.com/api/4.0"}, "looker_url"),
        (LOOKER | {"looker_url": "https://an-id:a-secret@example.com"}, "looker_url"),
        (LOOKER | {"looker_url": "https://:a-secret@example.com"}, "looker_url"),
        (LOOKER | {"looker_client_secret": ""}, "looker_client_secret"),
        (LOOKER | {"looker_connection": ""}, "looker_connection"),
        (LOOKER | {"looker_model": "My model"}, "looker_model"),
        (LOOKER | {"looker_deploy": "git", "looker_project": "p"}, "lookml_git"),
        (LOOKER | {"looker_deploy": "git", "lookml_git": "push"}, "looker_project"),
    ],
)
def test_a_wrong_value_is_named_and_not_shown(config: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError) as caught:
        LookerSettings.of(config)

    assert f"'{named}'" in str(caught.value)
    assert "a-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("config", "named"),
    [
        (LOOKML | {"looker_connection": None}, "looker_connection"),
        (LOOKML | {"looker_connection": 'a"b'}, "looker_connection"),
        (LOOKML | {"lookml_git_author": "Loader"}, "lookml_git_author"),
    ],
)
def test_a_wrong_value_of_the_lookml_is_named(config: dict[str, Any], named: str) -> None:
    with pytest.raises(SettingsError, match=f"'{named}'"):
        LookmlSettings.of(config)


def test_the_secret_is_not_shown_with_the_settings() -> None:
    assert "a-secret" not in repr(LookerSettings.of(LOOKER))


def test_every_setting_is_described_and_only_the_secret_is_secret() -> None:
    assert all(each.title and each.description for each in PROPERTIES)
    assert [each.name for each in PROPERTIES if each.secret] == ["looker_client_secret"]
