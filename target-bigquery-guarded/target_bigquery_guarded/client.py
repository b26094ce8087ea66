"""Calls to BigQuery: who asks, what is tried again, and what a refusal means.

Knows the official client and its faults; knows no SQL and no tables. Every call can be made twice
(see the package), so calls whose answer was lost are repeated like those that were refused for now.
The client's own retries are switched off: they would wait on a clock of their own. Answers' bodies
never leave this file but as reasons and permissions.
"""

from __future__ import annotations

import itertools
import logging
import random
import re
from typing import TYPE_CHECKING, Any, TypeVar

import requests
from google.api_core import exceptions as api_errors
from google.auth import exceptions as auth_errors
from google.cloud import bigquery
from google.oauth2 import service_account

from loader_core import DestinationError, LostAnswerError, SettingsError
from target_bigquery_guarded import errors
from target_bigquery_guarded.errors import (
    AccessError,
    AlreadyThereError,
    ChangedError,
    MissingError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from loader_core.clock import Clock
    from target_bigquery_guarded.settings import Settings

T = TypeVar("T")

TIMEOUT = (20.0, 120.0)
"""Seconds to connect, and to wait for bytes."""
ONCE: Mapping[str, Any] = {"retry": None, "timeout": TIMEOUT}
"""What the official client is to be called with, so that it does not retry by itself."""
FIRST_WAIT_SECONDS, MOST_WAIT_SECONDS = 0.5, 30.0
RETRIED_STATUSES = frozenset({429, 500, 502, 503, 504})
LOST = (
    requests.ConnectionError,
    requests.Timeout,
    requests.exceptions.ChunkedEncodingError,
    requests.exceptions.ContentDecodingError,
    requests.exceptions.JSONDecodeError,
    auth_errors.TransportError,
)
"""What is raised where a call may or may not have been done."""
_SERVER_ERROR = 500
_SCOPES = ("https://www.googleapis.com/auth/bigquery",)
_PERMISSION = re.compile(r"[Pp]ermission (bigquery\.[A-Za-z.]+)")
_TODO_LATER = "Run again; the next run begins with what is left"

logger = logging.getLogger(__name__)


class Client:
    """Calls BigQuery as one service account.

    Args:
        settings: Where and as whom.
        clock: For waiting.

    Attributes:
        google: The official client, for the calls that `call` makes.
    """

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._opened: bigquery.Client | None = None

    @property
    def google(self) -> bigquery.Client:
        """The official client, made when it is first asked for.

        Raises:
            SettingsError: There are no credentials, or none that can be used.
        """
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def call(self, what: str, send: Callable[[], T]) -> T:
        """Call until there is an answer.

        Args:
            what: What the call is to do, as a clause for errors, without values of rows.
            send: Makes the call, with `ONCE`.

        Raises:
            AccessError: 401 with a new token, or 403.
            MissingError: 404.
            AlreadyThereError: 409.
            ChangedError: 412.
            LostAnswerError: No answer came in `retry_seconds`.
            DestinationError: It is refused.
        """
        until = self._clock.monotonic() + self._settings.retry_seconds
        was_lost = False
        for pause in pauses():
            lost = False
            try:
                return send()
            except api_errors.GoogleAPICallError as error:
                status, reason = error.code, reason_of(error)
                from_server = status is None or status >= _SERVER_ERROR
                if not from_server or reason:
                    if status not in RETRIED_STATUSES and reason not in errors.RETRIED:
                        raise refused(what, error, sent_before=was_lost) from None
                else:
                    lost = True  # what came is a gateway's, or no answer at all
                was_lost = was_lost or from_server
                told = f"{what} is refused with {status or 'no status'}, {reason or 'no reason'}"
            except auth_errors.RefreshError as error:
                if not error.retryable:
                    raise self._no_token(error) from None
                told = "no token is given for now"
            except requests.exceptions.SSLError:
                raise DestinationError(
                    "the certificate of BigQuery's address is not one to trust",
                    "Behind a proxy, name its certificates in REQUESTS_CA_BUNDLE",
                ) from None
            except LOST as error:
                lost = True
                told = f"no answer to {what} ({type(error).__name__})"
            was_lost = was_lost or lost
            if self._clock.monotonic() + pause > until:
                kind = LostAnswerError if lost else DestinationError
                raise kind(told, _TODO_LATER)
            logger.warning("%s; trying again in %.1f s", told, pause)
            self._clock.sleep(pause)
        raise AssertionError  # pauses never end

    def close(self) -> None:
        """Let go of connections."""
        if self._opened is not None:
            self._opened.close()  # type: ignore[no-untyped-call] # it says nothing of its types

    def _open(self) -> bigquery.Client:
        settings = self._settings
        credentials = None
        options: dict[str, str] = {}
        if settings.api_endpoint:
            options["api_endpoint"] = settings.api_endpoint
        try:
            if settings.key:
                credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call] # as below
                    settings.key, scopes=_SCOPES
                )
                options["universe_domain"] = credentials.universe_domain
            return bigquery.Client(
                project=settings.project, credentials=credentials, client_options=options
            )
        except ValueError:  # also a kind of the next one: a key that lacks parts
            raise SettingsError(
                "the key of the service account cannot be used",
                "Make a new key of the type JSON, and give that as it is",
            ) from None
        except auth_errors.DefaultCredentialsError:
            raise SettingsError(
                "there are no credentials for Google Cloud",
                "Set 'credentials_path', or see 'gcloud auth application-default login'",
            ) from None

    def _no_token(self, error: auth_errors.RefreshError) -> AccessError:
        """Say why there is no token, by what OAuth calls it."""
        told = str(error.args[0] if error.args else "")
        code = told.partition(":")[0]
        code = code if re.fullmatch(r"[a-z_]+", code) else "no error code"
        if "timeframe" in told:
            return AccessError(
                f"no token is given, {code}: the times in the request are not those of Google",
                "Set the clock of this machine",
            )
        return AccessError(
            f"no token is given to the service account, {code}",
            "See that the account is there and its key is not disabled or deleted",
        )


def pauses() -> Iterator[float]:
    """Seconds to wait before each next attempt: twice as long each time, spread by chance."""
    for attempt in itertools.count():
        longest = min(MOST_WAIT_SECONDS, FIRST_WAIT_SECONDS * 2.0 ** min(attempt, 16))
        yield longest * (0.5 + random.random() / 2)  # noqa: S311 - not a secret


def reason_of(error: api_errors.GoogleAPICallError) -> str | None:
    """The reason that BigQuery gives for a refusal; none if it is not BigQuery that answers."""
    told = error.errors[0] if error.errors else {}
    reason = told.get("reason") if isinstance(told, dict) else None
    return reason if isinstance(reason, str) and reason.isalnum() else None


def refused(
    what: str, error: api_errors.GoogleAPICallError, *, sent_before: bool
) -> DestinationError:
    """What a refusal is to the caller."""
    reason = reason_of(error) or "no reason"
    told = f"{what} is refused with {error.code}, {reason}"
    match error:
        case api_errors.Conflict():
            return AlreadyThereError(told, sent_before=sent_before)
        case api_errors.NotFound():
            return MissingError(told, errors.todo("notFound"))
        case api_errors.PreconditionFailed():
            return ChangedError(told, _TODO_LATER)
        case api_errors.Forbidden() | api_errors.Unauthorized() if reason != "quotaExceeded":
            permission = _PERMISSION.search(error.message or "")
            needed = f" ({permission[1].rstrip('.')})" if permission else ""
            return AccessError(told + needed, errors.todo(reason))
    return DestinationError(told, errors.todo(reason))
