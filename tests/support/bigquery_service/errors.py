"""What goes wrong: a call that is refused, and a job that fails."""

from __future__ import annotations

from typing import Any


class ServiceError(Exception):
    """The service cannot start; the text says why."""


class ApiError(Exception):
    """A call is refused.

    Args:
        status: HTTP's.
        reason: BigQuery's, such as `notFound`.
        message: For people.
    """

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason
        self.message = message

    def told(self) -> dict[str, Any]:
        """The body of the answer."""
        error = {"reason": self.reason, "message": self.message, "domain": "global"}
        return {"error": {"code": self.status, "message": self.message, "errors": [error]}}


class JobError(Exception):
    """A job fails.

    Args:
        reason: BigQuery's, such as `invalidQuery`.
        message: For people.
    """

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def told(self) -> dict[str, str]:
        """What `errorResult` holds."""
        return {"reason": self.reason, "message": self.message}


STATUS_OF = {
    "accessDenied": 403,
    "backendError": 503,
    "duplicate": 409,
    "internalError": 500,
    "jobBackendError": 400,
    "jobRateLimitExceeded": 400,
    "notFound": 404,
    "quotaExceeded": 403,
    "rateLimitExceeded": 403,
}
"""The status of an answer about a job that failed for a reason; 400 for any other."""


def not_in_the_double(what: str) -> JobError:
    """What the double cannot do, and therefore fails at."""
    return JobError("notImplemented", f"{what} is not in the double.")


def missing(kind: str, name: str) -> ApiError:
    """Refuse a call about something that is not there."""
    return ApiError(404, "notFound", f"Not found: {kind} {name}")
