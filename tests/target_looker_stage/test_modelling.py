"""After a load: the LookML is written, Looker is told, and neither can harm the load."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader_runs import TEXT, record, schema, state
from postgres_server import READER
from target_looker_stage import modelling
from target_looker_stage.errors import AccessError
from target_looker_stage.modelling import ModellingError

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from staging_loads import Books
    from target_looker_stage.session import Session


def suppliers(number: int) -> list[dict[str, Any]]:
    of = schema("suppliers", {"company_id": TEXT, "number": TEXT}, ["company_id", "number"])
    return [of, record("suppliers", {"company_id": "no", "number": str(number)}), state(number)]


def accounts(number: int) -> list[dict[str, Any]]:
    of = schema("accounts", {"company_id": TEXT, "accountCD": TEXT}, ["company_id", "accountCD"])
    return [of, record("accounts", {"company_id": "no", "accountCD": str(number)}), state(number)]


def wanted(folder: Path) -> dict[str, Any]:
    lookml = {"lookml_dir": str(folder), "looker_connection": "warehouse"}
    return {**lookml, "grant_select_to": [READER]}


def outcomes(books: Books) -> list[tuple[Any, ...]]:
    return books.ask("SELECT status, looker_status FROM _looker_loads ORDER BY load_id")


def views(folder: Path) -> set[str]:
    return {path.name.partition(".")[0] for path in folder.rglob("*.view.lkml")}


def test_the_lookml_is_that_of_all_tables_not_only_of_tonights(
    books: Books, tmp_path: Path
) -> None:
    folder = tmp_path / "lookml"
    folder.mkdir()

    first = books.load(suppliers(1), **wanted(folder))
    second = books.load(accounts(2), **wanted(folder))

    assert (first.error, second.error) == (None, None)
    assert {"suppliers", "accounts"} <= views(folder)
    assert outcomes(books) == [("committed", "ok")] * 2


def test_a_folder_that_cannot_be_written_harms_neither_load_nor_state(
    books: Books, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    nowhere = tmp_path / "a file"
    nowhere.write_text("")

    failing = books.load(suppliers(1), **wanted(nowhere))
    caplog.clear()
    warning = books.load(suppliers(2), **wanted(nowhere), looker_failure="warn")

    assert isinstance(failing.error, ModellingError)
    assert failing.states == ["1"]
    assert (warning.error, warning.states) == (None, ["2"])
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert any("the LookML cannot be written" in message for message in warned)
    assert outcomes(books) == [("committed", "failed")] * 2


def test_a_looker_that_is_down_harms_neither_load_nor_state(books: Books) -> None:
    key = {"looker_client_id": "id", "looker_client_secret": "hush", "looker_connection": "w"}

    run = books.load(suppliers(1), looker_url="http://127.0.0.1:9", **key)

    assert isinstance(run.error, ModellingError)
    assert "the load stands" in str(run.error)
    assert "hush" not in str(run.error)
    assert run.states == ["1"]
    assert outcomes(books) == [("committed", "failed")]


def test_what_cannot_even_be_noted_is_warned_of(
    books: Books, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(_: object) -> Session:
        raise AccessError("no connection", "Run again later")

    monkeypatch.setattr(modelling, "Session", refuse)

    run = books.load(suppliers(1), **wanted(tmp_path), looker_failure="warn")

    assert (run.error, run.states) == (None, ["1"])
    assert "After load 1: no connection" in caplog.text


def test_nothing_follows_a_load_that_is_not_committed(books: Books, tmp_path: Path) -> None:
    folder = tmp_path / "lookml"
    folder.mkdir()

    books.load(suppliers(1)[:2], torn='{"type": "REC', **wanted(folder))

    assert views(folder) == set()
    assert outcomes(books) == [("failed", None)]
