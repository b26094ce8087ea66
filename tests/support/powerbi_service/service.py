"""The endpoints: what each takes, gives and refuses, as Microsoft describes it."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from powerbi_service import authority, dax
from powerbi_service.rows import check_rows
from powerbi_service.state import LAST_DAY, Dataset, Table
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Callable

    from powerbi_service.state import Fault, State
    from stand_in_server import Request

AUDIENCE = "https://analysis.windows.net/powerbi/api"
MOST_BYTES, MOST_COLUMNS, MOST_TABLES = 16_000_000, 75, 75
MINUTE, HOUR = 60.0, 3600.0
_TABLE = re.compile(r"[^!\"$%&'()*+,./:;<=>?\[\\\]{|}`]{1,100}")
_DEPRECATED = "Creation of streaming dataset is deprecated."
_RIGHTS = {"Member", "Admin"}
_READERS = _RIGHTS | {"Contributor", "Viewer"}


class RefusalError(Exception):
    """The call is refused, in one of the service's shapes.

    Args:
        status: HTTP status.
        code: Error code; without one the body is only a message.
        told: The message.
        headers: Of the answer.
    """

    def __init__(
        self, status: int, code: str = "", told: str = "", headers: dict[str, str] | None = None
    ) -> None:
        super().__init__(status, code)
        self.status = status
        self.headers = headers or {}
        self.body: dict[str, Any] = {"message": told}
        if code:
            inner = {"code": code, "parameters": {}, "details": [], "exceptionCulprit": 1}
            self.body = {"error": {"code": code, "message": told, "pbi.error": inner}}


class Service:
    """Answers calls, one at a time."""

    def __init__(self, state: State) -> None:
        self.state = state
        self._lock = threading.Lock()

    def respond(self, request: Request) -> Response:
        """Answer a call."""
        with self._lock:
            if request.path.startswith("/__powerbi"):
                return _json(self._control(request))
            if "/v1.0/myorg" not in request.path:
                return self._authority(request)
            return self._api(request)

    def _control(self, request: Request) -> Any:
        if request.method == "POST":
            return self.state.set(json.loads(request.body))
        if request.path.startswith("/__powerbi/rows/"):
            name, wanted = request.path.rpartition("/")[2], request.params.get("dataset")
            return [
                row
                for dataset in self.state.datasets.values()
                if name in dataset.tables and wanted in {"", dataset.name}
                for _, row in dataset.tables[name].rows
            ]
        return self.state.shown()

    def _authority(self, request: Request) -> Response:
        self.state.calls.append(f"{request.method} {request.path}")
        if fault := self._fault(request):
            return _faulty(fault)
        base = f"https://{request.headers['host']}"
        tenant = request.path.split("/")[1]
        if tenant != self.state.tenant_id:
            told = {"error": "invalid_tenant", "error_description": "AADSTS90002: not found"}
            return _json(told, 400)
        if request.path.endswith("/.well-known/openid-configuration"):
            return _json(authority.discovery(base, tenant))
        form = dict(parse_qsl(request.body.decode(), keep_blank_values=True))
        status, told = authority.token(self.state, base, form)
        return _json(told, status)

    def _fault(self, request: Request) -> Fault | None:
        call = request.method, request.path
        return next((each for each in self.state.faults if each.acts_on(*call)), None)

    def _api(self, request: Request) -> Response:
        self.state.calls.append(f"{request.method} {request.path.partition('/myorg/')[2]}")
        fault = self._fault(request)
        if fault and not fault.commit:
            return _faulty(fault)
        try:
            response = self._answer(request, fault.part if fault else None)
        except RefusalError as refused:
            response = _json(refused.body, refused.status)
            response.headers |= refused.headers
        response.headers["RequestId"] = str(uuid.uuid4())
        return _faulty(fault) if fault else response

    def _answer(self, request: Request, part: int | None) -> Response:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self.state.takes(token, AUDIENCE):
            raise RefusalError(401, "TokenExpired", "Access token has expired")
        if not self.state.tenant_switch:
            raise RefusalError(403, "PowerBINotAuthorizedException", "not allowed by the tenant")
        path = request.path.removeprefix("/v1.0/myorg")
        if (request.method, path) == ("GET", "/groups"):
            return self._groups(request)
        found = re.fullmatch(r"/groups/([^/]+)(/.*)?", path)
        if not found:
            told = "API is not accessible for application"
            refused = RefusalError(403)
            refused.body = {"Message": told}
            raise refused
        group, rest = found[1], found[2] or ""
        if group != self.state.workspace_id or self.state.role is None:
            raise RefusalError(401, "PowerBINotAuthorizedException", "no such group")
        for method, pattern, rights, answer in _ROUTES:
            matched = re.fullmatch(pattern, rest)
            if matched and method == request.method:
                if self.state.role not in rights:
                    raise RefusalError(403, "PowerBINotAuthorizedException", "role")
                parts = matched.groups()
                if part is not None:
                    request = _with_part(request, part)
                return answer(self, request, *parts)
        raise RefusalError(404, "", "No HTTP resource was found")

    def _groups(self, _request: Request) -> Response:
        found = {
            "id": self.state.workspace_id,
            "name": "Finance",
            "isReadOnly": False,
            "isOnDedicatedCapacity": False,
        }
        return _json({"value": [found] if self.state.role else []})

    def users(self, _request: Request) -> Response:
        """Give who has which role."""
        user = {
            "identifier": self.state.object_id,
            "displayName": "loader",
            "groupUserAccessRight": self.state.role,
            "principalType": "App",
        }
        return _json({"value": [user]})

    def datasets(self, _request: Request) -> Response:
        """Give all datasets."""
        return _json({"value": [_told(each) for each in self.state.datasets.values()]})

    def dataset(self, _request: Request, of: str) -> Response:
        """Give a dataset."""
        return _json(_told(self._dataset(of)))

    def make(self, request: Request) -> Response:
        """Make a push dataset."""
        body = _body(request)
        if not self.state.creation or self.state.now() >= LAST_DAY:
            raise RefusalError(403, "FeatureDeprecatedError", _DEPRECATED)
        tables = body.get("tables") or []
        names = [table.get("name", "") for table in tables]
        known = {"name", "defaultMode", "tables", "relationships"}
        if not body.get("name") or body.keys() - known or not 0 < len(tables) <= MOST_TABLES:
            raise RefusalError(400, "BadRequest")
        if len({name.lower() for name in names}) < len(names):
            raise RefusalError(400, "BadRequest")
        made = Dataset(str(uuid.uuid4()), body["name"])
        for table in tables:
            made.tables[table["name"]] = Table(_checked(table))
        for each in body.get("relationships") or []:
            for end in ("from", "to"):
                if each[f"{end}Column"] not in made.tables[each[f"{end}Table"]].types:
                    raise RefusalError(400, "BadRequest")
        made.relationships = body.get("relationships") or []
        self.state.datasets[made.id] = made
        return _json(_told(made) | {"defaultRetentionPolicy": "None"}, 201)

    def delete(self, _request: Request, of: str) -> Response:
        """Delete a dataset."""
        del self.state.datasets[self._dataset(of).id]
        return Response()

    def tables(self, _request: Request, of: str) -> Response:
        """Give the names of a push dataset's tables: their columns are not told."""
        dataset = self._pushed(of)
        return _json({"value": [{"name": name, "columns": []} for name in dataset.tables]})

    def change(self, request: Request, of: str, name: str) -> Response:
        """Change a table's columns; those that are dropped take their values with them."""
        table = self._table(of, name)
        body = _body(request)
        if body.get("name") != name:
            raise RefusalError(400, "BadRequest")
        table.body = _checked(body)
        table.rows = [
            (at, {column: row.get(column) for column in table.types}) for at, row in table.rows
        ]
        return _json({"name": name, "columns": []})

    def add_rows(self, request: Request, of: str, name: str) -> Response:
        """Add rows, within the limits."""
        table, dataset = self._table(of, name), self._pushed(of)
        if len(request.body) > MOST_BYTES:
            raise RefusalError(413, "RequestTooLarge")
        rows: Any = _body(request).get("rows")
        if fault := check_rows(rows, table.types):
            raise RefusalError(400, "BadRequest", fault)
        self._keep_limits(dataset, table, len(rows))
        now = self.state.now()
        dataset.posts.append((now, len(rows)))
        empty = dict.fromkeys(table.types)
        table.rows += [(now, empty | row) for row in rows]
        return Response()

    def _keep_limits(self, dataset: Dataset, table: Table, more: int) -> None:
        if not self.state.limits:
            return
        now = self.state.now()
        within = {
            seconds: [(at, rows) for at, rows in dataset.posts if at > now - seconds]
            for seconds in (1.0, MINUTE, HOUR)
        }
        for seconds, most in ((1.0, 1), (MINUTE, 120)):
            if len(within[seconds]) >= most:
                raise _throttled(within[seconds][-most][0] + seconds - now)
        hour = within[HOUR]
        if len(table.rows) >= 250_000 and len(hour) >= 120:
            raise _throttled(hour[-120][0] + HOUR - now)
        if sum(rows for _, rows in hour) + more > 1_000_000:
            raise _throttled(hour[0][0] + HOUR - now)

    def clear(self, _request: Request, of: str, name: str) -> Response:
        """Remove all rows of a table."""
        self._table(of, name).rows.clear()
        return Response()

    def refresh(self, request: Request, of: str) -> Response:
        """Note a refresh, of which a day has eight."""
        dataset, body, now = self._dataset(of), _body(request), self.state.now()
        if dataset.push:
            raise RefusalError(400, "InvalidRequest", "The dataset has no source")
        since = [each for each in dataset.refreshes if each["at"] > now - 24 * HOUR]
        if "notifyOption" in body and len(since) >= 8:
            raise RefusalError(
                429,
                "Request Throttled",
                "Number of refresh requests in last 24 hours exceeded limit",
            )
        refresh = {
            "at": now,
            "requestId": str(uuid.uuid4()),
            "refreshType": "ViaApi" if "notifyOption" in body else "ViaEnhancedApi",
            "startTime": datetime.fromtimestamp(now, UTC).isoformat().replace("+00:00", "Z"),
            "status": "Unknown",
        }
        dataset.refreshes.insert(0, refresh)
        headers = {"x-ms-request-id": str(refresh["requestId"])} if "type" in body else {}
        return Response(status=202, headers=headers)

    def refreshes(self, request: Request, of: str) -> Response:
        """Give refreshes, newest first; the one that is asked for the second time is done."""
        found = self._dataset(of).refreshes[: int(request.params.get("$top", 60))]
        told = _json({"value": [{k: v for k, v in each.items() if k != "at"} for each in found]})
        for each in found:
            each["status"] = "Completed"
        return told

    def query(self, request: Request, of: str) -> Response:
        """Answer a query of one row."""
        if not self.state.queries_switch:
            raise RefusalError(403, "PowerBINotAuthorizedException", "executeQueries is off")
        dataset = self._pushed(of)
        (query,) = _body(request)["queries"]
        seen = self.state.now() - self.state.lag
        tables = {
            name: [row for at, row in table.rows if at <= seen]
            for name, table in dataset.tables.items()
        }
        types = {name: table.types for name, table in dataset.tables.items()}
        try:
            row = dax.evaluate(query["query"], tables, types)
        except dax.QueryError:
            raise RefusalError(400, "DatasetExecuteQueriesError", "DAX query failure") from None
        return _json({"results": [{"tables": [{"rows": [row]}]}]})

    def _dataset(self, of: str) -> Dataset:
        if of not in self.state.datasets:
            raise RefusalError(404, "ItemNotFound", f"Dataset {of} is not found")
        return self.state.datasets[of]

    def _pushed(self, of: str) -> Dataset:
        if not self._dataset(of).push:
            raise RefusalError(404, "ItemNotFound", f"Dataset {of} is not Push API dataset.")
        return self._dataset(of)

    def _table(self, of: str, name: str) -> Table:
        found = self._pushed(of).tables.get(name)
        if found is None:
            raise RefusalError(404, "ItemNotFound", f"Table '<pi>{name}</pi>' not found")
        return found


