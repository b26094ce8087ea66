"""Jobs: started under a name of our own, waited for, and done again where that helps.

Knows BigQuery's jobs; knows neither SQL nor files. The name of a job is made of its batch, its step
and the number of the attempt. So after a lost answer, or in the run after one that died, what is
under way is found, and waited for, before the same step is done again: two jobs that add the same
new row at the same time would both add it.

A job that an earlier run has finished is still done again. It changes nothing, and a batch that is
loaded anew, as after a table was emptied, is not taken for one that is there.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, TypeAlias

from google.cloud import bigquery

from loader_core import DestinationError
from target_bigquery_guarded.client import ONCE, pauses
from target_bigquery_guarded.errors import (
    CONCURRENT,
    RETRIED,
    AlreadyThereError,
    JobError,
    MissingError,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from loader_core.clock import Clock
    from target_bigquery_guarded.client import Client
    from target_bigquery_guarded.settings import Settings

Job: TypeAlias = bigquery.LoadJob | bigquery.QueryJob

FIRST_POLL_SECONDS, MOST_POLL_SECONDS = 0.2, 5.0
PROGRESS_SECONDS = 15.0
DONE = "DONE"

logger = logging.getLogger(__name__)


class Jobs:
    """Runs jobs, one after the other.

    Args:
        client: BigQuery.
        settings: How long to wait, and how jobs are labelled.
        clock: For waiting.

    Attributes:
        location: Where jobs run: where the dataset is. To be set before the first job.
    """

    def __init__(self, client: Client, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self.location = ""

    def query(self, name: str, sql: str, what: str) -> None:
        """Run a statement to its end; it must be one that can be run twice.

        Args:
            name: Of the job, without the number of the attempt.
            sql: The statement.
            what: What it is to do, as a clause for errors, without values of rows.

        Raises:
            JobError: It failed for good, or until `retry_seconds` were over.
            LostAnswerError: It may or may not have been done.
            DestinationError: It did not end in `job_seconds`.
        """
        config = bigquery.QueryJobConfig(
            use_legacy_sql=False,
            labels=dict(self._settings.labels),
        )
        if self._settings.maximum_bytes_billed is not None:
            config.maximum_bytes_billed = self._settings.maximum_bytes_billed

        def start(job_id: str) -> bigquery.QueryJob:
            return self._client.google.query(
                sql,
                job_id=job_id,
                job_config=config,
                location=self.location,
                job_retry=None,
                **ONCE,
            )

        self.run(name, start, what)

    def run(self, name: str, start: Callable[[str], Job], what: str) -> None:
        """Run a job to its end, as often as it takes.

        Args:
            name: As in `query`.
            start: Starts it under an id.
            what: As in `query`.

        Raises:
            LoaderError: As in `query`.
        """
        until = self._clock.monotonic() + self._settings.retry_seconds
        attempt = 0
        for pause in pauses():
            attempt, job = self._started(name, attempt, start, what)
            reason = _failure(self._ended(job, what))
            if reason is None:
                return
            if reason not in RETRIED or self._clock.monotonic() + pause > until:
                raise JobError(what, f"{name}-{attempt}", reason)
            logger.warning("%s failed with %s; trying again in %.1f s", what, reason, pause)
            self._clock.sleep(pause)
            attempt += 1
        raise AssertionError  # pauses never end

    def _started(
        self, name: str, attempt: int, start: Callable[[str], Job], what: str
    ) -> tuple[int, Job]:
        """Start a job under the first id that is free; gives the attempt's number, and the job.

        A job that is there after a lost answer is the own one only if its id was known to be free;
        else it may be of an earlier run, whose rows were in a staging table that is gone.
        """
        was_free = False
        while True:
            job_id = f"{name}-{attempt}"
            try:
                return attempt, self._client.call(what, lambda of=job_id: start(of))  # type: ignore[misc] # a default binds it
            except AlreadyThereError as error:
                job = self._found(job_id, what)
                if job is None:  # it is there and is not: BigQuery says so for moments
                    raise
                if error.sent_before and was_free:
                    return attempt, job
            logger.info("Job %s was begun before: waiting for it", job_id)
            self._ended(job, what)
            attempt += 1
            was_free = self._found(f"{name}-{attempt}", what) is None

    def _ended(self, job: Job, what: str) -> Job:
        """Ask until a job has ended."""
        began = shown = self._clock.monotonic()
        pause = FIRST_POLL_SECONDS
        while job.state != DONE:
            now = self._clock.monotonic()
            if now - began > self._settings.job_seconds:
                self._cancel(job, what)
                raise DestinationError(
                    f"{what} did not end in {self._settings.job_seconds} s (job {job.job_id})",
                    "Set a greater 'job_seconds', see the load on the project, and run again",
                )
            if now - shown > PROGRESS_SECONDS:
                logger.info("Still %s: %s for %.0f s", what, job.state, now - began)
                shown = now
            self._clock.sleep(pause)
            pause = min(pause * 1.5, MOST_POLL_SECONDS)
            job = self._get(job.job_id, what)
        return job

    def _found(self, job_id: str, what: str) -> Job | None:
        """A job, if it is there."""
        try:
            return self._get(job_id, what)
        except MissingError:
            return None

    def _get(self, job_id: str, what: str) -> Job:
        def ask() -> Job:
            return self._client.google.get_job(  # type: ignore[return-value] # a load or a query
                job_id,
                location=self.location,
                **ONCE,
            )

        return self._client.call(what, ask)

    def _cancel(self, job: Job, what: str) -> None:
        self._client.call(
            f"cancelling: {what}",
            lambda: self._client.google.cancel_job(
                job.job_id,
                location=self.location,
                **ONCE,
            ),
        )


def _failure(job: Job) -> str | None:
    """The reason for which a job has failed; none if it has not."""
    told = job.error_result
    if not told:
        return None
    reason = str(told.get("reason", ""))
    if "concurrent update" in str(told.get("message", "")):
        return CONCURRENT
    return reason if re.fullmatch(r"[A-Za-z]+", reason) else "no reason"
