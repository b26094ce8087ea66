"""Which failures of a call are tried again, and when to stop.

Knows a request that can be sent again; knows neither tokens nor the allowance. What cannot succeed
by itself (a refused right, a wrong address, a certificate) is not tried again.
"""

from __future__ import annotations

import logging
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

import requests
import urllib3

from tap_visma.errors import AnswerError, TooSlowError, UnreachableError, VismaError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_visma.clock import Clock

TRIES = 5
LONGEST_WAIT_SECONDS = 60.0

TRANSIENT_STATUS = frozenset({408, 500, 502, 503, 504})

# Most specific first: the table is read from the top.
FAILURES: tuple[tuple[type[Exception], str, bool], ...] = (
    (requests.exceptions.SSLError, "the server's certificate is not trusted", False),
    (requests.exceptions.ProxyError, "the proxy does not connect", True),
    (requests.exceptions.ConnectTimeout, "no connection in time", True),
    (requests.exceptions.ReadTimeout, "no answer in time", True),
    (requests.exceptions.ConnectionError, "no connection", True),
    (requests.exceptions.RequestException, "the request could not be sent", False),
    (urllib3.exceptions.ReadTimeoutError, "no answer in time", True),
    (urllib3.exceptions.DecodeError, "the answer is damaged", True),
    (urllib3.exceptions.HTTPError, "the answer broke off", True),
)
"""Failures without an answer: how to name them, and whether trying again can help."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer of any status.

    Attributes:
        status: HTTP status.
        headers: Names in any case.
        body: Decompressed.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, response: requests.Response) -> Response:
        """Read a response that was asked for with `stream=True`.

        In one piece: `requests` would put a body together from small ones, and hold it twice.

        Raises:
            urllib3.exceptions.HTTPError: It breaks off, or is damaged.
        """
        with response:
            body = response.raw.read(decode_content=True)
        return cls(response.status_code, response.headers, body)


def send(
    attempt: Callable[[], Response],
    clock: Clock,
    host: str,
    slow_after_seconds: float = float("inf"),
) -> Response:
    """Send until an answer came that is worth reading, with growing, random waits between tries.

    Args:
        attempt: Sends the request once.
        clock: For the waits.
        host: Where the request goes, for messages.
        slow_after_seconds: A failure after so long is not tried again: it would be one again.

    Returns:
        The first answer that is not a passing fault. A 200 has a body that looks like whole JSON.

    Raises:
        TooSlowError: A try failed after that time.
        UnreachableError: No answer, or server errors only.
        AnswerError: Answers, but none of them JSON.
    """
    for number in range(1, TRIES + 1):
        began = clock.monotonic()
        try:
            response = attempt()
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            clause, passing = next((c, p) for kind, c, p in FAILURES if isinstance(error, kind))
            failure: VismaError = UnreachableError(
                f"{clause} ({host})", "Check address, network and proxy, then run again"
            )
            failure.for_company = True
            if not passing:
                raise failure from None
        else:
            if response.status in TRANSIENT_STATUS:
                failure = UnreachableError(
                    f"{host} answers with status {response.status}",
                    "Visma may be down for maintenance; run again later",
                )
            elif response.status == requests.codes.ok and not _looks_like_json(response.body):
                failure = AnswerError(
                    f"{host} answers with something that is not whole JSON",
                    "A gateway may stand between; check the address, then run again later",
                )
            else:
                return response
        if clock.monotonic() - began >= slow_after_seconds:
            raise TooSlowError(failure.what, "Set a smaller 'page_size'")
        if number < TRIES:
            wait = random.uniform(0, min(2.0 ** (number - 1), LONGEST_WAIT_SECONDS))  # noqa: S311
            logger.warning("%s; trying again in %.1f s", failure.what, wait)
            clock.sleep(wait)
    failure.what = f"{failure.what}, {TRIES} times"
    raise failure


def _looks_like_json(body: bytes) -> bool:
    """A list or object from its first to its last character: not a page, not cut off."""
    return body[:100].lstrip()[:1] + body[-100:].rstrip()[-1:] in {b"[]", b"{}"}
