"""The process: one line when it is ready, and nothing left behind, however it ends."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

import databricks_workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.process
COMMAND = [sys.executable, "-m", "databricks_workspace", "--port", "0"]
ENV = os.environ | {"PYTHONPATH": str(Path(databricks_workspace.__file__).parent.parent)}
SECONDS = 20


@pytest.fixture
def running() -> Iterator[subprocess.Popen[bytes]]:
    """The command, just started."""
    pipe = subprocess.PIPE
    with subprocess.Popen(COMMAND, stdin=pipe, stdout=pipe, stderr=pipe, env=ENV) as process:
        yield process
        process.kill()


def engine_of(running: subprocess.Popen[bytes]) -> int:
    """Wait until the command is ready; gives the pid of its engine."""
    assert running.stdout is not None
    ready = json.loads(running.stdout.readline())
    about = requests.get(f"{ready['url']}/__workspace", timeout=SECONDS).json()
    assert ready.items() <= about.items()
    return int(about["engine_pid"])


def last_words(running: subprocess.Popen[bytes]) -> bytes:
    """Wait until nobody has the standard error any more, which the engine has from its parent."""
    assert running.stderr is not None
    assert select.select([running.stderr], [], [], SECONDS)[0], "the engine is left behind"
    return os.read(running.stderr.fileno(), 10_000)


def folder_of(engine: int) -> list[Path]:
    return list(Path(tempfile.gettempdir()).glob(f"databricks-workspace-{engine}-*"))


@pytest.mark.parametrize("ending", ["terminated", "stdin closed", "killed"])
def test_no_process_and_no_file_is_left(running: subprocess.Popen[bytes], ending: str) -> None:
    engine = engine_of(running)
    assert folder_of(engine)
    if ending == "stdin closed":
        assert running.stdin is not None
        running.stdin.close()
    else:
        running.send_signal(signal.SIGTERM if ending == "terminated" else signal.SIGKILL)
    code = running.wait(SECONDS)
    assert code == (-signal.SIGKILL if ending == "killed" else 0)
    assert last_words(running) == b""
    assert not folder_of(engine)


def test_a_port_that_is_taken_is_told(workspace: databricks_workspace.DatabricksWorkspace) -> None:
    port = workspace.url.rpartition(":")[2]
    ended = subprocess.run(
        [*COMMAND[:-1], port],
        input=b"",
        capture_output=True,
        timeout=60,
        check=False,
        env=ENV,
    )
    assert ended.returncode == 2
    assert port.encode() in ended.stderr
    assert b"Traceback" not in ended.stderr
