"""What is staged, as the LookML sees it, and what a user can say about the LookML.

Knows no LookML. A column is named in two ways: as Visma names it (`source`), by which the rows of
`joins.py`, `fields.py` and `dashboards.py` find it, and as the warehouse does (`name`), by which it
is read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "string",
    "integer",
    "decimal",
    "date",
    "timestamp",
    "local_timestamp",
    "boolean",
    "json",
]
"""What a column holds. A `timestamp` is a moment in UTC, a `local_timestamp` has no zone."""

DELETED_AT = "_sdc_deleted_at"
"""The column that is set in rows which are gone at their source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a staged table.

    Attributes:
        name: As in the warehouse.
        source: As in the Singer schema.
        title: The schema's, or empty.
        description: The schema's, or empty.
    """

    name: str
    source: str
    kind: Kind
    title: str = ""
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedTable:
    """A table of the warehouse that Looker may read.

    Attributes:
        stream: The stream that is staged in it.
        schema: The warehouse's schema.
        name: The table's own name.
        key: Its one physical key column.
    """

    stream: str
    schema: str
    name: str
    key: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What a user can say about the LookML.

    Attributes:
        connection: The name of Looker's connection to the warehouse.
        model: The name of the generated model.
        schema: The schema of the audit tables.
        fiscal_month_offset: Months by which the fiscal year begins after January, or before it.
        week_start_day: In small letters.
        segments: Labels of the segments of subaccounts, in their order.
        with_model: Whether the model's file is written too; else the user has one of that name.
    """

    connection: str
    model: str
    schema: str
    fiscal_month_offset: int = 0
    week_start_day: str = "monday"
    segments: tuple[str, ...] = ()
    with_model: bool = True
