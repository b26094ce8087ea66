"""Starting the stand-in as a process of its own, and steering it, for tests and demos."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

if TYPE_CHECKING:
    from types import TracebackType

_SECONDS = 60
_HERE = Path(__file__).parent.parent


class PowerBIService:
    """A Power BI that serves from `with` on until its block ends.

    Attributes:
        url: Where its API listens.
        settings: What a target is told to call it.
        ca: The file that `REQUESTS_CA_BUNDLE` is to name.
        certificate: The service principal's certificate with its key.
    """

    url: str
    settings: dict[str, Any]
    ca: str
    certificate: str

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        python_path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "powerbi_service", f"--folder={self._folder.name}"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": python_path},
        )
        if not self._process.stdout or not (line := self._process.stdout.readline()):
            raise RuntimeError("the stand-in of Power BI did not start")
        ready = json.loads(line)
        self.ca, self.certificate = ready.pop("ca"), ready.pop("certificate")
        self.url, self.settings = ready["api_url"], ready
        self._session = requests.Session()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._session.close()
        self._process.communicate()  # closes its stdin, which ends it
        self._folder.cleanup()

    def set(self, **given: Any) -> dict[str, Any]:
        """Set what it remembers, or add a fault; see `state.py`."""
        return dict(self._call("POST", "", given))

    def fault(self, path: str, **how: Any) -> None:
        """Add a fault."""
        self.set(fault={"path": path, **how})

    def shown(self) -> dict[str, Any]:
        """Its datasets and what was called."""
        return dict(self._call("GET", ""))

    def rows(self, table: str, dataset: str | None = None) -> list[dict[str, Any]]:
        """The rows of a table: of the only dataset that has it, or of the one of a name."""
        given = self._call("GET", f"/rows/{table}", params={"dataset": dataset or ""})
        return [dict(row) for row in given]

    def _call(self, method: str, path: str, body: Any = None, **how: Any) -> Any:
        answer = self._session.request(
            method, f"{self.url}/__powerbi{path}", json=body, timeout=_SECONDS, **how
        )
        answer.raise_for_status()
        return json.loads(answer.text, parse_float=Decimal)


def attached(url: str) -> PowerBIService:
    """A service that another process has started, to be steered only."""
    service = PowerBIService()
    service.url = url
    service._session = requests.Session()  # noqa: SLF001 - as `with` makes it
    return service
