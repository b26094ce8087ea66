"""One GET to the end: token, allowance, retries, and errors that say what to do.

Knows HTTP and companies; knows neither entities nor Singer. What each status leads to:

| status | what is done |
| --- | --- |
| 200 with whole JSON | given back |
| 401 | token renewed once, then an error |
| 429 | waited until the time that Visma names, then sent again; or the company is stopped |
| 408, 500, 502, 503, 504, no answer, not JSON | tried again, 5 times in all |
| 400, 403, 404, any other | an error at once |
"""

from __future__ import annotations

import logging
import re
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import requests

from tap_visma import retries
from tap_visma.connect import Connect
from tap_visma.errors import (
    AccessError,
    AllowanceError,
    AnswerError,
    SettingsError,
    UnreachableError,
    VismaError,
)
from tap_visma.quota import Window

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_visma.clock import Clock
    from tap_visma.settings import Company, Settings

CONNECT_TIMEOUT_SECONDS = 10
SLOW_SHARE = 0.8
"""A failure after this share of the timeout is put down to the size of what was asked for."""
REFUSALS_IN_A_ROW = 5
"""So many 429 for one call, each waited out in full, mean that waiting does not help."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its body as received, and when it came.

    Attributes:
        body: JSON, decompressed, otherwise untouched.
        received_at: Our time, UTC.
        answered_at: Visma's time, UTC, from the `Date` header; ours where it is missing.
        number: Which answer of its batch it is, from 1; 0 for one that belongs to none.
    """

    body: bytes
    received_at: datetime
    answered_at: datetime
    number: int = 0


class Caller:
    """Sends GET calls for companies, one at a time for each of them.

    Attributes:
        windows: What is known of each company's allowance.
        calls: Calls sent for each company.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._session = requests.Session()
        self._connect = Connect(settings, self._session, clock)
        self._host = urlsplit(settings.api_url).netloc
        self.windows: defaultdict[str, Window] = defaultdict(
            lambda: Window(reserve=settings.quota_reserve)
        )
        self.calls: defaultdict[str, int] = defaultdict(int)

    def get(self, company: Company, path: str, params: Mapping[str, str]) -> Answer:
        """Call until Visma answers, within the company's allowance.

        Args:
            company: Whose token to use.
            path: Path of the endpoint, from `/v1` on.
            params: Query parameters, not yet encoded.

        Raises:
            VismaError: With the company named.
        """
        window = self.windows[company.company_id]
        renewed = False
        refusals = 0
        try:
            while True:
                self._wait_for_a_call(company, window)
                response = retries.send(
                    lambda: self._send(company, path, params),
                    self._clock,
                    self._host,
                    SLOW_SHARE * self._settings.timeout_seconds,
                )
                now = self._clock.monotonic()
                if response.status == requests.codes.too_many_requests:
                    window.exhausted(response.headers, now)
                    refusals += 1
                    if refusals == REFUSALS_IN_A_ROW:
                        raise UnreachableError(
                            "Visma refuses the call for its number (429) after every wait",
                            "See which other programs use the application's allowance",
                        )
                    continue
                window.learn(response.headers, now)
                if response.status == requests.codes.unauthorized and not renewed:
                    self._connect.forget(company)
                    renewed = True
                    continue
                if response.status != requests.codes.ok:
                    raise _refusal(response, path)
                received_at = self._clock.now()
                return Answer(response.body, received_at, _date(response.headers, received_at))
        except VismaError as error:
            raise error.at(company.company_id) from None

    def _wait_for_a_call(self, company: Company, window: Window) -> None:
        seconds = window.seconds_to_wait(self._clock.monotonic())
        if seconds <= 0:
            return
        if self._settings.stops_when_exhausted:
            raise AllowanceError(
                f"the allowance of calls is used up ({window}); the next window begins in "
                f"{seconds:.0f} s",
                "The next sync goes on from here",
            )
        logger.warning(
            "Company '%s': %s; waiting %.0f s for the next window",
            company.company_id,
            window,
            seconds,
        )
        self._clock.sleep(seconds)
        window.turn()

    def _send(self, company: Company, path: str, params: Mapping[str, str]) -> retries.Response:
        self.calls[company.company_id] += 1
        response = self._session.get(
            f"{self._settings.api_url}{path}",
            params=params,
            headers={
                "Accept": "application/json",
                "User-Agent": self._settings.user_agent,
                "ipp-company-id": company.company_id,
            },
            auth=self._connect.token(company),
            timeout=(CONNECT_TIMEOUT_SECONDS, self._settings.timeout_seconds),
            allow_redirects=False,
            stream=True,
        )
        return retries.Response.of(response)


def _date(headers: Mapping[str, str], default: datetime) -> datetime:
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return default


def _refusal(response: retries.Response, path: str) -> VismaError:
    match response.status:
        case requests.codes.unauthorized:
            error = AccessError(
                "Visma refuses a valid token (401)",
                "Set 'tenant_id' to the company's own tenant id, not the customer's (Visma Admin > "
                "Company > Edit > Configuration), and have the company's Integration Administrator "
                "approve the application in the Visma App Store",
            )
            error.for_company = True
            return error
        case requests.codes.forbidden:
            return AccessError(
                f"Visma does not give access to {path} (403)",
                "Give the application the scope, or the company the licence or module, or "
                "deselect the stream",
            )
        case requests.codes.not_found:
            return SettingsError(
                f"there is no {path} at the API (404)",
                "Set 'api_url' to https://api.finance.visma.net, without a path, or deselect the "
                "stream",
            )
        case status:
            visma_id = re.search(rb"VismaId: ?([0-9a-fA-F-]{36})", response.body[:4096])
            mark = f", VismaId {visma_id[1].decode()}" if visma_id else ""
            return AnswerError(
                f"Visma refuses the call to {path} (status {status}{mark})",
                "Deselect the stream for now and report the status and the VismaId",
            )
