"""Visma Connect: one access token per company, asked for when needed and before it expires.

Knows tenants and times; knows no entities. The company rides in the token: there is one per
tenant, and no other way to name a company to the API.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import msgspec
import requests

from tap_visma import retries
from tap_visma.errors import (
    AccessError,
    AnswerError,
    SettingsError,
    UnreachableError,
    VismaError,
)

if TYPE_CHECKING:
    from tap_visma.clock import Clock
    from tap_visma.settings import Company, Settings

TIMEOUT_SECONDS = (10, 60)
LEEWAY = 0.1
"""Share of a token's life before its end at which it is renewed, so that no call meets its end."""

# The error codes of RFC 6749, section 5.2: they may be shown, other texts may not.
REFUSALS: dict[str, VismaError] = {
    "invalid_client": SettingsError(
        "Visma Connect does not know the client or its secret (invalid_client)",
        "Check the settings 'client_id' and 'client_secret' with the Developer Portal",
    ),
    "unauthorized_client": AccessError(
        "the application may not use client credentials (unauthorized_client)",
        "Make it a service application in the Developer Portal",
    ),
    "invalid_scope": AccessError(
        "the application or the company has not been given the scope (invalid_scope)",
        "Check the setting 'scope', add it to the application in the Developer Portal, and have "
        "the company's Integration Administrator approve it in the Visma App Store",
    ),
    "invalid_request": AccessError(
        "Visma Connect does not accept the tenant (invalid_request)",
        "Check the company's 'tenant_id' (Visma Admin > Company > Edit > Configuration) and have "
        "its Integration Administrator approve the application in the Visma App Store",
    ),
}
REFUSALS["invalid_grant"] = REFUSALS["access_denied"] = REFUSALS["invalid_request"]


@dataclass(frozen=True, slots=True)
class Token:
    """An access token that does not show itself."""

    value: str = field(repr=False)
    renew_at: float

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign a request; as `auth` it also keeps a .netrc file from being used instead."""
        request.headers["Authorization"] = f"Bearer {self.value}"
        return request


class _Granted(msgspec.Struct):
    access_token: str
    expires_in: float = 3600.0


class _Refused(msgspec.Struct):
    error: str = ""


class Connect:
    """Gives the current token of each company."""

    def __init__(self, settings: Settings, session: requests.Session, clock: Clock) -> None:
        self._settings = settings
        self._session = session
        self._clock = clock
        self._tokens: dict[str, Token] = {}
        self._lock = threading.Lock()

    def token(self, company: Company) -> Token:
        """The company's token, good for the next call.

        Raises:
            VismaError: It cannot be had.
        """
        with self._lock:
            token = self._tokens.get(company.tenant_id)
            if token is None or self._clock.monotonic() >= token.renew_at:
                try:
                    token = self._tokens[company.tenant_id] = self._ask(company)
                except VismaError as error:
                    error.for_company = True
                    raise
            return token

    def forget(self, company: Company) -> None:
        """Drop the company's token, because a call with it was refused."""
        with self._lock:
            self._tokens.pop(company.tenant_id, None)

    def _ask(self, company: Company) -> Token:
        settings = self._settings
        form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            "scope": settings.scope,
            "tenant_id": company.tenant_id,
        }
        response = retries.send(
            lambda: retries.Response.of(
                self._session.post(
                    settings.token_url,
                    data=form,
                    headers={"User-Agent": settings.user_agent, "Accept": "application/json"},
                    auth=_no_authorization,
                    timeout=TIMEOUT_SECONDS,
                    allow_redirects=False,
                    stream=True,
                )
            ),
            self._clock,
            urlsplit(settings.token_url).netloc,
        )
        if response.status != requests.codes.ok:
            raise _refusal(response)
        try:
            granted = msgspec.json.decode(response.body, type=_Granted)
        except msgspec.MsgspecError:
            raise AnswerError(
                "the answer of 'token_url' holds no token",
                "Check the setting 'token_url'; Visma's is https://connect.visma.com/connect/token",
            ) from None
        life = granted.expires_in * (1 - LEEWAY)
        return Token(granted.access_token, self._clock.monotonic() + life)


def _no_authorization(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Credentials travel in the form alone; this keeps a .netrc file from adding others."""
    return request


def _refusal(response: retries.Response) -> VismaError:
    try:
        code = msgspec.json.decode(response.body, type=_Refused).error
    except msgspec.MsgspecError:
        code = ""
    if response.status == requests.codes.too_many_requests:
        return UnreachableError(
            "Visma Connect gives no token because it was asked too often (429)",
            "Run again in some minutes",
        )
    if code in REFUSALS:
        known = REFUSALS[code]
        return type(known)(known.what, known.todo)
    return AccessError(
        f"Visma Connect gives no token (status {response.status})",
        "Check 'token_url', 'client_id', 'client_secret', 'scope' and the company's 'tenant_id'",
    )
