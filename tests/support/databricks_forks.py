"""Processes that run target-databricks and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a call that changes rows or files; the
process dies before it, so after the one before it was done. Deaths around files and STATE are the
core's to show.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from databricks_loads import PatientClock
from loader_core import LoaderError, Writer
from loader_forks import Forks, Steps
from target_databricks.client import Client
from target_databricks.target import TargetDatabricks
from target_databricks.writer import DatabricksWriter

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests
    from requests.auth import AuthBase


CHANGING = tuple(b'{"statement":"' + word for word in (b"MERGE", b"UPDATE", b"DELETE", b"DROP"))


class DyingClient(Client):
    """A client that dies before a call that changes something."""

    steps: Steps

    def _request(self, method: str, path: str, auth: AuthBase, **how: Any) -> requests.Response:
        data = how.get("data")
        if method in {"PUT", "DELETE"} or (isinstance(data, bytes) and data.startswith(CHANGING)):
            self.steps.take()
        return super()._request(method, path, auth, **how)


class DyingTarget(TargetDatabricks):
    steps: Steps

    def make_writer(self) -> Writer:
        client = DyingClient(self.place, self.clock)
        client.steps = self.steps
        return DatabricksWriter(client, self.place, self.clock)


def main() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_run(request))
        _, status = os.waitpid(child, 0)
        print(json.dumps(os.waitstatus_to_exitcode(status)), flush=True)


def _run(request: dict[str, Any]) -> int:
    """Run the target with stdout in a file; the number of steps goes there too, if it ends."""
    steps = Steps(request["die_at"])
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, sys.stdout.fileno())
    target = DyingTarget(config=request["config"])
    target.clock = PatientClock()
    target.steps = steps
    try:
        with Path(request["input"]).open() as file:
            target.listen(file)
    except LoaderError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    Path(request["steps"]).write_text(str(steps.count))
    return 0


@contextmanager
def forks(folder: Path) -> Iterator[Forks]:
    """A process that forks, until the end of the block."""
    command = [sys.executable, "-m", "databricks_forks"]
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent), "LOGLEVEL": "ERROR"}
    environment["TARGET_DATABRICKS_LOGLEVEL"] = "ERROR"
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        yield Forks(process, folder)


if __name__ == "__main__":
    main()
