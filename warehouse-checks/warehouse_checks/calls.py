"""Calls over HTTP: what is tried again, what has no answer, and how far this clock is off.

Knows HTTP; knows no warehouse. Only what can be sent twice may be sent by it. No text of an answer
leaves it but as decoded values.
"""

from __future__ import annotations

import itertools
import json
import random
from contextlib import suppress
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from warehouse_checks.errors import UnreachableError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from warehouse_checks.clock import Clock

CONNECT_SECONDS, READ_SECONDS = 20.0, 120.0
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 30.0
RETRY_SECONDS = 20.0
"""A check that waits for minutes is no help."""
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
LOST = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
)
"""What `requests` raises where no answer came."""


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer.

    Attributes:
        status: Of HTTP.
        body: The JSON object that it is; empty where it is something else.
        is_json: Whether it is one.
    """

    status: int
    body: Mapping[str, Any]
    is_json: bool


class Caller:
    """Sends calls until they are answered.

    Args:
        clock: For waiting, and to be compared with that of the answers.

    Attributes:
        clock: As given.
        ahead_seconds: How far this machine's clock is ahead of that of the last answer; `None`
            before the first one.
    """

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.ahead_seconds: float | None = None
        self._session = requests.Session()
        self._session.headers["User-Agent"] = "warehouse-checks"

    def call(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: object = None,
        form: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send a call until it is answered.

        Args:
            method: HTTP's.
            url: Where.
            headers: To be sent with it.
            params: Of the query.
            body: To be sent as JSON.
            form: To be sent as a form in place of it.

        Raises:
            UnreachableError: No answer came in `RETRY_SECONDS`.
        """
        host = urlsplit(url).netloc
        until = self.clock.monotonic() + RETRY_SECONDS
        for pause in pauses():
            answer: requests.Response | None = None
            try:
                answer = self._session.request(
                    method,
                    url,
                    headers=dict(headers or {}),
                    auth=_as_is,
                    params=dict(params or {}),
                    json=body,
                    data=dict(form) if form else None,
                    timeout=(CONNECT_SECONDS, READ_SECONDS),
                    allow_redirects=False,
                )
            except requests.exceptions.SSLError:
                raise UnreachableError(
                    f"the certificate of {host} is not one to trust",
                    "Behind a proxy, name its certificates in REQUESTS_CA_BUNDLE",
                ) from None
            except LOST as error:
                what = f"no answer from {host} ({type(error).__name__})"
            except requests.RequestException as error:  # its text can quote the token
                raise UnreachableError(
                    f"a call to {host} cannot be sent ({type(error).__name__})",
                    "See that the address and the token in the settings have no odd characters",
                ) from None
            if answer is not None:
                self._compare_clocks(answer)
                if answer.status_code not in RETRIED_STATUSES:
                    return _decoded(answer)
                what = f"{host} answers {answer.status_code}"
            if self.clock.monotonic() + pause > until:
                raise UnreachableError(
                    what, "See that its name is right, and that this machine may call it"
                )
            self.clock.sleep(pause)
        raise AssertionError  # pauses never end

    def close(self) -> None:
        """Let go of connections."""
        self._session.close()

    def _compare_clocks(self, answer: requests.Response) -> None:
        with suppress(TypeError, ValueError):
            told = parsedate_to_datetime(answer.headers.get("Date", ""))
            self.ahead_seconds = (self.clock.now() - told).total_seconds()


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: twice as long each time, spread by chance."""
    for attempt in itertools.count():
        longest = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret


def _as_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Keep `requests` from looking for credentials in ~/.netrc."""
    return request


def _decoded(answer: requests.Response) -> Answer:
    try:
        body = json.loads(answer.content, parse_float=str)
    except ValueError:
        return Answer(answer.status_code, {}, is_json=False)
    if not isinstance(body, dict):
        return Answer(answer.status_code, {}, is_json=False)
    return Answer(answer.status_code, body, is_json=True)
