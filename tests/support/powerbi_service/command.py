"""The command `python -m powerbi_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends. The API is served over http, the authority over https, since
msal takes no other.
"""

from __future__ import annotations

import argparse
import json
import ssl
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

from powerbi_service.authority import certificate
from powerbi_service.service import AUDIENCE, Request, Service
from powerbi_service.state import State

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
            self.send_header("Content-Type", "application/json")
        for name, value in response.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        self.wfile.write(response.body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the parent's names


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = argparse.ArgumentParser(
        prog="powerbi_service", description="A Power BI service on one's own machine."
    )
    parser.add_argument("--port", type=int, default=0, help="loopback port, 0 for any that is free")
    parser.add_argument("--folder", type=Path, required=True, help="where certificates are written")
    options = parser.parse_args(arguments)
    host, principal = certificate(for_host=True), certificate(for_host=False)
    files = {name: options.folder / f"{name}.pem" for name in ("ca", "host", "principal")}
    files["ca"].write_text(host[0])
    files["host"].write_text("".join(host))
    files["principal"].write_text("".join(principal))
    state = State(certificate=principal[0])
    service = Service(state)
    with _Server(options.port, service) as api, _Server(0, service) as authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["host"])
        authority.socket = context.wrap_socket(authority.socket, server_side=True)
        for server in (api, authority):
            threading.Thread(target=server.serve_forever, daemon=True).start()
        ready = {
            "api_url": f"http://127.0.0.1:{api.server_port}",
            "authority_url": f"https://127.0.0.1:{authority.server_port}",
            "api_audience": AUDIENCE,
            "tenant_id": state.tenant_id,
            "client_id": state.client_id,
            "client_secret": state.client_secret,
            "workspace_id": state.workspace_id,
            "ca": str(files["ca"]),
            "certificate": str(files["principal"]),
        }
        sys.stdout.write(json.dumps(ready) + "\n")
        sys.stdout.flush()
        sys.stdin.buffer.read()
        for server in (api, authority):
            server.shutdown()
    return 0
