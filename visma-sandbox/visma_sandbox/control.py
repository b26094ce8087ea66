"""The control endpoints under `/__sandbox`: for the tests and the curious, never for a tap."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import msgspec

from visma_sandbox import answers, stamps
from visma_sandbox.faults import Faults, rule
from visma_sandbox.notices import Subscription
from visma_sandbox.table import ENCODER, decode
from visma_sandbox.wire import Request, Response

if TYPE_CHECKING:
    from visma_sandbox.sandbox import Sandbox


def _answer(content: object, status: int = 200) -> Response:
    return Response(status=status, body=ENCODER.encode(content))


def _object(request: Request) -> dict[str, object]:
    return decode(request.body or b"{}")


def _about(sandbox: Sandbox, _request: Request) -> Response:
    return _answer(
        sandbox.ready()
        | {
            "clock": stamps.text(sandbox.clock.now),
            "customer_tenant_id": sandbox.customer_tenant_id,
        }
    )


def _books(sandbox: Sandbox, request: Request) -> Response:
    company_id = request.path.rpartition("/")[2]
    path = request.params.get("path", "")
    with sandbox.lock:
        table = sandbox.table(company_id, path)
        return Response(body=answers.books_of(table))


def _calls(sandbox: Sandbox, request: Request) -> Response:
    with sandbox.lock:
        if request.method == "DELETE":
            sandbox.calls.clear()
        return _answer(sandbox.calls)


def _advance(sandbox: Sandbox, request: Request) -> Response:
    days = _object(request).get("days", 1)
    if not isinstance(days, int) or days < 1:
        raise ValueError("days must be a whole number of at least 1")
    return _answer(sandbox.advance(days))


def _change(sandbox: Sandbox, request: Request) -> Response:
    return _answer(sandbox.change(_object(request)))


def _settings(sandbox: Sandbox, request: Request) -> Response:
    return _answer(sandbox.change_settings(_object(request)))


def _faults(sandbox: Sandbox, request: Request) -> Response:
    with sandbox.lock:
        if request.method == "POST":
            rules = decode(b'{"rules":' + request.body + b"}")["rules"]
            wanted = rules if isinstance(rules, list) else [rules]
            sandbox.faults.rules += [rule(each) for each in wanted]
        elif request.method == "DELETE":
            sandbox.faults = Faults()
        return _answer(sandbox.faults.shown())


def _webhooks(sandbox: Sandbox, request: Request) -> Response:
    with sandbox.lock:
        if request.method == "POST":
            sandbox.subscriptions.append(Subscription.of(_object(request)))
        elif request.method == "DELETE":
            sandbox.subscriptions.clear()
        return _answer([subscription.shown() for subscription in sandbox.subscriptions])


ROUTES = {
    ("GET", ""): _about,
    ("GET", "books"): _books,
    ("GET", "calls"): _calls,
    ("DELETE", "calls"): _calls,
    ("POST", "advance"): _advance,
    ("POST", "change"): _change,
    ("POST", "settings"): _settings,
    ("GET", "faults"): _faults,
    ("POST", "faults"): _faults,
    ("DELETE", "faults"): _faults,
    ("GET", "webhooks"): _webhooks,
    ("POST", "webhooks"): _webhooks,
    ("DELETE", "webhooks"): _webhooks,
}


def respond(sandbox: Sandbox, request: Request) -> Response:
    """Answer a control request; other machines are refused."""
    if not request.from_loopback:
        return _answer({"error": "the control endpoints answer this machine only"}, 403)
    name = [*request.path.split("/"), ""][2]
    handler = ROUTES.get((request.method, name))
    if handler is None:
        return _answer({"error": f"no control endpoint {request.method} {request.path}"}, 404)
    try:
        return handler(sandbox, request)
    except (msgspec.DecodeError, ValueError, TypeError) as error:
        return _answer({"error": str(error)}, 400)
    except KeyError as error:
        return _answer({"error": f"not found: {cast('str', error.args[0])}"}, 404)