_OF = r"/datasets/([^/]+)"
_ROUTES: list[tuple[str, str, set[str], Callable[..., Response]]] = [
    ("GET", "/users", _READERS, Service.users),
    ("GET", "/datasets", _READERS, Service.datasets),
    ("POST", "/datasets", _RIGHTS, Service.make),
    ("GET", _OF, _READERS, Service.dataset),
    ("DELETE", _OF, _RIGHTS, Service.delete),
    ("GET", _OF + "/tables", _READERS, Service.tables),
    ("PUT", _OF + "/tables/([^/]+)", _RIGHTS, Service.change),
    ("POST", _OF + "/tables/([^/]+)/rows", _RIGHTS, Service.add_rows),
    ("DELETE", _OF + "/tables/([^/]+)/rows", _RIGHTS, Service.clear),
    ("POST", _OF + "/refreshes", _RIGHTS, Service.refresh),
    ("GET", _OF + "/refreshes", _READERS, Service.refreshes),
    ("POST", _OF + "/executeQueries", _RIGHTS, Service.query),
]


def _json(value: Any, status: int = 200) -> Response:
    return Response(status=status, body=encoded(value))


def encoded(value: Any) -> bytes:
    """A value as JSON, with the digits that its numbers came with."""
    marked = json.dumps(value, default=lambda number: f"\0{number:f}\0", ensure_ascii=False)
    return re.sub(r'"\\u0000([-0-9.]+)\\u0000"', r"\1", marked).encode()


