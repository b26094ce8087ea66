"""Jobs: remembered by their id, held back, run in a thread, asked after, rows in pages."""

from __future__ import annotations

import secrets
import threading
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from bigquery_service import execution, loads
from bigquery_service.errors import STATUS_OF, ApiError, JobError, missing
from bigquery_service.execution import Result
from bigquery_service.sql_text import literal
from bigquery_service.type_table import cell

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bigquery_service.permissions import Permissions
    from bigquery_service.warehouse import Json, Warehouse

_POLL_SECONDS: Final = 0.5
"""How long a call that asks after a job waits for its end."""
_TIMEOUT_MS: Final = 10_000


@dataclass
class Job:
    """A job.

    Attributes:
        reference: Its name.
        configuration: What it is to do.
        created: Milliseconds since 1970.
        data: The file of a load.
        polls: How often it is still seen before it runs.
        shown: Its state until then.
        fault: What it fails with, whatever it does.
    """

    reference: Json
    configuration: Json
    created: str
    data: bytes = b""
    polls: int = 0
    shown: str = "RUNNING"
    fault: JobError | None = None
    result: Result | None = None
    rows_loaded: int = 0
    error: JobError | None = None
    began: bool = False
    ended: threading.Event = field(default_factory=threading.Event)

    def told(self) -> Json:
        """The job as it is told."""
        status: Json = {"state": "DONE" if self.ended.is_set() else self.shown}
        if self.error:
            status |= {"errorResult": self.error.told(), "errors": [self.error.told()]}
        statistics: Json = {"creationTime": self.created, "startTime": self.created}
        if self.ended.is_set():
            statistics["endTime"] = self.created
        if self.result:
            query = {
                "statementType": self.result.kind,
                "totalBytesProcessed": str(self.result.processed),
                "totalBytesBilled": str(self.result.processed),
                "cacheHit": False,
            }
            if self.result.changed is not None:
                query["numDmlAffectedRows"] = str(self.result.changed)
            if self.dry:
                query["schema"] = {"fields": self.result.fields}
            statistics |= {
                "query": query,
                "totalBytesProcessed": query["totalBytesProcessed"],
            }
        if "load" in self.configuration and self.ended.is_set():
            statistics["load"] = {"outputRows": str(self.rows_loaded), "badRecords": "0"}
        kind = "LOAD" if "load" in self.configuration else "QUERY"
        return {
            "kind": "bigquery#job",
            "id": f"{self.reference['projectId']}:{self.reference['location']}."
            f"{self.reference['jobId']}",
            "jobReference": self.reference,
            "configuration": self.configuration | {"jobType": kind},
            "status": status,
            "statistics": statistics,
        }

    @property
    def dry(self) -> bool:
        """It only says what it would do."""
        return bool(self.configuration.get("dryRun"))


