"""Processes that load into a lakehouse and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a commit or a refresh: the process dies
before it, or when it is done and nobody has been told. Deaths around files and STATE are the
core's to show.
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lake_loads import LakeTarget
from loader_forks import Steps, serve
from loader_runs import PatientClock
from target_powerbi.lake import Lake, folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader_core import LoaderTarget


class DyingLake(Lake):
    """A lakehouse at which the process dies before a commit, or after it."""

    steps: Steps

    def commit(self, what: str, change: Callable[[], Any]) -> Any:
        self.steps.take()
        done = super().commit(what, change)
        self.steps.take()
        return done

    def unstage(self, name: str, generation: str) -> None:
        self.steps.take()
        super().unstage(name, generation)


class DyingTarget(LakeTarget):
    steps: Steps

    def make_lake(self) -> Lake:
        lake = DyingLake(folder(Path(self.config["lake"])), PatientClock())
        lake.steps = self.steps
        return lake

    def refresh(self) -> None:
        self.steps.take()
        super().refresh()
        self.steps.take()


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.steps = steps
    return target


if __name__ == "__main__":
    importlib.import_module("pandas")  # Arrow looks for it: here once, not in each process
    os.environ |= {"TARGET_POWERBI_LOGLEVEL": "ERROR"}
    serve(dying_target)
