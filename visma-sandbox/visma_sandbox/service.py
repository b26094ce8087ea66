"""The service as clients see it: token endpoint, bearer, rate limit, faults, lists."""

from __future__ import annotations

import base64
import binascii
import uuid
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl

import msgspec

from visma_sandbox import answers, control, endpoints
from visma_sandbox.tokens import TokenRefused
from visma_sandbox.wire import JSON, Request, Response

if TYPE_CHECKING:
    from visma_sandbox.endpoint import Endpoint
    from visma_sandbox.sandbox import Sandbox

TOKEN_PATH: Final = "/connect/token"  # noqa: S105 - a path, not a secret
_SECRETS: Final = frozenset({"client_id", "client_secret"})
_GATEWAY_PAGE: Final = (
    b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"
)
_DEFAULT_STATUS: Final = {"html": 502, "plain": 500, "empty": 200, "other_json": 200}
_SPOILED_BODY: Final = {
    "html": (_GATEWAY_PAGE, "text/html"),
    "plain": (b"The service is unavailable.", "text/plain"),
    "empty": (b"", JSON),
    "other_json": (b'{"unexpected": true}', JSON),
}


def _message(text: str, status: int, headers: dict[str, str] | None = None) -> Response:
    body = msgspec.json.encode({"message": text})
    return Response(status=status, body=body, headers=headers or {})


def _refusal(text: str) -> Response:
    return _message(f"VismaId: {uuid.uuid4()}. Error {text}", 400)


def _unauthorized(why: str) -> Response:
    headers = {"WWW-Authenticate": f'Bearer error="invalid_token", error_description="{why}"'}
    return _message("Authorization has been denied for this request.", 401, headers)


def _token_form(request: Request) -> dict[str, str]:
    """Read the form; the client may also come in a Basic header (RFC 6749 section 2.3.1)."""
    try:
        form = dict(parse_qsl(request.body.decode()))
        kind, _, coded = request.headers.get("authorization", "").partition(" ")
        if kind.casefold() == "basic":
            client_id, _, client_secret = base64.b64decode(coded).decode().partition(":")
            form |= {"client_id": client_id, "client_secret": client_secret}
    except (UnicodeDecodeError, binascii.Error) as error:
        raise TokenRefused("invalid_request") from error
    return form


def _issue(sandbox: Sandbox, request: Request) -> Response:
    try:
        content: dict[str, object] = sandbox.tokens.issue(_token_form(request))
    except TokenRefused as refused:
        return Response(status=400, body=msgspec.json.encode(refused.body))
    headers = {"Cache-Control": "no-store", "Pragma": "no-cache"}
    return Response(body=msgspec.json.encode(content), headers=headers)


@dataclass
class _Served:
    """An answer, and what the list of calls says of it."""

    response: Response
    company_id: str = ""
    records: int = 0
    faulted: bool = False


def _read(
    sandbox: Sandbox, company_id: str, found: tuple[Endpoint, str], params: dict[str, str]
) -> _Served:
    endpoint, wanted = found
    table = sandbox.table(company_id, endpoint.path)
    cap = answers.page_cap(endpoint, sandbox.page_caps)
    answer: answers.Answer | None
    try:
        if endpoint.envelope == "single":
            answer = answers.single(table, wanted)
        elif endpoint.envelope == "texts":
            answer = answers.texts(table)
        else:
            answer = sandbox.reader.answer(table, params, cap)
    except answers.Refused as refused:
        return _Served(_refusal(str(refused)), company_id)
    if answer is None:
        return _Served(_message(f"'{wanted}' cannot be found.", 404), company_id)
    return _Served(Response(body=answer.body), company_id, answer.records)


def _spoil(
    sandbox: Sandbox, response: Response, acts: list[dict[str, object]], token: str
) -> Response:
    """Do to an answer what the fault rules say; the first rule that replaces it decides.

    A change comes after the body was made and before it is sent, so the next call surely sees it.
    """
    spoiled: Response | None = None
    for do in acts:
        response.delay_seconds += float(str(do.get("slow", 0)))
        if "change" in do:
            try:
                sandbox.change(do["change"])
            except (KeyError, ValueError) as error:
                spoiled = _message(f"The change of a fault rule cannot be done: {error}", 500)
        response.dropped = response.dropped or "drop" in do
        response.truncated = response.truncated or "truncate" in do
        if spoiled is None:
            spoiled = _replaced(sandbox, do, token)
    if spoiled is not None:
        response.status, response.body = spoiled.status, spoiled.body
        response.content_type = spoiled.content_type
        response.headers = response.headers | spoiled.headers
    return response


