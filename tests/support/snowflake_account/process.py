"""Starting an account as a process of its own, and steering it, for tests and demos.

Loads no engine; the process has it, in an environment of its own (`.venv-snowflake` in the root of
the repository, or that of the Python which `SNOWFLAKE_ACCOUNT_PYTHON` names).
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS_TO_ANSWER = 60
_SECONDS_TO_END = 20
_SUPPORT = Path(__file__).parent.parent
_PYTHON = _SUPPORT.parent.parent / ".venv-snowflake" / "bin" / "python"


class SnowflakeAccount:
    """An account that serves from `with` on until its block ends.

    Args:
        state: What differs from a good account, see `state.py`.

    Attributes:
        url: Where it listens.
        ready: What a client needs: `host`, `port`, `protocol`, `account`, `user`, `role`,
            `warehouse`, `database`.
        pid: Its process.
    """

    url: str
    ready: dict[str, Any]
    pid: int

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._state = state or {}

    def __enter__(self) -> Self:
        python = os.environ.get("SNOWFLAKE_ACCOUNT_PYTHON", str(_PYTHON))
        with tempfile.NamedTemporaryFile("w", suffix=".json") as state:
            json.dump(self._state, state)
            state.flush()
            self._process = subprocess.Popen(
                [python, "-m", "snowflake_account", "--port", "0", "--state", state.name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | {"PYTHONPATH": str(_SUPPORT)},
            )
            self._session = requests.Session()
            line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError("the account did not start; its standard error says why")
        self.ready = json.loads(line)
        self.url = self.ready["url"]
        self.pid = self._process.pid
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._session.close()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def control(self, method: str, name: str = "", body: object = None) -> Any:
        """Call a control endpoint, such as `("POST", "settle")`; gives its answer.

        Raises:
            requests.HTTPError: It is refused.
        """
        url = f"{self.url}/__account/{name}"
        with self._session.request(method, url, json=body, timeout=_SECONDS_TO_ANSWER) as answer:
            answer.raise_for_status()
            return answer.json()

    def change(self, **state: object) -> None:
        """Change members of the account's state."""
        self.control("POST", "state", state)

    def fault(self, do: object, **match: object) -> None:
        """Add a fault rule: what to do, and to which calls."""
        self.control("POST", "faults", match | {"do": do})

    def hits(self) -> list[int]:
        """Tell how often each fault rule acted."""
        return [each["hits"] for each in self.control("GET", "faults")]

    def statements(self) -> list[str]:
        """Texts of the statements that came, oldest first."""
        return [each["statement"] for each in self.control("GET", "calls") if each["statement"]]

    def query(self, sql: str) -> list[list[str | None]]:
        """Look into the database from outside: no warehouse, no fault rule; values are texts."""
        return list(self.control("POST", "query", {"sql": sql})["rows"])
