"""The command `python -m databricks_workspace`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves no process and no file behind.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from functools import partial
from typing import TYPE_CHECKING

from databricks_workspace import service
from databricks_workspace.engine import Engine
from databricks_workspace.errors import WorkspaceError
from databricks_workspace.wire import Server
from databricks_workspace.workspace import opened

if TYPE_CHECKING:
    from collections.abc import Sequence


def _wait_for_the_end(stopped: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopped.set()


def _serve(server: Server, stopped: threading.Event) -> None:
    engine = Engine()
    try:
        workspace = opened(f"http://127.0.0.1:{server.server_port}", engine)
        server.start(partial(service.respond, workspace))
        sys.stdout.write(json.dumps(workspace.ready()) + "\n")
        sys.stdout.flush()
        stopped.wait()
        server.shutdown()
    finally:
        engine.close()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="databricks_workspace", description="A Databricks workspace on one's own machine."
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    threading.Thread(target=_wait_for_the_end, args=(stopped,), daemon=True).start()
    try:
        server = Server(options.port)
    except OSError as error:
        sys.stderr.write(f"databricks_workspace: port {options.port}: {error.strerror}\n")
        return 2
    with server:
        try:
            _serve(server, stopped)
        except WorkspaceError as error:
            sys.stderr.write(f"databricks_workspace: {error}\n")
            return 1
    return 0
