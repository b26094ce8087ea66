"""A call without an answer: asked after, never hoped for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from loader_core import LostAnswerError
from loader_runs import Loader, record, schema, state
from loader_sqlite import SqliteTarget, SqliteWriter

if TYPE_CHECKING:
    from loader_core import Batch, Outcome, Writer

LOG = [schema("log", {"text": {"type": "string"}}, ()), record("log", {"text": "a"}), state(1)]
LOST = LostAnswerError("no answer", "Run again")


class LossyWriter(SqliteWriter):
    """Loses the answers to calls: of `before`, that never arrived, of `after`, that did."""

    before: ClassVar[list[str]] = []
    after: ClassVar[list[str]] = []

    def write(self, batch: Batch) -> Outcome:
        self._lose("write", self.before)
        outcome = super().write(batch)
        self._lose("write", self.after)
        return outcome

    def settle(self, batch: Batch) -> Outcome:
        self._lose("settle", self.before)
        return super().settle(batch)

    def finish(self) -> None:
        self._lose("finish", self.before)
        super().finish()
        self._lose("finish", self.after)

    def _lose(self, call: str, calls: list[str]) -> None:
        if call in calls:
            calls.remove(call)
            raise LOST


class LossyTarget(SqliteTarget):
    def make_writer(self) -> Writer:
        return LossyWriter(self.config["path"], self.config["publish"])


@pytest.fixture
def lossy(loader: Loader) -> Loader:
    LossyWriter.before.clear()
    LossyWriter.after.clear()
    loader.target = LossyTarget
    return loader


@pytest.mark.parametrize("lost", ["before", "after"], ids=["not arrived", "arrived"])
def test_a_batch_whose_answer_is_lost_is_there_once(lossy: Loader, lost: str) -> None:
    getattr(LossyWriter, lost).append("write")

    run = lossy.load(LOG)

    assert (run.error, run.states) == (None, ["1"])
    assert lossy.current("log") == [{"text": "a"}]
    assert (LossyWriter.before, LossyWriter.after) == ([], [])


@pytest.mark.parametrize("lost", ["before", "after"], ids=["not arrived", "arrived"])
def test_a_batch_that_cannot_be_settled_is_settled_by_the_next_run(
    lossy: Loader, lost: str
) -> None:
    getattr(LossyWriter, lost).append("write")
    LossyWriter.before.append("settle")

    run = lossy.load(LOG)
    waiting = lossy.waiting()
    again = lossy.load([])

    assert isinstance(run.error, LostAnswerError)
    assert run.states == []
    assert waiting == ["unknown"]
    assert (again.error, lossy.waiting()) == (None, [])
    assert lossy.current("log") == [{"text": "a"}]


def test_a_batch_that_gets_lost_twice_stays_unknown(lossy: Loader) -> None:
    LossyWriter.before.extend(["write", "write"])

    run = lossy.load(LOG)

    assert isinstance(run.error, LostAnswerError)
    assert lossy.waiting() == ["unknown"]


@pytest.mark.parametrize("lost", ["before", "after"], ids=["not published", "published"])
def test_a_run_whose_publishing_has_no_answer_is_settled_by_the_next_one(
    lossy: Loader, lost: str
) -> None:
    messages: list[dict[str, Any]] = [*LOG, record("log", {"text": "b"}), state(2)]
    getattr(LossyWriter, lost).append("finish")

    run = lossy.load(messages, publish="run", batch_size_rows=1)
    again = lossy.load([state(3)], publish="run")

    assert isinstance(run.error, LostAnswerError)
    assert run.states == []
    assert (again.error, lossy.waiting()) == (None, [])
    assert [row["text"] for row in lossy.current("log")] == ["a", "b"]
