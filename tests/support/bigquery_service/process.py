"""Starting a service as a process of its own, and steering it, for tests and demos.

Loads no engine; the process has it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS_TO_ANSWER = 60
_SECONDS_TO_END = 20
_HERE = Path(__file__).parent.parent


class BigQueryService:
    """A service that serves from `with` on until its block ends.

    Args:
        state: What it begins with; see the package.

    Attributes:
        url: Where it listens.
        project: Its only project.
        key: The key file of its service account, as an object.
        pid: Its process.
    """

    url: str
    project: str
    key: dict[str, str]
    pid: int

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._state = state

    def __enter__(self) -> Self:
        python_path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "bigquery_service", "--port", "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": python_path},
        )
        self._session = requests.Session()
        if self._process.stdout is None:
            raise RuntimeError("the service has no standard output")
        line = self._process.stdout.readline()
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError("the service did not start; its standard error says why")
        ready = json.loads(line)
        self.url = ready["url"]
        self.project = ready["project"]
        self.key = ready["key"]
        self.pid = self._process.pid
        if self._state:
            self.set(**self._state)
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
        """Call a control endpoint, such as `("POST", "revoke")`; gives its answer.

        Raises:
            requests.HTTPError: It is refused.
        """
        url = f"{self.url}/__bigquery/{name}"
        with self._session.request(method, url, json=body, timeout=_SECONDS_TO_ANSWER) as answer:
            answer.raise_for_status()
            return answer.json()

    def set(self, **state: object) -> None:
        """Set parts of the state; see the package."""
        self.control("POST", "state", state)

    def fault(self, do: object, **match: object) -> None:
        """Add a fault rule: what to do, and to which calls or jobs."""
        self.control("POST", "faults", match | {"do": do})

    def hits(self) -> list[int]:
        """Tell how often each fault rule acted."""
        return [each["hits"] for each in self.control("GET", "faults")]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give the rows of `dataset.table`; all values are texts, times are microseconds."""
        return list(self.control("GET", f"rows/{table.replace('.', '/')}"))

    def table(self, table: str) -> dict[str, Any]:
        """Give `dataset.table` as `tables.get` tells it."""
        return dict(self.control("GET", f"tables/{table.replace('.', '/')}"))

    def tamper(self, sql: str) -> None:
        """Change rows behind every client's back, by a statement of DuckDB's."""
        self.control("POST", "sql", {"sql": sql})
