"""The SQL that this package sends, as pure functions of layouts: nothing here calls anyone.

Every statement can be run twice and then leaves what it left the first time. In all of them `t` is
a stored row and `s` a new one.
"""

# Identifiers are quoted and texts are escaped here, and nowhere else:
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING

from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT, VERSION
from target_databricks.layout import ROUTE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_databricks.layout import Column, Layout

LEDGER = "_singer_batches"
MAPPED = "'delta.columnMapping.mode' = 'name'"
LOCAL_TIMES = "'delta.feature.timestampNtz' = 'supported'"
"""Set when a table is made: later, a first column of local times could not simply be added."""
_NEEDS_MAPPING = frozenset(" ,;{}()\n\t=")


class Schema:
    """Writes statements about the tables of one schema.

    Args:
        catalog: Its catalog.
        schema: Its name.
    """

    def __init__(self, catalog: str, schema: str) -> None:
        self._catalog = catalog
        self._schema = schema

    def name(self, table: str) -> str:
        """The whole name of a table, quoted."""
        return ".".join(map(quoted, (self._catalog, self._schema, table)))

    def create_catalog(self) -> str:
        """Make the catalog."""
        return f"CREATE CATALOG IF NOT EXISTS {quoted(self._catalog)}"

    def create_schema(self) -> str:
        """Make the schema."""
        return f"CREATE SCHEMA IF NOT EXISTS {quoted(self._catalog)}.{quoted(self._schema)}"

    def create_volume(self, volume: str) -> str:
        """Make the volume for staged files."""
        return (
            f"CREATE VOLUME IF NOT EXISTS {self.name(volume)} "
            "COMMENT 'Files on their way into tables; each is removed when it is there'"
        )

    def describe(self, table: str) -> str:
        """Tell the columns of a table."""
        return f"DESCRIBE TABLE {self.name(table)}"

    def create_table(self, layout: Layout, table: str) -> str:
        """Make a stored table, unless it is there."""
        parts = [_defined(column) for column in layout.columns]
        if not layout.only_adds:
            parts.append(f"PRIMARY KEY ({listed(layout.key)})")
        text = f"CREATE TABLE IF NOT EXISTS {self.name(table)} ({', '.join(parts)}) USING DELTA"
        if layout.partitioned:
            text += f" PARTITIONED BY ({listed(layout.partitioned)})"
        if layout.clustered:
            text += f" CLUSTER BY ({listed(layout.clustered)})"
        properties = [LOCAL_TIMES]
        if any(_NEEDS_MAPPING & set(column.name) for column in layout.columns):
            properties.append(MAPPED)
        comment = literal(f"Stream {layout.stream}, loaded by target-databricks")
        return f"{text} COMMENT {comment} TBLPROPERTIES ({', '.join(properties)})"

    def add_columns(self, table: str, columns: Iterable[Column]) -> str:
        """Add columns to a stored table. The second time it fails with FIELD_ALREADY_EXISTS."""
        added = ", ".join(_defined(column, nullable=True) for column in columns)
        return f"ALTER TABLE {self.name(table)} ADD COLUMNS ({added})"

    def drop_table(self, table: str) -> str:
        """Drop a table."""
        return f"DROP TABLE IF EXISTS {self.name(table)}"

    def create_view(self, layout: Layout, view: str) -> str:
        """Make the view over the stored tables, or make it anew with columns that were added."""
        names = [column.name for column in layout.columns]
        return (
            f"CREATE OR REPLACE VIEW {self.name(view)} "
            f"COMMENT {literal(f'Stream {layout.stream}: all its tables')} "
            f"AS {self._union(layout.places, names)}"
        )

    def merge(self, layout: Layout, table: str, path: str, elsewhere: Sequence[str] = ()) -> str:
        """Put the rows of a staged file into a stored table.

        Args:
            layout: How the stream is stored.
            table: The stored table. Where there are several, the file says which rows are for it.
            path: The staged file.
            elsewhere: Stored tables that may have newer versions of the rows, which then stay away.
        """
        columns = [column.name for column in layout.columns]
        source = self._rows(layout, path, table)
        if elsewhere:
            seen = [*layout.key, *layout.order, *([DELETED_AT] if layout.marks else [])]
            newer = _same(layout.key) + (
                "" if layout.only_adds else f" AND {_stored_is_newer(layout)}"
            )
            source = (
                f"SELECT s.* FROM ({source}) AS s "
                f"LEFT ANTI JOIN ({self._union(elsewhere, seen)}) AS t ON {newer}"
            )
        updates = ""
        if not layout.only_adds:
            updates = (
                f" WHEN MATCHED AND NOT {_stored_is_newer(layout)} THEN UPDATE SET "
                + ", ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in columns)
            )
        return (
            f"MERGE INTO {self.name(table)} AS t USING ({source}) AS s ON {_same(layout.key)}"
            f"{updates} WHEN NOT MATCHED THEN INSERT ({listed(columns)}) "
            f"VALUES ({', '.join(f's.{quoted(name)}' for name in columns)})"
        )

    def places_left(self, layout: Layout, path: str) -> str:
        """Tell which stored tables have rows of a staged file that it routes to another."""
        union = " UNION ALL ".join(
            f"SELECT {literal(place)} AS {quoted(ROUTE)}, {listed(layout.key)} "
            f"FROM {self.name(place)}"
            for place in layout.places
        )
        return (
            f"SELECT DISTINCT t.{quoted(ROUTE)} FROM ({union}) AS t "
            f"JOIN ({_file(path, [*layout.key, ROUTE])}) AS s ON {_same(layout.key)} "
            f"WHERE t.{quoted(ROUTE)} <> s.{quoted(ROUTE)}"
        )

    def remove_moved(self, layout: Layout, table: str, path: str) -> str:
        """Delete from a stored table what a staged file routes to another, unless it is newer."""
        source = self._rows(layout, path, table, others=True)
        return (
            f"MERGE INTO {self.name(table)} AS t USING ({source}) AS s "
            f"ON {_same(layout.key)} AND NOT {_stored_is_newer(layout)} "
            "WHEN MATCHED THEN DELETE"
        )

    def places_with_older_lines(self, layout: Layout, path: str) -> str:
        """Tell which stored tables have something for `remove_older_lines`."""
        key, version = _document(layout)
        columns = listed([*key, version, *([DELETED_AT] if layout.marks else [])])
        union = " UNION ALL ".join(
            f"SELECT {literal(place)} AS {quoted(ROUTE)}, {columns} FROM {self.name(place)}"
            for place in layout.places
        )
        return (
            f"SELECT DISTINCT t.{quoted(ROUTE)} FROM ({union}) AS t "
            f"JOIN ({self._newest(layout, path)}) AS s ON {_is_older(layout)}"
        )

    def remove_older_lines(self, layout: Layout, table: str, path: str) -> str:
        """Remove lines of documents of a staged file that are older than the document's newest."""
        return self._remove_older(layout, table, self._newest(layout, path))

    def trim(self, layout: Layout, table: str, parents: Sequence[str]) -> str:
        """Remove lines that are older than their document.

        Args:
            layout: How the lines are stored.
            table: The stored table of lines.
            parents: The stored tables of documents.
        """
        key, version = _document(layout)
        source = (
            f"SELECT {listed(key)}, max({quoted(version)}) AS {quoted(version)} "
            f"FROM ({self._union(parents, [*key, version])}) AS u GROUP BY {listed(key)}"
        )
        return self._remove_older(layout, table, source)

    def activate(self, layout: Layout, table: str, version: int) -> str:
        """Remove rows of versions before one."""
        of = quoted(VERSION)
        old = f"({of} IS NULL OR {of} < {version})"
        if layout.marks:
            mark = quoted(DELETED_AT)
            return (
                f"UPDATE {self.name(table)} SET {mark} = current_timestamp() "
                f"WHERE {mark} IS NULL AND {old}"
            )
        return f"DELETE FROM {self.name(table)} WHERE {old}"

    def replace(self, layout: Layout, table: str, by: str) -> str:
        """Put all rows of another stored table in the place of a table's, in one commit."""
        columns = [column.name for column in layout.columns]
        return (
            f"MERGE INTO {self.name(table)} AS t "
            f"USING (SELECT {listed(columns)} FROM {self.name(by)}) AS s ON FALSE "
            f"WHEN NOT MATCHED THEN INSERT ({listed(columns)}) "
            f"VALUES ({', '.join(f's.{quoted(name)}' for name in columns)}) "
            "WHEN NOT MATCHED BY SOURCE THEN DELETE"
        )

    def create_ledger(self) -> str:
        """Make the table of batches."""
        return (
            f"CREATE TABLE IF NOT EXISTS {self.name(LEDGER)} ("
            "`batch_key` STRING NOT NULL COMMENT 'SHA-256 of the batch', "
            "`table_name` STRING NOT NULL COMMENT 'Table that its rows went to', "
            "`stream` STRING, "
            "`row_count` BIGINT COMMENT 'Rows that were merged, not those that changed', "
            "`loaded_at` TIMESTAMP, "
            "`statement_id` STRING COMMENT 'Name in the query history', "
            "PRIMARY KEY (`batch_key`, `table_name`)) USING DELTA "
            "COMMENT 'What target-databricks has loaded'"
        )

    def note_batch(
        self, batch_key: str, stream: str, loaded: Iterable[tuple[str, int, str]]
    ) -> str:
        """Note a batch.

        Args:
            batch_key: Its key.
            stream: Of which stream.
            loaded: Stored table, rows and statement of each part of it.
        """
        rows = " UNION ALL ".join(
            f"SELECT {literal(batch_key)} AS `batch_key`, {literal(table)} AS `table_name`, "
            f"{literal(stream)} AS `stream`, CAST({rows} AS BIGINT) AS `row_count`, "
            f"{literal(statement_id)} AS `statement_id`"
            for table, rows, statement_id in loaded
        )
        return (
            f"MERGE INTO {self.name(LEDGER)} AS t USING ({rows}) AS s "
            "ON t.`batch_key` = s.`batch_key` AND t.`table_name` = s.`table_name` "
            "WHEN NOT MATCHED THEN INSERT "
            "(`batch_key`, `table_name`, `stream`, `row_count`, `loaded_at`, `statement_id`) "
            "VALUES (s.`batch_key`, s.`table_name`, s.`stream`, s.`row_count`, "
            "current_timestamp(), s.`statement_id`)"
        )

    def _rows(self, layout: Layout, path: str, table: str, *, others: bool = False) -> str:
        """The rows of a staged file that are for a stored table, or those that are for others."""
        source = _cast(layout, path, [column.name for column in layout.columns])
        if len(layout.places) == 1:
            return source
        return f"{source} WHERE {quoted(ROUTE)} {'<>' if others else '='} {literal(table)}"

    def _newest(self, layout: Layout, path: str) -> str:
        """The greatest version that is stored of each document of which a staged file has lines."""
        key, version = _document(layout)
        same = " AND ".join(f"u.{quoted(name)} <=> b.{quoted(name)}" for name in key)
        names = ", ".join(f"u.{quoted(name)}" for name in key)
        return (
            f"SELECT {names}, max(u.{quoted(version)}) AS {quoted(version)} "
            f"FROM ({self._union(layout.places, [*key, version])}) AS u "
            f"LEFT SEMI JOIN ({_cast(layout, path, key)}) AS b ON {same} GROUP BY {names}"
        )

    def _remove_older(self, layout: Layout, table: str, newest: str) -> str:
        text = f"MERGE INTO {self.name(table)} AS t USING ({newest}) AS s ON {_is_older(layout)}"
        if layout.marks:
            return (
                f"{text} WHEN MATCHED THEN UPDATE SET t.{quoted(DELETED_AT)} = current_timestamp()"
            )
        return f"{text} WHEN MATCHED THEN DELETE"

    def _union(self, tables: Sequence[str], columns: Sequence[str]) -> str:
        names = listed(list(dict.fromkeys(columns)))
        return " UNION ALL ".join(f"SELECT {names} FROM {self.name(table)}" for table in tables)