def _replaced(sandbox: Sandbox, do: dict[str, object], token: str) -> Response | None:
    if "revoke" in do:
        sandbox.tokens.revoke(token)
        return _unauthorized("The token was revoked")
    if "forbidden" in do:
        return _message("You do not have permission to perform this operation.", 403)
    headers = {"Retry-After": str(do["retry_after"])} if "retry_after" in do else {}
    for name, (body, content_type) in _SPOILED_BODY.items():
        if name in do:
            status = do[name] if type(do[name]) is int else do.get("status", _DEFAULT_STATUS[name])
            return Response(
                status=int(str(status)), body=body, content_type=content_type, headers=headers
            )
    if "status" in do:
        return _message("An error has occurred.", int(str(do["status"])), headers)
    return None


def _token_call(sandbox: Sandbox, request: Request) -> Response:
    if request.method != "POST":
        return Response(status=405, headers={"Allow": "POST"})
    form = dict(parse_qsl(request.body.decode(errors="replace")))
    company_id = sandbox.company_of_tenant(form.get("tenant_id", ""))
    with sandbox.lock:
        acts = sandbox.faults.acting_on(company_id, TOKEN_PATH, 1)
        response = _spoil(sandbox, _issue(sandbox, request), acts, "")
        shown = {name: value for name, value in form.items() if name not in _SECRETS}
        sandbox.note_call(company_id, TOKEN_PATH, shown, response.status, 0, faulted=bool(acts))
    return response


def _token_of(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if kind.casefold() == "bearer" else ""


def _api_call(sandbox: Sandbox, request: Request) -> _Served:
    found = endpoints.route(request.path)
    if found is None:
        return _Served(_message("No HTTP resource was found that matches the request URI.", 404))
    if request.method != "GET":
        return _Served(Response(status=405, headers={"Allow": "GET"}))
    token = _token_of(request)
    tenant_id = sandbox.tokens.tenant_of(token)
    if tenant_id is None:
        return _Served(_unauthorized("The token is missing, expired or revoked"))
    company_id = sandbox.company_of_tenant(tenant_id)
    if not company_id:
        return _Served(_unauthorized("The tenant is no company"))
    allowed, limits = sandbox.windows.count(company_id)
    if not allowed:
        return _Served(_message("API calls quota exceeded!", 429, limits), company_id)
    params = {name.casefold(): value for name, value in request.params.items()}
    page = params.get("pagenumber", "1")
    acts = sandbox.faults.acting_on(company_id, request.path, int(page) if page.isdigit() else 1)
    served = _read(sandbox, company_id, found, params)
    whole = served.response.body
    served.response.headers |= limits
    served.response = _spoil(sandbox, served.response, acts, token)
    served.faulted = bool(acts)
    if served.response.body is not whole or served.response.dropped:
        served.records = 0
    return served


def respond(sandbox: Sandbox, request: Request) -> Response:
    """Answer any request."""
    if request.path == "/__sandbox" or request.path.startswith("/__sandbox/"):
        return control.respond(sandbox, request)
    if request.path.casefold() == TOKEN_PATH:
        return _token_call(sandbox, request)
    company_id = sandbox.company_of_tenant(sandbox.tokens.tenant_of(_token_of(request)) or "")
    waits_its_turn = sandbox.one_at_a_time and bool(company_id)
    may_enter = not waits_its_turn or sandbox.turnstile.enter(company_id)
    with sandbox.lock:
        if may_enter:
            served = _api_call(sandbox, request)
        else:
            served = _Served(_message("Another request is being answered.", 429), company_id)
        sandbox.note_call(
            served.company_id,
            request.path,
            request.params,
            served.response.status,
            served.records,
            faulted=served.faulted,
        )
    if waits_its_turn and may_enter:
        served.response.before_it_is_sent = partial(sandbox.turnstile.leave, company_id)
    served.response.delay_seconds += sandbox.latency_seconds
    return served.response
