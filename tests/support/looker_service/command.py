"""The command `python -m looker_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from looker_service.service import Request, Service
from looker_service.state import CONNECTION, PROJECT, State

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, service: Service) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.service = service


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent: the calls can be asked for."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        """Tell the time by the stand-in's clock."""
        now = self.server.service.state.now() if timestamp is None else timestamp
        return formatdate(now, usegmt=True)

    def _answer(self) -> None:
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=target.path,
            params=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(self.headers.get("Content-Length") or 0)),
        )
        response = self.server.service.respond(request)
        if response.drop:
            self.close_connection = True
            return
        self.send_response(response.status)
        if response.body:
            self.send_header("Content-Type", response.type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the parent's names


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="looker_service", description="A Looker API on one's own machine."
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    parser.add_argument("--warehouse", help="address of the PostgreSQL that its connection reads")
    parser.add_argument("--repository", type=Path, help="git repository of its LookML project")
    parser.add_argument("--lookml", type=Path, help="folder of the LookML in production")
    options = parser.parse_args(arguments)
    state = State()
    if options.lookml:
        state.read_lookml(options.lookml)
    with _Server(options.port, Service(state, options.warehouse, options.repository)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = {
            "url": f"http://127.0.0.1:{server.server_port}",
            "client_id": state.client_id,
            "client_secret": state.client_secret,
            "connection": CONNECTION,
            "project": PROJECT,
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
        server.shutdown()
    return 0
