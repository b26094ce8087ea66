"""The SQL that this package sends, as pure functions of layouts: nothing here calls anyone.

Every statement can be run twice and then leaves what it left the first time. In all of them `t` is
a stored row and `s` a new one. A batch is loaded into a table of the session first, whose columns
have the types of the stored ones but for JSON, which is text there.
"""

# Identifiers are quoted and texts are escaped here, and nowhere else:
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING

from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT, VERSION
from target_snowflake_guarded.layout import stored_name
from target_snowflake_guarded.type_table import TEXT, VARIANT

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_snowflake_guarded.layout import Column, Layout

LOAD = "_SDC_LOAD"
"""The table of the session into which a batch is copied; no other session sees it."""
CSV = (
    "TYPE = CSV COMPRESSION = GZIP FIELD_OPTIONALLY_ENCLOSED_BY = '\"' "
    "ESCAPE_UNENCLOSED_FIELD = NONE NULL_IF = () EMPTY_FIELD_AS_NULL = TRUE"
)
"""How staged files are written: a value in quotes, null as nothing."""
_DELETED, _VERSION = stored_name(DELETED_AT), stored_name(VERSION)
_NOW = "CURRENT_TIMESTAMP()"


class Schema:
    """Writes statements about the tables of one schema.

    Args:
        database: Its database.
        schema: Its name.
    """

    def __init__(self, database: str, schema: str) -> None:
        self._database = database
        self._schema = schema

    @property
    def path(self) -> str:
        """The whole name of the schema, quoted."""
        return f"{quoted(self._database)}.{quoted(self._schema)}"

    def name(self, table: str) -> str:
        """The whole name of a table, quoted."""
        return f"{self.path}.{quoted(table)}"

    def use(self) -> str:
        """Work in the schema."""
        return f"USE SCHEMA {self.path}"

    def create(self) -> str:
        """Make the schema."""
        return f"CREATE SCHEMA IF NOT EXISTS {self.path}"

    def create_stage(self, stage: str) -> str:
        """Make the stage of this session, which is gone with it."""
        return f"CREATE TEMPORARY STAGE IF NOT EXISTS {quoted(stage)}"

    def put(self, stage: str, file: str) -> str:
        """Put a file, which the connector is given beside the statement."""
        return f"PUT 'file://{file}' @{stage} AUTO_COMPRESS = FALSE OVERWRITE = TRUE"

    def create_load(self, layout: Layout) -> str:
        """Make the session's table for a batch, empty."""
        columns = ", ".join(f"{quoted(each.name)} {_loaded(each)}" for each in layout.columns)
        return f"CREATE OR REPLACE TEMPORARY TABLE {quoted(LOAD)} ({columns})"

    def copy(self, layout: Layout, stage: str, file: str) -> str:
        """Copy a staged file into the session's table."""
        names = listed(column.name for column in layout.columns)
        return (
            f"COPY INTO {quoted(LOAD)} ({names}) FROM @{stage}/{file} "
            f"FILE_FORMAT = ({CSV}) PURGE = TRUE"
        )

    def count_load(self) -> str:
        """Count the rows of the session's table."""
        return f"SELECT COUNT(*) FROM {quoted(LOAD)}"

    def describe(self, table: str) -> str:
        """Tell the columns of a table."""
        return f"DESCRIBE TABLE {self.name(table)}"

    def tables(self) -> str:
        """Tell the tables of the schema."""
        return f"SHOW TABLES IN SCHEMA {self.path}"

    def create_table(self, layout: Layout) -> str:
        """Make the stored table, unless it is there."""
        columns = ", ".join(map(_defined, layout.columns))
        name = self.name(layout.name)
        return (
            f"CREATE TABLE IF NOT EXISTS {name} ({columns}) "
            "COMMENT = 'Loaded by target-snowflake-guarded'"
        )

    def add_column(self, layout: Layout, column: Column) -> str:
        """Add a column to the stored table, unless it is there."""
        text = _defined(column, nullable=True)
        return f"ALTER TABLE {self.name(layout.name)} ADD COLUMN IF NOT EXISTS {text}"

    def drop_table(self, table: str) -> str:
        """Drop a table."""
        return f"DROP TABLE IF EXISTS {self.name(table)}"

    def merge(self, layout: Layout) -> str:
        """Put the rows of the session's table into the stored one."""
        names = [column.name for column in layout.columns]
        source = ", ".join(map(_read, layout.columns))
        updates = ""
        if not layout.only_adds:
            updates = (
                f" WHEN MATCHED AND NOT {_stored_is_newer(layout)} THEN UPDATE SET "
                + ", ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in names)
            )
        return (
            f"MERGE INTO {self.name(layout.name)} AS t "
            f"USING (SELECT {source} FROM {quoted(LOAD)}) AS s ON {_same(layout.key)}"
            f"{updates} WHEN NOT MATCHED THEN INSERT ({listed(names)}) "
            f"VALUES ({', '.join(f's.{quoted(name)}' for name in names)})"
        )

    def remove_older_lines(self, layout: Layout) -> str:
        """Remove lines of the batch's documents that are older than the document's newest line."""
        key, version = _document(layout)
        same = " AND ".join(
            f"u.{quoted(name)} IS NOT DISTINCT FROM b.{quoted(name)}" for name in key
        )
        names = ", ".join(f"u.{quoted(name)}" for name in key)
        newest = (
            f"SELECT {names}, MAX(u.{quoted(version)}) AS {quoted(version)} "
            f"FROM {self.name(layout.name)} AS u "
            f"JOIN (SELECT DISTINCT {listed(key)} FROM {quoted(LOAD)}) AS b ON {same} "
            f"GROUP BY {names}"
        )
        return self._remove_older(layout, newest)

    def trim(self, layout: Layout, parent: Layout) -> str:
        """Remove lines that are older than their document.

        Args:
            layout: How the lines are stored.
            parent: How the documents are.
        """
        key, version = _document(layout)
        newest = (
            f"SELECT {listed(key)}, MAX({quoted(version)}) AS {quoted(version)} "
            f"FROM {self.name(parent.name)} GROUP BY {listed(key)}"
        )
        return self._remove_older(layout, newest)

    def activate(self, layout: Layout, version: int) -> str:
        """Remove rows of versions before one."""
        of, table = quoted(_VERSION), self.name(layout.name)
        old = f"({of} IS NULL OR {of} < {version})"
        if layout.marks:
            mark = quoted(_DELETED)
            return f"UPDATE {table} SET {mark} = {_NOW} WHERE {mark} IS NULL AND {old}"
        return f"DELETE FROM {table} WHERE {old}"

    def replace(self, layout: Layout, by: Layout) -> str:
        """Put all rows of another table in the place of the stored one's, in one step."""
        names = listed(column.name for column in by.columns)
        return (
            f"INSERT OVERWRITE INTO {self.name(layout.name)} ({names}) "
            f"SELECT {names} FROM {self.name(by.name)}"
        )

    def _remove_older(self, layout: Layout, newest: str) -> str:
        key, version = _document(layout)
        same = " AND ".join(
            f"t.{quoted(name)} IS NOT DISTINCT FROM s.{quoted(name)}" for name in key
        )
        older = f"{same} AND t.{quoted(version)} < s.{quoted(version)}"
        text = f"MERGE INTO {self.name(layout.name)} AS t USING ({newest}) AS s ON {older}"
        if layout.marks:
            mark = quoted(_DELETED)
            return f"{text} WHEN MATCHED AND t.{mark} IS NULL THEN UPDATE SET t.{mark} = {_NOW}"
        return f"{text} WHEN MATCHED THEN DELETE"


