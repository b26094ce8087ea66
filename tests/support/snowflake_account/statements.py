"""Statements that are under way: run at once, or held in progress for some polls.

Knows the engine and the fault rules; knows no protocol, so both of them share it.
"""

from __future__ import annotations

import re
import threading
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from snowflake_account.errors import SqlError
from snowflake_account.results import listed

if TYPE_CHECKING:
    from collections.abc import Mapping

    from snowflake_account.engine import Engine, Session
    from snowflake_account.results import Result

_CANCEL: Final = re.compile(r"\s*SELECT\s+SYSTEM\$CANCEL_QUERY\('([^']+)'\)\s*;?\s*", re.IGNORECASE)


@dataclass
class Statement:
    """One statement.

    Attributes:
        polls: How many more times it is in progress when it is asked after.
        result: Once it is run.
        error: Once it has failed.
        cancelled: It was given up before it was run.
        made_at: Milliseconds since 1970.
    """

    session: Session
    sql: str
    bindings: Mapping[str, Any] | None
    address: str
    polls: int = 0
    fails: SqlError | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    result: Result | None = None
    error: SqlError | None = None
    cancelled: bool = False
    made_at: int = field(default_factory=lambda: int(time.time() * 1000))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def ended(self) -> bool:
        """It has a result or an error."""
        return self.result is not None or self.error is not None


class Statements:
    """All statements of the account, by their ids.

    Args:
        engine: Runs them.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._all: dict[str, Statement] = {}
        self._by_request: dict[str, Statement] = {}

    def add(
        self,
        session: Session,
        sql: str,
        faults: Mapping[str, Any],
        *,
        bindings: Mapping[str, Any] | None = None,
        address: str = "",
        request_id: str = "",
    ) -> Statement:
        """Take a statement; one whose request was seen before is that one."""
        if request_id in self._by_request:
            return self._by_request[request_id]
        fails = None
        if "fail" in faults:
            fails = SqlError(
                str(faults["fail"]).rjust(6, "0"),
                str(faults.get("message", "A fault rule.")),
                str(faults.get("sql_state", "XX000")),
            )
        statement = Statement(
            session, sql, bindings, address, polls=int(faults.get("running", 0)), fails=fails
        )
        self._all[statement.id] = statement
        if request_id:
            self._by_request[request_id] = statement
        if not statement.polls:
            self.run(statement)
        return statement

    def find(self, name: str) -> Statement | None:
        """The statement with an id."""
        return self._all.get(name)

    def poll(self, statement: Statement) -> bool:
        """Ask after a statement; whether it has ended. The last poll runs it."""
        if not statement.ended:
            statement.polls = max(0, statement.polls - 1)
            if not statement.polls:
                self.run(statement)
        return statement.ended

    def run(self, statement: Statement) -> None:
        """Run a statement to its end, if it has none."""
        with statement.lock:
            if statement.ended:
                return
            try:
                if statement.fails:
                    raise statement.fails
                statement.result = self._cancelled(statement.sql) or self._engine.run(
                    statement.session, statement.sql, statement.bindings, statement.address
                )
            except SqlError as error:
                statement.error = error

    def cancel(self, statement: Statement) -> bool:
        """Give a statement up; whether it was not too late."""
        with statement.lock:
            if statement.ended:
                return False
            statement.cancelled = True
            statement.error = SqlError("000604", "SQL execution canceled", "57014")
            return True

    def _cancelled(self, sql: str) -> Result | None:
        """What SYSTEM$CANCEL_QUERY answers; none if a statement is another."""
        found = _CANCEL.fullmatch(sql)
        if not found:
            return None
        other = self._all.get(found[1])
        told = "query canceled." if other and self.cancel(other) else "Query is not running."
        return listed(["SYSTEM$CANCEL_QUERY"], [{"SYSTEM$CANCEL_QUERY": told}])

    def settle(self) -> int:
        """Run all that are held; how many there were."""
        held = [each for each in list(self._all.values()) if not each.ended]
        for each in held:
            self.run(each)
        return len(held)
