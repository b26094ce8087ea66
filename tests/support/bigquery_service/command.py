"""The command `python -m bigquery_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves nothing behind.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bigquery_service import control, service
from bigquery_service.service import Service
from bigquery_service.warehouse import state_of
from databricks_workspace import wire

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = "books-4711"


class _Connection(wire._Connection):  # noqa: SLF001 - only its clock is another
    """A connection whose answers are dated by the service's clock."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """The value of `Date`."""
        server = self.server
        if timestamp is None and isinstance(server, _Server):
            timestamp = server.service.tokens.now()
        return super().date_time_string(timestamp)


class _Server(wire.Server):
    """Listens, and knows the service whose clock it goes by."""

    service: Service

    def __init__(self, port: int) -> None:
        super().__init__(port)
        self.RequestHandlerClass = _Connection


def _wait_for_the_end(stopped: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopped.set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="bigquery_service", description="A BigQuery on one's own machine."
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    parser.add_argument("--project", default=PROJECT, help="id of its only project")
    parser.add_argument("--state", type=Path, help="JSON file with the state to begin with")
    options = parser.parse_args(arguments)
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    threading.Thread(target=_wait_for_the_end, args=(stopped,), daemon=True).start()
    try:
        server = _Server(options.port)
    except OSError as error:
        sys.stderr.write(f"bigquery_service: port {options.port}: {error.strerror}\n")
        return 2
    with server:
        url = f"http://127.0.0.1:{server.server_port}"
        server.service = Service.opened(url, options.project)
        if options.state:
            try:
                control.put(server.service, state_of(options.state.read_text()))
            except (OSError, ValueError) as error:
                sys.stderr.write(f"bigquery_service: {options.state}: {error}\n")
                return 2
        server.start(partial(service.respond, server.service))
        sys.stdout.write(json.dumps(server.service.ready()) + "\n")
        sys.stdout.flush()
        stopped.wait()
        server.shutdown()
    return 0