def _stored_is_newer(layout: Layout) -> str:
    """Whether a stored row is newer than one of the batch."""
    return stored_is_newer(layout.order, quoted, mark=DELETED_AT if layout.marks else None)


def _document(layout: Layout) -> tuple[tuple[str, ...], str]:
    """The columns of a line that name its document, and the one with the document's version."""
    if layout.document is None:
        raise ValueError("only lines are of documents")
    return layout.document.key, layout.document.version


def _is_older(layout: Layout) -> str:
    """Whether a stored line is to be removed for a newer version of its document."""
    key, version = _document(layout)
    same = " AND ".join(f"t.{quoted(name)} <=> s.{quoted(name)}" for name in key)
    older = f"{same} AND t.{quoted(version)} < s.{quoted(version)}"
    return f"{older} AND t.{quoted(DELETED_AT)} IS NULL" if layout.marks else older


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return "`" + name.replace("`", "``") + "`"


def listed(names: Iterable[str]) -> str:
    """Identifiers, quoted, with commas between them."""
    return ", ".join(map(quoted, names))


def literal(text: str) -> str:
    """A text as a literal."""
    escaped = text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n")
    return f"'{escaped}'"


def _defined(column: Column, *, nullable: bool = False) -> str:
    text = f"{quoted(column.name)} {column.sql}"
    if column.required and not nullable:
        text += " NOT NULL"
    return f"{text} COMMENT {literal(column.comment)}" if column.comment else text


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)


def _file(path: str, columns: Iterable[str]) -> str:
    # Named columns only: a file that is read so can get a column `_rescued_data` of its own
    return (
        f"SELECT {listed(dict.fromkeys(columns))} "
        f"FROM read_files({literal(path)}, format => 'parquet')"
    )


def _cast(layout: Layout, path: str, names: Iterable[str]) -> str:
    """Columns of a staged file in the types of the table: MERGE would cast in silence."""
    wanted = set(names)
    columns = ", ".join(
        f"parse_json({quoted(column.name)}) AS {quoted(column.name)}"
        if column.sql == "VARIANT"
        else f"CAST({quoted(column.name)} AS {column.sql}) AS {quoted(column.name)}"
        for column in layout.columns
        if column.name in wanted
    )
    return f"SELECT {columns} FROM read_files({literal(path)}, format => 'parquet')"
