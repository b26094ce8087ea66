"""The service as clients see it: discovery, tokens, the APIs, and the fault rules around all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from databricks_workspace import catalog_api, control, sql_text, statements, volumes, warehouse
from databricks_workspace.errors import ApiError
from databricks_workspace.faults import answered
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from databricks_workspace.workspace import Workspace
    from stand_in_server import Request

TOKEN_PATH: Final = "/oidc/v1/token"
_ME: Final = "/api/2.0/preview/scim/v2/Me"
_CODES: Final = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
"""The code of a status that a fault rule gives without one."""


def _refusal(error: ApiError) -> Response:
    body = {"error_code": error.code, "message": error.message}
    return Response(status=error.status, body=msgspec.json.encode(body))


def _discovered(workspace: Workspace, path: str) -> Response | None:
    """Answer what the official SDK asks first, without a token."""
    url = workspace.url
    told: dict[str, object]
    if path == "/.well-known/databricks-config":
        told = {"oidc_endpoint": f"{url}/oidc", "workspace_id": "1234567890123456"}
    elif path == "/oidc/.well-known/oauth-authorization-server":
        told = {
            "authorization_endpoint": f"{url}/oidc/v1/authorize",
            "token_endpoint": f"{url}{TOKEN_PATH}",
        }
    else:
        return None
    return Response(body=msgspec.json.encode(told))


def _me(workspace: Workspace) -> Response:
    principal = workspace.lakehouse.privileges.principal
    told = {
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "4711",
        "userName": principal,
        "displayName": "loader",
        "active": True,
    }
    return Response(body=msgspec.json.encode(told), content_type="application/scim+json")


def _api(workspace: Workspace, request: Request, faults: Mapping[str, Any]) -> Response:
    path = request.path
    if not workspace.tokens.good(request):
        raise ApiError(401, "UNAUTHENTICATED", "The access token is missing, expired or revoked.")
    if path == _ME and request.method == "GET":
        return _me(workspace)
    if f"{path}/".startswith(f"{statements.PATH}/"):
        return workspace.statements.respond(request, faults)
    if f"{path}/".startswith(f"{warehouse.PATH}/"):
        return workspace.warehouse.respond(request)
    if path.startswith(f"{catalog_api.PATH}/"):
        return catalog_api.respond(workspace.lakehouse, request)
    if path.startswith((f"{volumes.FILES}/", f"{volumes.DIRECTORIES}/")):
        return volumes.respond(workspace.lakehouse, request)
    raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for {request.method} {path}.")


def _done(workspace: Workspace, request: Request, faults: Mapping[str, Any]) -> Response:
    try:
        if request.path == TOKEN_PATH and request.method == "POST":
            return workspace.tokens.respond(request)
        discovered = _discovered(workspace, request.path) if request.method == "GET" else None
        return discovered or _api(workspace, request, faults)
    except ApiError as error:
        return _refusal(error)


def _refused(workspace: Workspace, faults: Mapping[str, Any], status: int) -> Response:
    """Refuse a call because a fault rule wants it."""
    if "revoke" in faults:
        workspace.tokens.revoke()
    code = str(faults.get("error_code", _CODES.get(status, "BAD_REQUEST")))
    return _refusal(ApiError(status, code, str(faults.get("message", "A fault rule."))))


def respond(workspace: Workspace, request: Request) -> Response:
    """Answer any request."""
    if f"{request.path}/".startswith(f"{control.PATH}/"):
        return control.respond(workspace, request)
    about_statements = f"{request.path}/".startswith(f"{statements.PATH}/")
    text = workspace.statements.text_of(request) if about_statements else ""
    with workspace.lock:
        faults = workspace.faults.acting_on(request.method, request.path, text)
    response = answered(
        request,
        faults,
        lambda: _done(workspace, request, faults),
        lambda status: _refused(workspace, faults, status),
    )
    call = {
        "method": request.method,
        "path": request.path,
        "status": 0 if response.ending in {"drop", "reset"} else response.status,
        "statement": sql_text.first_words(text),
        "faulted": bool(faults),
    }
    with workspace.lock:
        workspace.calls.append(call)
    return response
