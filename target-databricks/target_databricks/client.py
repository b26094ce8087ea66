"""Calls to the workspace: who asks, what is tried again, and what a refusal means.

Knows HTTP and tokens; knows no SQL. Every call can be made twice (see the package), so calls whose
answer was lost are repeated like those that were refused for now. Answers' bodies never leave this
file but as decoded values.
"""

from __future__ import annotations

import itertools
import logging
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import requests
from requests.auth import AuthBase

from loader_core import DestinationError, LostAnswerError
from target_databricks import tokens
from target_databricks.errors import AccessError, MissingError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from loader_core.clock import Clock
    from target_databricks.settings import Settings

T = TypeVar("T")

CONNECT_SECONDS, READ_SECONDS = 20.0, 120.0
CANCEL_SECONDS = 5.0
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 30.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
LOST = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
"""What `requests` raises where a call may or may not have been done."""
_UNAUTHORIZED, _FORBIDDEN, _NOT_FOUND = 401, 403, 404
_TODO_LATER = "Run again; the next run begins with what is left"

logger = logging.getLogger(__name__)


class Nothing(msgspec.Struct):
    """An answer of which nothing is read."""


class _Refusal(msgspec.Struct):
    error_code: str = ""
    message: str = ""


class _Bearer(AuthBase):
    """Sets the token, and so keeps `requests` from looking for credentials in ~/.netrc."""

    def __init__(self, token: str) -> None:
        self._token = token

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        request.headers["Authorization"] = f"Bearer {self._token}"
        return request


