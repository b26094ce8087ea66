"""Starting the stand-in as a process of its own, and steering it, for tests and demos."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from stand_in import StandIn

if TYPE_CHECKING:
    from pathlib import Path


class LookerService(StandIn):
    """A Looker that serves from `with` on until its block ends.

    Args:
        warehouse: Address of the PostgreSQL that its connection reads, as libpq takes it; without
            one it gives the newest load that it was told.
        repository: The git repository from which its project is deployed.

    Attributes:
        settings: What a target is told to call it.
    """

    package = "looker_service"
    controls = "__looker"
    settings: dict[str, Any]

    def __init__(self, warehouse: str | None = None, repository: Path | None = None) -> None:
        self._options = [f"--warehouse={warehouse}"] if warehouse else []
        self._options += [f"--repository={repository}"] if repository else []

    def options(self) -> list[str]:
        """Where it reads, and what it deploys."""
        return self._options

    def __enter__(self) -> Self:
        super().__enter__()
        self.settings = {
            "looker_url": self.url,
            "looker_client_id": self.ready["client_id"],
            "looker_client_secret": self.ready["client_secret"],
            "looker_connection": self.ready["connection"],
        }
        return self

    def set(self, **given: Any) -> None:
        """Set what it remembers, or add a fault; see `state.py`."""
        self.control("POST", body=given)

    def shown(self) -> dict[str, Any]:
        """Its calls, datagroups, plans and deployments."""
        return dict(self.control("GET"))
