"""Privileges of the one service principal: what it was granted, what it owns, what a deed needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from databricks_workspace.errors import DeniedError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from databricks_workspace.objects import Name, Objects

ALL: Final = "ALL_PRIVILEGES"
METASTORE: Final[Name] = ()
LEVELS: Final = ("Metastore", "Catalog", "Schema", "Table")
"""What a name of none, one, two and three parts is."""


@dataclass
class Privileges:
    """What the principal may do.

    Attributes:
        principal: Its application id.
        grants: Privileges by the name of what they were granted on; `()` is the metastore.
    """

    principal: str
    objects: Objects
    grants: dict[Name, frozenset[str]] = field(default_factory=dict)

    def effective(self, name: Name) -> list[tuple[str, Name]]:
        """List the privileges on an object and where each was granted, own grants first."""
        return [
            (privilege, name[:length])
            for length in range(len(name), -1, -1)
            for privilege in sorted(self.grants.get(name[:length], ()))
        ]

    def may(self, privilege: str, name: Name) -> bool:
        """Say whether a privilege on an object is owned, granted or inherited."""
        kinds = (("catalog",), ("schema",), ("relation", "volume"))[len(name) - 1] if name else ()
        owners = {
            self.objects.of(kind)[name].owner for kind in kinds if name in self.objects.of(kind)
        }
        held = {held for held, _ in self.effective(name)}
        return self.principal in owners or bool(held & {privilege, ALL})

    def need(self, privilege: str, name: Name) -> None:
        """Make sure of a privilege, and of USE CATALOG and USE SCHEMA on the way to the object.

        Raises:
            DeniedError: One is missing; the text names it and the object.
        """
        way = [("USE_CATALOG", name[:1])] if name else []
        way += [("USE_SCHEMA", name[:2])] if len(name) > 1 else []
        for needed, on in [*way, (privilege, name)]:
            if not self.may(needed, on):
                level = LEVELS[len(on)]
                if len(on) == len(LEVELS) - 1 and needed.endswith("_VOLUME"):
                    level = "Volume"
                raise DeniedError(
                    f"User does not have {needed.replace('_', ' ')} on {level} '{'.'.join(on)}'."
                )

    def grant_only(self, grants: Mapping[str, Sequence[str]]) -> None:
        """Replace all grants; the keys are dotted names, the empty one is the metastore."""
        self.grants = {
            tuple(part for part in name.lower().split(".") if part): frozenset(privileges)
            for name, privileges in grants.items()
        }
