"""The doctor: what a load needs and does not have, by name, before the first load."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import TEXT, record, schema, state
from target_databricks import doctor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from databricks_loads import Books

    Ask = Callable[..., tuple[int, dict[str, str]]]

MESSAGES = [schema("log", {"id": TEXT}), record("log", {"id": "1"}), state(1)]


@pytest.fixture
def ask(books: Books, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Ask:
    """Runs the doctor; gives its exit code and the result of each question."""

    def run(**settings: Any) -> tuple[int, dict[str, str]]:
        path = tmp_path / "config.json"
        path.write_text(json.dumps(books.config | settings))
        code = doctor.main(["--config", str(path), "--format", "json"])
        told = capsys.readouterr().out
        assert books.workspace.client_secret not in told
        report = json.loads(told)
        assert report["works"] is (code == 0)
        return code, {found["about"]: found["result"] for found in report["findings"]}

    return run


def test_all_is_well_after_a_load(books: Books, ask: Ask) -> None:
    books.load(MESSAGES)

    code, found = ask()

    assert code == 0
    assert set(found.values()) == {"ok"}
    assert f"WRITE_VOLUME on volume main.{books.schema}._singer_stage" in found
    assert books.staged() == []


def test_all_is_well_before_the_first_load_and_nothing_is_made(books: Books, ask: Ask) -> None:
    code, found = ask()

    assert code == 0
    assert "CREATE_SCHEMA on catalog main" in found
    assert not [call for call in books.calls() if not call.startswith(("GET", "POST /oidc"))]


def test_grants_that_are_missing_are_named_with_their_statement(
    books: Books, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grants = {"main": ["USE_CATALOG"]}
    books.workspace.control("POST", "settings", {"grants": grants})

    code, found = ask()
    assert code == 1
    assert [about for about, result in found.items() if result == "missing"] == [
        "CREATE_SCHEMA on catalog main"
    ]

    assert doctor.main(["--config", str(tmp_path / "config.json")]) == 1
    told = capsys.readouterr().out
    assert f"GRANT CREATE SCHEMA ON CATALOG main TO `{books.workspace.client_id}`" in told


@pytest.mark.parametrize(
    ("settings", "about", "result"),
    [
        ({"client_secret": "wrong"}, "token", "failed"),
        ({"warehouse_id": "0000"}, "warehouse 0000", "missing"),
        ({"catalog": "nowhere"}, "catalog nowhere", "missing"),
    ],
)
def test_what_is_wrong_is_found(
    ask: Ask, settings: dict[str, Any], about: str, result: str
) -> None:
    code, found = ask(**settings)

    assert code == 1
    assert found[about] == result


def test_a_volume_that_cannot_be_written_is_found(books: Books, ask: Ask) -> None:
    books.load(MESSAGES)
    books.workspace.fault({"status": 403}, method="PUT", path="/api/2.0/fs", count=0)

    code, found = ask()

    assert code == 1
    assert found[f"file in /Volumes/main/{books.schema}/_singer_stage"] == "failed"


@pytest.mark.parametrize("content", ["{}", "no JSON", None])
def test_wrong_settings_end_it_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)

    assert doctor.main(["--config", str(path)]) == 2
    assert capsys.readouterr().err
