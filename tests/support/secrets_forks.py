"""`visma-secrets` killed before each of its operations on files, by one process that forks.

Each fork works on a copy of its own of a prepared folder, and dies by SIGKILL before its n-th
operation; the last one comes to its end. The environment is set by the caller, and `{folder}` in
it stands for the copy.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from visma_secrets.command import main
from visma_secrets.durable import Disk

if TYPE_CHECKING:
    from collections.abc import Sequence


class DyingDisk(Disk):
    """A disk at which the process dies before an operation."""

    def __init__(self, die_at: int) -> None:
        self._left = die_at

    def _take(self) -> None:
        self._left -= 1
        if self._left < 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def put(self, file: BinaryIO, data: bytes) -> None:
        self._take()
        super().put(file, data[: len(data) // 2])
        self._take()
        super().put(file, data[len(data) // 2 :])

    def sync(self, file: BinaryIO) -> None:
        self._take()
        super().sync(file)

    def replace(self, source: Path, target: Path) -> None:
        self._take()
        super().replace(source, target)

    def link(self, source: Path, target: Path) -> None:
        self._take()
        super().link(source, target)

    def unlink(self, path: Path) -> None:
        self._take()
        super().unlink(path)

    def sync_folder(self, path: Path) -> None:
        self._take()
        super().sync_folder(path)


def killed_everywhere(prepared: Path, *arguments: str) -> list[Path]:
    """Run the command again and again, killed one operation later each time, until it ends.

    Args:
        prepared: The folder as it is before; the command runs in copies of it.
        arguments: Those of the command.

    Returns:
        The copies, the last one of the run that was not killed.
    """
    done = subprocess.run(
        [sys.executable, "-m", "secrets_forks", str(prepared), *arguments],
        env=os.environ | {"PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    codes = json.loads(done.stdout.splitlines()[-1])
    assert codes[:-1] == [-signal.SIGKILL] * (len(codes) - 1)
    assert codes[-1] == 0, done.stderr
    return [_copy(prepared, number) for number in range(len(codes))]


def enter(folder: Path) -> None:
    """Work in a folder, with an identity below it and a value of `new` to read."""
    os.chdir(folder)
    os.environ["XDG_CONFIG_HOME"] = str(folder / "config")


def _copy(prepared: Path, number: int) -> Path:
    return prepared.with_name(f"{prepared.name}-{number}")


def _run_all(prepared: Path, arguments: Sequence[str]) -> list[int]:
    codes: list[int] = []
    while not codes or codes[-1] == -signal.SIGKILL:
        number = len(codes)
        copy = shutil.copytree(prepared, _copy(prepared, number))
        child = os.fork()
        if child == 0:
            enter(copy)
            (copy / "value").write_text("new\n")
            os.dup2(os.open(copy / "value", os.O_RDONLY), sys.stdin.fileno())
            os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
            os._exit(main(arguments, DyingDisk(number)))
        _, status = os.waitpid(child, 0)
        codes.append(os.waitstatus_to_exitcode(status))
    return codes


if __name__ == "__main__":
    print(json.dumps(_run_all(Path(sys.argv[1]), sys.argv[2:])))