def _body(request: Request) -> dict[str, Any]:
    try:
        body = json.loads(request.body, parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusalError(400, "BadRequest")
    return body


def _with_part(request: Request, part: int) -> Request:
    rows = _body(request)["rows"][:part]
    request.body = encoded({"rows": rows})
    return request


def _checked(table: dict[str, Any]) -> dict[str, Any]:
    columns = table.get("columns") or []
    names = {column.get("name", "").lower() for column in columns}
    types = {column.get("dataType") for column in columns}
    known = {"Int64", "Double", "Decimal", "Boolean", "DateTime", "String"}
    wrong = not _TABLE.fullmatch(table.get("name", "")) or table["name"].lower() == "date"
    if wrong or not 0 < len(columns) <= MOST_COLUMNS or len(names) < len(columns) or types - known:
        raise RefusalError(400, "BadRequest")
    return table


def _told(dataset: Dataset) -> dict[str, Any]:
    return {
        "id": dataset.id,
        "name": dataset.name,
        "addRowsAPIEnabled": dataset.push,
        "configuredBy": "loader",
        "isRefreshable": not dataset.push,
    }


def _throttled(seconds: float) -> RefusalError:
    asked = max(1, int(seconds) + 1)
    told = "You have exceeded the amount of requests allowed in the current time frame and further "
    told += f"requests will fail. Retry in {asked} seconds."
    return RefusalError(429, "", told, {"Retry-After": str(asked)})


def _faulty(fault: Fault) -> Response:
    return Response(
        status=fault.status,
        body=fault.body.encode(),
        headers=dict(fault.headers),
        ending="drop" if fault.drop else "",
    )
