"""Calls to Power BI's REST API: who asks, what is tried again, and what a refusal means.

Knows HTTP, msal and the service's ways of refusing; knows no tables and no rows. msal is asked for
a token before every request: it keeps one until shortly before its end, and renews it. A call that
must not be made twice (`once`) is not repeated when its answer was lost; others are. Bodies of
answers never leave this file but as decoded values.
"""

from __future__ import annotations

import itertools
import json
import logging
import random
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msal
import requests

from loader_core import DestinationError, LostAnswerError, SettingsError
from target_powerbi.errors import (
    AccessError,
    CreationError,
    MissingError,
    RefusedError,
    ThrottledError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader_core.clock import Clock
    from target_powerbi.settings import Settings

TIMEOUT = (20.0, 180.0)
"""Seconds to connect, and to wait for bytes."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 60.0
LATER = "Run again; the next run goes on with what is left"
_OK, _UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 300, 401, 403, 404, 429
_RETRIED = frozenset({500, 502, 503, 504})
_CREATION = "FeatureDeprecatedError"
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_. ]{0,60}")
_AADSTS = re.compile(r"AADSTS\d+")
_DAILY = re.compile(r"exceeded limit", re.IGNORECASE)

logger = logging.getLogger(__name__)
logging.getLogger("msal").setLevel(logging.CRITICAL)  # it would log bodies of answers


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered.

    Attributes:
        status: HTTP status, below 300.
        value: The decoded body, numbers exact; `None` where there is none.
        request_id: The service's id of the request, by which Microsoft finds it.
    """

    status: int
    value: Any
    request_id: str


class Client:
    """Calls Power BI as one service principal.

    Args:
        settings: Where and as whom.
        clock: For waiting.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session = requests.Session()
        self._application: msal.ConfidentialClientApplication | None = None

    def token(self, audience: str | None = None) -> str:
        """A token that is good for some minutes yet.

        Args:
            audience: What it is for, such as `https://storage.azure.com`; by default the API.

        Raises:
            SettingsError: The certificate cannot be used.
            AccessError: The authority refuses.
            DestinationError: It gives no answer.
        """
        scope = f"{audience or self._settings.api_audience}/.default"
        until = self._clock.monotonic() + self._settings.retry_seconds
        for pause in pauses():
            try:
                given = self._authority().acquire_token_for_client([scope])
            except (requests.RequestException, ConnectionError) as error:
                told = f"no answer from the authority ({type(error).__name__})"
            except ValueError:
                told = "the authority's answer is none, but some other page"
            else:
                if "access_token" in given:
                    return str(given["access_token"])
                if given.get("error") not in {"temporarily_unavailable", "server_error"}:
                    raise _no_token(given)
                told = "the authority gives no token for now"
            if self._clock.monotonic() + pause > until:
                raise DestinationError(told, LATER)
            logger.warning("%s; trying again in %.0f s", told, pause)
            self._clock.sleep(pause)
        raise AssertionError  # pauses never end

    def call(
        self,
        method: str,
        path: str,
        what: str,
        body: Any = None,  # noqa: ANN401 - JSON
        *,
        once: bool = False,
    ) -> Answer:
        """Call until there is an answer.

        Args:
            method: HTTP method.
            path: Below the workspace, such as `datasets`; quoted.
            what: What the call is to do, as a clause for errors.
            body: What is sent: bytes of JSON, or what becomes JSON.
            once: Do not repeat it when it may have been done.

        Raises:
            AccessError: 401 with a new token, or 403.
            MissingError: 404.
            CreationError: Push models can no longer be made.
            RefusedError: Any other refusal.
            ThrottledError: The service asks for a longer wait than `max_wait_seconds`.
            LostAnswerError: No answer came to a call that is not repeated, or not in time.
        """
        url = f"{self._settings.api_url}/v1.0/myorg/groups/{self._settings.workspace_id}/{path}"
        return self._call(method, url.rstrip("/"), what, body, once=once)

    def get(self, path: str, what: str) -> Answer:
        """Call outside the workspace; see `call`."""
        return self._call("GET", f"{self._settings.api_url}/v1.0/myorg/{path}", what, None)

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _call(
        self,
        method: str,
        url: str,
        what: str,
        body: Any,  # noqa: ANN401 - JSON
        *,
        once: bool = False,
    ) -> Answer:
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        began = self._clock.monotonic()
        until = began + self._settings.retry_seconds
        renewed = False
        attempts = pauses()
        while True:
            answer, fault = self._send(method, url, data)
            if answer is None:
                told = f"no answer to {what} ({fault})"
            elif answer.status_code < _OK and _is_page(answer):
                told = f"{what} is answered with a page, as by something on the way"
            elif answer.status_code < _OK:
                return Answer(answer.status_code, _decoded(answer), _request_id(answer))
            elif answer.status_code == _TOO_MANY:
                self._wait_as_asked(answer, what, began)
                until = self._clock.monotonic() + self._settings.retry_seconds
                continue
            elif answer.status_code == _UNAUTHORIZED and not renewed:
                renewed = True
                self._authority().remove_tokens_for_client()
                continue
            elif answer.status_code in _RETRIED:
                told = f"{what} is answered with {answer.status_code}"
            else:
                raise _refused(what, answer)
            if once:
                raise LostAnswerError(told, LATER)
            pause = next(attempts)
            if self._clock.monotonic() + pause > until:
                raise LostAnswerError(told, LATER)
            logger.warning("%s; trying again in %.0f s", told, pause)
            self._clock.sleep(pause)

    def _send(
        self, method: str, url: str, data: bytes | None
    ) -> tuple[requests.Response | None, str]:
        """One call: its answer, or what came in its place."""
        headers = {"Authorization": f"Bearer {self.token()}"}
        if data is not None:
            headers["Content-Type"] = "application/json"
        try:
            answer = self._session.request(
                method, url, data=data, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.exceptions.SSLError:
            raise DestinationError(
                "the certificate of Power BI's address is not one to trust",
                "Behind a proxy, name its certificates in REQUESTS_CA_BUNDLE",
            ) from None
        except requests.RequestException as error:
            return None, type(error).__name__
        return answer, ""

    def _wait_as_asked(self, answer: requests.Response, what: str, began: float) -> None:
        """Wait as long as a refusal says: what it refuses was not done.

        Args:
            answer: The refusal.
            what: What was to be done.
            began: When it was tried first, on the monotonic clock.

        Raises:
            ThrottledError: With the waits before, that is longer than may be.
        """
        asked = answer.headers.get("Retry-After", "")
        seconds = max(1.0, float(asked)) if asked.isdecimal() else MOST_WAIT_SECONDS
        most = self._settings.max_wait_seconds
        waited = self._clock.monotonic() - began
        if waited + seconds > most or _DAILY.search(answer.text):
            raise ThrottledError(
                f"Power BI has no room for {what} for {seconds:.0f} s "
                f"(request {_request_id(answer)})",
                f"Run again then, or set a longer 'max_wait_seconds' than {most:.0f}; the next "
                "run goes on where this one ended",
            )
        logger.warning("Power BI asks to wait %.0f s before %s", seconds, what)
        self._clock.sleep(seconds)

    def _authority(self) -> msal.ConfidentialClientApplication:
        """The one application, which remembers tokens; made when a token is first needed."""
        if self._application is None:
            settings = self._settings
            credential: Any = settings.client_secret
            if pem := settings.client_certificate:
                credential = {"private_key": pem, "public_certificate": pem}
            try:
                self._application = msal.ConfidentialClientApplication(
                    settings.client_id,
                    client_credential=credential,
                    authority=f"{settings.authority_url}/{settings.tenant_id}",
                    instance_discovery=False,  # the address is the user's to choose
                    timeout=TIMEOUT[0],
                )
            except ValueError:
                raise SettingsError(
                    "the authority does not know the tenant, or the certificate cannot be used",
                    "See 'tenant_id', 'cloud' and 'client_certificate_path'",
                ) from None
        return self._application


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: twice as long each time, spread by chance."""
    for attempt in itertools.count():
        longest = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret


def _decoded(answer: requests.Response) -> Any:  # noqa: ANN401 - JSON
    try:
        return json.loads(answer.content, parse_float=Decimal)
    except ValueError:
        return None


def _is_page(answer: requests.Response) -> bool:
    return answer.content.lstrip().startswith(b"<")


def _request_id(answer: requests.Response) -> str:
    found = answer.headers.get("RequestId") or answer.headers.get("x-ms-request-id") or ""
    return found if re.fullmatch(r"[0-9A-Za-z-]{1,64}", found) else "without an id"


def code_of(value: Any) -> str:  # noqa: ANN401 - JSON
    """The error code within a refusal, in whichever of its shapes it comes; else ``."""
    error = value.get("error") if isinstance(value, dict) else None
    code = error.get("code") if isinstance(error, dict) else None
    inner = error.get("pbi.error") if isinstance(error, dict) else None
    if isinstance(inner, dict) and inner.get("code") == _CREATION:
        code = inner["code"]
    return code if isinstance(code, str) and _CODE.fullmatch(code) else ""


def _refused(what: str, answer: requests.Response) -> RefusedError:
    """What a refusal is to the caller."""
    status, code = answer.status_code, code_of(_decoded(answer))
    told = f"{what} is refused with {status}, {code or 'no error code'}"
    told += f" (request {_request_id(answer)})"
    if code == _CREATION:
        return CreationError(
            told,
            "Push semantic models are no longer made in this tenant: set 'mode' to onelake, which "
            "takes the same mapping, or ask Microsoft's support",
            status=status,
            code=code,
        )
    if status in {_UNAUTHORIZED, _FORBIDDEN}:
        return AccessError(
            told,
            "See with 'target-powerbi doctor' whether the tenant setting 'Service principals can "
            "call Fabric public APIs' is on and the service principal is a Member of the workspace",
            status=status,
            code=code,
        )
    if status == _NOT_FOUND:
        return MissingError(
            told, "See that the ids are right: 'target-powerbi doctor'", status=status, code=code
        )
    return RefusedError(
        told,
        "Compare the model with the mapping: 'target-powerbi doctor' lists what differs",
        status=status,
        code=code,
    )


def _no_token(given: dict[str, Any]) -> AccessError:
    """Why there is no token, by Entra's own number for it."""
    found = _AADSTS.search(str(given.get("error_description", "")))
    code = found[0] if found else "no error number"
    return AccessError(
        f"Entra gives no token to the service principal, {code}",
        _TODO_OF_ENTRA.get(
            code, "Look the number up at https://login.microsoftonline.com/error, and mend it"
        ),
        code=code,
    )


_TODO_OF_ENTRA = {
    "AADSTS7000215": "'client_secret' is wrong: give the secret's value, not its id, or make a "
    "new one under Certificates & secrets",
    "AADSTS7000222": "The secret has expired: make a new one under Certificates & secrets",
    "AADSTS700016": "There is no such application in the tenant: see 'client_id' and 'tenant_id'",
    "AADSTS90002": "There is no such tenant: see 'tenant_id' and 'cloud'",
    "AADSTS700027": "The application does not know the certificate: upload it under "
    "Certificates & secrets",
}