@dataclass
class Jobs:
    """All jobs of the project.

    Attributes:
        rows_per_page: Of results from now on.
    """

    warehouse: Warehouse
    permissions: Permissions
    rows_per_page: int = 10_000
    known: dict[str, Job] = field(default_factory=dict)

    def insert(
        self,
        given: Json,
        faults: Mapping[str, Any],
        data: bytes = b"",
    ) -> Job:
        """Take a job; it may still run when this returns.

        Raises:
            ApiError: It may not be, its id is known, or there is no such dataset there.
        """
        self.permissions.need("bigquery.jobs.create")
        reference = given.get("jobReference") or {}
        name = reference.get("jobId") or f"job_{secrets.token_hex(12)}"
        if name in self.known:
            whole = f"{self.warehouse.project}:{reference.get('location', 'US')}.{name}"
            raise ApiError(409, "duplicate", f"Already Exists: Job {whole}")
        configuration = given["configuration"]
        job = Job(
            reference={
                "projectId": self.warehouse.project,
                "jobId": name,
                "location": reference.get("location") or self._location(configuration),
            },
            configuration=configuration,
            created=self.warehouse.stamp(),
            data=data,
            polls=int(faults.get("pending", 0) or faults.get("running", 0)),
            shown="PENDING" if "pending" in faults else "RUNNING",
        )
        if "fail" in faults:
            text = str(faults.get("message", "A fault rule wants it so."))
            job.fault = JobError(str(faults["fail"]), text)
        if not job.dry:
            self.known[name] = job
        if not job.polls:
            self._begin(job)
        if job.dry or "drop" in faults:
            job.ended.wait()
        return job

    def get(self, name: str, location: str | None) -> Job:
        """A job, which runs when it has been asked after often enough.

        Raises:
            ApiError: 404, also where it is asked for in another location.
        """
        job = self.known.get(name)
        if job is None or location not in {None, "", job.reference["location"]}:
            raise missing("Job", f"{self.warehouse.project}:{location or 'US'}.{name}")
        if job.polls:
            job.polls -= 1
        if not job.polls:
            self._begin(job)
            job.ended.wait(_POLL_SECONDS)
        return job

    def cancel(self, name: str, location: str | None) -> Job:
        """Cancel a job that does not run yet; one that does comes to its end.

        Raises:
            ApiError: As `get`.
        """
        job = self.known.get(name)
        if job is None or job.began:
            return self.get(name, location)
        job.began, job.polls = True, 0
        job.error = JobError("stopped", "Job execution was cancelled: User requested cancellation")
        job.ended.set()
        return job

    def results(self, job: Job, params: Mapping[str, str]) -> Json:
        """A page of the rows of a query job, if it has ended.

        Raises:
            ApiError: The job has failed.
        """
        if not job.polls:
            job.ended.wait(int(params.get("timeoutMs", _TIMEOUT_MS)) / 1000)
        told: Json = {
            "kind": "bigquery#getQueryResultsResponse",
            "jobReference": job.reference,
            "jobComplete": job.ended.is_set(),
        }
        if not job.ended.is_set():
            return told
        if job.error:
            reason = job.error.reason
            raise ApiError(STATUS_OF.get(reason, 400), reason, job.error.message)
        result = job.result or Result("SELECT")
        told |= {
            "schema": {"fields": result.fields},
            "totalRows": str(len(result.rows)),
            "totalBytesProcessed": str(result.processed),
            "cacheHit": False,
        }
        if result.changed is not None:
            told["numDmlAffectedRows"] = str(result.changed)
        return told | self.page(result, params)

    def page(self, result: Result, params: Mapping[str, str]) -> Json:
        """Some of the rows of a result, as cells of texts."""
        start = int(params.get("pageToken") or params.get("startIndex") or 0)
        size = min(int(params.get("maxResults") or self.rows_per_page), self.rows_per_page)
        int64_times = params.get("formatOptions.useInt64Timestamp", "").lower() == "true"
        types = [each["type"] for each in result.fields]
        rows = [
            {
                "f": [
                    {"v": cell(value, of, int64_times=int64_times)}
                    for value, of in zip(row, types, strict=True)
                ]
            }
            for row in result.rows[start : start + size]
        ]
        more = start + size < len(result.rows)
        return {"rows": rows} | ({"pageToken": str(start + size)} if more else {})

    def settle(self) -> int:
        """Run what is held back, wait for all that runs, and say how many jobs that were."""
        open_ = [job for job in self.known.values() if not job.ended.is_set()]
        for job in open_:
            job.polls = 0
            self._begin(job)
            job.ended.wait()
        return len(open_)

    def _begin(self, job: Job) -> None:
        if not job.began:
            job.began = True
            threading.Thread(target=self._run, args=(job,), daemon=True).start()

    def _run(self, job: Job) -> None:
        try:
            self._do(job)
        except JobError as error:
            job.error = error
        except Exception as error:  # noqa: BLE001 - a job that the double breaks on has failed
            traceback.print_exc()
            job.error = JobError("doubleBroke", repr(error))
        job.ended.set()

    def _do(self, job: Job) -> None:
        if job.fault:
            raise job.fault
        if "load" in job.configuration:
            order = job.configuration["load"]
            job.rows_loaded = loads.run(self.warehouse, self.permissions, order, job.data)
        else:
            job.result = self._query(job)

    def _query(self, job: Job) -> Result:
        order = job.configuration["query"]
        parameters = {
            each["name"].lower(): literal(each) for each in order.get("queryParameters", [])
        }
        dataset = (order.get("defaultDataset") or {}).get("datasetId")
        most = order.get("maximumBytesBilled")

        def run(*, dry: bool) -> Result:
            text = order["query"]
            return execution.run(
                self.warehouse, self.permissions, text, parameters, dataset, dry=dry
            )

        if most and (bytes_ := run(dry=True).processed) > int(most):
            text = f"Query exceeded limit for bytes billed: {most}. {bytes_} or higher required."
            raise JobError("bytesBilledLimitExceeded", text)
        return run(dry=job.dry)

    def _location(self, configuration: Json) -> str:
        """Where a job runs that does not say so: where its dataset is."""
        order = configuration.get("load") or configuration.get("query") or {}
        of = order.get("destinationTable") or order.get("defaultDataset") or {}
        dataset = self.warehouse.datasets.get(of.get("datasetId", ""))
        if dataset is None:
            text = str(order.get("query", ""))
            named = (each for name, each in self.warehouse.datasets.items() if name in text)
            dataset = next(named, None)
        return str(dataset["location"]) if dataset else "US"


def text_of(configuration: Json) -> str:
    """What a job does, for fault rules: its SQL, or `LOAD dataset.table`."""
    if load := configuration.get("load"):
        of = load.get("destinationTable", {})
        return f"LOAD {of.get('datasetId')}.{of.get('tableId')}"
    return str(configuration.get("query", {}).get("query", ""))
