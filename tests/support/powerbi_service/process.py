"""Starting the stand-in as a process of its own, and steering it, for tests and demos."""

from __future__ import annotations

import tempfile
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import urlencode

import requests

from stand_in import StandIn

if TYPE_CHECKING:
    from types import TracebackType


class PowerBIService(StandIn):
    """A Power BI that serves from `with` on until its block ends.

    Attributes:
        settings: What a target is told to call it.
        ca: The file that `REQUESTS_CA_BUNDLE` is to name.
        certificate: The service principal's certificate with its key.
    """

    package = "powerbi_service"
    controls = "__powerbi"
    decimals = Decimal
    settings: dict[str, Any]
    ca: str
    certificate: str

    def options(self) -> list[str]:
        """Where its certificates are written."""
        return [f"--folder={self._folder.name}"]

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory()
        super().__enter__()
        self.ca, self.certificate = self.ready["ca"], self.ready["certificate"]
        self.settings = self.ready["settings"]
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        super().__exit__(_type, _error, _trace)
        self._folder.cleanup()

    def set(self, **given: Any) -> dict[str, Any]:
        """Set what it remembers, or add a fault; see `state.py`."""
        return dict(self.control("POST", body=given))

    def fault(self, path: str, **how: Any) -> None:
        """Add a fault."""
        self.set(fault={"path": path, **how})

    def shown(self) -> dict[str, Any]:
        """Its datasets and what was called."""
        return dict(self.control("GET"))

    def rows(self, table: str, dataset: str | None = None) -> list[dict[str, Any]]:
        """The rows of a table: of the only dataset that has it, or of the one of a name."""
        query = urlencode({"dataset": dataset or ""})
        return [dict(row) for row in self.control("GET", f"rows/{table}?{query}")]


def attached(url: str) -> PowerBIService:
    """A service that another process has started, to be steered only."""
    service = PowerBIService()
    service.url = url
    service._session = requests.Session()  # noqa: SLF001 - as `with` makes it
    return service
