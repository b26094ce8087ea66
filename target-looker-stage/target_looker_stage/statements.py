"""The SQL of tables, as texts.

Knows names, types and PostgreSQL's grammar, of 13 and later; runs nothing. Tables are only ever
added to: none is renamed, dropped or given another type, so that grants on them and views over them
last.
"""

# ruff: noqa: S608 - names are quoted, and values are not the user's

from __future__ import annotations

from typing import TYPE_CHECKING

from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT, VERSION
from target_looker_stage.layout import LOAD_ID, PK, TIMES
from target_looker_stage.names import shortened

if TYPE_CHECKING:
    from collections.abc import Iterable

    from target_looker_stage.layout import Column, Document, Index, Layout

TEMPORARY = "pg_temp"
"""The schema of this session alone, which goes with it."""
COLUMNS = (
    "SELECT attname, format_type(atttypid, atttypmod), col_description(attrelid, attnum) "
    "FROM pg_attribute WHERE attrelid = to_regclass(%s) AND attnum > 0 AND NOT attisdropped"
)
"""Name, type and comment of a table's columns; none without a table."""
KEYS = (
    "SELECT a.attname FROM pg_index AS i JOIN pg_attribute AS a "
    "ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey) "
    "WHERE i.indisprimary AND i.indrelid = to_regclass(%s)"
)
"""The columns of a table's primary key."""
INDEXES = "SELECT indexname FROM pg_indexes WHERE schemaname = %s"


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return '"' + name.replace('"', '""') + '"'


def listed(names: Iterable[str]) -> str:
    """Identifiers, quoted, with commas between them."""
    return ", ".join(map(quoted, names))


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("'", "''").replace("\x00", "") + "'"


def whole(schema: str, table: str) -> str:
    """The whole name of a table, quoted."""
    return f"{quoted(schema)}.{quoted(table)}"


def create_table(layout: Layout, table: str) -> str:
    """Make a table."""
    columns = [f"{quoted(column.name)} {column.sql}" for column in layout.columns]
    columns += [f"{quoted(LOAD_ID)} bigint", f"PRIMARY KEY ({quoted(layout.key)})"]
    return f"CREATE TABLE {table} ({', '.join(columns)})"


def add_columns(table: str, columns: Iterable[Column]) -> str:
    """Add columns to a table."""
    added = ", ".join(f"ADD {quoted(column.name)} {column.sql}" for column in columns)
    return f"ALTER TABLE {table} {added}"


def comment_table(table: str, stream: str) -> str:
    """Say what a table is."""
    told = literal(f"Stream {stream}, loaded by target-looker-stage")
    return f"COMMENT ON TABLE {table} IS {told}"


def comment_column(table: str, column: Column) -> str:
    """Say what a column is."""
    told = literal(described(column))
    return f"COMMENT ON COLUMN {table}.{quoted(column.name)} IS {told}"


def described(column: Column) -> str:
    """Title and description of a column as its comment."""
    return ": ".join(filter(None, [column.title, column.description]))


def create_index(index: Index, schema: str, table: str) -> str:
    """Make an index."""
    what = listed(index.columns)
    if index.part:
        what = f"({what} ->> {literal(index.part)})"
    name = quoted(index_name(index, table))
    return f"CREATE INDEX IF NOT EXISTS {name} ON {whole(schema, table)} ({what})"


def index_name(index: Index, table: str) -> str:
    """The name of an index, which tells what it is about."""
    return shortened("__".join([table, *index.columns, *filter(None, [index.part]), "idx"]))


def create_load_table(load: str, table: str, layout: Layout) -> str:
    """Make an empty table for a batch, with the types of the table that it goes to."""
    names = listed(column.name for column in layout.columns)
    return f"CREATE TABLE {load} AS SELECT {names} FROM {table} WITH NO DATA"


def copy(load: str) -> str:
    """Take rows into a batch's table."""
    return f"COPY {load} FROM STDIN"


def drop_load_table(load: str) -> str:
    """Drop a batch's table."""
    return f"DROP TABLE {load}"


def create_generation(name: str, table: str) -> str:
    """Make an empty table like another, to take the place of its rows."""
    return f"CREATE TABLE {name} (LIKE {table} INCLUDING INDEXES)"


def is_empty(table: str) -> str:
    """Whether a table has no rows."""
    return f"SELECT NOT EXISTS (SELECT FROM {table})"


