"""What a stand-in serves by: HTTP/1.1 over a loopback socket, until its process is told to end.

Knows bytes, headers, connections and the ends that only a socket can have; knows nothing of what is
stood in for. Needs nothing but Python, since a stand-in may have an environment of its own. A body
is read when it is asked for, so that a request can be cut before its end.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import time
from dataclasses import dataclass, field
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Literal, TypeAlias, cast
from urllib.parse import parse_qsl, unquote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

JSON: Final = "application/json"
Ending: TypeAlias = Literal["", "drop", "reset", "truncate"]
_MOST_BYTES_AT_ONCE: Final = 1024 * 1024


def parser_of(package: str, what: str) -> argparse.ArgumentParser:
    """The command line of a stand-in, to which more options can be added."""
    parser = argparse.ArgumentParser(prog=package, description=f"{what} on one's own machine.")
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    return parser


def told_to_end() -> threading.Event:
    """Set from when standard input has ended or a signal has come; for a main thread."""
    told = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: told.set())

    def read() -> None:
        while os.read(sys.stdin.fileno(), 1024):  # no lock is held that an exit would wait for
            pass
        told.set()

    threading.Thread(target=read, daemon=True).start()
    return told


@dataclass
class Request:
    """A request as a stand-in sees it.

    Attributes:
        path: Without the query, decoded.
        params: The query; of a repeated name the last counts.
        headers: Names in lower case.
    """

    method: str
    path: str
    params: Mapping[str, str]
    headers: Mapping[str, str]
    _stream: BinaryIO

    @property
    def length(self) -> int:
        """Bytes of the body as announced, 0 if it comes in chunks."""
        return int(self.headers.get("content-length") or 0)

    @cached_property
    def body(self) -> bytes:
        """The whole body; the connection ends early if the client does not send it all."""
        if "chunked" in self.headers.get("transfer-encoding", "").casefold():
            return b"".join(self._chunks())
        return self._exactly(self.length)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty if there is none."""
        told = json.loads(self.body) if self.body else {}
        return told if isinstance(told, dict) else {}

    def half(self) -> None:
        """Read half of the body, unless it was read, and forget it."""
        if "body" not in vars(self):
            self._exactly(self.length // 2)
            self.body = b""

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

    @classmethod
    def of(cls, content: object, status: int = 200) -> Response:
        """An answer in JSON."""
        return cls(status=status, body=json.dumps(content).encode())


class Server(ThreadingHTTPServer):
    """Listens on the loopback address.

    Args:
        port: Which, 0 for any that is free.

    Attributes:
        url: Where it listens.
        clock: Seconds since 1970, as the stand-in sees them; the answers are dated by it.

    Raises:
        OSError: The port is taken.
    """

    daemon_threads = True
    request_queue_size = 128
    respond: Callable[[Request], Response]

    def __init__(self, port: int) -> None:
        try:
            super().__init__(("127.0.0.1", port), _Connection)
        except OSError as error:
            raise OSError(f"port {port}: {error.strerror}") from None
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.clock: Callable[[], float] = time.time

    def start(self, respond: Callable[[Request], Response]) -> None:
        """Let requests be answered, in a thread of its own."""
        self.respond = respond
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def serve(
        self,
        respond: Callable[[Request], Response],
        ready: Mapping[str, Any],
        end: threading.Event,
    ) -> None:
        """Let requests be answered until the end.

        Args:
            respond: Answers a request.
            ready: What is written when it can, as a line of JSON.
            end: See `told_to_end`.
        """
        self.start(respond)
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        end.wait()
        self.shutdown()


class _Connection(BaseHTTPRequestHandler):
    """One connection of a client, with as many requests as it likes."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def handle(self) -> None:
        with contextlib.suppress(ConnectionError):
            super().handle()

    def finish(self) -> None:
        with contextlib.suppress(OSError):
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent: calls are listed by the control endpoints."""

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(self.server.clock() if timestamp is None else timestamp)

    def _answer(self) -> None:
        target = urlsplit(self.path)
        request = Request(
            method=self.command,
            path=unquote(target.path),
            params=dict(parse_qsl(target.query, keep_blank_values=True)),
            headers={name.casefold(): value for name, value in self.headers.items()},
            _stream=cast("BinaryIO", self.rfile),
        )
        response = self.server.respond(request)
        if response.delay_seconds:
            time.sleep(response.delay_seconds)
        if response.ending == "reset":
            at_once = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, at_once)
            self.close_connection = True
            return
        _ = request.body  # what was not read would be taken for the next request
        if response.ending == "drop":
            self.close_connection = True
            return
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
