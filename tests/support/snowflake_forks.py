"""Processes that run the target and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a statement that changes what outlasts the
session; the process dies before it, so after the one before it was done. Deaths around files and
STATE are the core's to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow.dataset  # noqa: F401 - before the first fork, not after each

from loader_forks import Steps, serve
from loader_runs import PatientClock
from target_snowflake_guarded.session import Session
from target_snowflake_guarded.target import TargetSnowflake
from target_snowflake_guarded.writer import SnowflakeWriter

if TYPE_CHECKING:
    from loader_core import LoaderTarget, Writer


class DyingSession(Session):
    """A session that dies before a call that changes something."""

    steps: Steps

    def run(self, sql: str, what: str) -> None:
        if "TEMPORARY" not in sql and not sql.startswith("COPY"):
            self.steps.take()
        super().run(sql, what)


class DyingTarget(TargetSnowflake):
    steps: Steps

    def make_writer(self) -> Writer:
        session = DyingSession(self.place, self.clock)
        session.steps = self.steps
        return SnowflakeWriter(session, self.place)


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.clock = PatientClock()
    target.steps = steps
    return target


if __name__ == "__main__":
    serve(dying_target)