def insert(layout: Layout, table: str, by: str, load_id: int) -> str:
    """Put all rows of another table into a table."""
    names = [column.name for column in layout.columns]
    return (
        f"INSERT INTO {table} AS t ({listed([*names, LOAD_ID])}) "
        f"SELECT {listed(names)}, {load_id} FROM {by}"
    )


def merge(layout: Layout, table: str, by: str, load_id: int) -> str:
    """Put the rows of another table into a table; none takes the place of a newer one."""
    taken = f"{insert(layout, table, by, load_id)} ON CONFLICT ({quoted(layout.key)}) DO "
    if layout.only_adds:
        return f"{taken}NOTHING"
    names = [column.name for column in layout.columns]
    changed = [name for name in [*names, LOAD_ID] if name not in {layout.key, PK}]
    sets = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in changed)
    mark = DELETED_AT if layout.marks else None
    newer = stored_is_newer(layout.order, quoted, mark=mark, new="excluded")
    return f"{taken}UPDATE SET {sets} WHERE NOT {newer}"


def remove_older_lines(
    layout: Layout, document: Document, table: str, loads: Iterable[str], load_id: int
) -> str:
    """Remove lines of documents that are older than the document's newest.

    With `loads`, tables of batches, only documents of which they have lines are looked at. A line
    of which a part of the document's name is null is of no document, and stays.
    """
    key, version = listed(document.key), quoted(document.version)
    came = " UNION ALL ".join(f"SELECT {key} FROM {load}" for load in loads)
    of = f" WHERE ({key}) IN ({came})" if came else ""
    newest = (
        f"SELECT {key}, max({version}) AS {version} FROM {table}{of} "
        f"GROUP BY {key} HAVING min({version}) < max({version})"
    )
    return _remove(layout, table, _older(document), load_id, f"({newest})")


def trim(layout: Layout, document: Document, table: str, parent: str, load_id: int) -> str:
    """Remove lines that are older than their document."""
    return _remove(layout, table, _older(document), load_id, parent)


def activate(layout: Layout, table: str, version: int, load_id: int) -> str:
    """Remove rows of versions before one."""
    of = f"t.{quoted(VERSION)}"
    return _remove(layout, table, f"({of} IS NULL OR {of} < {version})", load_id)


def delete_all(table: str) -> str:
    """Remove all rows of a table; readers see them until the transaction is committed."""
    return f"DELETE FROM {table}"


def control_totals(layout: Layout, table: str, periods: int) -> str:
    """Count the rows that are not marked as deleted, and add them up.

    Gives the count, and sums by period as the text of JSON, of the latest periods; without a
    period column, of all. Amounts are texts, so that nobody reads them as floats.
    """
    sums = "".join(
        f", {literal(name)}, trim_scale(sum(t.{quoted(name)}))::text" for name in layout.totals
    )
    of = _period(layout)
    where = _current(layout)
    grouped = (
        f"SELECT {of} AS period, jsonb_build_object('rows', count(*){sums}) AS totals, "
        "sum(count(*)) OVER () AS current "
        f"FROM {table} AS t{where} GROUP BY 1 ORDER BY 1 DESC NULLS LAST LIMIT {periods}"
    )
    return (
        "SELECT coalesce(max(current), 0)::bigint, "
        "coalesce(jsonb_object_agg(coalesce(period, 'none'), totals), '{}')::text "
        f"FROM ({grouped}) AS g"
    )


def _period(layout: Layout) -> str:
    if layout.period is None:
        return "'all'"
    name = f"t.{quoted(layout.period.name)}"
    if layout.period.kind in TIMES:
        return f"to_char({name}, 'YYYY-MM')"
    return f"{name}::text"


def _current(layout: Layout) -> str:
    return f" WHERE t.{quoted(DELETED_AT)} IS NULL" if layout.marks else ""


def _remove(layout: Layout, table: str, which: str, load_id: int, others: str = "") -> str:
    """Delete rows, or mark those that are not yet marked."""
    if layout.marks:
        mark = quoted(DELETED_AT)
        joined = f" FROM {others} AS s" if others else ""
        return (
            f"UPDATE {table} AS t SET {mark} = now(), {quoted(LOAD_ID)} = {load_id}{joined} "
            f"WHERE t.{mark} IS NULL AND {which}"
        )
    joined = f" USING {others} AS s" if others else ""
    return f"DELETE FROM {table} AS t{joined} WHERE {which}"


def _older(document: Document) -> str:
    same = [f"t.{quoted(name)} = s.{quoted(name)}" for name in document.key]
    version = quoted(document.version)
    return " AND ".join([*same, f"t.{version} < s.{version}"])
