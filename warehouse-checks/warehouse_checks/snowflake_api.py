"""Statements over Snowflake's SQL API, with a key pair or a programmatic access token.

Knows the API; knows neither grants nor tables. Statements can be sent twice under one request id,
and those that go on for longer are asked after, with growing pauses, up to a limit.
"""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, TypeAlias

from warehouse_checks.calls import pauses
from warehouse_checks.errors import RefusedError, TooLongError, UnreachableError
from warehouse_checks.keys import PrivateKey

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from warehouse_checks.calls import Answer, Caller
    from warehouse_checks.settings import Snowflake

Row: TypeAlias = "Mapping[str, str | None]"
"""A row of a result: values as the API writes them, by the column's name in small letters."""

STATEMENTS = "/api/v2/statements"
TOKEN_LIFE = timedelta(minutes=30)
OK, RUNNING, TOO_LONG = 200, 202, 408


def account_in_token(account: str) -> str:
    """The account as a token names it: in capitals, without region and cloud."""
    cut = "-" if ".global" in account else "."
    return account.split(cut, maxsplit=1)[0].upper()


class SnowflakeApi:
    """One account, asked as one user.

    Args:
        settings: Where and as whom.
        caller: Sends the calls.

    Attributes:
        caller: As given.
        key: The private key; `None` with an access token.

    Raises:
        SettingsError: The private key is none.
    """

    def __init__(self, settings: Snowflake, caller: Caller) -> None:
        self.caller = caller
        self.key = None
        if not settings.token:
            self.key = PrivateKey(settings.key, settings.passphrase)
        self._settings = settings
        account = account_in_token(settings.account)
        self.subject = f"{account}.{settings.user.upper()}"

    def rows(self, statement: str, **context: str | None) -> list[Row]:
        """Run a statement to its end.

        Args:
            statement: SQL.
            context: `role`, `warehouse`, `database` or `schema` in which it is run.

        Returns:
            All rows of its result.

        Raises:
            RefusedError: The login or the statement is refused, or it failed.
            TooLongError: It was not done in `statement_seconds`.
            UnreachableError: There is no answer, or none of Snowflake.
        """
        clock = self.caller.clock
        until = clock.monotonic() + self._settings.statement_seconds
        answer = self._call(
            "POST",
            STATEMENTS,
            params={"requestId": str(uuid.uuid4()), "retry": "true"},
            body={
                "statement": statement,
                "timeout": self._settings.statement_seconds,
                **{name: value for name, value in context.items() if value},
            },
        )
        for pause in pauses():
            if answer.status != RUNNING:
                break
            handle = str(answer.body.get("statementHandle", ""))
            if clock.monotonic() + pause > until:
                self._call("POST", f"{STATEMENTS}/{handle}/cancel")
                raise self._too_long()
            clock.sleep(pause)
            answer = self._call("GET", f"{STATEMENTS}/{handle}")
        if answer.status == TOO_LONG:
            raise self._too_long()
        return self._result(answer)

    def _result(self, answer: Answer) -> list[Row]:
        """The rows of all parts of a result."""
        about = answer.body.get("resultSetMetaData", {})
        names = [str(column["name"]).lower() for column in about.get("rowType", [])]
        data: list[Sequence[str | None]] = list(answer.body.get("data", []))
        handle = answer.body.get("statementHandle", "")
        for part in range(1, len(about.get("partitionInfo", []))):
            more = self._call("GET", f"{STATEMENTS}/{handle}", params={"partition": str(part)})
            data += more.body.get("data", [])
        return [dict(zip(names, row, strict=True)) for row in data]

    def _too_long(self) -> TooLongError:
        return TooLongError(
            f"a statement was not done in {self._settings.statement_seconds} seconds",
            "See in the query history what it waited for, or set a greater 'statement_seconds'",
        )

    def _call(
        self,
        method: str,
        path: str,
        params: Mapping[str, str] | None = None,
        body: object = None,
    ) -> Answer:
        answer = self.caller.call(
            method, self._settings.url + path, headers=self._headers(), params=params, body=body
        )
        if answer.status in {OK, RUNNING, TOO_LONG} and answer.is_json:
            return answer
        code = str(answer.body.get("code", ""))
        host = self._settings.url.partition("://")[2]
        if not code.isalnum():
            raise UnreachableError(
                f"{host} answers {answer.status} and not as Snowflake does",
                "See that 'account' (or 'host') is that of the account's address",
            )
        raise RefusedError(
            f"{host} refuses with {answer.status}, code {code}",
            "See the query history or the login history for it",
            status=answer.status,
            code=code,
            detail=str(answer.body.get("message", "")),
        )

    def _headers(self) -> dict[str, str]:
        kind, token = "PROGRAMMATIC_ACCESS_TOKEN", self._settings.token
        if self.key:
            now = self.caller.clock.now()
            claims = {
                "iss": f"{self.subject}.{self.key.fingerprint}",
                "sub": self.subject,
                "iat": now,
                "exp": now + TOKEN_LIFE,
            }
            kind, token = "KEYPAIR_JWT", self.key.sign(claims)
        return {
            "Authorization": f"Bearer {token}",
            "X-Snowflake-Authorization-Token-Type": kind,
            "Accept": "application/json",
        }
