"""The command `python -m powerbi_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to. The API is served over http, the authority
over https, since msal takes no other.
"""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import TYPE_CHECKING

from powerbi_service.authority import certificate
from powerbi_service.service import AUDIENCE, Service
from powerbi_service.state import State
from stand_in_server import Server, parser_of, told_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = parser_of("powerbi_service", "A Power BI service")
    parser.add_argument("--folder", type=Path, required=True, help="where certificates are written")
    options = parser.parse_args(arguments)
    end = told_to_end()
    host, principal = certificate(for_host=True), certificate(for_host=False)
    files = {name: options.folder / f"{name}.pem" for name in ("ca", "host", "principal")}
    files["ca"].write_text(host[0])
    files["host"].write_text("".join(host))
    files["principal"].write_text("".join(principal))
    state = State(certificate=principal[0])
    service = Service(state)
    with Server(options.port) as api, Server(0) as authority:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(files["host"])
        authority.socket = context.wrap_socket(authority.socket, server_side=True)
        authority.start(service.respond)
        settings = {
            "api_url": api.url,
            "authority_url": authority.url.replace("http", "https"),
            "api_audience": AUDIENCE,
            "tenant_id": state.tenant_id,
            "client_id": state.client_id,
            "client_secret": state.client_secret,
            "workspace_id": state.workspace_id,
        }
        ready = {
            "url": api.url,
            "settings": settings,
            "ca": str(files["ca"]),
            "certificate": str(files["principal"]),
        }
        api.serve(service.respond, ready, end)
        authority.shutdown()
    return 0
