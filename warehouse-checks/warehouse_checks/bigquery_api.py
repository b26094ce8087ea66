"""BigQuery over REST: datasets, tables, permissions, queries.

Knows the API; knows neither roles nor what tables hold. A query is a job with an id of its own, so
one whose answer was lost is found again; it is asked after, with growing pauses, up to a limit.
"""

from __future__ import annotations

import uuid
from functools import cached_property
from typing import TYPE_CHECKING, Any

from warehouse_checks.calls import pauses
from warehouse_checks.errors import RefusedError, TooLongError, UnreachableError
from warehouse_checks.google_tokens import ServiceAccount, token_of_machine

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from warehouse_checks.calls import Answer, Caller
    from warehouse_checks.settings import BigQuery

    Row = Mapping[str, str | None]

CONFLICT, NOT_FOUND = 409, 404
_OK = 200


class BigQueryApi:
    """One project, asked as one account.

    Args:
        settings: Which, and as whom.
        caller: Sends the calls.

    Attributes:
        caller: As given.
        account: The service account; `None` with the machine's own credentials.

    Raises:
        SettingsError: The key file is none.
    """

    def __init__(self, settings: BigQuery, caller: Caller) -> None:
        self.caller = caller
        self.account = ServiceAccount(settings.key) if settings.key else None
        self._settings = settings
        self._project = f"{settings.url}/bigquery/v2/projects/{settings.project}"
        self._token = ""

    def login(self) -> None:
        """Get a token, if there is none yet.

        Raises:
            CheckError: None is given.
        """
        if not self._token:
            account = self.account
            self._token = account.token(self.caller) if account else token_of_machine()

    def get(self, path: str, **params: str) -> Mapping[str, Any]:
        """Ask for an object of the project.

        Args:
            path: Below the project, such as `datasets/raw`.
            params: Of the query.

        Raises:
            RefusedError: It is refused, or there is none (404).
            UnreachableError: There is no answer, or none of Google.
        """
        return self._call("GET", f"{self._project}/{path}", params=params).body

    def tested_on_project(self, permissions: Sequence[str]) -> set[str]:
        """Which of some permissions are held on the whole project.

        Raises:
            RefusedError: It cannot be asked.
            UnreachableError: As above.
        """
        settings = self._settings
        url = f"{settings.projects_url}/v1/projects/{settings.project}:testIamPermissions"
        return self._tested(url, permissions)

    def tested_on_table(self, table: str, permissions: Sequence[str]) -> set[str]:
        """Which of some permissions are held on a table of the dataset; none if it is not there.

        Raises:
            RefusedError: It cannot be asked.
            UnreachableError: As above.
        """
        path = f"datasets/{self._settings.dataset}/tables/{table}:testIamPermissions"
        return self._tested(f"{self._project}/{path}", permissions)

    def try_query(self, statement: str) -> None:
        """Have a query checked, not run.

        Raises:
            RefusedError: It would fail.
            UnreachableError: As above.
        """
        body = self._query(statement) | {"dryRun": True}
        self._call("POST", f"{self._project}/queries", body=body)

    def rows(self, statement: str) -> list[Row]:
        """Run a query to its end.

        Args:
            statement: SQL.

        Returns:
            All rows of its result: values as the API writes them, by the column's name.

        Raises:
            RefusedError: It is refused, or fails.
            TooLongError: It was not done in `statement_seconds`.
            UnreachableError: As above.
        """
        job = f"warehouse-checks-{uuid.uuid4()}"
        place = {"jobId": job, "projectId": self._settings.project, **self._where}
        query = self._query(statement)
        query.pop("location", None)
        body = {"jobReference": place, "configuration": {"query": query}}
        try:
            self._call("POST", f"{self._project}/jobs", body=body)
        except RefusedError as error:
            if error.status != CONFLICT:  # the answer was lost, and the call was sent again
                raise
        return list(self._results(job))

    @cached_property
    def _where(self) -> Mapping[str, str]:
        """Where the dataset is: outside of `US` and `EU`, jobs are found only with their place."""
        location = self._settings.location
        if not location:
            location = self.get(f"datasets/{self._settings.dataset}").get("location")
        return {"location": str(location)} if location else {}

    def _results(self, job: str) -> Iterator[Row]:
        url = f"{self._project}/queries/{job}"
        clock = self.caller.clock
        until = clock.monotonic() + self._settings.statement_seconds
        params = {**self._where, "timeoutMs": "10000"}
        for pause in pauses():
            body = self._call("GET", url, params=params).body
            if body.get("jobComplete"):
                break
            if clock.monotonic() + pause > until:
                self._call("POST", f"{self._project}/jobs/{job}/cancel", params=self._where)
                raise TooLongError(
                    f"a query was not done in {self._settings.statement_seconds} seconds",
                    "See the job history, or set a greater 'statement_seconds'",
                )
            clock.sleep(pause)
        names = [field["name"] for field in body.get("schema", {}).get("fields", [])]
        while True:
            for row in body.get("rows", []):
                yield dict(zip(names, (cell["v"] for cell in row["f"]), strict=True))
            if not body.get("pageToken"):
                return
            body = self._call("GET", url, params={**params, "pageToken": body["pageToken"]}).body

    def _query(self, statement: str) -> dict[str, Any]:
        query: dict[str, Any] = {"query": statement, "useLegacySql": False}
        if self._settings.location:
            query["location"] = self._settings.location
        return query

    def _tested(self, url: str, permissions: Sequence[str]) -> set[str]:
        answer = self._call("POST", url, body={"permissions": list(permissions)})
        return set(answer.body.get("permissions", []))

    def _call(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        self.login()
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self.caller.call(method, url, headers=headers, params=params, body=body)
        if answer.status == _OK and answer.is_json:
            return answer
        error = answer.body.get("error")
        if not isinstance(error, dict):
            raise UnreachableError(
                f"{url.split('/')[2]} answers {answer.status} and not as Google does",
                "See that 'api_endpoint' is right, and no proxy stands before it",
            )
        reason = _reason(error)
        raise RefusedError(
            f"BigQuery refuses with {answer.status}, {reason or 'no reason'}",
            "See the job history or the audit log for it",
            status=answer.status,
            code=reason,
            detail=str(error.get("message", "")),
        )


def _reason(error: Mapping[str, Any]) -> str:
    """What Google calls the fault; its newer APIs say it in another place."""
    for each in [*error.get("details", []), *error.get("errors", [])]:
        reason = str(each.get("reason", ""))
        if reason.replace("_", "").isalnum():
            return reason
    return str(error.get("status", ""))
