"""What statements work on, and how the names in them become the engine's.

The engine knows every object under one schema of its own, named `catalog.schema`; so names are
replaced in the text, views by their queries, and `read_files` by the files that it would find.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from sqlglot import exp

from databricks_workspace import sql_text, volumes
from databricks_workspace.engine import name_in_engine, quoted
from databricks_workspace.errors import SqlError, not_in_the_double
from databricks_workspace.objects import View
from databricks_workspace.sql_text import Piece

if TYPE_CHECKING:
    import threading

    from databricks_workspace.engine import Engine
    from databricks_workspace.objects import Name, Objects
    from databricks_workspace.privileges import Privileges

DEFAULT_CATALOG: Final = "main"
DEFAULT_SCHEMA: Final = "default"
_PARTS: Final = 3


@dataclass(frozen=True, kw_only=True)
class Lakehouse:
    """What statements work on. Whoever works on it holds the lock."""

    engine: Engine
    objects: Objects
    privileges: Privileges
    lock: threading.RLock


@dataclass(frozen=True)
class Context:
    """The catalog and schema that complete shorter names."""

    catalog: str = DEFAULT_CATALOG
    schema: str = DEFAULT_SCHEMA

    def complete(self, parts: tuple[str, ...], length: int = _PARTS) -> Name:
        """Give a whole name of `length` parts, in lower case."""
        whole = (self.catalog, self.schema)[: max(0, length - len(parts))] + parts
        if len(whole) != length:
            raise SqlError("PARSE_SYNTAX_ERROR", f"'{'.'.join(parts)}' has too many parts.")
        return tuple(part.lower() for part in whole)


@dataclass(frozen=True)
class Statement:
    """One statement with its parameters put in, and where it runs."""

    text: str
    tree: exp.Expression
    lakehouse: Lakehouse
    context: Context

    def name_of(self, table: object) -> Name:
        """Give the whole name of a table in the tree."""
        if not isinstance(table, exp.Table) or not table.parts:
            raise not_in_the_double("This form of a name")
        return self.context.complete(sql_text.parts_of(table))

    def for_engine(self, changed: exp.Table | None = None) -> list[Piece]:
        """Give the replacements of all names and of `read_files`, with privileges made sure of.

        Args:
            changed: The table that the statement changes; of all others it reads.

        Raises:
            SqlError: An object or file is missing or denied.
        """
        if self.tree.find(exp.TableSample):
            raise not_in_the_double("TABLESAMPLE")
        inner = {each.alias for each in self.tree.find_all(exp.CTE)}
        pieces = []
        for table in self.tree.find_all(exp.Table):
            if isinstance(table.this, exp.Anonymous):
                pieces += self._files(table.this)
            elif isinstance(table.this, exp.Identifier):
                if len(table.parts) == 1 and table.name in inner:
                    continue
                name = self.name_of(table)
                self.lakehouse.objects.need("relation", name)
                needed = "MODIFY" if table is changed else "SELECT"
                self.lakehouse.privileges.need(needed, name)
                relation = self.lakehouse.objects.relation[name]
                here = name_in_engine(name)
                if isinstance(relation, View):
                    here = relation.engine_query + (
                        "" if table.alias else f" AS {quoted(name[-1])}"
                    )
                pieces.append(Piece(*sql_text.span(table), here))
        return pieces

    def engine_text(self, changed: exp.Table | None = None) -> str:
        """Give the text with all names replaced."""
        return sql_text.replaced(self.text, self.for_engine(changed))

    def _files(self, function: exp.Anonymous) -> list[Piece]:
        if function.name.lower() != "read_files":
            raise not_in_the_double(f"The table function {function.name}")
        tokens = sql_text.tokens_of(self.text)
        start = int(function.meta["start"])
        opening = sql_text.after(tokens, start) + 1
        end = tokens[sql_text.closing(tokens, opening)].end + 1
        path, *options = function.expressions
        told = {
            each.this.name.lower(): each.expression.name.lower()
            for each in options
            if isinstance(each, exp.Kwarg)
        }
        literal = isinstance(path, exp.Literal) and path.is_string
        if not literal or len(told) != len(options) or told != {"format": "parquet"}:
            raise not_in_the_double("read_files, other than of one path with format => 'parquet',")
        found = volumes.files_to_read(self.lakehouse, path.name)
        union = " UNION ALL ".join(f"SELECT * FROM parquet.`{each}`" for each in found)
        # A schema that is inferred gets this column too, which catches those who select all.
        rescued = "CAST(NULL AS STRING) AS `_rescued_data`"
        return [Piece(start, end, f"(SELECT *, {rescued} FROM ({union}))")]
