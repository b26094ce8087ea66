"""Tokens for Google's APIs: of a service account's key file, or the machine's own.

Knows OAuth; knows no BigQuery. Tokens are got once: a check takes less than the hour they live.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import google.auth
from google.auth import exceptions
from google.auth.transport.requests import Request

from warehouse_checks.errors import RefusedError, SettingsError, UnreachableError
from warehouse_checks.keys import PrivateKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warehouse_checks.calls import Caller

SCOPE = "https://www.googleapis.com/auth/cloud-platform"
GRANT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
TOKEN_LIFE = timedelta(minutes=60)
_OK = 200


class ServiceAccount:
    """A service account, as its key file names it.

    Args:
        text: The file's content.

    Attributes:
        email: The account.
        key_id: The key.

    Raises:
        SettingsError: It is no such file.
    """

    def __init__(self, text: bytes) -> None:
        found = _object(text)
        names = ("client_email", "private_key_id", "private_key", "token_uri")
        missing = [name for name in names if not isinstance(found.get(name), str)]
        if found.get("type") != "service_account" or missing:
            kind = found.get("type")
            what = f"is of type '{kind}'" if kind in _TYPES else "lacks " + ", ".join(missing)
            raise SettingsError(
                f"the key file {what}", "Make a JSON key of the service account, and name its file"
            )
        self.email = str(found["client_email"])
        self.key_id = str(found["private_key_id"])
        self._token_uri = str(found["token_uri"])
        self._key = PrivateKey(str(found["private_key"]).encode())

    def token(self, caller: Caller) -> str:
        """Get a token.

        Raises:
            RefusedError: None is given; its `detail` says why.
            UnreachableError: There is no answer, or none of Google.
        """
        now = caller.clock.now()
        claims = {
            "iss": self.email,
            "scope": SCOPE,
            "aud": self._token_uri,
            "iat": now,
            "exp": now + TOKEN_LIFE,
        }
        form = {"grant_type": GRANT, "assertion": self._key.sign(claims, self.key_id)}
        answer = caller.call("POST", self._token_uri, form=form)
        host = urlsplit(self._token_uri).netloc
        if answer.status == _OK and isinstance(answer.body.get("access_token"), str):
            return str(answer.body["access_token"])
        code = str(answer.body.get("error", ""))
        if not code.replace("_", "").isalpha():
            raise UnreachableError(
                f"{host} answers {answer.status} and not as Google does",
                "See that 'token_uri' of the key file is Google's, and no proxy stands before it",
            )
        raise RefusedError(
            f"{host} gives no token ({code})",
            "Make a new key of the service account",
            status=answer.status,
            code=code,
            detail=str(answer.body.get("error_description", "")),
        )


_TYPES = frozenset({"authorized_user", "external_account", "impersonated_service_account"})


def token_of_machine() -> str:
    """A token by the application default credentials.

    Raises:
        SettingsError: There are none, or they give none.
    """
    try:
        credentials, _project = google.auth.default(scopes=[SCOPE])
        credentials.refresh(Request())  # type: ignore[no-untyped-call] # google-auth is typed in part
    except exceptions.GoogleAuthError as error:
        raise SettingsError(
            f"the application default credentials give no token ({type(error).__name__})",
            "Set 'credentials_path', or run `gcloud auth application-default login`",
        ) from None
    return str(credentials.token)


def _object(text: bytes) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        raise SettingsError("the key file is not JSON", "Download it anew, as JSON") from None
    if not isinstance(found, dict):
        raise SettingsError("the key file is not a JSON object", "Download it anew, as JSON")
    return found
