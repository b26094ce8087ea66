"""Calls to Looker through its official SDK: counted, capped, repeated where that is safe.

The SDK gives methods and models; this room gives it its settings, so that it reads no `looker.ini`
and no environment, and its transport. The transport turns every fault into an error of ours before
the SDK sees it: the SDK would put the answer into its errors, and fetch explanations of them from
a server on the Internet. Bodies of answers never leave this file but as decoded values.
"""

from __future__ import annotations

import json
import logging
import time
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, Self, TypeVar, cast

import requests
from looker_sdk.rtl import api_settings, auth_session, auth_token, serialize, transport
from looker_sdk.rtl.requests_transport import NullAuth
from looker_sdk.sdk.api40.methods import Looker40SDK

from loader_core import LoaderError
from target_looker_stage import __version__

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from target_looker_stage.looker_settings import LookerSettings

T = TypeVar("T")

VERSION = "4.0"
ATTEMPTS = 3
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 1.0, 60.0
CONNECT_SECONDS = 10.0
_REDIRECTED, _REFUSED = 300, 400
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND, _TOO_MANY = 401, 403, 404, 429
_RETRIED = frozenset({_TOO_MANY, 502, 503, 504})
_LOGIN, _LOGOUT = f"/api/{VERSION}/login", "/api/logout"
_ONCE_ONLY = "/run_once"
"""The end of paths whose calls are not repeated if they may have been done: a report would be sent
twice."""
_WRONG_ADDRESS = "See 'looker_url': it is not the address of a Looker API, or a proxy answers"
_LATER = "See that Looker is up; loads stand without it, and the next run tries again"

logger = logging.getLogger(__name__)


class LookerError(LoaderError):
    """Looker does not do what it was asked for."""


class MissingError(LookerError):
    """Looker has no such thing, or does not let this user see it."""


class _VoidTokenError(LookerError):
    """Looker takes the token no more."""


class _Settings(api_settings.ApiSettings):
    """The SDK's settings from ours alone."""

    def __init__(self, settings: LookerSettings) -> None:
        self._given = settings
        super().__init__(sdk_version=f"target-looker-stage {__version__}")

    def read_config(self) -> api_settings.SettingsConfig:
        """What the SDK would read from a file; it asks at each login."""
        return {
            "client_id": self._given.client_id,
            "client_secret": self._given.client_secret,
            "base_url": self._given.url,
            "verify_ssl": "true",
            "timeout": str(self._given.timeout_seconds),
        }


