"""Statements that change rows: INSERT, UPDATE, DELETE, TRUNCATE and MERGE, with their counts.

The counts are those that the engine wrote into the Delta log, and they are believed only if they
fit the number of rows before and after; otherwise the statement fails, for a wrong count would
prove wrong things.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import pyarrow as pa
from sqlglot import TokenType, exp

from databricks_workspace import delta_log, sql_text, type_table
from databricks_workspace.engine import name_in_engine, quoted
from databricks_workspace.errors import SqlError, not_in_the_double
from databricks_workspace.sql_text import Piece

if TYPE_CHECKING:
    from collections.abc import Callable

    from databricks_workspace.lakehouse import Statement
    from databricks_workspace.objects import Table


def _target(statement: Statement, table: object) -> Table:
    return statement.lakehouse.objects.table(statement.name_of(table))


def _rows(statement: Statement, table: Table) -> int:
    counted = statement.lakehouse.engine.run(
        f"SELECT count(*) AS n FROM {name_in_engine(table.name)}"
    )
    return int(counted["n"][0].as_py())


def _changed(statement: Statement, table: Table, text: str) -> tuple[dict[str, int], int]:
    """Run a change; gives what the log says of it, and by how many rows the table grew."""
    before = delta_log.version(table), _rows(statement, table)
    statement.lakehouse.engine.run(text)
    after = delta_log.version(table), _rows(statement, table)
    metrics = delta_log.last_metrics(table) if after[0] != before[0] else {}
    return {name: int(value) for name, value in metrics.items()}, after[1] - before[1]


def _counted(
    *, grown: int, updated: int = 0, deleted: int = 0, inserted: int = 0
) -> dict[str, int]:
    if inserted - deleted != grown:
        raise SqlError(
            "INTERNAL_ERROR",
            f"The double counted {inserted} inserted and {deleted} deleted rows, but the table "
            f"grew by {grown}.",
            error_code="INTERNAL_ERROR",
        )
    return {
        "num_affected_rows": updated + deleted + inserted,
        "num_updated_rows": updated,
        "num_deleted_rows": deleted,
        "num_inserted_rows": inserted,
    }


def _answer(counts: dict[str, int], *names: str) -> pa.Table:
    return pa.table({name: pa.array([counts[name]], pa.int64()) for name in names})


def _merge(statement: Statement) -> pa.Table:
    tree = statement.tree
    table = _target(statement, tree.this)
    text = statement.engine_text(changed=tree.this)
    metrics, grown = _changed(statement, table, text)
    deleted = metrics.get("numTargetRowsDeleted", 0)
    inserted = metrics.get("numTargetRowsInserted", 0)
    only_deletes = all(
        isinstance(when.args["then"], exp.Var) for when in tree.args["whens"].expressions
    )
    if only_deletes:
        deleted = -grown  # several source rows may match one row, which the engine counts twice
    counts = _counted(
        grown=grown,
        updated=metrics.get("numTargetRowsUpdated", 0),
        deleted=deleted,
        inserted=inserted,
    )
    return _answer(counts, *counts)


def _insert(statement: Statement) -> pa.Table:
    tree = statement.tree
    odd = ("overwrite", "by_name", "partition", "where", "conflict", "returning", "exists", "using")
    if any(tree.args.get(name) for name in odd):
        raise not_in_the_double("INSERT, other than INSERT INTO table,")
    given = tree.this
    named = isinstance(given, exp.Schema)
    target = given.this if named else given
    table = _target(statement, target)
    pieces = statement.for_engine(changed=target)
    if named:
        names = [each.name for each in given.expressions]
        pieces += _whole_rows(statement, target, table, names)
    _, grown = _changed(statement, table, sql_text.replaced(statement.text, pieces))
    counts = _counted(grown=grown, inserted=grown)
    return _answer(counts, "num_affected_rows", "num_inserted_rows")


def _whole_rows(
    statement: Statement, target: exp.Table, table: Table, names: list[str]
) -> list[Piece]:
    """Turn the named columns into all columns, as the engine wants it; the others become NULL."""
    columns = delta_log.columns(table)
    known = {column.name.lower() for column in columns}
    wanted = [name.lower() for name in names]
    for name in wanted:
        if name not in known:
            raise SqlError(
                "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
                f"A column {quoted(name)} cannot be resolved.",
            )
    if len(set(wanted)) != len(wanted):
        raise SqlError("COLUMN_ALREADY_EXISTS", "A column is named twice.")
    values = ", ".join(
        quoted(column.name)
        if column.name.lower() in wanted
        else f"CAST(NULL AS {type_table.sql_of(column.type)}) AS {quoted(column.name)}"
        for column in columns
    )
    tokens = sql_text.tokens_of(statement.text)
    opening = sql_text.after(tokens, sql_text.span(target)[1])
    if tokens[opening].token_type != TokenType.L_PAREN:
        raise not_in_the_double("This form of INSERT")
    source = tokens[sql_text.closing(tokens, opening)].end + 1
    end = len(statement.text)
    aliases = ", ".join(quoted(name) for name in names)
    return [
        Piece(tokens[opening].start, source, f"SELECT {values} FROM ("),
        Piece(end, end, f") AS given({aliases})"),
    ]


def _update(statement: Statement) -> pa.Table:
    table = _target(statement, statement.tree.this)
    text = statement.engine_text(changed=statement.tree.this)
    metrics, grown = _changed(statement, table, text)
    counts = _counted(grown=grown, updated=metrics.get("numUpdatedRows", 0))
    return _answer(counts, "num_affected_rows")


def _delete(statement: Statement) -> pa.Table:
    table = _target(statement, statement.tree.this)
    text = statement.engine_text(changed=statement.tree.this)
    _, grown = _changed(statement, table, text)
    return _answer(_counted(grown=grown, deleted=-grown), "num_affected_rows")


def _truncate(statement: Statement) -> None:
    if statement.tree.args.get("partition") or len(statement.tree.expressions) != 1:
        raise not_in_the_double("TRUNCATE TABLE, other than of one whole table,")
    (target,) = statement.tree.expressions
    table = _target(statement, target)
    statement.lakehouse.privileges.need("MODIFY", table.name)
    statement.lakehouse.engine.run(f"DELETE FROM {name_in_engine(table.name)}")


HANDLERS: Final[dict[type[exp.Expression], Callable[[Statement], pa.Table | None]]] = {
    exp.Merge: _merge,
    exp.Insert: _insert,
    exp.Update: _update,
    exp.Delete: _delete,
    exp.TruncateTable: _truncate,
}
