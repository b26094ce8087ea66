"""The endpoints: what each takes, gives and refuses, by the official description of API 4.0."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

import psycopg

from looker_service.state import CONNECTION, PROJECT
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from looker_service.state import State
    from stand_in_server import Request

API = "/api/4.0"
_DOCS = "https://cloud.google.com/looker/docs/r/err/4.0"
_FORM = "application/x-www-form-urlencoded"


class RefusalError(Exception):
    """The call is refused with a status, and with a message as Looker words it."""

    def __init__(self, status: int, message: str = "Not found") -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message


@dataclass
class Service:
    """Answers calls.

    Attributes:
        warehouse: Address of the warehouse, as libpq reads it.
        repository: The git repository from which refs are deployed.
    """

    state: State
    warehouse: str | None = None
    repository: Path | None = None

    def respond(self, request: Request) -> Response:
        """Answer a call."""
        if request.path == "/__looker":
            return self._control(request)
        self.state.calls.append(f"{request.method} {request.path}")
        for fault in self.state.faults:
            if fault.acts_on(request.method, request.path):
                return Response(
                    status=fault.status,
                    body=fault.body.encode(),
                    content_type=fault.type,
                    headers=fault.headers,
                    ending="drop" if fault.drop else "",
                )
        try:
            return self._answer(request)
        except RefusalError as refused:
            of = f"{request.method.lower()}{request.path.removeprefix(API)}"
            said = {
                "message": refused.message,
                "documentation_url": f"{_DOCS}/{refused.status}/{of}",
            }
            return Response.of(said, refused.status)

    def _control(self, request: Request) -> Response:
        if request.method == "POST":
            self.state.set(json.loads(request.body))
        return Response.of(self.state.shown())

    def _answer(self, request: Request) -> Response:
        if request.path == f"{API}/login":
            return Response.of(self._log_in(request))
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.state.takes(token):
            raise RefusalError(401, "Requires authentication.")
        for method, pattern, answer in _ROUTES:
            found = re.fullmatch(f"/api(?:/4.0)?/{pattern}", request.path)
            if found and method == request.method:
                given = answer(self, request, *found.groups())
                return given if isinstance(given, Response) else Response.of(given)
        raise RefusalError(404)

    def _log_in(self, request: Request) -> dict[str, Any]:
        if request.method != "POST" or request.params or not _has_type(request, _FORM):
            raise RefusalError(400, "Credentials are taken from a form alone")
        form = parse_qs(request.body.decode())
        state = self.state
        wanted = {"client_id": [state.client_id], "client_secret": [state.client_secret]}
        if form != wanted:
            raise RefusalError(404)
        return {
            "access_token": state.log_in(),
            "token_type": "Bearer",
            "expires_in": state.expires_in,
            "refresh_token": None,
        }

    def log_out(self, request: Request) -> Response:
        """Void the token."""
        del self.state.tokens[request.headers["authorization"].removeprefix("Bearer ")]
        return Response(status=204)

    def versions(self, _request: Request) -> dict[str, str]:
        """Say which Looker it is like."""
        return {"looker_release_version": "26.12.3"}

    def datagroups(self, _request: Request) -> list[dict[str, Any]]:
        """Give all datagroups."""
        return list(self.state.datagroups.values())

    def trigger(self, request: Request, group: str) -> dict[str, Any]:
        """Remember the times of a datagroup, which cannot be in the future."""
        body = _json(request)
        if group not in self.state.datagroups:
            raise RefusalError(404)
        times = body.values()
        if body.keys() - {"triggered_at", "stale_before"} or any(
            type(of) is not int for of in times
        ):
            raise RefusalError(422, "Validation Failed")
        if any(of > self.state.now() for of in times):
            raise RefusalError(422, "Validation Failed")
        self.state.datagroups[group] |= body
        return self.state.datagroups[group]

    def test(self, request: Request, name: str) -> list[dict[str, Any]]:
        """Test a connection."""
        tests = request.params.get("tests", "")
        if name != CONNECTION:
            raise RefusalError(404)
        return [
            {"name": test, "status": status, "message": "said by the database", "can": {}}
            for test, status in self.state.tests.items()
            if test in tests.split(",")
        ]

    def run(self, request: Request) -> list[dict[str, Any]]:
        """Run a query for one measure."""
        query = _json(request)
        wanted = query.get("fields") or ["none"]
        sql = self.state.measures.get((query.get("model", ""), query.get("view", ""), wanted[0]))
        if sql is None or len(wanted) != 1:
            raise RefusalError(404)
        if self.warehouse is None:
            return [{wanted[0]: self.state.newest}]
        try:
            with closing(psycopg.connect(self.warehouse)) as warehouse:
                row = warehouse.execute(sql.encode()).fetchone()
        except psycopg.Error as error:
            return [{"looker_error": f"The database says: {error}"}]
        return [{wanted[0]: row and row[0]}]

    def run_plan(self, _request: Request, plan: str) -> dict[str, Any]:
        """Count a run of a plan."""
        if plan not in self.state.plans:
            raise RefusalError(404)
        self.state.plans[plan] += 1
        return {"id": plan, "title": "A report", "run_once": True, "enabled": True}

    def deploy(self, request: Request, project: str) -> Response:
        """Take the LookML of a ref into production."""
        params = request.params
        if project != PROJECT or self.repository is None:
            raise RefusalError(404)
        if params.keys() not in ({"ref"}, {"branch"}):
            raise RefusalError(422, "Validation Failed")
        ref = next(iter(params.values()))
        with tempfile.TemporaryDirectory() as folder:
            archive = Path(folder, "archive.tar")
            git = ["git", "-C", str(self.repository), "archive", f"--output={archive}", ref]
            if subprocess.run(git, capture_output=True, check=False).returncode:
                raise RefusalError(400, "No such ref")
            subprocess.run(["tar", "-xf", str(archive), "-C", folder], check=True)
            self.state.read_lookml(Path(folder))
        self.state.deployed.append(ref)
        return Response(status=204)


_ROUTES: tuple[tuple[str, str, Callable[..., object]], ...] = (
    ("DELETE", "logout", Service.log_out),
    ("GET", "versions", Service.versions),
    ("GET", "datagroups", Service.datagroups),
    ("PATCH", "datagroups/([^/]+)", Service.trigger),
    ("PUT", "connections/([^/]+)/test", Service.test),
    ("POST", "queries/run/json", Service.run),
    ("POST", "scheduled_plans/([^/]+)/run_once", Service.run_plan),
    ("POST", "projects/([^/]+)/deploy_ref_to_production", Service.deploy),
)


def _has_type(request: Request, wanted: str) -> bool:
    return request.headers.get("content-type", "").partition(";")[0] == wanted


def _json(request: Request) -> dict[str, Any]:
    if not _has_type(request, "application/json"):
        raise RefusalError(400, "Bad Request")
    body = json.loads(request.body)
    if not isinstance(body, dict):
        raise RefusalError(422, "Validation Failed")
    return body