def cancel(query_id: str) -> str:
    """Cancel a statement."""
    return f"SELECT SYSTEM$CANCEL_QUERY({literal(query_id)})"


def _stored_is_newer(layout: Layout) -> str:
    """Whether a stored row is newer than one of the batch."""
    return stored_is_newer(layout.order, quoted, mark=_DELETED if layout.marks else None)


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """Identifiers, quoted, with commas between them."""
    return ", ".join(map(quoted, names))


def literal(text: str) -> str:
    """A text as a literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "''").replace("\n", "\\n")
    return f"'{escaped}'"


def _document(layout: Layout) -> tuple[tuple[str, ...], str]:
    """The columns of a line that name its document, and the one with the document's version."""
    if layout.document is None:
        raise ValueError("only lines are of documents")
    return layout.document


def _defined(column: Column, *, nullable: bool = False) -> str:
    text = f"{quoted(column.name)} {column.sql}"
    if column.required and not nullable:
        text += " NOT NULL"
    return f"{text} COMMENT {literal(column.comment)}" if column.comment else text


def _loaded(column: Column) -> str:
    return TEXT if column.sql == VARIANT else column.sql


def _read(column: Column) -> str:
    name = quoted(column.name)
    return f"PARSE_JSON({name}) AS {name}" if column.sql == VARIANT else name


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)
