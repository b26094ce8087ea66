"""Settings: those of the loaders, from files and variables; what is wrong is told, not shown."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from warehouse_checks import command, settings
from warehouse_checks.errors import SettingsError
from warehouse_checks.snowflake_api import account_in_token

if TYPE_CHECKING:
    from pathlib import Path

SNOWFLAKE = {
    "account": "org-account",
    "user": "loader",
    "programmatic_access_token": "secret-token",
    "warehouse": "loading",
    "database": "visma",
    "default_target_schema": '"raw"',
}
BIGQUERY = {"project": "books-4711", "dataset": "visma"}


def _snowflake(**differs: object) -> settings.Snowflake:
    values = {name: value for name, value in (SNOWFLAKE | differs).items() if value is not None}
    variables = {f"TARGET_SNOWFLAKE_{name.upper()}": str(each) for name, each in values.items()}
    return settings.snowflake(settings.read("snowflake", ["ENV"], variables))


def test_variables_and_files_are_read_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"project": "other-1", "labels": {"a": "b"}, "location": "EU"}))
    variables = {"TARGET_BIGQUERY_PROJECT": "books-4711", "TARGET_BIGQUERY_DATASET": "visma"}

    found = settings.bigquery(settings.read("bigquery", [str(path), "ENV"], variables))

    assert (found.project, found.dataset, found.location) == ("books-4711", "visma", "EU")
    assert found.url == "https://bigquery.googleapis.com"


def test_names_are_those_that_snowflake_keeps() -> None:
    found = _snowflake(account="my_org-acc.eu-north-1")

    assert (found.database, found.schema, found.warehouse) == ("VISMA", "raw", "LOADING")
    assert found.url == "https://my-org-acc.eu-north-1.snowflakecomputing.com"
    assert "secret-token" not in repr(found)


def test_a_key_in_one_line_is_read_as_the_loader_reads_it() -> None:
    given = {"programmatic_access_token": None, "private_key": "-----BEGIN\\nkey\\n-----END"}

    assert _snowflake(**given).key == b"-----BEGIN\nkey\n-----END"


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("xy12345", "XY12345"),
        ("xy12345.eu-north-1.aws", "XY12345"),
        ("org-account_1", "ORG-ACCOUNT_1"),
        ("xy12345-somewhere.global", "XY12345"),
    ],
)
def test_a_token_names_the_account_without_its_region(account: str, told: str) -> None:
    assert account_in_token(account) == told


@pytest.mark.parametrize(
    ("differs", "told"),
    [
        ({"account": "https://x.snowflakecomputing.com"}, "'account'"),
        ({"warehouse": None}, "'warehouse' must be set"),
        ({"programmatic_access_token": None}, "nothing is set to log in with"),
        ({"private_key": "x"}, "'private_key' and 'programmatic_access_token' is set"),
        (
            {"programmatic_access_token": None, "private_key_path": "/nowhere/key.p8"},
            "'/nowhere/key.p8' cannot be read",
        ),
        ({"host": "http://example.com"}, "'host' is not an https address"),
        ({"host": "https://[example"}, "'host' is not an https address"),
        ({"host": "example.com:port"}, "'host' is not an https address"),
        ({"statement_seconds": "soon"}, "'statement_seconds'"),
    ],
)
def test_what_is_wrong_is_named(differs: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told) as raised:
        _snowflake(**differs)

    assert "secret-token" not in str(raised.value)


@pytest.mark.parametrize("content", ["{}", "[]", "no JSON", None])
@pytest.mark.parametrize("verb", ["preflight", "verify"])
def test_wrong_settings_end_a_check_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], verb: str, content: str | None
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)

    assert command.main([verb, "bigquery", "--config", str(path)]) == 2
    assert capsys.readouterr().err
