"""The Statement Execution API: sending, polling, cancelling statements, and their results.

A failed statement is no failed call. A statement that is held back, by a warehouse that starts or
by a fault, goes on by being polled; so nobody has to sleep.
"""

from __future__ import annotations

import threading
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

import msgspec

from databricks_workspace.errors import ApiError, SqlError
from databricks_workspace.execution import execute
from databricks_workspace.lakehouse import DEFAULT_CATALOG, DEFAULT_SCHEMA, Context, Lakehouse
from databricks_workspace.results import Result
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from databricks_workspace.warehouse import Warehouse
    from stand_in_server import Request

PATH: Final = "/api/2.0/sql/statements"
MOST_PARAMETERS: Final = 256
MOST_TEXT_BYTES: Final = 16 * 1024 * 1024
_LEAST_WAIT_SECONDS: Final = 5
_MOST_WAIT_SECONDS: Final = 50
_POLL_SECONDS: Final = 1.0
"""How long a poll waits for a statement that is being run, which spares clients most of theirs."""
_HELD: Final = frozenset({"PENDING", "RUNNING"})


class Parameter(msgspec.Struct, forbid_unknown_fields=True):
    """A named parameter."""

    name: str
    value: str | None = None
    type: Annotated[str, msgspec.Meta(pattern=r"^\w+ *(\( *\d+ *(, *\d+ *)?\))?$")] = "STRING"


class Tag(msgspec.Struct, forbid_unknown_fields=True):
    """A query tag."""

    key: str
    value: str | None = None


class Order(msgspec.Struct, forbid_unknown_fields=True):
    """The body of the call that sends a statement."""

    statement: str
    warehouse_id: str
    catalog: str | None = None
    schema: str | None = None
    parameters: list[Parameter] = []
    wait_timeout: Annotated[str, msgspec.Meta(pattern=r"^\d+s$")] = "10s"
    on_wait_timeout: Literal["CONTINUE", "CANCEL"] = "CONTINUE"
    row_limit: Annotated[int, msgspec.Meta(ge=1)] | None = None
    byte_limit: int | None = None
    disposition: Literal["INLINE", "EXTERNAL_LINKS"] = "INLINE"
    format: Literal["JSON_ARRAY", "ARROW_STREAM", "CSV"] = "JSON_ARRAY"
    query_tags: list[Tag] = []


@dataclass
class Sent:
    """One statement and how far it is."""

    order: Order
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "PENDING"
    error: SqlError | None = None
    result: Result | None = None
    pending_polls: int = 0
    running_polls: int = 0
    end_as: str = ""
    fail_as: SqlError | None = None
    ended: threading.Event = field(default_factory=threading.Event)
    _begun: bool = False
    _turn: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, lakehouse: Lakehouse, rows_per_chunk: int) -> None:
        """Run in a thread of its own, once."""
        with self._turn:
            if self._begun:
                return
            self._begun = True
        self.state = "RUNNING"
        work = (lakehouse, rows_per_chunk)
        threading.Thread(target=self._run, args=work, daemon=True).start()

    def cancel(self) -> None:
        """End it, unless it runs already: then it goes on to its end."""
        with self._turn:
            if self._begun:
                return
            self._begun = True
        self._end("CANCELED")

    def _end(self, state: str, error: SqlError | None = None) -> None:
        self.state, self.error = state, error
        self.ended.set()

    def _run(self, lakehouse: Lakehouse, rows_per_chunk: int) -> None:
        if self.end_as == "CANCELED" or self.fail_as is not None:
            self._end("FAILED" if self.fail_as else "CANCELED", self.fail_as)
            return
        order = self.order
        context = Context(order.catalog or DEFAULT_CATALOG, order.schema or DEFAULT_SCHEMA)
        parameters = {each.name: (each.value, each.type) for each in order.parameters}
        try:
            table = execute(lakehouse, order.statement, parameters, context)
            self.result = Result(table, order.row_limit, rows_per_chunk)
        except SqlError as error:
            self._end("FAILED", error)
        except Exception as error:  # noqa: BLE001 - whatever the double cannot do must be told
            text = f"The double went wrong: {type(error).__name__}: {error}"
            self._end("FAILED", SqlError("INTERNAL_ERROR", text, error_code="INTERNAL_ERROR"))
        else:
            self._end(self.end_as or "SUCCEEDED")

    def told(self) -> dict[str, Any]:
        """Give the statement as the service shows it."""
        status: dict[str, Any] = {"state": self.state}
        if self.state == "FAILED" and self.error is not None:
            status["error"] = {"error_code": self.error.error_code, "message": self.error.message}
            if self.error.sql_state:
                status["sql_state"] = self.error.sql_state
        told: dict[str, Any] = {"statement_id": self.identity, "status": status}
        if self.state == "SUCCEEDED" and self.result is not None:
            told["manifest"] = self.result.manifest()
            told["result"] = self.result.chunk(0, self.chunks_path)
        return told

    @property
    def chunks_path(self) -> str:
        """Where the chunks of the result are."""
        return f"{PATH}/{self.identity}/result/chunks"


def _refused(text: str) -> ApiError:
    return ApiError(400, "INVALID_PARAMETER_VALUE", text)