class _Transport(transport.Transport):
    """Sends the SDK's requests."""

    def __init__(self, settings: LookerSettings, sleep: Callable[[float], None]) -> None:
        self.calls = 0
        self.server_time: float | None = None
        self._settings = settings
        self._sleep = sleep
        self._session = requests.Session()

    @classmethod
    def configure(cls, settings: transport.PTransportSettings) -> transport.Transport:
        """Not used: it is made with our own settings."""
        raise NotImplementedError

    def request(  # noqa: PLR0917 - the SDK's
        self,
        method: transport.HttpMethod,
        path: str,
        query_params: Any = None,  # noqa: ANN401 - passed on
        body: bytes | None = None,
        authenticator: transport.TAuthenticator = None,
        transport_options: transport.TransportOptions | None = None,
    ) -> transport.Response:
        """Send until there is an answer that is not to be waited for.

        Raises:
            LookerError: There is none, or it is a refusal, or no call is left.
        """
        headers = {"Content-Type": "application/json"}
        if authenticator:  # which may log in first, by a call of its own
            headers |= authenticator({})
        headers |= dict((transport_options or {}).get("headers", {}))
        answer = self._answer(method.name, path, params=query_params, data=body, headers=headers)
        if answer.status_code >= _REDIRECTED:
            raise self._refused(answer, path)
        kind = answer.headers.get("Content-Type", "")
        return transport.Response(True, answer.content, transport.response_mode(kind))  # noqa: FBT003 - the SDK's

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _answer(self, method: str, path: str, **how: Any) -> requests.Response:  # noqa: ANN401 - passed on
        shown = self._shown(path)
        for attempt in range(1, ATTEMPTS + 1):
            answer, what = self._sent(method, path, shown, **how)
            refused_for_now = answer is not None and answer.status_code == _TOO_MANY
            if answer is not None and answer.status_code not in _RETRIED:
                return answer
            wait = max(_asked_to_wait(answer), FIRST_WAIT_SECONDS * 2 ** (attempt - 1))
            if shown.endswith(_ONCE_ONLY) and not refused_for_now:
                raise LookerError(f"{what} to {shown}", "See in Looker whether it was done")
            if attempt == ATTEMPTS or wait > MOST_WAIT_SECONDS:
                raise LookerError(f"{what} to {shown}", _LATER)
            logger.warning("%s to %s; trying again in %.0f s", what, shown, wait)
            self._sleep(wait)
        raise AssertionError  # the last attempt returns or raises

    def _sent(
        self,
        method: str,
        path: str,
        shown: str,
        **how: Any,  # noqa: ANN401 - passed on
    ) -> tuple[requests.Response | None, str]:
        """One call: its answer if there is one, and what is to be said of it."""
        settings = self._settings
        if self.calls >= settings.max_api_calls and not path.endswith(_LOGOUT):
            raise LookerError(
                f"all {settings.max_api_calls} calls to Looker are used",
                "Raise 'looker_max_api_calls' if your edition of Looker has them",
            )
        self.calls += 1
        try:
            answer = self._session.request(
                method,
                path,
                auth=NullAuth(),
                timeout=(CONNECT_SECONDS, settings.timeout_seconds),
                allow_redirects=False,
                **how,
            )
        except requests.exceptions.SSLError:
            raise LookerError(
                f"the certificate of {settings.host} is not one to trust",
                "See 'looker_url'; behind a proxy, name its certificates in REQUESTS_CA_BUNDLE",
            ) from None
        except requests.RequestException as error:
            what = f"no answer from {settings.host} ({type(error).__name__})"
            logger.info("Looker call %d: %s %s: no answer", self.calls, method, shown)
            return None, what
        logger.info("Looker call %d: %s %s: %d", self.calls, method, shown, answer.status_code)
        self._note_time(answer)
        return answer, f"{settings.host} answers {answer.status_code}"

    def _note_time(self, answer: requests.Response) -> None:
        with suppress(KeyError, ValueError):
            self.server_time = parsedate_to_datetime(answer.headers["Date"]).timestamp()

    def _refused(self, answer: requests.Response, path: str) -> LookerError:
        """What a refusal means, as far as its status and its form say."""
        host, status = self._settings.host, answer.status_code
        shown = self._shown(path)
        what = f"{host} answers {status} to {shown}"
        if status < _REFUSED or not _is_lookers(answer):
            return LookerError(what, _WRONG_ADDRESS)
        if path.endswith(_LOGIN):
            return LookerError(
                f"Looker does not take the API key ({status})",
                "See 'looker_client_id' and 'looker_client_secret': both of one key, of a user "
                "who is not disabled",
            )
        if status == _UNAUTHORIZED:
            return _VoidTokenError(
                f"Looker does not take the token that it gave, at {shown}",
                "See whether the API key's user was disabled, or its sessions are ended",
            )
        if status == _FORBIDDEN:
            return LookerError(what, "Give the API key's user the permission; the README has them")
        if status == _NOT_FOUND:
            return MissingError(
                what, "It is not there, or the API key's user may not see it: Looker says the same"
            )
        return LookerError(what, "See the settings; if they are right, run again later")

    def _shown(self, path: str) -> str:
        return path.removeprefix(self._settings.url)


class Looker:
    """Calls one Looker as one user, until the end of the block.

    Args:
        settings: Where, as whom and how often.
        sleep: For waiting.
    """

    def __init__(
        self, settings: LookerSettings, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._host = settings.host
        self._transport = _Transport(settings, sleep)
        of = _Settings(settings)
        self._session = auth_session.AuthSession(
            of, self._transport, serialize.deserialize40, VERSION
        )
        self._sdk = Looker40SDK(
            self._session,
            serialize.deserialize40,
            serialize.serialize40,
            self._transport,
            VERSION,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        try:
            self._session.logout()
        except LookerError as error:
            logger.info("The Looker session was not ended: %s", error)  # it ends by itself
        self._transport.close()

    @property
    def calls(self) -> int:
        """Calls that were made."""
        return self._transport.calls

    @property
    def now(self) -> float:
        """Seconds since 1970 by the slower of both clocks, so that Looker's has reached it."""
        ours = time.time()
        return min(ours, self._transport.server_time or ours)

    def call(self, what: Callable[[Looker40SDK], T]) -> T:
        """Do a call of the SDK, with a new token if Looker takes the old one no more.

        Args:
            what: The call.

        Raises:
            MissingError: Looker does not know, or show, what is named.
            LookerError: It is refused, or there is no answer, or it is not Looker's.
        """
        try:
            return self._called(what)
        except _VoidTokenError:
            self._session.token = auth_token.AuthToken()
            return self._called(what)

    def _called(self, what: Callable[[Looker40SDK], T]) -> T:
        try:
            return what(self._sdk)
        except LookerError:
            raise
        except Exception as error:  # noqa: BLE001 - what the SDK's parsers raise is not declared
            raise LookerError(
                f"what {self._host} answers is not what Looker answers ({type(error).__name__})",
                _WRONG_ADDRESS,
            ) from None


def _asked_to_wait(answer: requests.Response | None) -> float:
    """Seconds of `Retry-After`; a date of it is passed over."""
    told = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else 0.0


def _is_lookers(answer: requests.Response) -> bool:
    """Whether a refusal has the form that Looker gives to all of its own."""
    try:
        said = cast("object", json.loads(answer.content))
    except ValueError:
        return False
    return isinstance(said, dict) and {"message", "documentation_url"} <= said.keys()
