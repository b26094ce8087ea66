"""Statements that define tables and views: CREATE, ALTER TABLE ADD COLUMNS, DROP.

Tables are made and altered by delta-rs, for the engine lacks most of the clauses; it then takes the
table from its folder. Every part of a statement is known here or makes it fail.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Final

from sqlglot import TokenType, exp

from databricks_workspace import delta_log, namespaces, sql_text, type_table
from databricks_workspace.delta_log import Column
from databricks_workspace.engine import name_in_engine, quoted
from databricks_workspace.errors import SqlError, not_in_the_double
from databricks_workspace.objects import Table, View

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import pyarrow as pa

    from databricks_workspace.lakehouse import Statement
    from databricks_workspace.objects import Name

_MOST_CLUSTERING_COLUMNS: Final = 4
_COLUMNS_WITH_STATISTICS: Final = 32
_MOST_NAME_CHARACTERS: Final = 255
_NOT_IN_COLUMN_NAMES: Final = frozenset(" ,;{}()\n\t=")
_STATISTICS_PROPERTIES: Final = frozenset(
    {"delta.dataSkippingNumIndexedCols", "delta.dataSkippingStatsColumns"}
)
_MAPPING_PROPERTY: Final = "delta.columnMapping.mode"


def _column(statement: Statement, given: exp.ColumnDef) -> Column:
    nullable, comment = True, None
    for constraint in given.args["constraints"] or ():
        kind = constraint.args["kind"]
        if isinstance(kind, exp.NotNullColumnConstraint) and not kind.args.get("allow_null"):
            nullable = False
        elif isinstance(kind, exp.CommentColumnConstraint):
            comment = kind.name
        else:
            raise not_in_the_double(f"The clause {constraint.sql(sql_text.DIALECT)} of a column")
    tokens = sql_text.tokens_of(statement.text)
    word = tokens[sql_text.after(tokens, int(given.this.meta["end"]) + 1)].text
    digits = tuple(int(each.name) for each in given.args["kind"].expressions if each.name.isdigit())
    return Column(given.name, type_table.delta_of(word, digits), nullable, comment)


def _check_names(names: Sequence[str], *, mapped: bool = False) -> None:
    seen: set[str] = set()
    for name in names:
        if name.lower() in seen:
            raise SqlError("COLUMN_ALREADY_EXISTS", f"The column {quoted(name)} already exists.")
        seen.add(name.lower())
        if not mapped and _NOT_IN_COLUMN_NAMES & set(name):
            raise SqlError(
                "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES",
                f"Found invalid character(s) among ' ,;{{}}()\\n\\t=' in the column name '{name}'.",
            )
        if len(name) > _MOST_NAME_CHARACTERS:
            raise SqlError("INVALID_IDENTIFIER", "A name has at most 255 characters.")


def _known(columns: Sequence[Column], names: Sequence[str]) -> tuple[str, ...]:
    by_name = {column.name.lower(): column.name for column in columns}
    for name in names:
        if name.lower() not in by_name:
            raise SqlError(
                "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION",
                f"A column {quoted(name)} cannot be resolved.",
            )
    return tuple(by_name[name.lower()] for name in names)


def _read_properties(
    table: Table, columns: Sequence[Column], given: Sequence[exp.Expression]
) -> None:
    """Put the clauses after the columns into the table."""
    properties = {}
    for each in given:
        if isinstance(each, exp.FileFormatProperty) and each.name.upper() == "DELTA":
            continue
        if isinstance(each, exp.ClusterProperty) and each.expressions:
            table.clustering = _known(columns, [column.name for column in each.expressions])
        elif isinstance(each, exp.PartitionedByProperty) and isinstance(each.this, exp.Schema):
            table.partitioning = _known(columns, [column.name for column in each.this.expressions])
        elif isinstance(each, exp.SchemaCommentProperty):
            table.comment = each.name
        elif type(each) is exp.Property:
            properties[each.name] = each.args["value"].name
        else:
            raise not_in_the_double(f"The clause {each.sql(sql_text.DIALECT)} of a table")
    table.properties = properties


def _check_layout(table: Table, columns: Sequence[Column]) -> None:
    if table.clustering and table.partitioning:
        raise SqlError(
            "SPECIFY_CLUSTER_BY_WITH_PARTITIONED_BY_IS_NOT_ALLOWED",
            "Cannot specify both CLUSTER BY and PARTITIONED BY.",
        )
    if len(table.clustering) > _MOST_CLUSTERING_COLUMNS:
        raise SqlError(
            "DELTA_CLUSTER_BY_INVALID_NUM_COLUMNS", "CLUSTER BY supports up to 4 columns."
        )
    first = {column.name for column in columns[:_COLUMNS_WITH_STATISTICS]}
    late = set(table.clustering) - first
    if late and not _STATISTICS_PROPERTIES & set(table.properties):
        raise SqlError(
            "DELTA_CLUSTERING_COLUMN_MISSING_STATS",
            f"Liquid clustering needs statistics, which {', '.join(sorted(late))} lacks: "
            "only the first 32 columns have them.",
        )


def _create(statement: Statement) -> None:
    tree = statement.tree
    kind = str(tree.args["kind"]).upper()
    odd = ("refresh", "unique", "concurrently", "clone", "indexes", "begin", "clustered")
    if any(tree.args.get(name) for name in odd) or kind not in {"TABLE", "VIEW"}:
        raise not_in_the_double(f"This form of CREATE {kind}")
    (_create_table if kind == "TABLE" else _create_view)(statement)


def _create_table(statement: Statement) -> None:
    tree, lakehouse = statement.tree, statement.lakehouse
    if not isinstance(tree.this, exp.Schema) or tree.expression or tree.args["replace"]:
        raise not_in_the_double("CREATE TABLE, other than with columns and without REPLACE,")
    name = statement.name_of(tree.this.this)
    lakehouse.objects.need("schema", name[:-1])
    lakehouse.privileges.need("CREATE_TABLE", name[:-1])
    if name in lakehouse.objects.relation and tree.args["exists"]:
        return
    lakehouse.objects.need_free("relation", name)
    folder = lakehouse.engine.folder / "tables" / uuid.uuid4().hex
    table = Table(name=name, owner=lakehouse.privileges.principal, folder=folder)
    columns: list[Column] = []
    for each in tree.this.expressions:
        if isinstance(each, exp.ColumnDef):
            columns.append(_column(statement, each))
        else:
            _read_key(table, each)
    properties = tree.args.get("properties")
    _read_properties(table, columns, properties.expressions if properties else ())
    _check_names([each.name for each in columns], mapped=_MAPPING_PROPERTY in table.properties)
    _check_layout(table, columns)
    table.key = _known(columns, table.key)
    # The columns of a primary key are NOT NULL without being told.
    columns = [
        each._replace(nullable=each.nullable and each.name not in table.key) for each in columns
    ]
    delta_log.create(table, columns)
    lakehouse.engine.run(
        f"CREATE TABLE {name_in_engine(name)} USING DELTA LOCATION {sql_text.literal(str(folder))}"
    )
    lakehouse.objects.relation[name] = table


def _read_key(table: Table, given: exp.Expression) -> None:
    named = given.expressions if isinstance(given, exp.Constraint) else [given]
    if len(named) != 1 or not isinstance(named[0], exp.PrimaryKey) or named[0].args.get("options"):
        raise not_in_the_double(f"The clause {given.sql(sql_text.DIALECT)} of a table")
    table.key_name = given.name if isinstance(given, exp.Constraint) else f"{table.name[-1]}_pk"
    table.key = tuple(each.name for each in named[0].expressions)


def _alter(statement: Statement) -> None:
    tree = statement.tree
    table = statement.lakehouse.objects.table(statement.name_of(tree.this))
    statement.lakehouse.privileges.need("MODIFY", table.name)
    actions = tree.args["actions"]
    given = [
        column
        for action in actions
        for column in (action.expressions if isinstance(action, exp.Schema) else [action])
    ]
    if not given or not all(isinstance(each, exp.ColumnDef) for each in given):
        raise not_in_the_double("ALTER TABLE, other than ADD COLUMNS,")
    added = [_column(statement, each) for each in given]
    if any(each.args.get("position") or each.args.get("exists") for each in given):
        raise not_in_the_double("ADD COLUMNS at a position or IF NOT EXISTS")
    _check_names([each.name for each in added], mapped=_MAPPING_PROPERTY in table.properties)
    present = {column.name.lower() for column in delta_log.columns(table)}
    for column in added:
        if column.name.lower() in present:
            raise SqlError(
                "FIELD_ALREADY_EXISTS",
                f"Cannot add column, because {quoted(column.name)} already exists.",
            )
        if not column.nullable:
            raise SqlError(
                "DELTA_ADD_COLUMN_NOT_NULL", f"A new column cannot be NOT NULL: {column.name}."
            )
    delta_log.add_columns(table, added)


def _query_text(statement: Statement, name: exp.Table) -> str:
    """Give the text of a view's query, which begins after the first AS behind the view's name."""
    tokens = sql_text.tokens_of(statement.text)
    start = sql_text.after(tokens, sql_text.span(name)[1])
    begin = next(each for each in tokens[start:] if each.token_type == TokenType.ALIAS)
    return statement.text[begin.end + 1 :].strip()


def _create_view(statement: Statement) -> None:
    tree, lakehouse = statement.tree, statement.lakehouse
    properties = tree.args.get("properties")
    clauses = properties.expressions if properties else ()
    comments = [each.name for each in clauses if isinstance(each, exp.SchemaCommentProperty)]
    if not isinstance(tree.this, exp.Table) or len(comments) != len(clauses):
        raise not_in_the_double("CREATE VIEW with columns or clauses other than COMMENT")
    name = statement.name_of(tree.this)
    lakehouse.objects.need("schema", name[:-1])
    lakehouse.privileges.need("CREATE_TABLE", name[:-1])
    present = lakehouse.objects.relation.get(name)
    if present is not None and tree.args["exists"]:
        return
    if not isinstance(present, View) or not tree.args["replace"]:
        lakehouse.objects.need_free("relation", name)
    query = _query_text(statement, tree.this)
    inner = type(statement)(query, sql_text.tree_of(query), lakehouse, statement.context)
    found = inner.engine_text()
    schema = lakehouse.engine.run(f"SELECT * FROM ({found}) LIMIT 0").schema
    _check_names(schema.names, mapped=True)
    # A view keeps its columns, also where its query selects all.
    kept = ", ".join(quoted(column) for column in schema.names)
    lakehouse.objects.relation[name] = View(
        name=name,
        owner=lakehouse.privileges.principal,
        engine_query=f"(SELECT {kept} FROM ({found}))",
        comment=comments[0] if comments else None,
        query=query,
        schema=schema,
    )


def _drop(statement: Statement) -> None:
    tree, objects = statement.tree, statement.lakehouse.objects
    kind = str(tree.args["kind"]).upper()
    tables = tree.args.get("tables") or ([tree.this] if tree.this else [])
    odd = ("temporary", "materialized", "cascade", "restrict", "constraints", "purge", "force")
    if (
        kind not in {"TABLE", "VIEW"}
        or len(tables) != 1
        or any(tree.args.get(each) for each in odd)
    ):
        raise not_in_the_double(f"This form of DROP {kind}")
    name: Name = statement.name_of(tables[0])
    if name not in objects.relation and tree.args["exists"]:
        return
    objects.need("relation", name)
    if isinstance(objects.relation[name], View) != (kind == "VIEW"):
        raise SqlError("WRONG_COMMAND_FOR_OBJECT_TYPE", f"DROP {kind} is not for this object.")
    namespaces.drop(statement.lakehouse, "relation", name)


HANDLERS: Final[dict[type[exp.Expression], Callable[[Statement], pa.Table | None]]] = {
    exp.Create: _create,
    exp.Alter: _alter,
    exp.Drop: _drop,
}
