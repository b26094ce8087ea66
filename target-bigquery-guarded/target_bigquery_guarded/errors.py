"""What can go wrong at BigQuery, and what a person does about it.

All are the core's `LoaderError`s. An error names the reason that BigQuery gives, never the message
around it: that may quote a value of a row. https://cloud.google.com/bigquery/docs/error-messages
has the reasons.
"""

from __future__ import annotations

from loader_core import DestinationError

CONCURRENT = "concurrentUpdate"
"""Our name for what BigQuery calls `invalidQuery` like any other: another writer was first."""
RETRIED = frozenset(
    {
        "backendError",
        "badGateway",
        "internalError",
        "jobBackendError",
        "jobInternalError",
        "jobRateLimitExceeded",
        "rateLimitExceeded",
        "tableUnavailable",
        CONCURRENT,
    }
)
"""Reasons after which the same call or job is tried again. `quotaExceeded` is not among them: a
quota comes back in hours, not in seconds."""

_TODO = {
    "accessDenied": "Grant the service account BigQuery Data Editor on the dataset and BigQuery "
    "Job User on the project",
    "accessNotConfigured": "Enable the BigQuery API in the project",
    "bytesBilledLimitExceeded": "Set a greater 'maximum_bytes_billed', or none",
    "notFound": "See that 'project', 'dataset' and 'location' are right, and that nobody drops "
    "tables while they are loaded; then run again",
    "quotaExceeded": "See the project's quotas; run again when the quota is there, with larger "
    "batches if it is one of jobs or table changes",
    "responseTooLarge": "Make batches smaller with 'batch_size_rows'",
    "stopped": "Somebody cancelled the job; see who, and run again",
}
_ELSE = "See the job in BigQuery's job history for the message, and mend what it says"
_LATER = "Run again; the next run begins with what is left"


class AccessError(DestinationError):
    """BigQuery, or who gives the tokens, does not accept who asks, or not what he asks for."""


class MissingError(DestinationError):
    """There is no such dataset, table or job."""


class AlreadyThereError(DestinationError):
    """There is such a table or job already.

    Attributes:
        sent_before: An answer to the same call was lost before, so it may be that call's.
    """

    def __init__(self, what: str, *, sent_before: bool) -> None:
        super().__init__(what, "Run again")
        self.sent_before = sent_before


class ChangedError(DestinationError):
    """A table is not as it was when it was looked at."""


class JobError(DestinationError):
    """A job failed.

    Args:
        what: What the job was to do, as a clause.
        job: Its id.
        reason: BigQuery's, such as `invalid`.

    Attributes:
        reason: As given.
    """

    def __init__(self, what: str, job: str, reason: str) -> None:
        super().__init__(f"{what} failed with {reason} (job {job})", todo(reason))
        self.reason = reason


def todo(reason: str) -> str:
    """What to do about a reason."""
    return _LATER if reason in RETRIED else _TODO.get(reason, _ELSE)
