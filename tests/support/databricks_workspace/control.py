"""The control endpoints under `/__workspace`: for tests and the curious, never for a loader.

| call | what for |
| --- | --- |
| `GET /__workspace` | what a client needs, and the engine's process |
| `GET`, `DELETE /__workspace/calls` | which calls came; none of their contents |
| `GET`, `POST`, `DELETE /__workspace/faults` | fault rules, see `stand_in_faults.py` |
| `POST /__workspace/revoke` | make all tokens void |
| `GET`, `POST /__workspace/settings` | see `_SETTINGS` |
| `POST /__workspace/settle` | run every statement that is held back, and wait for all |
| `GET /__workspace/tables/c/s/t` | a table as delta-rs reads it; decimals and times are texts |
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import msgspec

from databricks_workspace import delta_log
from databricks_workspace.errors import SqlError
from stand_in_server import Response

if TYPE_CHECKING:
    from databricks_workspace.workspace import Workspace
    from stand_in_server import Request

PATH: Final = "/__workspace"


class _Settings(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """What can be set; what is left out stays.

    Attributes:
        token_life_seconds: Of tokens that are issued from now on.
        polls_to_start: How many polls see the warehouse start.
        warehouse_state: STOPPED, STARTING or RUNNING.
        rows_per_chunk: Of results from now on.
        grants: All privileges of the principal, by dotted name; the empty name is the metastore.
    """

    token_life_seconds: float | None = None
    polls_to_start: int | None = None
    warehouse_state: str | None = None
    rows_per_chunk: int | None = None
    grants: dict[str, list[str]] | None = None


def _answer(content: object, status: int = 200) -> Response:
    return Response(status=status, body=msgspec.json.encode(content))


def _about(workspace: Workspace, _request: Request, _rest: list[str]) -> Response:
    return _answer(workspace.ready() | {"engine_pid": workspace.lakehouse.engine.pid})


def _calls(workspace: Workspace, request: Request, _rest: list[str]) -> Response:
    with workspace.lock:
        if request.method == "DELETE":
            workspace.calls.clear()
        return _answer(workspace.calls)


def _faults(workspace: Workspace, request: Request, _rest: list[str]) -> Response:
    with workspace.lock:
        return _answer(workspace.faults.control(request))


def _revoke(workspace: Workspace, _request: Request, _rest: list[str]) -> Response:
    workspace.tokens.revoke()
    return _answer({})


def _settle(workspace: Workspace, _request: Request, _rest: list[str]) -> Response:
    return _answer({"statements": workspace.statements.settle()})


def _settings(workspace: Workspace, request: Request, _rest: list[str]) -> Response:
    statements, warehouse = workspace.statements, workspace.warehouse
    privileges = workspace.lakehouse.privileges
    if request.method == "POST":
        given = msgspec.json.decode(request.body, type=_Settings)
        if given.token_life_seconds is not None:
            workspace.tokens.life_seconds = given.token_life_seconds
        if given.polls_to_start is not None:
            warehouse.polls_to_start = given.polls_to_start
        if given.warehouse_state is not None:
            warehouse.put(given.warehouse_state)
        if given.rows_per_chunk is not None:
            statements.rows_per_chunk = max(1, given.rows_per_chunk)
        if given.grants is not None:
            privileges.grant_only(given.grants)
    return _answer(
        {
            "token_life_seconds": workspace.tokens.life_seconds,
            "polls_to_start": warehouse.polls_to_start,
            "warehouse_state": warehouse.state,
            "rows_per_chunk": statements.rows_per_chunk,
            "grants": {".".join(name): sorted(each) for name, each in privileges.grants.items()},
        }
    )


def _plain(value: object) -> object:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime | date):
        return value.isoformat()
    return value


def _table(workspace: Workspace, _request: Request, rest: list[str]) -> Response:
    lakehouse = workspace.lakehouse
    with lakehouse.lock:
        table = lakehouse.objects.table(tuple(part.lower() for part in rest))
        rows: list[dict[str, Any]] = [
            {name: _plain(value) for name, value in row.items()} for row in delta_log.rows(table)
        ]
        return _answer(
            {
                "rows": rows,
                "version": delta_log.version(table),
                "operations": delta_log.operations(table),
            }
        )


_ROUTES: Final = {
    ("GET", ""): _about,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _calls,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _faults,
    ("POST", "revoke"): _revoke,
    ("POST", "settle"): _settle,
    ("GET", "settings"): _settings,
    ("POST", "settings"): _settings,
    ("GET", "tables"): _table,
}


def respond(workspace: Workspace, request: Request) -> Response:
    """Answer a control request."""
    name, *rest = request.path.removeprefix(PATH).strip("/").split("/")
    handler = _ROUTES.get((request.method, name))
    if handler is None:
        return _answer({"error": f"no control endpoint {request.method} {request.path}"}, 404)
    try:
        return handler(workspace, request, rest)
    except (msgspec.MsgspecError, ValueError) as error:
        return _answer({"error": str(error)}, 400)
    except SqlError as error:
        return _answer({"error": error.message}, 404)
