"""A proxy before Power BI that refuses calls and answers which Microsoft does not describe.

It is Prism, which validates in both directions against `description.json`; see `derive.py` for what
that is made of. Prism needs node, and is in the folder into which the Makefile has put it.
"""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[3] / ".meltano" / "node" / "powerbi_description"
PRISM = FOLDER / "node_modules" / "@stoplight" / "prism-cli" / "dist" / "index.js"
DESCRIPTION = Path(__file__).with_name("description.json")
START_SECONDS = 60


@contextmanager
def held_to_description(upstream: str) -> Iterator[str]:
    """A proxy before a service, until the end of the block; gives its address."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    where = ["-h", "127.0.0.1", "-p", str(port)]
    command = ["node", str(PRISM), "proxy", *where, "--errors", "-v", "silent"]
    with subprocess.Popen(
        [*command, str(DESCRIPTION), upstream], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            _wait(port)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()


def _wait(port: int) -> None:
    """Wait until somebody listens."""
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        with suppress(ConnectionError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.05)
    raise RuntimeError("Prism did not start")
