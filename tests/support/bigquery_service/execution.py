"""Running one statement: which kinds there are, and what each needs to be granted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
from sqlglot import exp

from bigquery_service import merges
from bigquery_service.errors import ApiError, JobError, not_in_the_double
from bigquery_service.sql_text import duckdb_text, table_of, trees_of
from bigquery_service.type_table import name_of
from bigquery_service.warehouse import Warehouse, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from bigquery_service.permissions import Permissions

_BYTES_OF_A_CELL: Final = 8


@dataclass
class Result:
    """What a statement ended with.

    Attributes:
        kind: The statement's, such as `MERGE`.
        fields: Of its rows.
        rows: Its rows, times as microseconds since 1970.
        changed: How many rows it changed.
        processed: Bytes that it would be billed for: eight for each value that it could read.
    """

    kind: str
    fields: list[dict[str, str]] = field(default_factory=list)
    rows: list[tuple[Any, ...]] = field(default_factory=list)
    changed: int | None = None
    processed: int = 0


def run(
    warehouse: Warehouse,
    permissions: Permissions,
    text: str,
    parameters: Mapping[str, exp.Expr],
    dataset: str | None,
    *,
    dry: bool = False,
) -> Result:
    """Run statements to their end, one after the other; gives the result of the last.

    Args:
        warehouse: Where.
        permissions: Of who asks.
        text: The statements.
        parameters: Values by name.
        dataset: Of tables without one.
        dry: Only say what it would read.

    Raises:
        JobError: One fails, and has changed nothing; those before it stay done.
    """
    try:
        with warehouse.lock:
            trees = trees_of(text, parameters, dataset)
            return [_run(warehouse, permissions, tree, dry=dry) for tree in trees][-1]
    except duckdb.Error as error:
        raise JobError("invalidQuery", str(error)) from None
    except ApiError as error:
        raise JobError(error.reason, error.message) from None


def _run(warehouse: Warehouse, permissions: Permissions, tree: exp.Expr, *, dry: bool) -> Result:
    kind = type(tree).__name__.upper()
    if isinstance(tree, exp.Drop):
        return _drop(warehouse, permissions, tree, dry=dry)
    read = _tables_read(warehouse, permissions, tree)
    processed = sum(_bytes(warehouse, *name) for name in read)
    if isinstance(tree, exp.Select | exp.SetOperation | exp.With):
        result = _select(warehouse, tree, dry=dry)
        result.processed = processed
        return result
    if not isinstance(tree, exp.Merge | exp.Insert | exp.Update | exp.Delete):
        raise not_in_the_double(f"The statement {kind}")
    table = table_of(tree.this)
    permissions.need("bigquery.tables.updateData", *table)
    changed = None
    if isinstance(tree, exp.Merge):
        changed = 0 if dry else merges.run(warehouse, tree)
    elif not dry:
        counted = warehouse.db.execute(duckdb_text(tree)).fetchone()
        changed = int(counted[0]) if counted else 0
        warehouse.touch(*table)
    return Result(kind, changed=changed, processed=processed)


def _drop(warehouse: Warehouse, permissions: Permissions, tree: exp.Drop, *, dry: bool) -> Result:
    dataset, name = table_of(tree)
    permissions.need("bigquery.tables.delete", dataset, name)
    if tree.args.get("kind") != "TABLE":
        raise not_in_the_double("DROP of anything but a table")
    if not tree.args.get("exists") or (dataset, name) in warehouse.tables:
        warehouse.table(dataset, name)
        if not dry:
            warehouse.drop_table(dataset, name)
    return Result("DROP_TABLE")


def _tables_read(
    warehouse: Warehouse, permissions: Permissions, tree: exp.Expr
) -> set[tuple[str, str]]:
    """The tables that a statement names; all must be there and readable."""
    names = {(table.db, table.name) for table in tree.find_all(exp.Table) if table.db}
    for name in names:
        permissions.need("bigquery.tables.getData", *name)
        warehouse.table(*name)
    return names


def _bytes(warehouse: Warehouse, dataset: str, name: str) -> int:
    told = warehouse.shown(dataset, name)
    return int(told["numRows"]) * len(told["schema"]["fields"]) * _BYTES_OF_A_CELL


def _select(warehouse: Warehouse, tree: exp.Expr, *, dry: bool) -> Result:
    text = duckdb_text(tree)
    described = warehouse.db.execute(f"DESCRIBE {text}").fetchall()
    fields = [{"name": name, "type": name_of(of), "mode": "NULLABLE"} for name, of, *_ in described]
    if dry:
        return Result("SELECT", fields)
    return Result("SELECT", fields, rows_of(warehouse.db.execute(text).arrow()))


def table_rows(warehouse: Warehouse, dataset: str, name: str) -> Result:
    """All rows of a table, in an order that stays."""
    fields = warehouse.table(dataset, name)["schema"]["fields"]
    found = warehouse.db.execute(f"SELECT * FROM {quoted(dataset, name)} ORDER BY rowid").arrow()
    return Result("SELECT", [dict(each) for each in fields], rows_of(found))


def rows_of(found: pa.Table) -> list[tuple[Any, ...]]:
    """Rows of an Arrow table, in which times with a zone are microseconds since 1970."""
    columns = [
        (
            pc.cast(column.cast(pa.timestamp("us", "UTC")), pa.int64())
            if _has_zone(column)
            else column
        )
        for column in found.columns
    ]
    return list(zip(*(column.to_pylist() for column in columns), strict=True)) if columns else []


def _has_zone(column: pa.ChunkedArray) -> bool:
    return pa.types.is_timestamp(column.type) and column.type.tz is not None
