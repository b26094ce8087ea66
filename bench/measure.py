"""What a command costs: CPU, time and memory, from the kernel's own account of the child."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

TIMEOUT_SECONDS = 300
KIB = 1024
NOWHERE = Path(os.devnull)


class CommandError(RuntimeError):
    """A command did not do what was to be measured."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What a command used, with all processes that it started and waited for.

    Attributes:
        cpu_seconds: User and system time.
        wall_seconds: Time from start to end.
        peak_mb: Largest resident memory of one process, in 10^6 bytes.
    """

    cpu_seconds: float
    wall_seconds: float
    peak_mb: float


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    log: Path,
    *,
    source: Path = NOWHERE,
    output: Path = NOWHERE,
) -> Usage:
    """Run a command to its end.

    Args:
        command: The program and its arguments.
        environment: All variables that it sees.
        log: Takes what it writes to stderr.
        source: What it reads from stdin.
        output: Takes what it writes to stdout.

    Raises:
        CommandError: It failed, or took too long.
    """
    start = time.perf_counter()
    with source.open("rb") as stdin, output.open("wb") as stdout, log.open("wb") as stderr:
        process = subprocess.Popen(  # noqa: S603 - commands of this benchmark
            command,
            stdin=stdin,
            stdout=stdout,
            stderr=stderr,
            env=environment,
        )
    timer = Timer(TIMEOUT_SECONDS, process.kill)
    timer.start()
    try:
        _, status, used = os.wait4(process.pid, 0)
    finally:
        timer.cancel()
    wall_seconds = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it
    if process.returncode:
        last_lines = log.read_text(errors="replace").splitlines()[-20:]
        raise CommandError("\n".join([f"exit code {process.returncode}: {command}", *last_lines]))
    return Usage(used.ru_utime + used.ru_stime, wall_seconds, used.ru_maxrss * KIB / 1e6)
