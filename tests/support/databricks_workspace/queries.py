"""Statements that only read: SELECT and DESCRIBE TABLE."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
from sqlglot import exp

from databricks_workspace import delta_log, type_table
from databricks_workspace.errors import not_in_the_double
from databricks_workspace.objects import Table

if TYPE_CHECKING:
    from collections.abc import Callable

    from databricks_workspace.lakehouse import Statement

_DESCRIBED: Final = ("col_name", "data_type", "comment")


def _select(statement: Statement) -> pa.Table:
    return statement.lakehouse.engine.run(statement.engine_text())


def _describe(statement: Statement) -> pa.Table:
    told = statement.tree.args
    if told["style"] or told["as_json"] or told["partition"] or told["expressions"]:
        raise not_in_the_double("DESCRIBE, other than DESCRIBE TABLE name,")
    name = statement.name_of(statement.tree.this)
    statement.lakehouse.objects.need("relation", name)
    statement.lakehouse.privileges.need("SELECT", name)
    relation = statement.lakehouse.objects.relation[name]
    rows: list[tuple[str, str, str | None]]
    if not isinstance(relation, Table):
        types = [type_table.manifest_of(each.type)["type_text"] for each in relation.schema]
        names = relation.schema.names
        rows = [(name, str(type_).lower(), None) for name, type_ in zip(names, types, strict=True)]
        return _described(rows)
    columns = delta_log.columns(relation)
    rows = [(each.name, type_table.sql_of(each.type).lower(), each.comment) for each in columns]
    by_name = {row[0].lower(): row for row in rows}
    for title, chosen in (
        ("# Partition Information", relation.partitioning),
        ("# Clustering Information", relation.clustering),
    ):
        if chosen:
            rows += [(title, "", ""), (f"# {_DESCRIBED[0]}", *_DESCRIBED[1:])]
            rows += [by_name[column.lower()] for column in chosen]
    return _described(rows)


def _described(rows: list[tuple[str, str, str | None]]) -> pa.Table:
    schema = pa.schema([(name, pa.string()) for name in _DESCRIBED])
    return pa.Table.from_pylist(
        [dict(zip(_DESCRIBED, row, strict=True)) for row in rows], schema=schema
    )


HANDLERS: Final[dict[type[exp.Expression], Callable[[Statement], pa.Table | None]]] = {
    exp.Select: _select,
    exp.Union: _select,
    exp.Intersect: _select,
    exp.Except: _select,
    exp.Describe: _describe,
}
