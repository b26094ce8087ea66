"""Starting a service as a process of its own, and steering it, for tests and demos.

Loads no engine; the process has it.
"""

from __future__ import annotations

from typing import Any, Self

from stand_in import RuledStandIn


class BigQueryService(RuledStandIn):
    """A service that serves from `with` on until its block ends.

    Args:
        state: What it begins with; see the package.

    Attributes:
        project: Its only project.
        key: The key file of its service account, as an object.
    """

    package = "bigquery_service"
    controls = "__bigquery"
    project: str
    key: dict[str, str]

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        self._state = state

    def __enter__(self) -> Self:
        super().__enter__()
        self.project, self.key = self.ready["project"], self.ready["key"]
        if self._state:
            self.set(**self._state)
        return self

    def set(self, **state: object) -> None:
        """Set parts of the state; see the package."""
        self.control("POST", "state", state)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give the rows of `dataset.table`; all values are texts, times are microseconds."""
        return list(self.control("GET", f"rows/{table.replace('.', '/')}"))

    def table(self, table: str) -> dict[str, Any]:
        """Give `dataset.table` as `tables.get` tells it."""
        return dict(self.control("GET", f"tables/{table.replace('.', '/')}"))

    def tamper(self, sql: str) -> None:
        """Change rows behind every client's back, by a statement of DuckDB's."""
        self.control("POST", "sql", {"sql": sql})
