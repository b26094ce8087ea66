"""Processes that deliver LookML and kill themselves at a chosen step, started cheaply.

`python -m looker_crashes` imports everything once, and then forks a process for each request, a
line of JSON with the `folder`, the `files` and the step to die at (`die_at`); it answers with
whether the process was killed. A step is a call of git, or an operation on a file: the process dies
before it, within it where it writes a file.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, Self

from target_looker_stage.lookml import deliver

AUTHOR = "Loader <loader@example.com>"
_STEPS = ((subprocess, "run"), (Path, "replace"), (Path, "unlink"), (Path, "touch"))


class Crashes:
    """The process that forks the others, until the end of the block."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "looker_crashes"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # closes its stdin, which ends it

    def deliver(self, folder: Path, files: dict[str, str], die_at: int) -> bool:
        """Deliver into a working copy and push, dying on the way; whether it came to that."""
        if not self._process.stdin or not self._process.stdout:
            raise RuntimeError("the process has no pipes")
        asked = {"folder": str(folder), "files": files, "die_at": die_at}
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        return bool(json.loads(self._process.stdout.readline())["killed"])


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _run(folder: str, files: dict[str, str], die_at: int) -> None:
    count = 0

    def is_last() -> bool:
        nonlocal count
        count += 1
        return count == die_at

    def dying(operation: Any) -> Any:
        def step(*arguments: Any, **how: Any) -> Any:
            if is_last():
                _die()
            return operation(*arguments, **how)

        return step

    def write_bytes(path: Path, data: bytes) -> int:
        with path.open("wb") as file:
            if is_last():
                file.write(data[: len(data) // 2])
                file.flush()
                _die()
            return file.write(data)

    for owner, name in _STEPS:
        setattr(owner, name, dying(getattr(owner, name)))
    Path.write_bytes = write_bytes  # type: ignore[method-assign, assignment] # dies on the way
    deliver(files, Path(folder), git="push", author=AUTHOR)


def main() -> None:
    """Answer requests until stdin ends."""
    for line in sys.stdin:
        child = os.fork()
        if not child:
            _run(**json.loads(line))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        if status and not os.WIFSIGNALED(status):
            raise RuntimeError("the delivery failed")
        print(json.dumps({"killed": os.WIFSIGNALED(status)}), flush=True)


if __name__ == "__main__":
    main()
