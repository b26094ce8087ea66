"""The account as clients see it: both protocols, and the fault rules around them.

The control endpoints under `/__account` are for tests and the curious, never for a loader:

| call | what for |
| --- | --- |
| `GET /__account` | what a client needs |
| `GET`, `DELETE /__account/calls` | path and statement of the calls that came |
| `POST /__account/await` | `{"statement": ...}`: answers when one that begins so is asked after |
| `GET`, `POST`, `DELETE /__account/faults` | fault rules, see `stand_in_faults.py` |
| `GET`, `POST /__account/state` | the account's state, see `state.py` |
| `POST /__account/settle` | run every statement that is held in progress |
| `POST /__account/query` | `{"sql": ...}`, run beside all rules; gives `columns` and `rows` |
| `GET /__account/staged` | paths of the staged files |
"""

from __future__ import annotations

import gzip
import threading
from typing import TYPE_CHECKING, Any, Final

from snowflake_account.connector_api import ConnectorApi
from snowflake_account.engine import UPLOADS, Engine
from snowflake_account.errors import SqlError
from snowflake_account.faults import no_faults
from snowflake_account.sql_api import PATH as SQL_API
from snowflake_account.sql_api import SqlApi
from snowflake_account.state import State
from snowflake_account.statements import Statements
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from stand_in_server import Request

CONTROL: Final = "/__account"
MOST_SECONDS_TO_WAIT: Final = 50


class Service:
    """One account.

    Args:
        given: What differs from the default state.
        url: Where it listens.

    Attributes:
        state: The account's.
    """

    def __init__(self, given: dict[str, Any], url: str) -> None:
        self.state = State(given)
        self.url = url
        self._engine = Engine(self.state)
        self._statements = Statements(self._engine)
        self._protocols = (
            ConnectorApi(self.state, self._engine, self._statements),
            SqlApi(self.state, self._engine, self._statements),
        )
        self._faults = no_faults()
        self._calls: list[dict[str, str]] = []
        self._lock = threading.Condition()

    def ready(self) -> dict[str, Any]:
        """What a client needs."""
        host, _, port = self.url.removeprefix("http://").partition(":")
        user = self.state.values["user"]
        return {
            "url": self.url,
            "host": host,
            "port": int(port),
            "protocol": "http",
            "account": self.state.values["account"],
            "user": user["name"],
            "role": user["default_role"],
            "warehouse": self.state.values["warehouses"][0]["name"],
            "database": self.state.values["databases"][0],
        }

    def close(self) -> None:
        """Leave nothing behind."""
        self._engine.close()

    def respond(self, request: Request) -> Response:
        """Answer any request."""
        body = request.body  # all of it, before anything goes wrong with the call
        if request.headers.get("content-encoding") == "gzip" and UPLOADS not in request.path:
            request.body = gzip.decompress(body)
        if f"{request.path}/".startswith(f"{CONTROL}/"):
            return self._control(request)
        statement = _statement(request)
        with self._lock:
            faults = self._faults.acting_on(request.method, request.path, statement)
            self._calls.append(
                {"method": request.method, "path": request.path, "statement": statement}
            )
            self._lock.notify_all()
        if "reset" in faults:
            return Response(ending="reset")
        if "status" in faults:
            after = faults.get("retry_after")
            headers = {} if after is None else {"Retry-After": str(after)}
            return Response(status=int(faults["status"]), body=b"{}", headers=headers)
        response = None
        for protocol in self._protocols:
            response = response or protocol.respond(request, faults)
        response = response or Response.of({"message": "Not found"}, 404)
        response.delay_seconds = float(faults.get("slow", 0))
        response.ending = "drop" if "drop" in faults else ""
        return response

    def _control(self, request: Request) -> Response:
        name = request.path.removeprefix(CONTROL).strip("/")
        try:
            answer = self._controlled(name, request)
        except (SqlError, ValueError) as error:
            return Response.of({"message": str(error)}, 400)
        return Response.of({"message": "Not found"}, 404) if answer is None else Response.of(answer)

    def _controlled(self, name: str, request: Request) -> object:
        """The answer of a control endpoint; none if there is no such."""
        if request.method == "POST":
            changes = {
                "state": self._change,
                "settle": self._settle,
                "query": self._query,
                "await": self._await,
            }
            if name in changes:
                return changes[name](request)
        with self._lock:
            if name == "faults":
                return self._faults.control(request)
            if name == "calls" and request.method == "DELETE":
                self._calls.clear()
            shown: dict[str, Callable[[], object]] = {
                "": self.ready,
                "state": lambda: self.state.values,
                "staged": self._engine.staged,
                "calls": lambda: list(self._calls),
            }
            return shown[name]() if name in shown else None

    def _change(self, request: Request) -> object:
        self.state.change(request.json())
        self._engine.make_databases()
        return self.state.values

    def _settle(self, _request: Request) -> object:
        return {"statements": self._statements.settle()}

    def _await(self, request: Request) -> object:
        start = request.json()["statement"]

        def is_asked_after() -> bool:
            came = False
            for call in self._calls:
                came = came or call["statement"].startswith(start)
                if came and call["path"].startswith("/monitoring/"):
                    return True
            return False

        with self._lock:
            return {"came": self._lock.wait_for(is_asked_after, MOST_SECONDS_TO_WAIT)}

    def _query(self, request: Request) -> object:
        values = self.state.values
        session = self._engine.open(
            values["user"]["default_role"], None, values["databases"][0], None
        )
        with self._engine.lock:
            try:
                result = self._engine.run_cold(session, request.json()["sql"])
            finally:
                session.connection.close()
        return {"columns": result.columns, "rows": result.texts(api=True)}


def _statement(request: Request) -> str:
    """The text of the statement that a request carries, whatever its protocol."""
    if request.method != "POST":
        return ""
    name = {"/queries/v1/query-request": "sqlText", SQL_API: "statement"}.get(request.path)
    return str(request.json().get(name, "")) if name else ""
