"""GoogleSQL as text and as a tree, and what DuckDB is given in its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp

from bigquery_service.errors import JobError, not_in_the_double
from bigquery_service.type_table import row_of

if TYPE_CHECKING:
    from collections.abc import Mapping


def trees_of(text: str, parameters: Mapping[str, exp.Expr], dataset: str | None) -> list[exp.Expr]:
    """Statements as trees, with values in place of parameters and two-part names of tables.

    Args:
        text: One statement, or several with semicolons between them.
        parameters: Values by name.
        dataset: Of tables without one.

    Raises:
        JobError: It is no statement, or a parameter or a table's name has no meaning.
    """
    try:
        found = [tree for tree in sqlglot.parse(text, read="bigquery") if tree]
    except sqlglot.ParseError as error:
        raise JobError("invalidQuery", f"Syntax error: {error.errors[0]['description']}") from None
    if not found:
        raise JobError("invalidQuery", "Syntax error: there is no statement")
    for tree in found:
        _complete(tree, parameters, dataset)
    return found


def _complete(tree: exp.Expr, parameters: Mapping[str, exp.Expr], dataset: str | None) -> None:
    for parameter in list(tree.find_all(exp.Parameter)):
        name = parameter.name.lower()
        if name not in parameters:
            raise JobError("invalidQuery", f"Query parameter '{name}' not found")
        parameter.replace(parameters[name].copy())
    for cast in list(tree.find_all(exp.Cast)):
        _keep_digits(cast)
    ctes = {cte.alias for cte in tree.find_all(exp.CTE)}
    for table in tree.find_all(exp.Table):
        _place(table, dataset, ctes)


def table_of(tree: exp.Expr) -> tuple[str, str]:
    """Dataset and name of the table that a statement is about."""
    found = tree if isinstance(tree, exp.Table) else tree.find(exp.Table)
    if found is None:
        raise not_in_the_double("A statement without a table")
    return found.db, found.name


def duckdb_text(tree: exp.Expr) -> str:
    """What DuckDB is given."""
    return tree.sql("duckdb")


def first_words(text: str) -> str:
    """What a statement does, for lists of calls."""
    return " ".join(text.split()[:2]).upper()


def literal(given: Mapping[str, Any]) -> exp.Expr:
    """The value of a query parameter."""
    kind = row_of(given["parameterType"]["type"])
    value = given.get("parameterValue", {}).get("value")
    text = exp.null() if value is None else exp.Literal.string(str(value))
    return exp.cast(text, exp.DataType.build(kind.duckdb, dialect="duckdb"))


def _keep_digits(cast: exp.Expr) -> None:
    """Give decimals their scale, which is DuckDB's 3 where none is said, and texts their form."""
    to = cast.args["to"]
    if to.this in {exp.DType.DECIMAL, exp.DType.BIGDECIMAL} and not to.expressions:
        name = "NUMERIC" if to.this == exp.DType.DECIMAL else "BIGNUMERIC"
        cast.set("to", exp.DataType.build(row_of(name).duckdb, dialect="duckdb"))
    elif to.this == exp.DType.TEXT:
        cast.replace(exp.Anonymous(this="bigquery_text", expressions=[cast.this.copy()]))


TEXT_MACRO = (
    "CREATE MACRO bigquery_text(v) AS CASE WHEN typeof(v) LIKE 'DECIMAL%' "
    "AND contains(CAST(v AS VARCHAR), '.') "
    "THEN rtrim(rtrim(CAST(v AS VARCHAR), '0'), '.') ELSE CAST(v AS VARCHAR) END"
)
"""What DuckDB is taught: a number as text has no zeros at its end."""


def _place(table: exp.Table, dataset: str | None, ctes: set[str]) -> None:
    parts = ".".join(part.name for part in table.parts).split(".")
    if len(parts) == 1 and parts[0] in ctes:
        return
    if "INFORMATION_SCHEMA" in (part.upper() for part in parts):
        raise not_in_the_double("INFORMATION_SCHEMA")
    if len(parts) == 1 and dataset is None:
        text = f'Table "{parts[0]}" must be qualified with a dataset (e.g. dataset.table).'
        raise JobError("invalid", text)
    of = parts[-2] if len(parts) > 1 else str(dataset)
    table.set("catalog", None)
    table.set("db", exp.to_identifier(of, quoted=True))
    table.set("this", exp.to_identifier(parts[-1], quoted=True))
