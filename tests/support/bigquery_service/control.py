"""The control endpoints under `/__bigquery`: for tests and the curious, never for a loader.

| call | what for |
| --- | --- |
| `GET /__bigquery` | what a client needs |
| `GET`, `DELETE /__bigquery/calls` | which calls came; none of their contents |
| `GET`, `POST`, `DELETE /__bigquery/faults` | fault rules, see the package |
| `POST /__bigquery/revoke` | make all tokens void |
| `GET`, `POST /__bigquery/state` | the state, see the package; what is left out stays |
| `POST /__bigquery/settle` | run every job that is held back, and wait for all |
| `POST /__bigquery/sql` | a statement of DuckDB's, done as it is: `{"sql": ...}`, for tampering |
| `GET /__bigquery/rows/d/t` | a table's rows, all as cells of texts, by name |
| `GET /__bigquery/tables/d` | the names of a dataset's tables |
| `GET /__bigquery/tables/d/t` | a table, as `tables.get` tells it |
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import duckdb
import msgspec

from bigquery_service.errors import ApiError
from bigquery_service.execution import table_rows
from bigquery_service.type_table import cell
from stand_in_server import Response

if TYPE_CHECKING:
    from bigquery_service.service import Service
    from stand_in_server import Request

PATH: Final = "/__bigquery"


class State(msgspec.Struct, forbid_unknown_fields=True):
    """What can be set; see the package."""

    datasets: dict[str, str] | None = None
    grants: dict[str, list[str]] | None = None
    key_disabled: bool | None = None
    account_deleted: bool | None = None
    clock_skew_seconds: float | None = None
    api_disabled: bool | None = None
    token_life_seconds: float | None = None
    rows_per_page: int | None = None


def put(service: Service, given: object) -> None:
    """Set the state, or parts of it.

    Raises:
        msgspec.ValidationError: A name is unknown or a value has the wrong type.
    """
    state = msgspec.convert(given, State)
    tokens, jobs = service.tokens, service.jobs
    for name, location in (state.datasets or {}).items():
        if name not in service.warehouse.datasets:
            reference = {"datasetId": name, "projectId": service.project}
            given_dataset = {"datasetReference": reference, "location": location}
            service.warehouse.make_dataset(given_dataset)
        service.warehouse.datasets[name]["location"] = location
    if state.grants is not None:
        service.permissions.grants = state.grants
    if state.key_disabled is not None:
        tokens.key_disabled = state.key_disabled
    if state.account_deleted is not None:
        tokens.account_deleted = state.account_deleted
    if state.clock_skew_seconds is not None:
        tokens.skew_seconds = state.clock_skew_seconds
    if state.api_disabled is not None:
        service.api_disabled = state.api_disabled
    if state.token_life_seconds is not None:
        tokens.life_seconds = state.token_life_seconds
    if state.rows_per_page is not None:
        jobs.rows_per_page = state.rows_per_page


def _state(service: Service, request: Request, _rest: list[str]) -> dict[str, Any]:
    if request.method == "POST":
        put(service, msgspec.json.decode(request.body))
    tokens = service.tokens
    return {
        "datasets": {name: each["location"] for name, each in service.warehouse.datasets.items()},
        "grants": service.permissions.grants,
        "key_disabled": tokens.key_disabled,
        "account_deleted": tokens.account_deleted,
        "clock_skew_seconds": tokens.skew_seconds,
        "api_disabled": service.api_disabled,
        "token_life_seconds": tokens.life_seconds,
        "rows_per_page": service.jobs.rows_per_page,
    }


def _faults(service: Service, request: Request, _rest: list[str]) -> list[dict[str, object]]:
    with service.lock:
        return service.faults.control(request)


def _rows(service: Service, _request: Request, rest: list[str]) -> list[dict[str, str | None]]:
    with service.warehouse.lock:
        result = table_rows(service.warehouse, *rest)
    return [
        {
            field["name"]: cell(value, field["type"], int64_times=True)
            for field, value in zip(result.fields, row, strict=True)
        }
        for row in result.rows
    ]


def _about(service: Service, _request: Request, _rest: list[str]) -> object:
    return service.ready()


def _calls(service: Service, request: Request, _rest: list[str]) -> object:
    with service.lock:
        if request.method == "DELETE":
            service.calls.clear()
        return list(service.calls)


def _revoke(service: Service, _request: Request, _rest: list[str]) -> object:
    service.tokens.revoke()
    return {}


def _settle(service: Service, _request: Request, _rest: list[str]) -> object:
    return {"jobs": service.jobs.settle()}


def _sql(service: Service, request: Request, _rest: list[str]) -> object:
    with service.warehouse.lock:
        service.warehouse.db.execute(msgspec.json.decode(request.body)["sql"])
    return {}


def _tables(service: Service, _request: Request, rest: list[str]) -> object:
    with service.warehouse.lock:
        if rest[1:]:
            return service.warehouse.shown(*rest)
        return [name for of, name in service.warehouse.tables if of == rest[0]]


_ROUTES: Final = {
    ("GET", ""): _about,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _calls,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _faults,
    ("POST", "revoke"): _revoke,
    ("GET", "state"): _state,
    ("POST", "state"): _state,
    ("POST", "settle"): _settle,
    ("POST", "sql"): _sql,
    ("GET", "rows"): _rows,
    ("GET", "tables"): _tables,
}


def respond(service: Service, request: Request) -> Response:
    """Answer a control request."""
    name, *rest = request.path.removeprefix(PATH).strip("/").split("/")
    try:
        handler = _ROUTES.get((request.method, name))
        if handler is None:
            return Response(status=404, body=b'{"error": "no such control endpoint"}')
        return Response(body=msgspec.json.encode(handler(service, request, rest)))
    except ApiError as error:
        return Response(status=error.status, body=msgspec.json.encode(error.told()))
    except (msgspec.MsgspecError, ValueError, KeyError, TypeError, duckdb.Error) as error:
        return Response(status=400, body=msgspec.json.encode({"error": str(error)}))
