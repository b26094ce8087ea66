"""The objects of Unity Catalog as data: catalogs, schemas, volumes, tables and views.

Names are tuples of one to three parts in lower case. Knows neither SQL nor HTTP; the columns of a
table are not here but in its Delta log.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, TypeAlias

from databricks_workspace.errors import SqlError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pyarrow as pa

Name: TypeAlias = tuple[str, ...]


@dataclass(kw_only=True)
class Entry:
    """A catalog, a schema or a volume, or what all objects have."""

    name: Name
    owner: str
    comment: str | None = None
    made_at_ms: int = field(default_factory=lambda: int(time.time() * 1000))
    identity: str = field(default_factory=lambda: str(uuid.uuid4()))


@dataclass(kw_only=True)
class Table(Entry):
    """A managed Delta table."""

    folder: Path
    clustering: tuple[str, ...] = ()
    partitioning: tuple[str, ...] = ()
    key_name: str = ""
    key: tuple[str, ...] = ()
    """Columns of the primary key, which is stated and not enforced."""
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(kw_only=True)
class View(Entry):
    """A view, which keeps the columns that it had when it was made.

    Attributes:
        query: As it was written.
        engine_query: In parentheses, with the engine's names and those columns.
    """

    query: str
    engine_query: str
    schema: pa.Schema


def shown(name: Name) -> str:
    """Write a name as messages do."""
    return ".".join(f"`{part}`" for part in name)


_MISSING: Final = {
    "catalog": ("NO_SUCH_CATALOG_EXCEPTION", "Catalog {} was not found."),
    "schema": ("SCHEMA_NOT_FOUND", "The schema {} cannot be found."),
    "volume": ("UC_VOLUME_NOT_FOUND", "Volume {} does not exist."),
    "relation": ("TABLE_OR_VIEW_NOT_FOUND", "The table or view {} cannot be found."),
}
_PRESENT: Final = {
    "catalog": ("CATALOG_ALREADY_EXISTS", "Catalog {} already exists."),
    "schema": ("SCHEMA_ALREADY_EXISTS", "Cannot create schema {} because it already exists."),
    "volume": ("VOLUME_ALREADY_EXISTS", "Volume {} already exists."),
    "relation": ("TABLE_OR_VIEW_ALREADY_EXISTS", "Cannot create {} because it already exists."),
}


@dataclass
class Objects:
    """All objects by kind. A table and a volume may share a name, a table and a view may not."""

    catalog: dict[Name, Entry] = field(default_factory=dict)
    schema: dict[Name, Entry] = field(default_factory=dict)
    volume: dict[Name, Entry] = field(default_factory=dict)
    relation: dict[Name, Table | View] = field(default_factory=dict)

    def of(self, kind: str) -> Mapping[Name, Entry]:
        """Give the objects of a kind: catalog, schema, volume or relation."""
        if kind == "relation":
            return self.relation
        return {"catalog": self.catalog, "schema": self.schema, "volume": self.volume}[kind]

    def need(self, kind: str, name: Name) -> None:
        """Make sure that an object is there, and what it is in.

        Raises:
            SqlError: The object, its schema or its catalog is not there; of a table or view, only
                that itself is named.
        """
        if len(name) > 1 and kind != "relation":
            self.need("catalog" if len(name) == 2 else "schema", name[:-1])
        if name not in self.of(kind):
            error_class, text = _MISSING[kind]
            raise SqlError(error_class, text.format(shown(name)))

    def need_free(self, kind: str, name: Name) -> None:
        """Make sure that a name is not taken.

        Raises:
            SqlError: It is.
        """
        if name in self.of(kind):
            error_class, text = _PRESENT[kind]
            raise SqlError(error_class, text.format(shown(name)))

    def table(self, name: Name) -> Table:
        """Give a table.

        Raises:
            SqlError: There is none, or it is a view.
        """
        self.need("relation", name)
        found = self.relation[name]
        if not isinstance(found, Table):
            raise SqlError("EXPECT_TABLE_NOT_VIEW", f"{shown(name)} is a view, not a table.")
        return found

    def inside(self, name: Name) -> list[tuple[str, Name]]:
        """List what a catalog or schema holds, the innermost last."""
        return [
            (kind, each)
            for kind in ("schema", "volume", "relation")
            for each in self.of(kind)
            if len(each) > len(name) and each[: len(name)] == name
        ]
