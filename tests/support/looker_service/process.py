"""Starting the stand-in as a process of its own, and steering it, for tests and demos."""

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

_SECONDS = 60
_HERE = Path(__file__).parent.parent


class LookerService:
    """A Looker that serves from `with` on until its block ends.

    Args:
        warehouse: Address of the PostgreSQL that its connection reads, as libpq takes it; without
            one it gives the newest load that it was told.
        repository: The git repository from which its project is deployed.

    Attributes:
        url: Where it listens.
        settings: What a target is told to call it.
    """

    url: str
    settings: dict[str, Any]

    def __init__(self, warehouse: str | None = None, repository: Path | None = None) -> None:
        self._options = [f"--warehouse={warehouse}"] if warehouse else []
        self._options += [f"--repository={repository}"] if repository else []

    def __enter__(self) -> Self:
        python_path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "looker_service", *self._options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": python_path},
        )
        if not self._process.stdout or not (line := self._process.stdout.readline()):
            raise RuntimeError("the stand-in of Looker did not start")
        ready = json.loads(line)
        self.url = ready["url"]
        self.settings = {
            "looker_url": self.url,
            "looker_client_id": ready["client_id"],
            "looker_client_secret": ready["client_secret"],
            "looker_connection": ready["connection"],
        }
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._process.communicate()  # closes its stdin, which ends it

    def set(self, **given: Any) -> None:
        """Set what it remembers, or add a fault; see `state.py`."""
        requests.post(f"{self.url}/__looker", json=given, timeout=_SECONDS).raise_for_status()

    def shown(self) -> dict[str, Any]:
        """Its calls, datagroups, plans and deployments."""
        answer = requests.get(f"{self.url}/__looker", timeout=_SECONDS)
        answer.raise_for_status()
        return dict(answer.json())
