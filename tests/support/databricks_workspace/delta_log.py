"""Tables as their Delta log tells them, made and read by delta-rs.

That is another implementation than the engine's, so what it reads is a second opinion.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from deltalake import DeltaTable, Schema

if TYPE_CHECKING:
    from collections.abc import Sequence

    from databricks_workspace.objects import Table


class Column(NamedTuple):
    """A column; its type is the Delta type's name."""

    name: str
    type: str
    nullable: bool
    comment: str | None = None

    def as_field(self) -> dict[str, object]:
        """Write the column as the log does."""
        metadata = {} if self.comment is None else {"comment": self.comment}
        return {
            "name": self.name,
            "type": self.type,
            "nullable": self.nullable,
            "metadata": metadata,
        }


def _open(table: Table) -> DeltaTable:
    return DeltaTable(str(table.folder))


def _schema(columns: Sequence[Column]) -> Schema:
    return Schema.from_json(
        json.dumps({"type": "struct", "fields": [each.as_field() for each in columns]})
    )


def create(table: Table, columns: Sequence[Column]) -> None:
    """Write the first entry of a table's log."""
    DeltaTable.create(
        str(table.folder),
        schema=_schema(columns),
        partition_by=list(table.partitioning) or None,
        name=table.name[-1],
        description=table.comment,
    )


def add_columns(table: Table, columns: Sequence[Column]) -> None:
    """Add columns at the end."""
    _open(table).alter.add_columns(list(_schema(columns).fields))


def columns(table: Table) -> list[Column]:
    """Give the columns in their order."""
    fields = json.loads(_open(table).schema().to_json())["fields"]
    return [
        Column(each["name"], each["type"], each["nullable"], each["metadata"].get("comment"))
        for each in fields
    ]


def set_comment(table: Table, column: str, comment: str | None) -> None:
    """Change the comment of a column."""
    _open(table).alter.set_column_metadata(column, {"comment": comment or ""})


def version(table: Table) -> int:
    """Give the number of the last entry, from 0."""
    return _open(table).version()


def last_metrics(table: Table) -> dict[str, Any]:
    """Give what the engine counted in the last entry."""
    return dict(_open(table).history(limit=1)[0]["operationMetrics"])


def operations(table: Table) -> list[str]:
    """List what was done to a table, oldest first, as `MERGE`."""
    return [str(each["operation"]) for each in reversed(_open(table).history())]


def rows(table: Table) -> list[dict[str, Any]]:
    """Give all rows as Python values."""
    return list(_open(table).to_pyarrow_table().to_pylist())
