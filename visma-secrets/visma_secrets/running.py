"""One command, run to its end with variables that nobody else gets.

Knows processes and signals; knows nothing of what the variables are for.
"""

from __future__ import annotations

import os
import resource
import shutil
import signal
from typing import TYPE_CHECKING

from visma_secrets.errors import StartError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_PASSED_ON = {
    signal.SIGTERM,
    signal.SIGINT,
    signal.SIGHUP,
    signal.SIGQUIT,
    signal.SIGUSR1,
    signal.SIGUSR2,
}
_FROM_TERMINAL = {signal.SIGINT, signal.SIGQUIT}
_SIGNALLED = 128
_NOT_EXECUTABLE, _NOT_FOUND = 126, 127


def hold_signals() -> Iterable[int]:
    """Let no signal end this process before it has cleaned up; `run` takes those that come.

    Returns:
        The signals that were held before.
    """
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    return signal.pthread_sigmask(signal.SIG_BLOCK, {*_PASSED_ON, signal.SIGCHLD})


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    held_before: Iterable[int],
    inherited: int | None = None,
) -> int:
    """Run a command, pass signals on to it, and wait for its end.

    Args:
        command: The command and its arguments.
        environment: All its variables.
        held_before: What `hold_signals` gave.
        inherited: A descriptor that it is to inherit.

    Returns:
        Its exit code, or 128 and the number of the signal that ended it, as shells do.

    Raises:
        StartError: It does not start.
    """
    child = _start(command, environment, held_before, inherited)
    while True:
        number = signal.sigwait({*_PASSED_ON, signal.SIGCHLD})
        if number == signal.SIGCHLD:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else _SIGNALLED - code
        elif number not in _FROM_TERMINAL or not _has_terminal():
            os.kill(child, number)


def _start(
    command: Sequence[str],
    environment: Mapping[str, str],
    held_before: Iterable[int],
    inherited: int | None,
) -> int:
    program = shutil.which(command[0], path=environment.get("PATH"))
    if program is None:
        raise StartError("The command after -- is not found", "Check its name and PATH", _NOT_FOUND)
    # A core file would have the variables in it
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if inherited is not None:
        os.set_inheritable(inherited, True)  # noqa: FBT003 - it takes no name
    try:
        return os.posix_spawn(
            program,
            list(command),
            environment,
            setsigmask=held_before,
            setsigdef=[signal.SIGPIPE, signal.SIGXFSZ],  # which Python ignores
        )
    except OSError as error:
        raise StartError(
            f"The command after -- does not start: {error.strerror}",
            "Check that it is a program for this machine",
            _NOT_EXECUTABLE,
        ) from None


def _has_terminal() -> bool:
    """Whether a terminal sends what is typed to us, and so to the command as well."""
    try:
        terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
    except OSError:
        return False
    try:
        return os.tcgetpgrp(terminal) == os.getpgrp()
    except OSError:
        return False
    finally:
        os.close(terminal)
