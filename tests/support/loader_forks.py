"""Processes that run the target and kill themselves at a chosen step, started cheaply.

`python -m loader_forks` imports everything once, and then forks a process for each request, which
is a line of JSON on stdin; it answers with a line of JSON. A step is an operation on a file, a
statement of SQL, or a STATE: the process dies before the one with the given number, within it where
it writes bytes to a file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa

from loader_core import LoaderError, LoaderTarget, Writer
from loader_core.durable import Disk
from loader_core.messages import StateOutput
from loader_sqlite import SqliteTarget, SqliteWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Steps:
    """Counts, and kills the process at one of them."""

    def __init__(self, die_at: int | None) -> None:
        self.count = 0
        self._die_at = die_at

    def due(self) -> bool:
        """Take a step; whether it is the last."""
        self.count += 1
        return self.count == self._die_at

    def take(self) -> None:
        if self.due():
            die()


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


class DyingDisk(Disk):
    """A disk that dies before an operation, or in the middle of writing bytes."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps

    def mkdir(self, path: Path) -> None:
        self._steps.take()
        super().mkdir(path)

    def put(self, file: BinaryIO, data: bytes | memoryview) -> None:
        self._steps.take()
        if self._steps.due():
            super().put(file, data[: len(data) // 2])
            die()
        super().put(file, data)

    def sync(self, file: BinaryIO) -> None:
        self._steps.take()
        super().sync(file)

    def replace(self, source: Path, target: Path) -> None:
        self._steps.take()
        super().replace(source, target)

    def unlink(self, path: Path) -> None:
        self._steps.take()
        super().unlink(path)

    def sync_folder(self, path: Path) -> None:
        self._steps.take()
        super().sync_folder(path)


class DyingWriter(SqliteWriter):
    """A writer that dies before a statement."""

    steps: Steps

    def _do(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        self.steps.take()
        return super()._do(sql, *values)

    def finish(self) -> None:
        self.steps.take()
        super().finish()


class DyingOutput(StateOutput):
    """Dies before a STATE, or after it."""

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self._steps = steps

    def write(self, value: bytes) -> None:
        self._steps.take()
        super().write(value)
        self._steps.take()


class DyingTarget(SqliteTarget):
    steps: Steps

    def make_writer(self) -> Writer:
        config = self.config
        writer = DyingWriter(config["path"], config["publish"], config["max_text"])
        writer.steps = self.steps
        return writer


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.steps = steps
    target.disk = DyingDisk(steps)
    target.output = DyingOutput(steps)
    return target


def serve(make: Callable[[dict[str, Any], Steps], LoaderTarget]) -> None:
    """Fork a process for each line of stdin, and run the target in it that is made for it."""
    pa.array([0])  # with its first array, Arrow imports pandas where that is: here, for all forks
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(request, make))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _run(request: dict[str, Any], make: Callable[[dict[str, Any], Steps], LoaderTarget]) -> int:
    """Run the target with stdout in a file; the number of steps goes there too, if it ends."""
    steps = Steps(request["die_at"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, sys.stdout.fileno())
    target = make(request["config"], steps)
    try:
        with Path(request["input"]).open() as file:
            target.listen(file)
    except LoaderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    Path(request["steps"]).write_text(str(steps.count))
    return 0


@dataclass
class Forks:
    """The process that forks, from the side of a test."""

    process: subprocess.Popen[str]
    folder: Path

    def run(
        self, config: dict[str, Any], text: str, die_at: int | None = None
    ) -> tuple[int, list[str]]:
        """Run the target.

        Returns:
            Its exit code, -9 if it died, and the lines that it wrote.
        """
        paths = {name: str(self.folder / name) for name in ("input", "output", "steps")}
        Path(paths["input"]).write_text(text)
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"config": config, "die_at": die_at, **paths}) + "\n")
        self.process.stdin.flush()
        code = json.loads(self.process.stdout.readline())
        return code, Path(paths["output"]).read_text().splitlines()

    def steps(self) -> int:
        """How many steps the last run took that came to its end."""
        return int((self.folder / "steps").read_text())


@contextmanager
def forks(folder: Path, module: str = "loader_forks") -> Iterator[Forks]:
    """A process that forks, until the end of the block.

    Args:
        folder: For what it reads and writes.
        module: What it runs: one that calls `serve`.
    """
    targets = (
        "SQLITE",
        "BIGQUERY_GUARDED",
        "DATABRICKS",
        "LOOKER_STAGE",
        "POWERBI",
        "SNOWFLAKE_GUARDED",
    )
    quiet = ("LOGLEVEL", *(f"TARGET_{name}_LOGLEVEL" for name in targets))
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    environment |= dict.fromkeys(quiet, "ERROR")
    with subprocess.Popen(
        [sys.executable, "-m", module],
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        yield Forks(process, folder)


if __name__ == "__main__":
    serve(dying_target)
