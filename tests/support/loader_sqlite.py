"""A target for SQLite files: small, but with real SQL, real transactions and real crashes.

Everything is kept exactly: decimals and times are text that compares as they do, under names of
types that SQLite gives text affinity.
"""

from __future__ import annotations

import re
import sqlite3
from contextlib import contextmanager
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from singer_sdk import typing as th

from loader_core import (
    DestinationError,
    LoaderTarget,
    Outcome,
    RejectedError,
    SchemaError,
    Writer,
    run,
)
from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT, VERSION

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader_core import Batch, Table

LEDGER = "_batches"


class SqliteWriter(Writer):
    """Writes to an SQLite file.

    Args:
        path: The file.
        publish: `batch` commits each batch, `run` all of them at the end.
        max_text: Letters that a text may have; rows with longer ones are refused.
    """

    def __init__(self, path: str, publish: str = "batch", max_text: int = 1_000_000) -> None:
        self._staging = publish == "run"
        self._max_text = max_text
        self._open = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._open.execute("PRAGMA synchronous = OFF")  # kill -9 is survived, only power is not
        self._open.execute(f"CREATE TABLE IF NOT EXISTS {LEDGER} (key TEXT PRIMARY KEY)")

    def prepare(self, table: Table) -> None:
        name = stored_name(table)
        with self._transaction():
            if table.generation:
                others = self._names(re.escape(table.name) + "__[0-9]+")
                for other in others - {name}:
                    self._do(f"DROP TABLE {quoted(other)}")
            there = {
                column: kind
                for _, column, kind, *_ in self._do(f"PRAGMA table_info({quoted(name)})")
            }
            wanted = {field.name: stored_type(field.type) for field in table.schema}
            for column, kind in wanted.items():
                if there.get(column, kind) != kind:
                    raise SchemaError(
                        f"column '{column}' is {there[column]} in the table, and {kind} in the "
                        "SCHEMA",
                        "Rename one of them with a stream map, or begin a new table",
                    ).at(table.name)
            if not there:
                columns = [f"{quoted(column)} {kind}" for column, kind in wanted.items()]
                if table.key and table.load_method != "append-only":
                    columns.append(f"PRIMARY KEY ({listed(table.key)})")
                self._do(f"CREATE TABLE {quoted(name)} ({', '.join(columns)})")
            else:
                for column, kind in wanted.items():
                    if column not in there:
                        self._do(f"ALTER TABLE {quoted(name)} ADD {quoted(column)} {kind}")

    def write(self, batch: Batch) -> Outcome:
        rows = batch.read()
        self._refuse(rows)
        with self._transaction():
            if self._seen(batch):
                return self._outcome
            values = zip(*(map(stored, column.to_pylist()) for column in rows.columns), strict=True)
            marks = ", ".join("?" * rows.num_columns)
            self._open.executemany(
                f"INSERT INTO {quoted(stored_name(batch.table))} AS stored "
                f"({listed(rows.column_names)}) "
                f"VALUES ({marks}) {on_conflict(batch.table)}",
                values,
            )
            self._drop_older_lines(batch.table, rows)
            self._do(f"INSERT INTO {LEDGER} VALUES (?)", batch.key)
        return self._outcome

    def settle(self, batch: Batch) -> Outcome:
        return self._outcome if self._seen(batch) else Outcome.ABSENT

    def activate(self, table: Table, version: int) -> None:
        old = f"({VERSION} IS NULL OR {VERSION} < ?)"
        with self._transaction():
            self._remove(table, "stored", old, version)

    def replace(self, table: Table) -> None:
        with self._transaction():
            self._do(f"DROP TABLE IF EXISTS {quoted(table.name)}")
            self._do(f"ALTER TABLE {quoted(stored_name(table))} RENAME TO {quoted(table.name)}")

    def trim(self, table: Table, parent: Table) -> None:
        assert table.document
        version = quoted(table.document.version)
        same = " AND ".join(
            f"parent.{quoted(name)} IS stored.{quoted(name)}" for name in table.document.key
        )
        with self._transaction():
            self._remove(
                table,
                "stored",
                f"EXISTS (SELECT 1 FROM {quoted(stored_name(parent))} AS parent WHERE {same} "
                f"AND parent.{version} > stored.{version})",
            )

    def finish(self) -> None:
        if self._open.in_transaction:
            self._open.execute("COMMIT")

    def close(self) -> None:
        self._open.close()

    @property
    def _outcome(self) -> Outcome:
        return Outcome.STAGED if self._staging else Outcome.ACKNOWLEDGED

    def _seen(self, batch: Batch) -> bool:
        return bool(self._do(f"SELECT 1 FROM {LEDGER} WHERE key = ?", batch.key))

    def _refuse(self, rows: pa.Table) -> None:
        refused = {}
        for name in rows.column_names:
            for place, value in enumerate(rows[name].to_pylist()):
                if isinstance(value, str) and len(value) > self._max_text:
                    refused[place] = f"column '{name}': more than {self._max_text} letters"
        if refused:
            raise RejectedError(refused)

    def _drop_older_lines(self, table: Table, rows: pa.Table) -> None:
        if not table.document:
            return
        same = " AND ".join(f"{quoted(name)} IS ?" for name in table.document.key)
        version, name = quoted(table.document.version), quoted(stored_name(table))
        documents = rows.select(list(table.document.key)).group_by(list(table.document.key))
        for document in documents.aggregate([]).to_pylist():
            key = [stored(value) for value in document.values()]
            greatest = f"(SELECT max({version}) FROM {name} WHERE {same})"
            self._remove(table, "stored", f"{same} AND {version} < {greatest}", *key, *key)

    def _remove(self, table: Table, alias: str, which: str, *values: Any) -> None:
        name = quoted(stored_name(table))
        if DELETED_AT in table.schema.names and not table.hard_delete:
            self._do(
                f"UPDATE {name} AS {alias} SET {DELETED_AT} = ? "
                f"WHERE {DELETED_AT} IS NULL AND {which}",
                stored(datetime.now(tz=UTC)),
                *values,
            )
        else:
            self._do(f"DELETE FROM {name} AS {alias} WHERE {which}", *values)

    def _names(self, pattern: str) -> set[str]:
        names = self._do("SELECT name FROM sqlite_master WHERE type = 'table'")
        return {name for (name,) in names if re.fullmatch(pattern, name)}

    def _do(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        try:
            return self._open.execute(sql, values).fetchall()
        except sqlite3.OperationalError as error:
            raise DestinationError(f"SQLite refuses ({error})", "Run again") from None

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """One for each call, or one for the whole run."""
        if not self._open.in_transaction:
            self._do("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._open.execute("ROLLBACK")
            raise
        if not self._staging:
            self._open.execute("COMMIT")


class SqliteTarget(LoaderTarget):
    """Singer target for SQLite files."""

    name = "target-sqlite"
    config_jsonschema = th.PropertiesList(
        th.Property("path", th.StringType(nullable=False), required=True),
        th.Property("password", th.StringType(nullable=False), secret=True),
        th.Property("publish", th.StringType(allowed_values=["batch", "run"]), default="batch"),
        th.Property("max_text", th.IntegerType(nullable=False), default=1_000_000),
    ).to_dict()

    @property
    def destination(self) -> str:
        return str(self.config["path"])

    def make_writer(self) -> Writer:
        config = self.config
        return SqliteWriter(config["path"], config["publish"], config["max_text"])


def quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'


def listed(names: Sequence[str]) -> str:
    return ", ".join(map(quoted, names))


def stored_name(table: Table) -> str:
    return f"{table.name}__{table.generation}" if table.generation else table.name


def stored_type(arrow: pa.DataType) -> str:
    if pa.types.is_decimal(arrow):
        return f"DECIMAL_TEXT_{arrow.precision}_{arrow.scale}"
    types = {
        pa.string(): "TEXT",
        pa.int64(): "INTEGER",
        pa.bool_(): "BOOLEAN_INT",
        pa.date32(): "DATE_TEXT",
        pa.timestamp("us"): "LOCAL_TIME_TEXT",
        pa.timestamp("us", tz="UTC"): "UTC_TIME_TEXT",
    }
    return types[arrow]


def stored(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    return value.isoformat() if isinstance(value, date) else value


def on_conflict(table: Table) -> str:
    """What becomes of a row whose key is there: it stays, if it is newer."""
    if not table.key or table.load_method == "append-only":
        return ""
    mark = DELETED_AT if DELETED_AT in table.schema.names and not table.hard_delete else None
    newer = stored_is_newer(table.order, quoted, mark=mark, stored="stored", new="excluded")
    set_all = ", ".join(f"{quoted(name)} = excluded.{quoted(name)}" for name in table.schema.names)
    return f"ON CONFLICT ({listed(table.key)}) DO UPDATE SET {set_all} WHERE NOT {newer}"


if __name__ == "__main__":
    run(SqliteTarget)
