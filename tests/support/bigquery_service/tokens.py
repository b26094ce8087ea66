"""Tokens for a service account's JWT (RFC 7523): the signature and the times are verified."""

from __future__ import annotations

import base64
import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from stand_in_server import Response

if TYPE_CHECKING:
    from stand_in_server import Request

PATH = "/token"
_GOOGLES = "https://oauth2.googleapis.com/token"
"""The audience that Google's own library names, whatever the key's `token_uri`."""
_GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_SCOPES = ("/auth/bigquery", "/auth/cloud-platform", "/auth/cloud-platform.read-only")
_MOST_LIFE_SECONDS, _LEEWAY_SECONDS = 3600, 300


class _RefusedError(Exception):
    """No token is given: the error, and what is said of it."""


@dataclass
class Tokens:
    """Issues tokens of the one service account, and knows which are good.

    Attributes:
        project: Of the account.
        url: Where the service listens.
        life_seconds: How long a token that is issued from now on is good.
        skew_seconds: How far the service's clock is ahead of the machine's.
        key_disabled, account_deleted: The key, or the account, is no good any more.
        issued: How many were issued so far.
    """

    project: str
    url: str
    life_seconds: float = 3600.0
    skew_seconds: float = 0.0
    key_disabled: bool = False
    account_deleted: bool = False
    issued: int = 0
    _private: rsa.RSAPrivateKey = field(
        default_factory=lambda: rsa.generate_private_key(public_exponent=65537, key_size=2048)
    )
    _key_id: str = field(default_factory=lambda: secrets.token_hex(20))
    _good_until: dict[str, float] = field(default_factory=dict)

    @property
    def email(self) -> str:
        """The account's name."""
        return f"loader@{self.project}.iam.gserviceaccount.com"

    def key(self) -> dict[str, str]:
        """The key file, as Google's console gives it."""
        pem = self._private.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        return {
            "type": "service_account",
            "project_id": self.project,
            "private_key_id": self._key_id,
            "private_key": pem.decode(),
            "client_email": self.email,
            "client_id": "104857600",
            "auth_uri": f"{self.url}/auth",
            "token_uri": f"{self.url}{PATH}",
            "universe_domain": "googleapis.com",
        }

    def now(self) -> float:
        """The time as this service has it, in seconds since 1970."""
        return time.time() + self.skew_seconds

    def respond(self, request: Request) -> Response:
        """Answer the token endpoint."""
        form = parse_qs(request.body.decode("utf-8", "replace"))
        try:
            self._verify(form)
        except _RefusedError as refused:
            error, description = refused.args
            body = {"error": error, "error_description": description}
            return Response(status=400, body=msgspec.json.encode(body))
        token = "ya29." + secrets.token_urlsafe(24)
        self._good_until[token] = time.monotonic() + self.life_seconds
        self.issued += 1
        told = {
            "access_token": token,
            "expires_in": int(self.life_seconds),
            "token_type": "Bearer",
        }
        return Response(body=msgspec.json.encode(told))

    def good(self, request: Request) -> bool:
        """Say whether a request carries a good token."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        until = self._good_until.get(token.strip(), 0.0)
        return kind.lower() == "bearer" and until > time.monotonic()

    def revoke(self) -> None:
        """Make all tokens void."""
        self._good_until.clear()

    def _verify(self, form: dict[str, list[str]]) -> None:
        if form.get("grant_type") != [_GRANT]:
            raise _RefusedError("unsupported_grant_type", "Invalid grant_type: it must be JWT")
        try:
            signed, _, signature = form.get("assertion", [""])[0].rpartition(".")
            header, claims = (msgspec.json.decode(_decoded(part)) for part in signed.split("."))
            signature_bytes = _decoded(signature)
        except (ValueError, msgspec.MsgspecError):
            raise _RefusedError("invalid_grant", "Invalid JWT: it cannot be read.") from None
        if self.account_deleted or claims.get("iss") != self.email:
            raise _RefusedError("invalid_grant", "Invalid grant: account not found")
        if header.get("alg") != "RS256" or not self._signed(signed.encode(), signature_bytes):
            raise _RefusedError("invalid_grant", "Invalid JWT Signature.")
        if self.key_disabled or header.get("kid") != self._key_id:
            raise _RefusedError("invalid_grant", "Invalid JWT Signature.")
        self._verify_claims(claims)

    def _verify_claims(self, claims: dict[str, Any]) -> None:
        if claims.get("aud") not in {f"{self.url}{PATH}", _GOOGLES}:
            raise _RefusedError("invalid_grant", "Invalid JWT: the audience is another.")
        now, issued, expires = self.now(), claims.get("iat", 0), claims.get("exp", 0)
        if expires - issued > _MOST_LIFE_SECONDS or issued > now + _LEEWAY_SECONDS or expires < now:
            raise _RefusedError(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable "
                "timeframe. Check your iat and exp values in the JWT claim.",
            )
        if not any(scope.endswith(_SCOPES) for scope in str(claims.get("scope", "")).split()):
            raise _RefusedError("invalid_scope", "Invalid OAuth scope or ID token audience.")

    def _signed(self, signed: bytes, signature: bytes) -> bool:
        try:
            self._private.public_key().verify(
                signature, signed, padding.PKCS1v15(), hashes.SHA256()
            )
        except InvalidSignature:
            return False
        return True


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
