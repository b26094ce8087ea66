"""How a table of the core is stored: names, columns, keys, and the stored tables it consists of.

Knows tables and settings; writes no SQL. A stream that is routed is stored in several tables with
the same columns, and a view over them; any other in one. What reads or removes rows therefore
always goes over `places`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader_core import SchemaError
from loader_core.tables import DELETED_AT
from loader_core.type_table import matches
from target_databricks.type_table import sql_type

if TYPE_CHECKING:
    from loader_core import Document, Table
    from target_databricks.routing import Routing
    from target_databricks.settings import Settings

ROUTE = "_sdc_route"
"""Column of a staged file, not of a table: the table that a row is routed to."""
ROW_KEY = "_sdc_row_key"
"""Column of tables to which rows are only added: the batch of a row and its place in it."""
MOST_NAME_CHARACTERS = 255
MOST_CLUSTERING_COLUMNS = 4
_GENERATION = "__sdc_generation_"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of stored tables.

    Attributes:
        name: Its name, whose capitals stay.
        sql: Its type.
        required: It is NOT NULL.
        comment: What the SCHEMA says of it.
    """

    name: str
    sql: str
    required: bool
    comment: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is stored.

    Attributes:
        stream: The stream, for comments and errors.
        columns: All columns; the key and those that the table is clustered by come first, since
            Databricks keeps statistics of the first 32.
        key: Columns by which a new row finds the one whose place it takes.
        order: Which of two rows with one key is newer; empty where rows are only added.
        document: What the rows are lines of.
        marks: Gone rows are marked in `_sdc_deleted_at`, else deleted.
        clustered, partitioned: Columns of the physical layout; at most one has any.
        places: Names of the stored tables.
        view: Name of the view over them, if there is one.
    """

    stream: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    document: Document | None
    marks: bool
    clustered: tuple[str, ...]
    partitioned: tuple[str, ...]
    places: tuple[str, ...]
    view: str | None

    @property
    def only_adds(self) -> bool:
        """Rows are added and never take the place of others."""
        return not self.order


def stored_name(name: str) -> str:
    """A stream's name as Unity Catalog takes it: small letters, digits and `_`."""
    return re.sub(r"\W", "_", name.lower())


def of_generation(name: str, generation: int) -> str:
    """The name of what is to take the place of a stored table."""
    return f"{name}{_GENERATION}{generation}"


def is_generation(name: str, of: str) -> bool:
    """Whether a table was to take the place of a stored table."""
    return re.fullmatch(re.escape(of + _GENERATION) + "[0-9]+", name) is not None


def layout(table: Table, routing: Routing | None, settings: Settings) -> Layout:
    """How a table is stored.

    Raises:
        SchemaError: Two columns differ in their capitals only, a column is missing or a name too
            long.
    """
    only_adds = table.load_method == "append-only" or not table.key
    key = (ROW_KEY,) if only_adds else table.key
    columns = [
        Column(
            name=field.name,
            sql="VARIANT"
            if sql_type(field.name, field.type) == "STRING"
            and field.name not in key
            and matches(field.name, settings.variant_columns)
            else sql_type(field.name, field.type),
            required=field.name in key,
            comment=(field.metadata or {}).get(b"description", b"").decode(),
        )
        for field in table.schema
    ]
    if only_adds:
        columns.append(Column(ROW_KEY, "STRING", required=False, comment="Batch and place in it"))
    columns += [
        Column(name, "STRING", required=False, comment="Set by 'gl_routing'")
        for name in (routing.columns if routing else ())
    ]
    _check_names(table, columns)
    there = {column.name for column in columns}
    partitioned = tuple(name for name in settings.partition_by if name in there)
    clustered = tuple(name for name in settings.cluster_by if name in there)
    clustered = () if partitioned else clustered[:MOST_CLUSTERING_COLUMNS]
    first = [*key, *clustered]
    places = routing.tables if routing else (stored_name(table.name),)
    view = (stored_name(routing.view or table.name)) if routing and len(places) > 1 else None
    if table.generation:
        places = tuple(of_generation(place, table.generation) for place in places)
    return Layout(
        stream=table.name,
        columns=tuple(
            sorted(
                columns,
                key=lambda column: first.index(column.name) if column.name in first else len(first),
            )
        ),
        key=key,
        order=() if only_adds else table.order,
        document=table.document,
        marks=DELETED_AT in table.schema.names and not table.hard_delete,
        clustered=clustered,
        partitioned=partitioned,
        places=places,
        view=view,
    )


def _check_names(table: Table, columns: list[Column]) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        other = seen.setdefault(column.name.lower(), column.name)
        if other is not column.name:
            raise SchemaError(
                f"the columns '{other}' and '{column.name}' are one and the same to Databricks",
                "Rename one of them with a stream map, or another column in 'gl_routing'",
            ).at(table.name)
        if len(column.name) > MOST_NAME_CHARACTERS:
            raise SchemaError(
                f"the name of column '{column.name[:40]}...' has more than 255 characters",
                "Rename it with a stream map",
            ).at(table.name)