class Client:
    """Calls one workspace as one service principal.

    Args:
        settings: Where and as whom.
        clock: For waiting and for the token's age.
        retry_seconds: In place of that of the settings.
    """

    def __init__(
        self, settings: Settings, clock: Clock, *, retry_seconds: float | None = None
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._retry_seconds = settings.retry_seconds if retry_seconds is None else retry_seconds
        self._session = requests.Session()
        self._token = tokens.Token(clock)

    def call(
        self,
        method: str,
        path: str,
        answers: type[T],
        *,
        json: object = None,
        params: dict[str, str] | None = None,
        data: bytes | None = None,
    ) -> T:
        """Call until there is an answer.

        Args:
            method: HTTP's.
            path: From `/api` on.
            answers: What the answer is decoded as; `Nothing` if it is not read.
            json: Body, to be written as JSON.
            params: Of the query.
            data: Body, as it is.

        Raises:
            AccessError: 401 with a new token, or 403.
            MissingError: 404.
            LostAnswerError: No answer came in `retry_seconds`.
            DestinationError: It is refused.
        """
        if self._token.is_due(tokens.LEAST_SECONDS):
            self._renew()
        body = None if json is None else msgspec.json.encode(json)

        def send() -> requests.Response:
            return self._request(
                method, path, _Bearer(self._token.value), params=params, data=body or data
            )

        answer = self._answer(send, path)
        if _is_void(answer):
            self._renew()
            answer = self._answer(send, path)
        if not answer.ok:
            raise _refused(answer, method, path)
        return self._decoded(answer, answers, path)

    def renew_if_due(self) -> None:
        """Get a token that is good for a batch."""
        if self._token.is_due(tokens.MARGIN_SECONDS):
            self._renew()

    def try_once(self, method: str, path: str) -> None:
        """Call without waiting, retry or error, on a connection of its own: for a process's end."""
        with suppress(requests.RequestException):
            requests.request(
                method,
                self._settings.url + path,
                auth=_Bearer(self._token.value),
                timeout=CANCEL_SECONDS,
            )

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _renew(self) -> None:
        settings = self._settings
        # As bytes: of a text with other letters `requests` makes none
        who = requests.auth.HTTPBasicAuth(
            settings.client_id.encode(), settings.client_secret.encode()
        )

        def send() -> requests.Response:
            return self._request("POST", tokens.PATH, who, data=tokens.FORM)

        answer = self._answer(send, tokens.PATH)
        if not answer.ok:
            raise AccessError(
                f"the workspace gives no token to the service principal ({answer.status_code})",
                "See that 'client_id' and 'client_secret' are of one principal of this workspace",
            )
        self._token.take(self._decoded(answer, tokens.Answer, tokens.PATH))

    def _request(self, method: str, path: str, auth: AuthBase, **how: Any) -> requests.Response:  # noqa: ANN401 - passed on
        return self._session.request(
            method,
            self._settings.url + path,
            auth=auth,
            timeout=(CONNECT_SECONDS, READ_SECONDS),
            allow_redirects=False,
            **how,
        )

    def _answer(self, send: Callable[[], requests.Response], path: str) -> requests.Response:
        """The first answer that is not to be waited for."""
        until = self._clock.monotonic() + self._retry_seconds
        for pause in pauses():
            answer: requests.Response | None = None
            try:
                answer = send()
            except requests.exceptions.SSLError:
                raise DestinationError(
                    f"the certificate of {self._settings.host} is not one to trust",
                    "See 'host'; behind a proxy, name its certificates in REQUESTS_CA_BUNDLE",
                ) from None
            except LOST as error:
                what = f"no answer from {self._settings.host} ({type(error).__name__})"
            if answer is not None:
                if answer.status_code not in RETRIED_STATUSES:
                    return answer
                what = f"{self._settings.host} answers {answer.status_code}"
            wait = max(pause, _asked_to_wait(answer))
            if self._clock.monotonic() + wait > until:
                kind = LostAnswerError if answer is None else DestinationError
                raise kind(f"{what} to {_shown(path)}", _TODO_LATER)
            logger.warning("%s to %s; trying again in %.1f s", what, _shown(path), wait)
            self._clock.sleep(wait)
        raise AssertionError  # pauses never end

    def _decoded(self, answer: requests.Response, answers: type[T], path: str) -> T:
        if answers is Nothing:
            return answers()
        try:
            return msgspec.json.decode(answer.content, type=answers)
        except msgspec.MsgspecError:
            raise LostAnswerError(
                f"what {self._settings.host} answers to {_shown(path)} is not what it should be",
                "See that 'host' is the address of a workspace, without a proxy's page before it",
            ) from None


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: twice as long each time, spread by chance."""
    for attempt in itertools.count():
        longest = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret


def _asked_to_wait(answer: requests.Response | None) -> float:
    """Seconds of `Retry-After`, which here is never a date."""
    told = "" if answer is None else answer.headers.get("Retry-After", "")
    return float(told) if told.isdigit() else 0.0


def _is_void(answer: requests.Response) -> bool:
    """Whether the token was refused; 403 is said so of one that was good once."""
    if answer.status_code == _UNAUTHORIZED:
        return True
    return (
        answer.status_code == _FORBIDDEN
        and "invalid access token" in _refusal(answer).message.lower()
    )


def _refusal(answer: requests.Response) -> _Refusal:
    try:
        return msgspec.json.decode(answer.content, type=_Refusal)
    except msgspec.MsgspecError:
        return _Refusal()


def _refused(answer: requests.Response, method: str, path: str) -> DestinationError:
    code = _refusal(answer).error_code
    code = code if code.isupper() and code.replace("_", "").isalnum() else "no error code"
    what = f"{method} {_shown(path)} is refused with {answer.status_code}, {code}"
    if answer.status_code in {_UNAUTHORIZED, _FORBIDDEN}:
        todo = "Run target-databricks-doctor: it names the grants that are missing"
        return AccessError(what, todo)
    if answer.status_code == _NOT_FOUND:
        return MissingError(what, "See that 'host', 'warehouse_id' and the names are right")
    return DestinationError(what, "See the settings; if they are right, run again later")


def _shown(path: str) -> str:
    """A path without the names of statements and files, which only fill the log."""
    return "/".join(path.split("/")[:5])
