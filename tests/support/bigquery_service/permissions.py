"""Who may do what: roles as sets of permissions, granted on the project or on a dataset."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from bigquery_service.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ROLES: Final[Mapping[str, frozenset[str]]] = {
    "roles/bigquery.dataEditor": frozenset(
        {
            "bigquery.datasets.create",
            "bigquery.datasets.get",
            "bigquery.tables.create",
            "bigquery.tables.delete",
            "bigquery.tables.get",
            "bigquery.tables.getData",
            "bigquery.tables.list",
            "bigquery.tables.update",
            "bigquery.tables.updateData",
            "resourcemanager.projects.get",
        }
    ),
    "roles/bigquery.dataViewer": frozenset(
        {
            "bigquery.datasets.get",
            "bigquery.tables.get",
            "bigquery.tables.getData",
            "bigquery.tables.list",
            "resourcemanager.projects.get",
        }
    ),
    "roles/bigquery.jobUser": frozenset({"bigquery.jobs.create", "resourcemanager.projects.get"}),
}
"""The permissions of each role that a loader and its checks need; the real ones have more."""
USUAL: Final = {"": ["roles/bigquery.dataEditor", "roles/bigquery.jobUser"]}


@dataclass
class Permissions:
    """What the one service account is granted.

    Attributes:
        grants: Roles and permissions by dataset; the empty name is the project.
    """

    project: str
    grants: dict[str, list[str]] = field(default_factory=lambda: dict(USUAL))

    def held(self, dataset: str = "") -> frozenset[str]:
        """All permissions on the project, or on a dataset, which has the project's too."""
        names = [*self.grants.get("", ()), *(self.grants.get(dataset, ()) if dataset else ())]
        return frozenset().union(*(ROLES.get(name, {name}) for name in names))

    def tested(self, wanted: Iterable[str], dataset: str = "") -> list[str]:
        """Those of some permissions that are held."""
        held = self.held(dataset)
        return [name for name in wanted if name in held]

    def need(self, permission: str, dataset: str = "", table: str = "") -> None:
        """Refuse what is not granted.

        Raises:
            ApiError: 403, with the permission in the message.
        """
        if permission in self.held(dataset):
            return
        kind = "Table" if table else "Dataset" if dataset else "Project"
        name = f"{self.project}:{dataset}" if dataset else self.project
        name += f".{table}" if table else ""
        raise ApiError(
            403,
            "accessDenied",
            f"Access Denied: {kind} {name}: Permission {permission} denied on "
            f"{kind.lower()} {name} (or it may not exist).",
        )
