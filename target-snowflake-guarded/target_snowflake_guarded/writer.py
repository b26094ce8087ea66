"""The writer: a batch becomes a staged file, the file a table of the session, and that one merge.

Knows the order of steps, and that each can be done again:

| step | the process ends after it | the next run |
| --- | --- | --- |
| the file is put into a stage of the session | nothing: it ends with the session | puts it again |
| it is copied into a table of the session | as above | as above |
| the merge | the rows | merges them once more, which changes nothing |
| older lines are removed | the same | as above |

A batch is acknowledged after the last. What a session makes for itself, Snowflake removes with it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from loader_core import DestinationError, Outcome, SchemaError, SettingsError, Writer
from target_snowflake_guarded import files
from target_snowflake_guarded.errors import MISSING, StatementError
from target_snowflake_guarded.layout import is_generation, layout
from target_snowflake_guarded.statements import LOAD, Schema
from target_snowflake_guarded.type_table import described

if TYPE_CHECKING:
    from loader_core import Batch, Table
    from target_snowflake_guarded.layout import Layout
    from target_snowflake_guarded.session import Session
    from target_snowflake_guarded.settings import Settings

_STAGE = "_SDC_STAGE_"


class SnowflakeWriter(Writer):
    """Writes to the tables of one schema.

    Args:
        session: With the account.
        settings: Where in it.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._schema = Schema(settings.database, settings.schema)
        self._streams: dict[str, str] = {}

    def prepare(self, table: Table) -> None:
        """Make the table, or add columns: see `Writer`."""
        self._set_up()
        stored = layout(table)
        other = self._streams.setdefault(stored.name, table.name)
        if other != table.name:
            raise SchemaError(
                f"the streams '{other}' and '{table.name}' would both be stored as '{stored.name}'",
                "Rename one of them with a stream map",
            ).at(table.name)
        if table.generation:
            self._drop_generations(table, keep=stored.name)
        self._fit(stored)

    def write(self, batch: Batch) -> Outcome:
        """Write a batch: see `Writer`, and the steps above."""
        self._set_up()
        stored, schema, session = layout(batch.table), self._schema, self._session
        stage, file = self._stage, f"{batch.key}.csv.gz"
        content = files.content(batch.read(), self._row_keys(batch, stored))
        session.put(schema.put(stage, file), content, f"putting a batch for '{stored.name}'")
        session.run(schema.create_load(stored), f"making the table '{LOAD}'")
        session.run(schema.copy(stored, stage, file), f"copying a batch for '{stored.name}'")
        self._check_count(batch, stored)
        session.run(schema.merge(stored), f"merging into '{stored.name}'")
        if stored.document:
            sql = schema.remove_older_lines(stored)
            session.run(sql, f"removing older lines from '{stored.name}'")
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        self._set_up()
        stored = layout(table)
        sql = self._schema.activate(stored, version)
        self._session.run(sql, f"removing old versions from '{stored.name}'")

    def replace(self, table: Table) -> None:
        """Put a generation in the place of the table: see `Writer`."""
        self._set_up()
        new, stored = layout(table), layout(replace(table, generation=0))
        self._fit(stored)
        self._session.run(self._schema.replace(stored, new), f"replacing '{stored.name}'")
        self._session.run(self._schema.drop_table(new.name), f"dropping '{new.name}'")

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        self._set_up()
        stored = layout(table)
        sql = self._schema.trim(stored, layout(parent))
        self._session.run(sql, f"removing lines of empty documents from '{stored.name}'")

    def close(self) -> None:
        """End the session."""
        self._session.close()

    def cancel(self) -> None:
        """Cancel the statement that is under way, from another thread."""
        self._session.cancel()

    @property
    def _stage(self) -> str:
        return f"{_STAGE}{self._session.id.upper()}"

    def _set_up(self) -> None:
        """See that there is a session, at work in the schema, with a stage of its own."""
        if not self._session.open():
            return
        schema, where = self._schema, f"the schema '{self._settings.schema}'"
        try:
            self._session.ask(schema.use(), f"using {where}")
        except StatementError as error:
            if error.number not in MISSING:
                raise
            self._make_schema(where)
            self._session.ask(schema.use(), f"using {where}")
        self._session.ask(schema.create_stage(self._stage), "making a stage for this session")

    def _make_schema(self, where: str) -> None:
        try:
            self._session.run(self._schema.create(), f"making {where}")
        except StatementError as error:
            if error.number not in MISSING:
                raise
            raise SettingsError(
                f"there is no database '{self._settings.database}' that the role can use",
                "Correct 'database' (names are in capitals unless they were quoted when made), or "
                "grant USAGE on it to the role",
            ) from None

    def _row_keys(self, batch: Batch, stored: Layout) -> list[pa.Array]:
        """The column that names rows which have no key of their own."""
        if not stored.only_adds:
            return []
        keys = [f"{batch.key}-{place}" for place in range(batch.rows)]
        return [pa.chunked_array([pa.array(keys, pa.string())])]

    def _check_count(self, batch: Batch, stored: Layout) -> None:
        """See that all rows are in the session's table: a COPY that finds no file succeeds."""
        found = self._session.ask(self._schema.count_load(), f"counting rows of '{LOAD}'")
        (count,) = found[0].values()
        if count != batch.rows:
            raise DestinationError(
                f"of {batch.rows} rows for '{stored.name}', {count} were copied",
                "Run again; the next run begins with this batch",
            )

    def _fit(self, stored: Layout) -> None:
        """Make the stored table, or add the columns that it lacks.

        Raises:
            SchemaError: A column is there with another type.
        """
        there = self._columns(stored.name)
        if there is None:
            sql = self._schema.create_table(stored)
            self._session.run(sql, f"making the table '{stored.name}'")
            there = self._columns(stored.name) or {}
        for column in stored.columns:
            if column.name not in there:
                sql = self._schema.add_column(stored, column)
                self._session.run(sql, f"adding a column to '{stored.name}'")
            elif there[column.name] != column.sql:
                raise SchemaError(
                    f"column '{column.of}' is {there[column.name]} in the table "
                    f"'{stored.name}', and {column.sql} in the SCHEMA",
                    "Rename it with a stream map, or begin a new table",
                ).at(stored.stream)

    def _columns(self, name: str) -> dict[str, str] | None:
        """The types of a table's columns by their names; none without a table."""
        try:
            rows = self._session.ask(self._schema.describe(name), f"looking at '{name}'")
        except StatementError as error:
            if error.number in MISSING:
                return None
            raise
        return {row["name"]: described(row["type"]) for row in rows}

    def _drop_generations(self, table: Table, keep: str) -> None:
        """Remove what earlier runs left of a replacement."""
        base = layout(replace(table, generation=0)).name
        for row in self._session.ask(self._schema.tables(), "listing tables"):
            if row["name"] != keep and is_generation(row["name"], base):
                self._session.run(self._schema.drop_table(row["name"]), f"dropping '{row['name']}'")
