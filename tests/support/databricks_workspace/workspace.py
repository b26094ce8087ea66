"""The workspace: everything that the service and the control endpoints share."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from databricks_workspace import namespaces
from databricks_workspace.faults import no_faults
from databricks_workspace.lakehouse import DEFAULT_CATALOG, Lakehouse
from databricks_workspace.objects import Objects
from databricks_workspace.privileges import ALL, Privileges
from databricks_workspace.statements import Statements
from databricks_workspace.tokens import Tokens
from databricks_workspace.warehouse import Warehouse

if TYPE_CHECKING:
    from databricks_workspace.engine import Engine
    from stand_in_faults import Faults

_ADMINISTRATOR = "admin@example.com"
GRANTS = {"": ["CREATE_CATALOG"], DEFAULT_CATALOG: [ALL]}
"""What the principal is granted from the start."""


@dataclass(kw_only=True)
class Workspace:
    """A workspace with one service principal, one warehouse and the catalog `main`.

    Attributes:
        url: Where it listens.
        calls: What was called: method, path, status (0 for none), kind of statement, and whether a
            fault rule acted.
    """

    url: str
    tokens: Tokens
    warehouse: Warehouse
    lakehouse: Lakehouse
    statements: Statements
    faults: Faults = field(default_factory=no_faults)
    calls: list[dict[str, Any]] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ready(self) -> dict[str, str]:
        """Tell what a client needs."""
        return {
            "url": self.url,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "warehouse_id": self.warehouse.identity,
            "catalog": DEFAULT_CATALOG,
        }


def opened(url: str, engine: Engine) -> Workspace:
    """Make a workspace on an engine that runs."""
    tokens = Tokens(client_id=secrets.token_hex(16), client_secret="dose" + secrets.token_hex(16))
    objects = Objects()
    privileges = Privileges(_ADMINISTRATOR, objects)
    lakehouse = Lakehouse(
        engine=engine, objects=objects, privileges=privileges, lock=threading.RLock()
    )
    privileges.grant_only(GRANTS)
    namespaces.create(lakehouse, "catalog", (DEFAULT_CATALOG,))
    privileges.principal = tokens.client_id
    warehouse = Warehouse(identity=secrets.token_hex(8))
    return Workspace(
        url=url,
        tokens=tokens,
        warehouse=warehouse,
        lakehouse=lakehouse,
        statements=Statements(lakehouse, warehouse),
    )
