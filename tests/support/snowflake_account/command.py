"""The command `python -m snowflake_account`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves no file behind.
"""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sys
import threading
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from snowflake_account.service import Service
from snowflake_account.wire import Server

if TYPE_CHECKING:
    from collections.abc import Sequence


def _wait_for_the_end(stopped: threading.Event) -> None:
    sys.stdin.buffer.read()
    stopped.set()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="snowflake_account", description="A Snowflake account on one's own machine."
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    parser.add_argument("--state", type=Path, help="JSON file with what differs in the account")
    options = parser.parse_args(arguments)
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it tells of each comment it leaves out
    warnings.filterwarnings("ignore", "Arrow output", UserWarning)  # fakesnow's own way
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    threading.Thread(target=_wait_for_the_end, args=(stopped,), daemon=True).start()
    try:
        service = Service(json.loads(options.state.read_text()) if options.state else {})
        server = Server(options.port, service.state.now)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"snowflake_account: {error}\n")
        return 2
    with server:
        try:
            service.url = f"http://127.0.0.1:{server.server_port}"
            server.start(service.respond)
            sys.stdout.write(json.dumps(service.ready()) + "\n")
            sys.stdout.flush()
            stopped.wait()
            server.shutdown()
        finally:
            service.close()
    return 0
