"""The writer: a batch becomes a file in a volume, and the file one merge into each of its tables.

Knows the order of steps, and that each can be done again:

| step | the process ends after it | the next run |
| --- | --- | --- |
| the file is put | a file without rows in a table | puts it again, under the same name |
| the merge | rows, and a file | merges the same rows once more, which changes nothing |
| older lines, and rows that moved, are removed | the same | as above |
| the batch is noted in `_singer_batches` | the same | as above |
| the file is removed | rows | as above, with a file that is put and removed once more |

A batch is acknowledged after the last.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec
import pyarrow as pa

from loader_core import DestinationError, Outcome, SchemaError, SettingsError, Writer
from loader_core.batches import parquet
from target_databricks.client import Nothing
from target_databricks.errors import MissingError, StatementError
from target_databricks.layout import ROUTE, ROW_KEY, is_generation, layout
from target_databricks.statements import LEDGER, Schema
from target_databricks.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from loader_core import Batch, Table
    from loader_core.clock import Clock
    from target_databricks.client import Client
    from target_databricks.layout import Layout
    from target_databricks.settings import Settings

CATALOG_API = "/api/2.1/unity-catalog"
FILES_API = "/api/2.0/fs/files"
DIRECTORIES_API = "/api/2.0/fs/directories"
MOST_ATTEMPTS_TO_FIT = 5
"""Of making a table and adding its columns, while other loaders do the same."""

logger = logging.getLogger(__name__)


class _Listed(msgspec.Struct):
    name: str


class _Tables(msgspec.Struct):
    tables: list[_Listed] = []
    next_page_token: str = ""


class _Files(msgspec.Struct):
    contents: list[_Listed] = []
    next_page_token: str = ""


class DatabricksWriter(Writer):
    """Writes to the tables of one schema.

    Args:
        client: The workspace.
        settings: Where in it, and how.
        clock: For waiting.
    """

    def __init__(self, client: Client, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._warehouse = Warehouse(client, settings, clock)
        self._schema = Schema(settings.catalog, settings.schema)
        self._is_set_up = False
        self._streams: dict[str, str] = {}

    def prepare(self, table: Table) -> None:
        """Make the table, or add columns: see `Writer`."""
        self._client.renew_if_due()
        self._set_up()
        stored = self._layout(table)
        for place in (*stored.places, *([stored.view] if stored.view else [])):
            other = self._streams.setdefault(place, table.name)
            if other != table.name:
                raise SchemaError(
                    f"the streams '{other}' and '{table.name}' would both be stored as '{place}'",
                    "Rename one of them with a stream map",
                ).at(table.name)
        if table.generation:
            self._drop_generations(table, keep=stored.places)
        for place in stored.places:
            self._fit(stored, place)
        if stored.view and not table.generation:
            self._make_view(stored, stored.view)

    def write(self, batch: Batch) -> Outcome:
        """Write a batch: see `Writer`, and the steps above."""
        self._client.renew_if_due()
        stored = self._layout(batch.table)
        content, counts = self._file(batch, stored)
        path = f"{self._folder}/{_file_name(stored, batch)}"
        file = FILES_API + quote(path)
        self._client.call("PUT", file, Nothing, params={"overwrite": "true"}, data=content)
        moved_from = self._places_left(stored, path)
        loaded = []
        for place, rows in counts.items():
            elsewhere = sorted(moved_from - {place})
            sql = self._schema.merge(stored, place, path, elsewhere)
            done = self._warehouse.run(sql, f"merging into '{place}'")
            loaded.append((place, rows, done.statement_id))
        for place in sorted(moved_from) if not stored.only_adds else ():
            sql = self._schema.remove_moved(stored, place, path)
            self._warehouse.run(sql, f"removing from '{place}' what moved to another table")
        if stored.document:
            for place in self._places_with_older_lines(stored, path):
                sql = self._schema.remove_older_lines(stored, place, path)
                self._warehouse.run(sql, f"removing older lines from '{place}'")
        note = self._schema.note_batch(batch.key, batch.table.name, loaded)
        self._warehouse.run(note, f"noting the batch in '{LEDGER}'")
        self._remove(file)
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        self._client.renew_if_due()
        stored = self._layout(table)
        for place in stored.places:
            sql = self._schema.activate(stored, place, version)
            self._warehouse.run(sql, f"removing old versions from '{place}'")

    def replace(self, table: Table) -> None:
        """Put a generation in the place of each of its tables: see `Writer`.

        A stream in several tables is replaced table by table, each in one step.
        """
        self._client.renew_if_due()
        new, stored = self._layout(table), self._layout(replace(table, generation=0))
        for place, by in zip(stored.places, new.places, strict=True):
            self._fit(stored, place)
            sql = self._schema.replace(stored, place, by)
            self._warehouse.run(sql, f"replacing '{place}'")
        if stored.view:
            self._make_view(stored, stored.view)
        for by in new.places:
            self._warehouse.run(self._schema.drop_table(by), f"dropping '{by}'")

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        self._client.renew_if_due()
        stored, parents = self._layout(table), self._layout(parent)
        for place in stored.places:
            sql = self._schema.trim(stored, place, parents.places)
            self._warehouse.run(sql, f"removing lines of empty documents from '{place}'")

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def cancel(self) -> None:
        """Cancel the statement that is under way, from another thread."""
        self._warehouse.cancel()

    def _layout(self, table: Table) -> Layout:
        routing = self._settings.routing.get(table.name)
        if routing:
            routing.check(table.schema)
        return layout(table, routing, self._settings)

    def _set_up(self) -> None:
        """See that the schema, the volume and the table of batches are there."""
        if self._is_set_up:
            return
        settings, schema = self._settings, self._schema
        catalog, of_schema = settings.catalog, f"{settings.catalog}.{settings.schema}"
        if not self._exists("catalogs", catalog):
            if not settings.create_catalog:
                raise SettingsError(
                    f"there is no catalog '{catalog}' that the service principal can use",
                    "Correct 'catalog', grant USE CATALOG, or set 'create_catalog'",
                )
            self._warehouse.run(schema.create_catalog(), f"making the catalog '{catalog}'")
        if not self._exists("schemas", of_schema):
            self._warehouse.run(schema.create_schema(), f"making the schema '{of_schema}'")
        if not self._exists("volumes", f"{of_schema}.{settings.volume}"):
            sql = schema.create_volume(settings.volume)
            self._warehouse.run(sql, f"making the volume '{settings.volume}'")
        self._warehouse.run(schema.create_ledger(), f"making the table '{LEDGER}'")
        self._is_set_up = True

    def _exists(self, kind: str, name: str) -> bool:
        try:
            self._client.call("GET", f"{CATALOG_API}/{kind}/{quote(name)}", Nothing)
        except MissingError:
            return False
        return True

    def _fit(self, stored: Layout, place: str) -> None:
        """Make a stored table, or add the columns that it lacks.

        Raises:
            SchemaError: A column is there with another type.
        """
        wanted = {column.name.lower(): column for column in stored.columns}
        for _ in range(MOST_ATTEMPTS_TO_FIT):
            there = self._columns(place)
            if there is None:
                sql = self._schema.create_table(stored, place)
                self._warehouse.run(sql, f"making the table '{place}'")
                continue
            for name, column in wanted.items():
                if there.get(name, column.sql) != column.sql:
                    raise SchemaError(
                        f"column '{column.name}' is {there[name]} in the table '{place}', and "
                        f"{column.sql} in the SCHEMA",
                        "Rename one of them with a stream map, or begin a new table",
                    ).at(stored.stream)
            missing = [column for name, column in wanted.items() if name not in there]
            if not missing:
                return
            try:
                sql = self._schema.add_columns(place, missing)
                self._warehouse.run(sql, f"adding columns to '{place}'")
            except StatementError as error:
                if error.error_class != "FIELD_ALREADY_EXISTS":
                    raise
        raise DestinationError(
            f"other writers change the table '{place}' again and again", "Run again"
        )

    def _columns(self, place: str) -> dict[str, str] | None:
        """The types of a table's columns by their names in small letters; none without a table."""
        try:
            rows = self._warehouse.run(self._schema.describe(place), f"looking at '{place}'").rows
        except StatementError as error:
            if error.error_class == "TABLE_OR_VIEW_NOT_FOUND":
                return None
            raise
        columns: dict[str, str] = {}
        for name, sql, *_ in rows:
            if not name or name.startswith("#"):
                break  # what follows is about the table as a whole
            columns[name.lower()] = (sql or "").upper()
        return columns

    def _make_view(self, stored: Layout, view: str) -> None:
        self._warehouse.run(self._schema.create_view(stored, view), f"making the view '{view}'")

    def _drop_generations(self, table: Table, keep: tuple[str, ...]) -> None:
        """Remove what earlier runs left of a replacement: tables, and files of their batches."""
        bases = self._layout(replace(table, generation=0)).places
        for name in self._tables():
            if name not in keep and any(is_generation(name, base) for base in bases):
                self._warehouse.run(self._schema.drop_table(name), f"dropping '{name}'")
        for name in self._staged():
            place = _place_of(name)
            if place not in keep and any(is_generation(place, base) for base in bases):
                self._remove(FILES_API + quote(f"{self._folder}/{name}"))

    @property
    def _folder(self) -> str:
        settings = self._settings
        return f"/Volumes/{settings.catalog}/{settings.schema}/{settings.volume}"

    def _staged(self) -> Iterator[str]:
        """Names of the files in the volume, other loaders' too."""
        path, params = DIRECTORIES_API + quote(self._folder), dict[str, str]()
        while True:
            page = self._client.call("GET", path, _Files, params=params)
            for file in page.contents:
                yield file.name
            if not page.next_page_token:
                return
            params["page_token"] = page.next_page_token

    def _tables(self) -> Iterator[str]:
        """Names of the tables of the schema."""
        params = {
            "catalog_name": self._settings.catalog,
            "schema_name": self._settings.schema,
            "omit_columns": "true",
        }
        while True:
            page = self._client.call("GET", f"{CATALOG_API}/tables", _Tables, params=params)
            for table in page.tables:
                yield table.name
            if not page.next_page_token:
                return
            params["page_token"] = page.next_page_token

    def _file(self, batch: Batch, stored: Layout) -> tuple[bytes, dict[str, int]]:
        """The file to put, and how many of its rows are for each stored table."""
        routing = self._settings.routing.get(batch.table.name)
        if not routing and not stored.only_adds:
            return batch.path.read_bytes(), {stored.places[0]: batch.rows}
        rows = batch.read()
        if stored.only_adds:
            keys = [f"{batch.key}-{place}" for place in range(rows.num_rows)]
            rows = rows.append_column(ROW_KEY, pa.array(keys, pa.string()))
        if not routing:
            return bytes(parquet(rows)), {stored.places[0]: batch.rows}
        rows = routing.routed(rows, stored.places)
        counted = {row["values"]: row["counts"] for row in rows[ROUTE].value_counts().to_pylist()}
        return bytes(parquet(rows)), {
            place: counted[place] for place in stored.places if place in counted
        }

    def _places_left(self, stored: Layout, path: str) -> set[str]:
        """Stored tables with rows of the file that are now another's."""
        if len(stored.places) == 1:
            return set()
        sql = self._schema.places_left(stored, path)
        return self._names(sql, "looking for rows that moved")

    def _places_with_older_lines(self, stored: Layout, path: str) -> set[str]:
        """Stored tables with lines to remove; where there is one, looking would cost as much."""
        if len(stored.places) == 1:
            return set(stored.places)
        sql = self._schema.places_with_older_lines(stored, path)
        return self._names(sql, "looking for older lines")

    def _names(self, sql: str, what: str) -> set[str]:
        return {name for (name,) in self._warehouse.run(sql, what).rows if name}

    def _remove(self, file: str) -> None:
        try:
            self._client.call("DELETE", file, Nothing)
        except MissingError:
            pass  # the answer to a first attempt was lost
        except DestinationError as error:
            logger.warning("A staged file stays in the volume: %s", error)


def _file_name(stored: Layout, batch: Batch) -> str:
    """The name of a batch's file; readers would not see one that begins with `_`."""
    return f"batch-{stored.places[0]}-{batch.key}.parquet"


def _place_of(name: str) -> str:
    """The stored table in the name of a batch's file."""
    return name.removeprefix("batch-").rpartition("-")[0]
