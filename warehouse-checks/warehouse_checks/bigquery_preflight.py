"""What would fail in a load into BigQuery, asked before the first one.

Asks for a token, the project, the dataset and each permission, and has a query checked that is not
run. Costs nothing and changes nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from warehouse_checks.bigquery_api import NOT_FOUND
from warehouse_checks.errors import CheckError, RefusedError
from warehouse_checks.findings import Finding, of_clock

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    from warehouse_checks.bigquery_api import BigQueryApi
    from warehouse_checks.settings import BigQuery

MOST_SKEW_SECONDS = 120
"""Well within the five minutes that Google allows the time in a token to be off."""

JOB_USER, DATA_EDITOR = "roles/bigquery.jobUser", "roles/bigquery.dataEditor"
CREATE_JOBS, CREATE_DATASETS = "bigquery.jobs.create", "bigquery.datasets.create"
OF_TABLES = (
    "bigquery.tables.create",
    "bigquery.tables.get",
    "bigquery.tables.getData",
    "bigquery.tables.list",
    "bigquery.tables.update",
    "bigquery.tables.updateData",
    "bigquery.tables.delete",
)
WRITERS = frozenset(
    {"OWNER", "WRITER", DATA_EDITOR, "roles/bigquery.dataOwner", "roles/bigquery.admin"}
)
"""Roles on a dataset that hold all of the above."""
DISABLED = frozenset({"accessNotConfigured", "SERVICE_DISABLED"})


class Preflight:
    """Asks one project.

    Args:
        api: The project.
        settings: What a load would use.
    """

    def __init__(self, api: BigQueryApi, settings: BigQuery) -> None:
        self._api = api
        self._settings = settings
        self._who = f"serviceAccount:{api.account.email}" if api.account else "MEMBER"

    def findings(self) -> Iterator[Finding]:
        """Ask all questions, in the order in which a load would meet them."""
        account = self._api.account
        if account:
            yield Finding("key file", "ok", f"key {account.key_id} of {account.email}")
        try:
            self._api.login()
        except RefusedError as error:
            yield from self._clock()
            yield Finding("token", "failed", self._refused_token(error))
            return
        except CheckError as error:
            yield Finding("token", "failed", str(error))
            return
        yield from self._clock()
        yield Finding("token", "ok")
        yield from self._query()
        held = yield from self._permissions()
        dataset = yield from self._dataset(held)
        if dataset is not None:
            yield from self._tables(held, dataset)

    def _clock(self) -> list[Finding]:
        return of_clock(self._api.caller.ahead_seconds, MOST_SKEW_SECONDS, "Google")

    def _refused_token(self, error: RefusedError) -> str:
        account = self._api.account
        told = error.detail.lower()
        if account is None or error.code != "invalid_grant":
            return str(error)
        project = account.email.partition("@")[2].partition(".")[0]
        if "account not found" in told or "deleted" in told:
            return (
                f"the service account {account.email} is not there any more. Run: gcloud iam "
                f"service-accounts create ... --project {project}, and make a key of it"
            )
        if "disabled" in told:
            return (
                f"the service account is disabled. Run: gcloud iam service-accounts enable "
                f"{account.email}"
            )
        if "signature" in told:
            return (
                f"key {account.key_id} is disabled, deleted or of another account. Run: gcloud iam "
                f"service-accounts keys list --iam-account {account.email}; then `keys enable`, or "
                "`keys create` and set the new file"
            )
        if "timeframe" in told or "iat" in told:
            return "the times in the token are not accepted: this machine's clock is off. Set it"
        return str(error)

    def _query(self) -> Iterator[Finding]:
        """Whether queries may be run in the project, and BigQuery is there at all."""
        project = self._settings.project
        about = f"{CREATE_JOBS} on project {project}"
        try:
            self._api.try_query("SELECT 1")
        except RefusedError as error:
            if error.code in DISABLED:
                sql = f"gcloud services enable bigquery.googleapis.com --project {project}"
                yield Finding("BigQuery API", "failed", f"it is not enabled. Run: {sql}")
            elif error.status == NOT_FOUND or "not found" in error.detail.lower():
                yield Finding(
                    f"project {project}",
                    "missing",
                    "there is none, or no such location. See 'project' and 'location'",
                )
            elif error.code == "accessDenied":
                yield Finding(about, "missing", self._bind(JOB_USER))
            else:
                yield Finding("query", "failed", str(error))
        except CheckError as error:
            yield Finding("query", "failed", str(error))
        else:
            yield Finding(about, "ok", "a query was checked and not run")

    def _permissions(self) -> Generator[Finding, None, set[str] | None]:
        """What is held on the whole project; nothing where that cannot be asked."""
        try:
            return self._api.tested_on_project([CREATE_DATASETS, *OF_TABLES])
        except RefusedError as error:
            if error.code in DISABLED:
                todo = "gcloud services enable cloudresourcemanager.googleapis.com lets it be asked"
            else:
                todo = f"it is refused ({error.code})"
            yield Finding("permissions on the project", "unknown", todo)
        except CheckError as error:
            yield Finding("permissions on the project", "unknown", str(error))
        return None

    def _dataset(self, held: set[str] | None) -> Generator[Finding, None, Mapping[str, Any] | None]:
        """Whether the dataset is there, and where. Returns it, or nothing."""
        project, name = self._settings.project, self._settings.dataset
        location = self._settings.location
        about = f"dataset {project}.{name}"
        try:
            dataset = self._api.get(f"datasets/{name}")
        except RefusedError as error:
            if error.status != NOT_FOUND:
                yield Finding(about, "missing", self._bind(DATA_EDITOR))
            elif location and held and CREATE_DATASETS in held:
                yield Finding(about, "ok", f"not there: a load makes it, in {location}")
            else:
                where = location or "EU"
                sql = f"bq mk --dataset --location {where} {project}:{name}"
                note = "it is not there, and a load cannot make it: "
                note += "it may not" if location else "'location' is not set"
                yield Finding(about, "missing", f"{note}. Run: {sql}")
            return None
        except CheckError as error:
            yield Finding(about, "unknown", str(error))
            return None
        there = str(dataset.get("location", ""))
        if location and there.upper() != location.upper():
            note = f"it is in {there}, not in {location}: set 'location' to that"
            yield Finding(about, "failed", note)
        else:
            yield Finding(about, "ok", f"in {there}")
        return dataset

    def _tables(self, held: set[str] | None, dataset: Mapping[str, Any]) -> Iterator[Finding]:
        """One finding for each permission that a load needs in the dataset.

        A dataset cannot be asked about them, so the project, its list of who may what, and one of
        its tables are.
        """
        access = dataset.get("access", [])
        found = set(held or ())
        if any(self._is_own(entry) for entry in access):
            found |= set(OF_TABLES)
        wanted = [each for each in OF_TABLES if each not in found]
        if wanted:
            found |= self._tested_on_first_table(wanted)
        by_group = any(
            entry.get("role") in WRITERS and ("groupByEmail" in entry or "domain" in entry)
            for entry in access
        )
        for permission in OF_TABLES:
            about = f"{permission} on dataset {self._settings.dataset}"
            if permission in found:
                yield Finding(about, "ok")
            elif by_group or held is None:
                yield Finding(about, "unknown", "it may be held in a way that cannot be seen")
            else:
                yield Finding(about, "missing", self._bind(DATA_EDITOR))

    def _tested_on_first_table(self, permissions: Sequence[str]) -> set[str]:
        folder = f"datasets/{self._settings.dataset}/tables"
        try:
            tables = self._api.get(folder, maxResults="1").get("tables", [])
            if not tables:
                return set()
            table = str(tables[0]["tableReference"]["tableId"])
            return self._api.tested_on_table(table, permissions)
        except CheckError:
            return set()

    def _is_own(self, entry: Mapping[str, Any]) -> bool:
        """Whether an entry of a dataset's access lets this account write."""
        who = {entry.get("userByEmail"), str(entry.get("iamMember", "")).partition(":")[2]}
        account = self._api.account
        return entry.get("role") in WRITERS and account is not None and account.email in who

    def _bind(self, role: str) -> str:
        project = self._settings.project
        return (
            f"Run: gcloud projects add-iam-policy-binding {project} --member {self._who} "
            f"--role {role}"
        )
