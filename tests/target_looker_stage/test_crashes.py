"""kill -9 and lost connections: readers see last night whole or tonight whole, and never both.

Each step of the matrix is a night of its own, in which every row is a new one: whose rows a reader
sees is then a single number.
"""

from __future__ import annotations

import json
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from loader_core import DestinationError
from loader_forks import forks
from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, lines, new_name, schema, state
from staging_loads import Books
from target_looker_stage.session import Session
from target_looker_stage.target import TargetLookerStage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import psycopg

    from postgres_server import PostgresServer

SUPPLIERS = schema("suppliers", AUDITED | {"night": AMOUNT}, KEY)
LINES = schema(
    "lines",
    AUDITED | {"invoice": {"type": "string"}, "night": AMOUNT},
    KEY,
    **{
        "x-document": {
            "stream": "invoices",
            "key": ["company_id", "invoice"],
            "version": "lastModifiedDateTime",
        }
    },
)
TABLES = ("suppliers", "lines")
SMALL: dict[str, Any] = {"batch_size_rows": 3, "lock_seconds": 60}


def night(number: int) -> list[dict[str, Any]]:
    """What the tap writes in a night: all is changed, and one line of the night before is gone."""
    at, read = f"{number // 60:02d}:{number % 60:02d}", number % 60
    suppliers = [audited("suppliers", name, at, read, night=number) for name in "ABCD"]
    left = [line for line in range(4) if line != number % 4]
    of_invoice = [
        audited("lines", f"7:{line}", at, read, invoice="7", night=number) for line in left
    ]
    ends = [activate("suppliers", 1), activate("lines", 1), state({"night": number})]
    begins = [SUPPLIERS, LINES, state({"night": number - 1})]
    return [*begins, *suppliers, state({"night": number - 1}), *of_invoice, *ends]


def seen(books: Books) -> set[int]:
    """Whose rows a reader sees, of all tables at one moment."""
    union = " UNION ALL ".join(
        f"SELECT night FROM {table} WHERE _sdc_deleted_at IS NULL" for table in TABLES
    )
    return {int(found) for (found,) in books.ask(f"SELECT DISTINCT night FROM ({union}) AS n")}


def end(books: Books) -> dict[str, list[dict[str, Any]]]:
    return {table: books.comparable(table) for table in TABLES}


def assert_as_undisturbed(books: Books, last: int, folder: Path) -> None:
    """All nights one after the other, in another schema, end in the same rows."""
    undisturbed = Books(books.server, new_name(), folder / "undisturbed")
    for number in range(1, last + 1):
        assert undisturbed.load(night(number), **SMALL).error is None
    assert end(books) == end(undisturbed)


@pytest.mark.process
def test_killed_before_any_step_a_reader_sees_one_whole_night(
    postgres: PostgresServer, tmp_path: Path
) -> None:
    books = Books(postgres, new_name(), tmp_path)
    config = books.config | SMALL
    with forks(tmp_path, "staging_forks") as process:

        def run(number: int, die_at: int | None = None) -> tuple[int, list[str]]:
            return process.run(config, lines(night(number)), die_at=die_at)

        assert run(1)[0] == 0
        assert run(2)[0] == 0
        steps = process.steps()
        assert steps > 50
        for step in range(1, steps + 1):
            number = step + 2

            code, states = run(number, die_at=step)

            assert code == -9, f"step {step} of {steps} never came"
            found = seen(books)
            assert found in ({number - 1}, {number}), f"killed at step {step} of {steps}"
            ahead = json.dumps({"night": number}) in states
            assert not ahead or found == {number}, f"STATE was ahead at step {step}"
            assert run(number)[0] == 0
            assert seen(books) == {number}
            assert books.waiting() == 0
    assert_as_undisturbed(books, steps + 2, tmp_path)


class LosingSession(Session):
    """A session whose connection the server ends before a statement, or in place of its answer."""

    lose_at, after = 0, False
    watch: Callable[[], None] | None = None
    admin: psycopg.Connection[tuple[Any, ...]] | None = None
    count = 0

    def _do(
        self, sql: str, values: Sequence[Any] | None, what: str
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        cls = type(self)
        cls.count += 1
        if cls.watch:
            cls.watch()
        if cls.count != cls.lose_at or not cls.admin:
            return super()._do(sql, values, what)
        if cls.after:
            super()._do(sql, values, what)
        cls.admin.execute("SELECT pg_terminate_backend(%s, 10000)", [self._open.info.backend_pid])
        return super()._do("SELECT 1", None, what)


class LosingTarget(TargetLookerStage):
    def open_session(self) -> Session:
        LosingSession.count = 0
        return LosingSession(self.place)


@pytest.fixture
def losing(books: Books, monkeypatch: pytest.MonkeyPatch) -> Iterator[Books]:
    """A loader that loses its connection where it is told to."""
    monkeypatch.setattr("staging_loads.TargetLookerStage", LosingTarget)
    with closing(books.server.connect()) as admin:
        monkeypatch.setattr(LosingSession, "admin", admin)
        yield books


@pytest.mark.parametrize("after", [False, True], ids=["before it", "in place of its answer"])
def test_a_connection_that_is_lost_at_any_statement_leaves_one_whole_night(
    losing: Books, monkeypatch: pytest.MonkeyPatch, *, after: bool
) -> None:
    for number in (1, 2):
        assert losing.load(night(number), **SMALL).error is None
    statements = LosingSession.count - 1  # the last notes nothing once the load is committed
    monkeypatch.setattr(LosingSession, "after", after)
    for step in range(2, statements + 1):
        number = step + 1
        monkeypatch.setattr(LosingSession, "lose_at", step)

        run = losing.load(night(number), **SMALL)

        monkeypatch.setattr(LosingSession, "lose_at", 0)
        assert isinstance(run.error, DestinationError), f"statement {step} of {statements}"
        assert json.dumps({"night": number}) not in run.states
        assert seen(losing) in ({number - 1}, {number}), f"statement {step} of {statements}"
        assert losing.load(night(number), **SMALL).error is None
        assert seen(losing) == {number}
        assert losing.waiting() == 0
    assert_as_undisturbed(losing, statements + 1, losing.folder)


def test_a_reader_sees_one_night_at_every_moment_of_a_load(
    losing: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing.load(night(1), **SMALL)
    moments: list[set[int]] = []
    monkeypatch.setattr(LosingSession, "watch", lambda: moments.append(seen(losing)))

    run = losing.load(night(2), **SMALL)

    assert run.error is None
    assert seen(losing) == {2}
    assert len(moments) > 30
    assert all(moment in ({1}, {2}) for moment in moments)


def test_batch_by_batch_each_is_seen_when_it_is_acknowledged(
    losing: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    losing.load(night(1), publish="stream", **SMALL)
    moments: list[set[int]] = []
    monkeypatch.setattr(LosingSession, "watch", lambda: moments.append(seen(losing)))

    run = losing.load(night(2), publish="stream", **SMALL)

    assert run.error is None
    assert {1, 2} in moments
    assert seen(losing) == {2}
