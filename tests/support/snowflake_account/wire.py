"""The wire: HTTP/1.1 over a loopback socket, and the ends that only a socket can have.

Knows bytes, headers and connections; knows nothing of Snowflake. The date in the answers is that of
the account's clock, which can be wrong.
"""

from __future__ import annotations

import contextlib
import gzip
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, Final, Literal, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSON: Final = "application/json"
Ending: TypeAlias = Literal["", "drop", "reset"]


@dataclass(frozen=True)
class Request:
    """A request as the account sees it.

    Attributes:
        path: Without the query, decoded.
        params: The query; of a repeated name the last counts.
        headers: Names in lower case.
        body: As sent, but unzipped.
        address: Where the server is reached, as the client wrote it.
    """

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    address: str

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty if there is none."""
        told = json.loads(self.body) if self.body else {}
        return told if isinstance(told, dict) else {}


@dataclass
class Response:
    """An answer, and what happens to it on its way.

    Attributes:
        ending: `drop` closes instead of answering, `reset` too but with a reset of the connection.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    ending: Ending = ""

    @classmethod
    def of(cls, content: object, status: int = 200) -> Response:
        """An answer in JSON."""
        return cls(status=status, body=json.dumps(content).encode())


class Server(ThreadingHTTPServer):
    """Listens on the loopback address.

    Args:
        port: Which, 0 for any that is free.
        clock: Seconds since 1970, as the account sees them.
    """

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, clock: Callable[[], float]) -> None:
        super().__init__(("127.0.0.1", port), _Connection)
        self.clock = clock
        self.respond: Callable[[Request], Response]

    def start(self, respond: Callable[[Request], Response]) -> None:
        """Let requests be answered, in a thread of its own."""
        self.respond = respond
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, with as many requests as it likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent: statements are listed by the control endpoint."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        now = cast("Server", self.server).clock() if timestamp is None else timestamp
        return super().date_time_string(now)

    def _answer(self) -> None:
        target = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.headers.get("Content-Encoding") == "gzip" and "fs_bucket" not in target.path:
            body = gzip.decompress(body)
        request = Request(
            method=self.command,
            path=unquote(target.path),
            params=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            body=body,
            address=f"http://{self.headers.get('Host')}",
        )
        response = cast("Server", self.server).respond(request)
        if response.delay_seconds:
            time.sleep(response.delay_seconds)
        if response.ending:
            self.close_connection = True
            if response.ending == "reset":
                at_once = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return
        self.send_response(response.status)
        if response.body:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815 - the parent's names
