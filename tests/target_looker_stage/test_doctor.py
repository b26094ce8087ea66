"""The doctor: what a load needs and does not have, by name, before the first load."""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from loader_runs import TEXT, record, schema, state
from postgres_server import PASSWORDS, READER
from target_looker_stage import doctor

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from staging_loads import Books

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
        assert PASSWORDS["loader"] not in told
        report = json.loads(told)
        assert report["works"] is (code == 0)
        return code, {found["about"]: found["result"] for found in report["findings"]}

    return run


def test_all_is_well_before_the_first_load_and_nothing_is_made(books: Books, ask: Ask) -> None:
    code, found = ask(grant_select_to=[READER])

    assert code == 0
    assert set(found.values()) == {"ok"}
    assert "CREATE on database books" in found
    assert books.ask(f"SELECT to_regnamespace('{books.schema}')") == [(None,)]


def test_all_is_well_after_a_load(books: Books, ask: Ask) -> None:
    books.load(MESSAGES)

    code, found = ask()

    assert code == 0
    assert found[f"CREATE on schema {books.schema}"] == "ok"


def test_rights_that_are_missing_are_named_with_their_statement(
    books: Books, ask: Ask, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, found = ask(sqlalchemy_url=books.server.url(READER))

    assert code == 1
    assert found["CREATE on database books"] == "missing"
    assert doctor.main(["--config", str(tmp_path / "config.json")]) == 1
    assert 'GRANT CREATE ON DATABASE "books" TO "looker"' in capsys.readouterr().out


def test_a_run_that_is_under_way_and_roles_that_are_not_there_are_found(
    books: Books, ask: Ask
) -> None:
    with closing(books.writer()):
        code, found = ask(grant_select_to=["nobody_of_this_name"])

    assert code == 1
    assert found[f"lock on schema {books.schema}"] == "failed"
    assert found["role nobody_of_this_name"] == "missing"


def test_a_folder_that_cannot_take_the_lookml_is_found(ask: Ask, tmp_path: Path) -> None:
    of = {"looker_connection": "warehouse"}

    assert ask(lookml_dir=str(tmp_path / "none"), **of)[1]["LookML folder"] == "missing"
    assert ask(lookml_dir=str(tmp_path), **of)[1]["LookML folder"] == "ok"
    git = ask(lookml_dir=str(tmp_path), lookml_git="commit", **of)
    assert git[1]["LookML folder"] == "failed"


@pytest.mark.parametrize("content", ["{}", "no JSON", None])
def test_wrong_settings_end_it_at_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "config.json"
    if content is not None:
        path.write_text(content)

    assert doctor.main(["--config", str(path)]) == 2
    assert capsys.readouterr().err
