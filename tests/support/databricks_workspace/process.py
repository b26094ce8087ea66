"""Starting a workspace as a process of its own, and steering it, for tests and demos.

Loads neither engine nor Delta; the process has them.
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


class DatabricksWorkspace:
    """A workspace that serves from `with` on until its block ends.

    Attributes:
        url: Where it listens.
        client_id: Of its service principal.
        client_secret: Of its service principal.
        warehouse_id: Of its only warehouse.
        catalog: A catalog that is there from the start.
        pid: Its process.
    """

    url: str
    client_id: str
    client_secret: str
    warehouse_id: str
    catalog: str
    pid: int

    def __enter__(self) -> Self:
        python_path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "databricks_workspace", "--port", "0"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": python_path},
        )
        self._session = requests.Session()
        if self._process.stdout is None:
            raise RuntimeError("the workspace has no standard output")
        line = self._process.stdout.readline()
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError("the workspace did not start; its standard error says why")
        ready = json.loads(line)
        self.url = ready["url"]
        self.client_id = ready["client_id"]
        self.client_secret = ready["client_secret"]
        self.warehouse_id = ready["warehouse_id"]
        self.catalog = ready["catalog"]
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
        """Call a control endpoint, such as `("POST", "revoke")`; gives its answer.

        Raises:
            requests.HTTPError: It is refused.
        """
        url = f"{self.url}/__workspace/{name}"
        with self._session.request(method, url, json=body, timeout=_SECONDS_TO_ANSWER) as answer:
            answer.raise_for_status()
            return answer.json()

    def fault(self, do: object, **match: object) -> None:
        """Add a fault rule: what to do, and to which calls."""
        self.control("POST", "faults", match | {"do": do})

    def hits(self) -> list[int]:
        """Tell how often each fault rule acted."""
        return [each["hits"] for each in self.control("GET", "faults")]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give the rows of a table, named with all three parts; decimals and times are texts."""
        return list(self.control("GET", f"tables/{table.replace('.', '/')}")["rows"])
