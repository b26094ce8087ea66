"""Starting a workspace as a process of its own, and steering it, for tests and demos.

Loads neither engine nor Delta; the process has them.
"""

from __future__ import annotations

from typing import Any, Self

from stand_in import RuledStandIn


class DatabricksWorkspace(RuledStandIn):
    """A workspace that serves from `with` on until its block ends.

    Attributes:
        client_id: Of its service principal.
        client_secret: Of its service principal.
        warehouse_id: Of its only warehouse.
        catalog: A catalog that is there from the start.
    """

    package = "databricks_workspace"
    controls = "__workspace"
    client_id: str
    client_secret: str
    warehouse_id: str
    catalog: str

    def __enter__(self) -> Self:
        super().__enter__()
        for name in ("client_id", "client_secret", "warehouse_id", "catalog"):
            setattr(self, name, self.ready[name])
        return self

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Give the rows of a table, named with all three parts; decimals and times are texts."""
        return list(self.control("GET", f"tables/{table.replace('.', '/')}")["rows"])
