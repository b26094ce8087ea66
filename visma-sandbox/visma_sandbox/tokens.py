"""Tokens: what Visma Connect gives for client credentials, one company (tenant) at a time.

Their life runs on real time, unlike the books' clock. It knows nothing of HTTP.
"""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

SCOPES: Final = frozenset(
    f"vismanet_erp_service_api:{right}" for right in ("read", "create", "update", "delete")
)


class TokenRefused(Exception):  # noqa: N818 - OAuth calls this an error response, not an error
    """The token endpoint answers 400 with this OAuth error code."""

    def __init__(self, code: str, description: str = "") -> None:
        """Keep the code of RFC 6749 section 5.2 and, if it helps, a description."""
        super().__init__(code)
        self.body = {"error": code}
        if description:
            self.body["error_description"] = description


@dataclass(frozen=True, slots=True)
class Grant:
    """What a token stands for."""

    tenant_id: str
    expires_at: float


@dataclass
class TokenOffice:
    """Gives out tokens, and knows which are good."""

    client_id: str
    client_secret: str
    tenants: frozenset[str]
    life_seconds: float
    _grants: dict[str, Grant] = field(default_factory=dict)

    def issue(self, form: Mapping[str, str]) -> dict[str, object]:
        """Answer a token request.

        Raises:
            TokenRefused: The request is not one that Visma Connect would grant.
        """
        if "grant_type" not in form:
            raise TokenRefused("invalid_request", "grant_type is missing")
        if form["grant_type"] != "client_credentials":
            raise TokenRefused("unsupported_grant_type")
        asked = (form.get("client_id", ""), form.get("client_secret", ""))
        if asked != (self.client_id, self.client_secret):
            raise TokenRefused("invalid_client")
        scope = form.get("scope", "")
        if not scope or not SCOPES.issuperset(scope.split()):
            raise TokenRefused("invalid_scope")
        tenant_id = form.get("tenant_id", "")
        if tenant_id not in self.tenants:
            raise TokenRefused("invalid_request", "tenant_id is missing or unknown")
        token = secrets.token_urlsafe(32)
        self._grants[token] = Grant(tenant_id, time.monotonic() + self.life_seconds)
        return {
            "access_token": token,
            "expires_in": int(self.life_seconds),
            "token_type": "Bearer",
            "scope": scope,
        }

    def tenant_of(self, token: str) -> str | None:
        """Give the tenant of a good token; None if it is unknown, revoked or expired."""
        grant = self._grants.get(token)
        if grant is None or grant.expires_at <= time.monotonic():
            return None
        return grant.tenant_id

    def revoke(self, token: str) -> None:
        """Make a token worthless at once."""
        self._grants.pop(token, None)
