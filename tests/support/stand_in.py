"""A stand-in of a destination as a process of its own: started, steered, ended.

Knows processes and HTTP; loads no engine, which the process has.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Self

import requests

if TYPE_CHECKING:
    from decimal import Decimal
    from types import TracebackType

_SECONDS_TO_ANSWER = 60
_SECONDS_TO_END = 20
_HERE = Path(__file__).parent


class StandIn:
    """A package that serves from `with` on until its block ends.

    It writes a line of JSON when it is ready, with its `url`, and ends when its stdin does.

    Attributes:
        package: The package, whose `__main__` serves.
        controls: Where its control endpoints are.
        python: What runs it.
        decimals: As what numbers with decimals are read.
        ready: What it wrote when it was ready.
        url: Where it listens.
        pid: Its process.
    """

    package: ClassVar[str]
    controls: ClassVar[str]
    python = sys.executable
    decimals: ClassVar[type[float | Decimal]] = float
    ready: dict[str, Any]
    url: str
    pid: int

    def options(self) -> list[str]:
        """More words of the command."""
        return []

    def __enter__(self) -> Self:
        python_path = os.pathsep.join(filter(None, [str(_HERE), os.environ.get("PYTHONPATH")]))
        self._process = subprocess.Popen(
            [self.python, "-m", self.package, "--port", "0", *self.options()],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": python_path},
        )
        self._session = requests.Session()
        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            self.__exit__(None, None, None)
            raise RuntimeError(f"{self.package} did not start; its standard error says why")
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
        """Call a control endpoint, such as `("POST", "revoke")`; gives its answer.

        Raises:
            requests.HTTPError: It is refused.
        """
        url = f"{self.url}/{self.controls}/{name}".rstrip("/")
        with self._session.request(method, url, json=body, timeout=_SECONDS_TO_ANSWER) as answer:
            answer.raise_for_status()
            return answer.json(parse_float=self.decimals) if answer.content else None


class RuledStandIn(StandIn):
    """One whose calls go wrong by the rules of `stand_in_faults`."""

    def fault(self, do: object, **match: object) -> None:
        """Add a fault rule: what to do, and to which calls."""
        self.control("POST", "faults", match | {"do": do})

    def hits(self) -> list[int]:
        """Tell how often each fault rule acted."""
        return [each["hits"] for each in self.control("GET", "faults")]
