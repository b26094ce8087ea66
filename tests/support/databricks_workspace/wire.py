"""The wire: HTTP/1.1 over a loopback socket, and the ends that only a socket can have.

It knows bytes, headers and connections. A body is read when it is asked for, so that a request can
be cut before its end.
"""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, BinaryIO, Final, Literal, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSON: Final = "application/json"
Ending: TypeAlias = Literal["", "drop", "reset", "truncate"]
_MOST_BYTES_AT_ONCE: Final = 1024 * 1024


@dataclass
class Request:
    """A request as the workspace sees it.

    Attributes:
        path: Without the query, decoded.
        params: The query; of a repeated name the last counts.
        headers: Names in lower case.
        length: Bytes of the body as announced, 0 if it comes in chunks.
    """

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    length: int
    _stream: BinaryIO
    _body: bytes | None = None

    @property
    def body(self) -> bytes:
        """The whole body; the connection ends early if the client does not send it all."""
        if self._body is None:
            if "chunked" in self.headers.get("transfer-encoding", "").casefold():
                self._body = b"".join(self._chunks())
            else:
                self._body = self._exactly(self.length)
        return self._body

    def half(self) -> None:
        """Read half of the body, unless it was read, and forget it."""
        if self._body is None:
            self._exactly(self.length // 2)
            self._body = b""

    def _exactly(self, length: int) -> bytes:
        data = self._stream.read(length)
        if len(data) < length:
            raise ConnectionError("the client went away in the middle of a body")
        return data

    def _chunks(self) -> list[bytes]:
        chunks = []
        while size := int(self._stream.readline().partition(b";")[0], 16):
            chunks.append(self._exactly(size))
            self._stream.readline()
        while self._stream.readline().strip():
            pass
        return chunks


@dataclass(kw_only=True)
class Response:
    """An answer, and what happens to it on its way.

    Attributes:
        ending: `drop` closes instead of answering, `reset` too but with a reset of the connection,
            `truncate` closes after half of the body.
    """

    status: int = 200
    body: bytes = b""
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    delay_seconds: float = 0.0
    ending: Ending = ""


class Server(ThreadingHTTPServer):
    """Listens on the loopback address."""

    daemon_threads = True
    request_queue_size = 128

    respond: Callable[[Request], Response]

    def __init__(self, port: int) -> None:
        """Bind a port, 0 for any that is free."""
        super().__init__(("127.0.0.1", port), _Connection)

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
        """Stay silent: calls are listed by the control endpoint."""

    def _answer(self) -> None:
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(target.path),
            params=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            length=int(self.headers.get("Content-Length") or 0),
            _stream=cast("BinaryIO", self.rfile),
        )
        response = cast("Server", self.server).respond(request)
        if response.delay_seconds:
            time.sleep(response.delay_seconds)
        if response.ending in {"drop", "reset"}:
            self.close_connection = True
            if response.ending == "reset":
                at_once = struct.pack("ii", 1, 0)
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            return
        _ = request.body  # what was not read would be taken for the next request
        self._send(response)

    def _send(self, response: Response) -> None:
        body = response.body
        self.send_response(response.status)
        if body:
            self.send_header("Content-Type", response.content_type)
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        if response.ending == "truncate":
            body = body[: len(body) // 2]
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            for start in range(0, len(body), _MOST_BYTES_AT_ONCE):
                self.wfile.write(body[start : start + _MOST_BYTES_AT_ONCE])

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = _answer  # noqa: N815 - the parent's names
