"""The wire: HTTP/1.1 over a socket, answers and the faults that only a socket can have.

It knows bytes, headers and connections. What is answered comes from the sandbox.
"""

from __future__ import annotations

import contextlib
import gzip
import socket
import time
from dataclasses import dataclass, field
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Final, cast
from urllib.parse import parse_qsl, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

_WORTH_PACKING_BYTES: Final = 1024
JSON: Final = "application/json; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class Request:
    """A request as the sandbox sees it."""

    method: str
    path: str
    params: Mapping[str, str]
    """The query, values decoded once; of a repeated name the last counts."""
    headers: Mapping[str, str]
    """Names in lower case."""
    body: bytes
    from_loopback: bool


@dataclass(kw_only=True)
class Response:
    """An answer, and what happens to it on its way."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    dropped: bool = False
    """The connection is closed instead of answering."""
    truncated: bool = False
    """The connection is closed after half of the body."""
    before_it_is_sent: Callable[[], None] | None = None
    """Called after the delay, when the next request may come."""


class Server(ThreadingHTTPServer):
    """Listens, and can end at once although clients keep their connections open."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(
        self,
        address: tuple[str, int],
        respond: Callable[[Request], Response],
        now: Callable[[], datetime],
    ) -> None:
        """Bind the address; `respond` answers requests, `now` is the time for the Date header."""
        self.respond = respond
        self.now = now
        self.connections: set[socket.socket] = set()
        super().__init__(address, _Connection)

    def hang_up(self) -> None:
        """Close every connection."""
        for connection in list(self.connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, with as many requests as it likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        cast("Server", self.server).connections.add(self.connection)

    def finish(self) -> None:
        cast("Server", self.server).connections.discard(self.connection)
        with contextlib.suppress(OSError):
            super().finish()

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent: calls are listed by the control endpoint."""

    def version_string(self) -> str:
        return "visma-sandbox"

    def date_time_string(self, timestamp: float | None = None) -> str:
        del timestamp
        return format_datetime(cast("Server", self.server).now(), usegmt=True)

    def _answer(self) -> None:
        if "chunked" in self.headers.get("Transfer-Encoding", "").casefold():
            self.close_connection = True
            self._send(Response(status=411), packed=False)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=target.path,
            params=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            body=body,
            from_loopback=self.client_address[0] in {"127.0.0.1", "::1"},
        )
        response = cast("Server", self.server).respond(request)
        if response.delay_seconds:
            time.sleep(response.delay_seconds)
        if response.before_it_is_sent is not None:
            response.before_it_is_sent()
        if response.dropped:
            self.close_connection = True
        else:
            accepted = request.headers.get("accept-encoding", "")
            self._send(response, packed="gzip" in accepted)

    def _send(self, response: Response, *, packed: bool) -> None:
        body = response.body
        headers = dict(response.headers)
        if body:
            headers["Content-Type"] = response.content_type
        if packed and len(body) >= _WORTH_PACKING_BYTES:
            body = gzip.compress(body, compresslevel=1, mtime=0)
            headers["Content-Encoding"] = "gzip"
            headers["Vary"] = "Accept-Encoding"
        headers["Content-Length"] = str(len(body))
        if response.truncated:
            body = body[: len(body) // 2]
            self.close_connection = True
        self.send_response(response.status)
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = do_OPTIONS = _answer  # noqa: N815
