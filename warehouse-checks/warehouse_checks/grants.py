"""What a role of Snowflake must be granted to load, and what it is granted.

Knows privileges and the rows of `SHOW GRANTS`; knows no HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

OWNERSHIP, ALL = "OWNERSHIP", "ALL PRIVILEGES"


@dataclass(frozen=True, slots=True)
class Grant:
    """A privilege on an object.

    Attributes:
        privilege: Such as `USAGE`.
        kind: Of the object, such as `SCHEMA`.
        name: Of the object, each part as Snowflake keeps it.
    """

    privilege: str
    kind: str
    name: tuple[str, ...]

    def about(self) -> str:
        """The grant in words."""
        return f"{self.privilege} on {self.kind.lower()} {'.'.join(self.name)}"

    def sql(self, role: str) -> str:
        """The statement that grants it."""
        on = f"{self.kind} {quoted(*self.name)}"
        return f"GRANT {self.privilege} ON {on} TO ROLE {quoted(role)}"


def needed(warehouse: str, database: str, schema: str, *, has_schema: bool) -> list[Grant]:
    """What a load needs.

    Args:
        warehouse: Its warehouse.
        database: Its database.
        schema: Its schema.
        has_schema: Whether that is there. One that the load makes is the role's own.
    """
    first = [
        Grant("USAGE", "WAREHOUSE", (warehouse,)),
        Grant("USAGE", "DATABASE", (database,)),
    ]
    if not has_schema:
        return [*first, Grant("CREATE SCHEMA", "DATABASE", (database,))]
    own = (database, schema)
    return first + [
        Grant(each, "SCHEMA", own) for each in ("USAGE", "CREATE TABLE", "CREATE STAGE")
    ]


def held(rows: Iterable[Mapping[str, str | None]]) -> set[Grant]:
    """The grants in the rows of `SHOW GRANTS TO ROLE`."""
    return {
        Grant(
            row.get("privilege") or "",
            (row.get("granted_on") or "").replace("_", " "),
            parts(row.get("name") or ""),
        )
        for row in rows
    }


def roles_in(grants: Iterable[Grant]) -> set[str]:
    """The roles that are granted to a role, and hand on to it what they hold."""
    return {
        grant.name[0] for grant in grants if grant.kind == "ROLE" and grant.privilege == "USAGE"
    }


def covers(grants: set[Grant], wanted: Grant) -> bool:
    """Whether grants hold one, also by owning its object."""
    return any(
        Grant(privilege, wanted.kind, wanted.name) in grants
        for privilege in (wanted.privilege, OWNERSHIP, ALL)
    )


def quoted(*names: str) -> str:
    """A name of one or more parts, each in quotes where it needs them."""
    return ".".join(
        name
        if name.isascii() and name.isidentifier() and name == name.upper()
        else '"' + name.replace('"', '""') + '"'
        for name in names
    )


def parts(name: str) -> tuple[str, ...]:
    """The parts of a name, as `SHOW` writes it: those that need quotes have them."""
    found, part, inside = [], "", False
    for letter in name:
        if letter == '"':
            inside = not inside
        elif letter == "." and not inside:
            found.append(part)
            part = ""
        else:
            part += letter
    return (*found, part)
