"""The service as clients see it: tokens, the APIs, and the fault rules around all."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Self

import msgspec

from bigquery_service import control, resources, tokens, uploads
from bigquery_service.errors import ApiError
from bigquery_service.jobs import Jobs, text_of
from bigquery_service.permissions import Permissions
from bigquery_service.sql_text import TEXT_MACRO, first_words
from bigquery_service.tokens import Tokens
from bigquery_service.uploads import Uploads
from bigquery_service.warehouse import Warehouse
from databricks_workspace.faults import answered, no_faults
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bigquery_service.warehouse import Json
    from stand_in_faults import Faults
    from stand_in_server import Request

_API: Final = re.compile(r"(?:/upload)?/bigquery/v2/projects/([^/:]+)(/.*)")
_PROJECT: Final = re.compile(r"/v[13]/projects/([^/:]+)(:testIamPermissions)?")
_REASONS: Final = {401: "authError", 403: "rateLimitExceeded", 429: "rateLimitExceeded"}
"""The reason of a status that a fault rule gives without one; `backendError` for others."""


@dataclass
class Service:
    """Everything that calls share.

    Attributes:
        url: Where it listens.
        api_disabled: BigQuery's API is not enabled in the project.
        calls: What was called: method, path, status (0 for none), what a job does, and whether a
            fault rule acted.
    """

    url: str
    tokens: Tokens
    warehouse: Warehouse
    permissions: Permissions
    jobs: Jobs
    uploads: Uploads
    api_disabled: bool = False
    faults: Faults = field(default_factory=no_faults)
    calls: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @classmethod
    def opened(cls, url: str, project: str) -> Self:
        """A service with an empty project."""
        of_tokens, permissions = Tokens(project, url), Permissions(project)
        warehouse = Warehouse(project, of_tokens)
        warehouse.db.execute(TEXT_MACRO)
        jobs = Jobs(warehouse, permissions)
        return cls(url, of_tokens, warehouse, permissions, jobs, Uploads(url))

    @property
    def project(self) -> str:
        """The only project."""
        return self.warehouse.project

    def ready(self) -> Json:
        """What a client needs."""
        return {"url": self.url, "project": self.project, "key": self.tokens.key()}


def respond(service: Service, request: Request) -> Response:
    """Answer any request."""
    if f"{request.path}/".startswith(f"{control.PATH}/"):
        return control.respond(service, request)
    order = _order_of(service, request)
    text = text_of(order.get("configuration", {}))
    with service.lock:
        faults = service.faults.acting_on(request.method, request.path, text)
    response = answered(
        request,
        faults,
        lambda: _done(service, request, order, faults),
        lambda status: _refused(service, faults, status),
    )
    call = {
        "method": request.method,
        "path": request.path,
        "status": 0 if response.ending in {"drop", "reset"} else response.status,
        "statement": first_words(text),
        "faulted": bool(faults),
    }
    with service.lock:
        service.calls.append(call)
    return response


def _order_of(service: Service, request: Request) -> Json:
    """The job that a call makes or asks after; nothing for other calls."""
    if request.path.startswith(uploads.PATH):
        return service.uploads.order_of(request)
    found = _API.fullmatch(request.path)
    if found is None:
        return {}
    if request.method == "POST" and found[2] == "/jobs":
        order: Json = msgspec.json.decode(request.body)
        return order
    if request.method == "POST" and found[2] == "/queries":
        return {"configuration": {"query": msgspec.json.decode(request.body)}}
    job = service.jobs.known.get(found[2].rpartition("/")[2])
    return {"configuration": job.configuration} if job and request.method == "GET" else {}


def _done(service: Service, request: Request, order: Json, faults: Mapping[str, Any]) -> Response:
    if request.path == tokens.PATH and request.method == "POST":
        return service.tokens.respond(request)
    try:
        told = _api(service, request, order, faults)
    except ApiError as error:
        return Response(status=error.status, body=msgspec.json.encode(error.told()))
    if isinstance(told, Response):
        return told
    empty = request.method == "DELETE"
    return Response(status=204 if empty else 200, body=b"" if empty else msgspec.json.encode(told))


def _api(
    service: Service, request: Request, order: Json, faults: Mapping[str, Any]
) -> Json | Response:
    """Answer a call that has a good token.

    Raises:
        ApiError: It is refused.
    """
    if not service.tokens.good(request):
        raise ApiError(401, "authError", "Invalid Credentials")
    if found := _PROJECT.fullmatch(request.path):
        return _about_project(service, request, found[1])
    found = _API.fullmatch(request.path)
    if found is None:
        raise ApiError(404, "notFound", f"No API found for {request.method} {request.path}.")
    if service.api_disabled:
        text = f"BigQuery API has not been used in project {service.project} before or it is"
        raise ApiError(403, "accessNotConfigured", f"{text} disabled.")
    if found[1] != service.project:
        raise ApiError(404, "notFound", f"Not found: Project {found[1]}")
    path = found[2]
    if request.path.startswith(uploads.PATH):
        taken = service.uploads.respond(request)
        if isinstance(taken, Response):
            return taken
        return service.jobs.insert(taken[0], faults, taken[1]).told()
    if path.startswith("/datasets"):
        with service.warehouse.lock:
            return resources.respond(service, request, path)
    return _about_jobs(service, request, path, order, faults)


def _about_jobs(
    service: Service, request: Request, path: str, order: Json, faults: Mapping[str, Any]
) -> Json:
    jobs, params = service.jobs, request.params
    match request.method, path.strip("/").split("/"):
        case "POST", ["jobs"]:
            return jobs.insert(order, faults).told()
        case "GET", ["jobs", name]:
            return jobs.get(name, params.get("location")).told()
        case "POST", ["jobs", name, "cancel"]:
            job = jobs.cancel(name, params.get("location"))
            return {"kind": "bigquery#jobCancelResponse", "job": job.told()}
        case "GET", ["queries", name]:
            return jobs.results(jobs.get(name, params.get("location")), params)
        case "POST", ["queries"]:
            return _query(service, order["configuration"]["query"], faults)
    raise ApiError(404, "notFound", f"No API found for {request.method} {request.path}.")


def _query(service: Service, given: Json, faults: Mapping[str, Any]) -> Json:
    """Answer `jobs.query`: a job, and the first page of its rows in one call."""
    own = ("query", "queryParameters", "defaultDataset", "maximumBytesBilled")
    configuration: Json = {"query": {part: given[part] for part in own if part in given}}
    if given.get("dryRun"):
        configuration["dryRun"] = True
    reference = {"location": given["location"]} if "location" in given else {}
    job = service.jobs.insert({"configuration": configuration, "jobReference": reference}, faults)
    params = {"timeoutMs": str(given.get("timeoutMs", 10_000))}
    if "maxResults" in given:
        params["maxResults"] = str(given["maxResults"])
    if given.get("formatOptions", {}).get("useInt64Timestamp"):
        params["formatOptions.useInt64Timestamp"] = "true"
    return service.jobs.results(job, params) | {"kind": "bigquery#queryResponse"}


def _about_project(service: Service, request: Request, project: str) -> Json:
    """Answer Cloud Resource Manager."""
    if project != service.project:
        raise ApiError(403, "forbidden", "The caller does not have permission")
    if request.method == "POST":
        wanted = msgspec.json.decode(request.body).get("permissions", [])
        held = service.permissions.tested(wanted)
        return {"permissions": held} if held else {}
    service.permissions.need("resourcemanager.projects.get")
    return {"projectId": project, "lifecycleState": "ACTIVE", "state": "ACTIVE"}


def _refused(service: Service, faults: Mapping[str, Any], status: int) -> Response:
    """Refuse a call because a fault rule wants it."""
    if "revoke" in faults:
        service.tokens.revoke()
    reason = str(faults.get("error_code", _REASONS.get(status, "backendError")))
    error = ApiError(status, reason, str(faults.get("message", "A fault rule.")))
    return Response(status=status, body=msgspec.json.encode(error.told()))
