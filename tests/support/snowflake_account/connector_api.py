"""The protocol of Snowflake's own connectors: logins, sessions, statements, uploads.

Knows its forms; results go as JSON, which all connectors read.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from snowflake_account import identity
from snowflake_account.engine import UPLOADS
from snowflake_account.errors import AccountError, LoginError
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake_account.engine import Engine, Session
    from snowflake_account.state import State
    from snowflake_account.statements import Statement, Statements
    from stand_in_server import Request

LOGIN: Final = "/session/v1/login-request"
_RENEW: Final = "/session/token-request"
_IN_PROGRESS: Final = "333333"
_IN_PROGRESS_ALONE: Final = "333334"
_OVER: Final = "390112"
_UNKNOWN: Final = "390104"
_RUNS_SECONDS: Final = 3600


class ConnectorApi:
    """Answers connectors.

    Args:
        state: The account's.
        engine: Runs statements.
        statements: Those under way.
    """

    def __init__(self, state: State, engine: Engine, statements: Statements) -> None:
        self._state = state
        self._engine = engine
        self._statements = statements
        self._sessions: dict[str, Session] = {}
        self._over: list[Session] = []

    def respond(self, request: Request, faults: Mapping[str, Any]) -> Response | None:
        """Answer a request; none if it is not of this protocol."""
        path = request.path
        try:
            if path in {LOGIN, _RENEW}:
                return self._log_in(request) if path == LOGIN else self._renew(request)
            if path.startswith((UPLOADS, "/telemetry")):
                if path.startswith(UPLOADS) and "lose" not in faults:
                    self._engine.upload(path.removeprefix(UPLOADS), request.body)
                return _told({})
            if not path.startswith(("/session", "/queries/", "/monitoring/")):
                return None
            session = self._session(request)
            if "expire" in faults:
                self._over.append(self._sessions.pop(session.token))
                raise LoginError(_OVER, "Session token has expired.")
            return self._of_session(request, session, faults)
        except AccountError as error:
            return _refused(error)

    def _of_session(
        self, request: Request, session: Session, faults: Mapping[str, Any]
    ) -> Response | None:
        path = request.path
        if path in {"/session", "/session/heartbeat"}:
            if request.params.get("delete"):
                self._sessions.pop(session.token, None)
                session.connection.close()
            return _told(None)
        if path == "/queries/v1/query-request":
            return self._query(request, session, faults)
        if path == "/queries/v1/abort-request":
            return _told(None)
        name = path.rstrip("/").split("/")
        statement = self._statements.find(name[2] if name[1] == "queries" else name[-1])
        if name[1] == "monitoring":
            return self._status(statement)
        if statement is None:
            raise AccountError("000709", "Statement not found")
        self._statements.poll(statement)
        return _answer(statement)

    def _log_in(self, request: Request) -> Response:
        data = request.json()["data"]
        user = self._state.values["user"]
        only_role = None
        if data.get("AUTHENTICATOR") == "SNOWFLAKE_JWT":
            identity.check_jwt(self._state, data.get("TOKEN", ""))
        else:
            secret = data.get("TOKEN") or data.get("PASSWORD") or ""
            if data.get("AUTHENTICATOR") != "PROGRAMMATIC_ACCESS_TOKEN" and not identity.is_token(
                self._state, secret
            ):
                raise LoginError("390100", "Incorrect username or password was specified.")
            only_role = identity.check_token(self._state, secret)
        if data.get("LOGIN_NAME", "").upper() != user["name"]:
            raise LoginError("390100", "Incorrect username or password was specified.")
        asked = request.params
        role = identity.check_role(self._state, asked.get("roleName") or only_role)
        session = self._engine.open(
            role, asked.get("warehouse"), asked.get("databaseName"), asked.get("schemaName")
        )
        self._sessions[session.token] = session
        return _told(
            {
                "token": session.token,
                "masterToken": session.master,
                "validityInSeconds": _RUNS_SECONDS,
                "masterValidityInSeconds": 4 * _RUNS_SECONDS,
                "serverVersion": "9.40.0",
                "displayUserName": user["name"],
                "sessionId": len(self._sessions),
                "parameters": [
                    {"name": "AUTOCOMMIT", "value": True},
                    {"name": "TIMEZONE", "value": "Etc/UTC"},
                    {"name": "CLIENT_TELEMETRY_ENABLED", "value": False},
                    {"name": "PYTHON_CONNECTOR_QUERY_RESULT_FORMAT", "value": "JSON"},
                ],
                "sessionInfo": {
                    "databaseName": session.connection.database,
                    "schemaName": session.connection.schema,
                    "warehouseName": session.warehouse,
                    "roleName": role,
                },
            }
        )

    def _renew(self, request: Request) -> Response:
        master = _token(request)
        for session in (*self._sessions.values(), *self._over):
            if session.master == master:
                self._sessions.pop(session.token, None)
                session.token += "."
                self._sessions[session.token] = session
                return _told(
                    {
                        "sessionToken": session.token,
                        "masterToken": session.master,
                        "validityInSecondsST": _RUNS_SECONDS,
                        "validityInSecondsMT": 4 * _RUNS_SECONDS,
                    }
                )
        raise LoginError(_UNKNOWN, "User must login again to access the service.")

    def _query(self, request: Request, session: Session, faults: Mapping[str, Any]) -> Response:
        body = request.json()
        statement = self._statements.add(
            session,
            body["sqlText"],
            faults,
            bindings=body.get("bindings"),
            address=f"http://{request.headers['host']}",
            request_id=request.params.get("requestId", ""),
        )
        if body.get("asyncExec"):
            return _in_progress(statement, _IN_PROGRESS_ALONE)
        return _answer(statement)

    def _status(self, statement: Statement | None) -> Response:
        if statement is None:
            return _told({"queries": []})
        if not self._statements.poll(statement):
            status = {"status": "RUNNING"}
        elif statement.error:
            status = {
                "status": "FAILED_WITH_ERROR",
                "errorCode": statement.error.code.lstrip("0"),
                "errorMessage": statement.error.message,
            }
        else:
            status = {"status": "SUCCESS"}
        return _told({"queries": [{"id": statement.id, "sqlText": statement.sql, **status}]})

    def _session(self, request: Request) -> Session:
        session = self._sessions.get(_token(request))
        if session is None:
            raise LoginError(_UNKNOWN, "User must login again to access the service.")
        return session


def _token(request: Request) -> str:
    found = request.headers.get("authorization", "").partition('Token="')[2]
    return found.removesuffix('"')


def _told(data: object) -> Response:
    return Response.of({"data": data, "code": None, "message": None, "success": True})


def _refused(error: AccountError) -> Response:
    data = {"errorCode": error.code, "sqlState": error.sql_state}
    return Response.of(
        {"data": data, "code": error.code, "message": error.message, "success": False}
    )


def _in_progress(statement: Statement, code: str) -> Response:
    data = {"queryId": statement.id, "getResultUrl": f"/queries/{statement.id}/result"}
    message = "Query execution in progress."
    return Response.of({"data": data, "code": code, "message": message, "success": True})


def _answer(statement: Statement) -> Response:
    if statement.error:
        refused = statement.error
        data = {
            "errorCode": refused.code,
            "sqlState": refused.sql_state,
            "queryId": statement.id,
            "internalError": False,
        }
        return Response.of(
            {"data": data, "code": refused.code, "message": refused.message, "success": False}
        )
    result = statement.result
    if result is None:
        return _in_progress(statement, _IN_PROGRESS)
    if result.upload:
        return _told(result.upload | {"queryId": statement.id})
    connection = statement.session.connection
    return _told(
        {
            "parameters": [{"name": "TIMEZONE", "value": "Etc/UTC"}],
            "rowtype": result.columns,
            "rowset": result.texts(api=False),
            "total": len(result.rows),
            "returned": len(result.rows),
            "queryId": statement.id,
            "statementTypeId": result.type_id,
            "finalDatabaseName": connection.database,
            "finalSchemaName": connection.schema,
            "finalWarehouseName": statement.session.warehouse,
            "finalRoleName": statement.session.role,
            "queryResultFormat": "json",
        }
    )