def _read(request: Request) -> tuple[Order, int]:
    """Read an order and how many seconds its call waits."""
    try:
        order = msgspec.json.decode(request.body, type=Order)
    except msgspec.MsgspecError as error:
        raise _refused(str(error)) from None
    seconds = int(order.wait_timeout[:-1])
    if seconds and not _LEAST_WAIT_SECONDS <= seconds <= _MOST_WAIT_SECONDS:
        raise _refused("wait_timeout must be 0s, or from 5s to 50s.")
    if len(order.statement.encode()) > MOST_TEXT_BYTES:
        raise _refused("The text of a statement can have at most 16 MiB.")
    if len(order.parameters) > MOST_PARAMETERS:
        raise _refused(f"{len(order.parameters)} parameters were given; the limit is 256.")
    if order.disposition == "INLINE" and order.format != "JSON_ARRAY":
        raise _refused("The disposition INLINE supports the format JSON_ARRAY only.")
    if order.disposition != "INLINE" or order.byte_limit is not None:
        raise ApiError(501, "NOT_IMPLEMENTED", "The double has inline results without byte_limit.")
    return order, seconds


@dataclass
class Statements:
    """All statements of the workspace.

    Attributes:
        rows_per_chunk: Of results from now on.
    """

    lakehouse: Lakehouse
    warehouse: Warehouse
    rows_per_chunk: int = 10_000
    sent: dict[str, Sent] = field(default_factory=dict)

    def text_of(self, request: Request) -> str:
        """Give the text of the statement that a call sends or is about, for fault rules."""
        rest = request.path.removeprefix(PATH).strip("/")
        if rest:
            known = self.sent.get(rest.partition("/")[0])
            return known.order.statement if known else ""
        try:
            return str(msgspec.json.decode(request.body)["statement"])
        except (msgspec.MsgspecError, KeyError, TypeError):
            return ""

    def respond(self, request: Request, faults: Mapping[str, Any]) -> Response:
        """Answer a call; gives it only when what it waits for has ended.

        Raises:
            ApiError: The call is refused.
        """
        parts = request.path.removeprefix(PATH).strip("/").split("/")
        if parts == [""] and request.method == "POST":
            return self._send(request, faults)
        statement = self.sent.get(parts[0])
        if statement is None:
            raise ApiError(404, "NOT_FOUND", f"The statement {parts[0]} was not found.")
        match request.method, parts[1:]:
            case "GET", []:
                self._poll(statement)
                return Response(body=msgspec.json.encode(statement.told()))
            case "POST", ["cancel"]:
                statement.cancel()
                return Response(body=b"{}")
            case "GET", ["result", "chunks", index] if index.isdigit():
                chunk = None
                if statement.state == "SUCCEEDED" and statement.result is not None:
                    chunk = statement.result.chunk(int(index), statement.chunks_path)
                if chunk is None:
                    raise ApiError(404, "NOT_FOUND", f"There is no chunk {index}.")
                return Response(body=msgspec.json.encode(chunk))
        raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for {request.method} here.")

    def _send(self, request: Request, faults: Mapping[str, Any]) -> Response:
        order, seconds = _read(request)
        if order.warehouse_id != self.warehouse.identity:
            raise ApiError(404, "RESOURCE_DOES_NOT_EXIST", "The warehouse does not exist.")
        statement = Sent(
            order,
            pending_polls=int(faults.get("pending", 0)),
            running_polls=int(faults.get("running", 0)),
            end_as=str(faults.get("end_as", "")),
        )
        if "fail" in faults:
            statement.fail_as = SqlError(
                str(faults["fail"]),
                str(faults.get("message", "A fault rule wants it so.")),
                sql_state=faults.get("sql_state"),
                error_code=str(faults.get("error_code", "BAD_REQUEST")),
            )
        self.sent[statement.identity] = statement
        self.warehouse.start()
        lost = "drop" in faults  # then nobody will poll, and it is to be done to its end
        if self._may_run(statement) or lost:
            # The answer of a call that does not wait shows the statement before it runs.
            told = statement.told()
            statement.begin(self.lakehouse, self.rows_per_chunk)
            if not seconds and not lost:
                return Response(body=msgspec.json.encode(told))
            statement.ended.wait(None if lost else seconds)
        if seconds and not statement.ended.is_set() and order.on_wait_timeout == "CANCEL":
            statement.cancel()
        return Response(body=msgspec.json.encode(statement.told()))

    def _may_run(self, statement: Sent) -> bool:
        """Say whether nothing holds a statement back any more."""
        if self.warehouse.state != "RUNNING" or statement.pending_polls:
            return False
        if statement.running_polls:
            statement.state = "RUNNING"
        return not statement.running_polls

    def _poll(self, statement: Sent) -> None:
        if statement.state not in _HELD:
            return
        self.warehouse.start()
        running = self.warehouse.poll() == "RUNNING"
        if not self._may_run(statement):
            if running and statement.pending_polls:
                statement.pending_polls -= 1
            elif running:
                statement.running_polls -= 1
            return
        statement.begin(self.lakehouse, self.rows_per_chunk)
        statement.ended.wait(_POLL_SECONDS)

    def settle(self) -> int:
        """Run what is held back, wait for all that runs, and say how many statements that were."""
        open_ = [each for each in self.sent.values() if not each.ended.is_set()]
        for each in open_:
            each.begin(self.lakehouse, self.rows_per_chunk)
            each.ended.wait()
        return len(open_)
