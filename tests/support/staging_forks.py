"""Processes that run target-looker-stage and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a statement, a COPY, the middle of a COPY,
or a STATE; the process dies before it. Deaths around files are the core's to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader_forks import DyingOutput, Steps, serve
from target_looker_stage.session import Session
from target_looker_stage.target import TargetLookerStage

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import psycopg

    from loader_core import LoaderTarget


class DyingSession(Session):
    """A session that dies before a statement, and within a COPY."""

    steps: Steps | None = None

    def copy(self, sql: str, blocks: Iterable[memoryview], *, what: str) -> None:
        super().copy(sql, self._dying(blocks), what=what)

    def _dying(self, blocks: Iterable[memoryview]) -> Iterator[memoryview]:
        for block in blocks:
            self._step()
            yield block[: len(block) // 2]
            self._step()
            yield block[len(block) // 2 :]

    def _do(
        self, sql: str, values: Sequence[Any] | None, what: str
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        self._step()
        return super()._do(sql, values, what)

    def _step(self) -> None:
        if self.steps:
            self.steps.take()


class DyingTarget(TargetLookerStage):
    steps: Steps

    def open_session(self) -> Session:
        session = DyingSession(self.place)
        session.steps = self.steps
        return session


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.steps = steps
    target.output = DyingOutput(steps)
    return target


if __name__ == "__main__":
    serve(dying_target)
