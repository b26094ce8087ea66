"""MERGE, which this DuckDB lacks, as what it is: pairs of rows, and the first clause of each.

A row of the target that two rows of the source would change is an error, as in BigQuery. All new
values are read before the first row is changed, and all is done or nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb
from sqlglot import exp

from bigquery_service.errors import JobError, not_in_the_double
from bigquery_service.sql_text import duckdb_text, table_of
from bigquery_service.warehouse import quoted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bigquery_service.warehouse import Warehouse

_PAIRS: Final = "temp.merged_pairs"
_SOURCE: Final = "temp.merged_source"
_CHANGES: Final = "temp.merged_changes"
_TWICE: Final = "UPDATE/MERGE must match at most one source row for each target row"


@dataclass(frozen=True)
class _Merge:
    """The parts of a statement, as DuckDB's text."""

    table: tuple[str, str]
    target: str
    source: str
    source_name: str
    target_name: str
    on: str
    whens: list[exp.When]


def run(warehouse: Warehouse, tree: exp.Merge) -> int:
    """Run a statement; gives how many rows it changed.

    Raises:
        JobError: It fails, and has changed nothing.
    """
    merge = _read(tree)
    warehouse.table(*merge.table)
    db = warehouse.db
    db.execute("BEGIN")
    try:
        changed = _run(db, merge)
        db.execute("COMMIT")
    except duckdb.Error as error:
        db.execute("ROLLBACK")
        raise JobError("invalidQuery", str(error)) from None
    except JobError:
        db.execute("ROLLBACK")
        raise
    warehouse.touch(*merge.table)
    return changed


def _read(tree: exp.Merge) -> _Merge:
    target, using = tree.this, tree.args["using"]
    return _Merge(
        table=table_of(target),
        target=duckdb_text(target),
        source=duckdb_text(using.this) if isinstance(using, exp.Subquery) else _all_of(using),
        source_name=using.alias_or_name,
        target_name=target.alias_or_name,
        on=duckdb_text(tree.args["on"]),
        whens=list(tree.args["whens"].expressions),
    )


def _all_of(table: exp.Expr) -> str:
    return f"SELECT * FROM {quoted(*table_of(table))}"


def _run(db: duckdb.DuckDBPyConnection, merge: _Merge) -> int:
    source, target = quoted(merge.source_name), quoted(merge.target_name)
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE merged_source AS "
        f"SELECT *, row_number() OVER () AS merged_row FROM ({merge.source})"
    )
    db.execute(
        f"CREATE OR REPLACE TEMP TABLE merged_pairs AS "
        f"SELECT {target}.rowid AS target_row, {source}.merged_row AS source_row, "
        f"{_clause(merge, matched=True)} AS clause FROM {merge.target} "
        f"JOIN {_SOURCE} AS {source} ON {merge.on}"
    )
    twice = db.execute(
        f"SELECT 1 FROM {_PAIRS} WHERE clause > 0 GROUP BY target_row HAVING count(*) > 1 LIMIT 1"
    ).fetchone()
    if twice:
        raise JobError("invalidQuery", _TWICE)
    db.execute(
        f"INSERT INTO {_PAIRS} SELECT NULL, {source}.merged_row, "
        f"{_clause(merge, matched=False)} FROM {_SOURCE} AS {source} "
        f"WHERE {source}.merged_row NOT IN (SELECT source_row FROM {_PAIRS})"
    )
    db.execute(
        f"INSERT INTO {_PAIRS} SELECT {target}.rowid, NULL, "
        f"{_clause(merge, matched=False, by_source=True)} FROM {merge.target} "
        f"WHERE {target}.rowid NOT IN "
        f"(SELECT target_row FROM {_PAIRS} WHERE target_row IS NOT NULL)"
    )
    statements = [
        statement
        for number, when in enumerate(merge.whens, 1)
        for statement in _prepared(db, merge, number, when)
    ]
    return sum(_count(db, statement) for statement in statements)


def _clause(merge: _Merge, *, matched: bool, by_source: bool = False) -> str:
    """The number of the first clause that takes a row; 0 for none."""
    cases = []
    for number, when in enumerate(merge.whens, 1):
        if bool(when.args.get("matched")) != matched or bool(when.args.get("source")) != by_source:
            continue
        condition = when.args.get("condition")
        cases.append(f"WHEN {duckdb_text(condition) if condition else 'TRUE'} THEN {number}")
    return f"CASE {' '.join(cases)} ELSE 0 END" if cases else "0"


def _prepared(
    db: duckdb.DuckDBPyConnection, merge: _Merge, number: int, when: exp.When
) -> Iterator[str]:
    """Read what a clause writes; gives the statement that writes it, to be run later."""
    then, where, own = when.args["then"], quoted(*merge.table), quoted(merge.table[1])
    changes = f"{_CHANGES}_{number}"
    name = changes.partition(".")[2]
    if isinstance(then, exp.Var):
        rows = f"SELECT target_row FROM {_PAIRS} WHERE clause = {number}"
        yield f"DELETE FROM {where} WHERE rowid IN ({rows})"
        return
    if isinstance(then, exp.Update):
        sets = {_name(each.this): duckdb_text(each.expression) for each in then.expressions}
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {_values(merge, number, sets)}")
        assigned = ", ".join(f"{quoted(each)} = c.{quoted(each)}" for each in sets)
        same = f"{own}.rowid = c.merged_target"
        yield f"UPDATE {where} SET {assigned} FROM {changes} AS c WHERE {same}"
        return
    if isinstance(then, exp.Insert) and isinstance(then.this, exp.Tuple):
        names = [_name(each) for each in then.this.expressions]
        values = [duckdb_text(each) for each in then.expression.expressions]
        sets = dict(zip(names, values, strict=True))
        db.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {_values(merge, number, sets)}")
        listed = ", ".join(map(quoted, names))
        yield f"INSERT INTO {where} ({listed}) SELECT {listed} FROM {changes}"
        return
    raise not_in_the_double("A clause of MERGE other than UPDATE SET, DELETE and INSERT of values")


def _values(merge: _Merge, number: int, sets: dict[str, str]) -> str:
    source, target = quoted(merge.source_name), quoted(merge.target_name)
    values = ", ".join(f"{value} AS {quoted(name)}" for name, value in sets.items())
    return (
        f"SELECT p.target_row AS merged_target, {values} FROM {_PAIRS} AS p "
        f"LEFT JOIN {merge.target} ON {target}.rowid = p.target_row "
        f"LEFT JOIN {_SOURCE} AS {source} ON {source}.merged_row = p.source_row "
        f"WHERE p.clause = {number}"
    )


def _count(db: duckdb.DuckDBPyConnection, statement: str) -> int:
    counted = db.execute(statement).fetchone()
    return int(counted[0]) if counted else 0


def _name(column: exp.Expr) -> str:
    return column.name
