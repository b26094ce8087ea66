"""The SQL API, version 2: statements over REST, for any program.

Knows its forms and who may call it. Each call is a session of its own, as in Snowflake.
"""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any, Final

from snowflake_account import identity
from snowflake_account.errors import AccountError, LoginError, SqlError
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake_account.engine import Engine
    from snowflake_account.state import State
    from snowflake_account.statements import Statement, Statements
    from stand_in_server import Request

PATH: Final = "/api/v2/statements"
_ONE: Final = re.compile(PATH + r"/([0-9a-f-]{36})(/cancel)?")
_NAMES: Final = {"warehouse", "database", "schema", "role", "statement", "timeout", "bindings"}
_MORE_NAMES: Final = {"parameters"}


class SqlApi:
    """Answers programs.

    Args:
        state: The account's.
        engine: Runs statements.
        statements: Those under way.
    """

    def __init__(self, state: State, engine: Engine, statements: Statements) -> None:
        self._state = state
        self._engine = engine
        self._statements = statements

    def respond(self, request: Request, faults: Mapping[str, Any]) -> Response | None:
        """Answer a request; none if it is not of this API."""
        if not f"{request.path}/".startswith(f"{PATH}/"):
            return None
        try:
            return self._of_user(request, faults, self._authenticate(request, faults))
        except LoginError as error:
            return _message(401, error.code, error.message)
        except AccountError as error:
            return _message(422, error.code, error.message)

    def _of_user(
        self, request: Request, faults: Mapping[str, Any], only_role: str | None
    ) -> Response:
        if request.path == PATH and request.method == "POST":
            return self._submit(request, faults, only_role)
        found = _ONE.fullmatch(request.path)
        statement = self._statements.find(found[1]) if found else None
        if found is None or statement is None:
            return _message(404, "390142", "Statement handle is not known.")
        if found[2] and request.method == "POST":
            return self._cancel(statement)
        self._statements.poll(statement)
        return _answer(statement)

    def _authenticate(self, request: Request, faults: Mapping[str, Any]) -> str | None:
        scheme, _, secret = request.headers.get("authorization", "").partition(" ")
        kind = request.headers.get("x-snowflake-authorization-token-type", "")
        if scheme.casefold() != "bearer" or not secret:
            raise LoginError("390101", "Authorization header not found in the request data.")
        if not request.headers.get("user-agent"):
            raise LoginError("391902", "The User-Agent header is missing.")
        if "expire" in faults:
            raise LoginError("390318", "OAuth access token expired.")
        if kind == "KEYPAIR_JWT":
            identity.check_jwt(self._state, secret)
            return None
        if kind == "PROGRAMMATIC_ACCESS_TOKEN" or (not kind and "." not in secret):
            return identity.check_token(self._state, secret)
        raise LoginError("390303", "Invalid OAuth access token.")

    def _submit(
        self, request: Request, faults: Mapping[str, Any], only_role: str | None
    ) -> Response:
        body = request.json()
        unknown = set(body) - _NAMES - _MORE_NAMES
        if unknown or not isinstance(body.get("statement"), str):
            return _message(400, "391920", "The request body is not of the SQL API.")
        role = identity.check_role(self._state, body.get("role") or only_role)
        session = self._engine.open(
            role, body.get("warehouse"), body.get("database"), body.get("schema")
        )
        # A request is done once only if it says that it is sent again
        again = request.params.get("retry") == "true"
        statement = self._statements.add(
            session,
            body["statement"],
            faults,
            bindings=body.get("bindings"),
            address=f"http://{request.headers['host']}",
            request_id=request.params.get("requestId", "") if again else "",
        )
        if request.params.get("async") == "true" and not statement.error:
            return _in_progress(statement, "333334")
        return _answer(statement)

    def _cancel(self, statement: Statement) -> Response:
        if not self._statements.cancel(statement):
            return _message(422, "000709", "Statement is not running.", statement)
        return _message(200, "000604", "successfully canceled", statement)


def _address(statement: Statement) -> str:
    return f"{PATH}/{statement.id}?requestId={uuid.uuid4()}&partition=0"


def _message(
    status: int, code: str, message: str, statement: Statement | None = None, **more: Any
) -> Response:
    told = {"code": code, "message": message, **more}
    if statement:
        told["statementHandle"] = statement.id
        told["statementStatusUrl"] = _address(statement)
    return Response.of(told, status)


def _in_progress(statement: Statement, code: str) -> Response:
    message = (
        "Asynchronous execution in progress. Use provided query id to perform query monitoring "
        "and management."
    )
    return _message(202, code, message, statement)


def _answer(statement: Statement) -> Response:
    error: SqlError | None = statement.error
    if error:
        return _message(422, error.code, error.message, statement, sqlState=error.sql_state)
    result = statement.result
    if result is None:
        return _in_progress(statement, "333333")
    data = result.texts(api=True)
    return _message(
        200,
        "090001",
        "Statement executed successfully.",
        statement,
        sqlState="00000",
        createdOn=statement.made_at,
        resultSetMetaData={
            "numRows": len(data),
            "format": "jsonv2",
            "partitionInfo": [{"rowCount": len(data), "uncompressedSize": len(str(data))}],
            "rowType": result.columns,
        },
        data=data,
    )
