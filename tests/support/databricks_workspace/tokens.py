"""Tokens of the one service principal, by client credentials (RFC 6749, section 4.4)."""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote_plus

import msgspec

from stand_in_server import Response

if TYPE_CHECKING:
    from stand_in_server import Request


def _refused(status: int, error: str, description: str) -> Response:
    body = {"error": error, "error_description": description}
    return Response(status=status, body=msgspec.json.encode(body))


@dataclass
class Tokens:
    """Issues tokens and knows which are good.

    Attributes:
        life_seconds: How long a token that is issued from now on is good.
        issued: How many were issued so far.
    """

    client_id: str
    client_secret: str
    life_seconds: float = 3600.0
    issued: int = 0
    _good_until: dict[str, float] = field(default_factory=dict)

    def respond(self, request: Request) -> Response:
        """Answer the token endpoint; the client comes in a Basic header."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        try:
            pair = base64.b64decode(coded, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        given = [unquote_plus(part) for part in pair.split(":", 1)]
        wanted = [self.client_id, self.client_secret]
        same = hmac.compare_digest("\n".join(given).encode(), "\n".join(wanted).encode())
        if kind.lower() != "basic" or not same:
            return _refused(401, "invalid_client", "Client authentication failed")
        if form.get("grant_type") != ["client_credentials"]:
            return _refused(400, "unsupported_grant_type", "Only client_credentials are supported")
        if "all-apis" not in form.get("scope", [""])[0].split():
            return _refused(400, "invalid_scope", "The scope must be all-apis")
        token = secrets.token_urlsafe(24)
        self._good_until[token] = time.monotonic() + self.life_seconds
        self.issued += 1
        content = {
            "access_token": token,
            "token_type": "Bearer",
            "expires_in": int(self.life_seconds),
            "scope": "all-apis",
        }
        return Response(body=msgspec.json.encode(content), headers={"Cache-Control": "no-store"})

    def good(self, request: Request) -> bool:
        """Say whether a request carries a good token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._good_until.get(token.strip(), 0.0)
        return kind.lower() == "bearer" and until > time.monotonic()

    def revoke(self) -> None:
        """Make all tokens void."""
        self._good_until.clear()
