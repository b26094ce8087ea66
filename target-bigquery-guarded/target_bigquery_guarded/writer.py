"""The writer: a batch is loaded into a staging table, and merged from there into its table.

Knows the order of steps, and that each can be done again:

| step | the process ends after it | the next run |
| --- | --- | --- |
| the staging table is made | an empty table, which expires | makes it anew |
| the file is loaded into it | a table that expires | loads the same rows in their place |
| the merge | rows, and a staging table | merges the same rows once more: nothing changes |
| older lines are removed | the same | as above |
| the staging table is dropped | rows | as above, with a staging table that comes and goes |

A batch is acknowledged after the last. Jobs that were under way when a run died are waited for
before they are started again, see `jobs.py`.
"""

from __future__ import annotations

import io
import logging
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from google.cloud import bigquery

from loader_core import DestinationError, Outcome, SchemaError, SettingsError, Writer
from loader_core.batches import parquet
from target_bigquery_guarded.client import ONCE, TIMEOUT
from target_bigquery_guarded.errors import AlreadyThereError, ChangedError, MissingError
from target_bigquery_guarded.jobs import Jobs
from target_bigquery_guarded.layout import is_generation, layout, stage_of
from target_bigquery_guarded.statements import Dataset

if TYPE_CHECKING:
    from typing import BinaryIO

    from loader_core import Batch, Table
    from loader_core.clock import Clock
    from target_bigquery_guarded.client import Client
    from target_bigquery_guarded.layout import Column, Layout
    from target_bigquery_guarded.settings import Settings

STAGE_LIFE = timedelta(days=1)
MOST_ATTEMPTS_TO_FIT = 5
"""Of making a table and adding its columns, while other loaders do the same."""
_OTHER_NAMES = {"INT64": "INTEGER", "BOOL": "BOOLEAN", "FLOAT64": "FLOAT", "DECIMAL": "NUMERIC"}

logger = logging.getLogger(__name__)


class BigQueryWriter(Writer):
    """Writes to the tables of one dataset.

    Args:
        client: BigQuery.
        settings: Where in it, and how.
        clock: For waiting.
    """

    def __init__(self, client: Client, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock
        self._jobs = Jobs(client, settings, clock)
        self._sql = Dataset(settings.project, settings.dataset)
        self._streams: dict[str, str] = {}

    def prepare(self, table: Table) -> None:
        """Make the table, or add columns: see `Writer`."""
        self._set_up()
        stored = layout(table, self._settings)
        other = self._streams.setdefault(stored.place, table.name)
        if other != table.name:
            raise SchemaError(
                f"the streams '{other}' and '{table.name}' would both be stored as "
                f"'{stored.place}'",
                "Rename one of them with a stream map",
            ).at(table.name)
        if table.generation:
            self._drop_generations(table, keep=stored.place)
        self._fit(stored)

    def write(self, batch: Batch) -> Outcome:
        """Write a batch: see `Writer`, and the steps above."""
        self._set_up()
        stored = layout(batch.table, self._settings)
        stage = stage_of(stored.place, batch.key)
        name = f"singer-{batch.key[:32]}-{batch.sequence}"
        self._make_stage(stored, stage)
        self._load(stored, stage, batch, f"{name}-load")
        if stored.only_adds:
            sql = self._sql.add(stored, stage, batch.key)
            self._jobs.query(f"{name}-add", sql, f"adding rows to '{stored.place}'")
        else:
            sql = self._sql.merge(stored, stage)
            self._jobs.query(f"{name}-merge", sql, f"merging into '{stored.place}'")
        if stored.document_key:
            sql = self._sql.remove_older_lines(stored, stage)
            what = f"removing older lines from '{stored.place}'"
            self._jobs.query(f"{name}-lines", sql, what)
        self._drop(stage)
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        self._set_up()
        stored = layout(table, self._settings)
        sql = self._sql.activate(stored, version)
        self._jobs.query(_new_name(), sql, f"removing old versions from '{stored.place}'")

    def replace(self, table: Table) -> None:
        """Put a generation in the place of its table: see `Writer`."""
        self._set_up()
        new, stored = (
            layout(each, self._settings) for each in (table, replace(table, generation=0))
        )
        self._fit(stored)
        sql = self._sql.replace(stored, new.place)
        self._jobs.query(_new_name(), sql, f"replacing '{stored.place}'")
        self._drop(new.place)

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        self._set_up()
        stored, parents = (layout(each, self._settings) for each in (table, parent))
        sql = self._sql.trim(stored, parents.place)
        what = f"removing lines of empty documents from '{stored.place}'"
        self._jobs.query(_new_name(), sql, what)

    def close(self) -> None:
        """Let go of connections."""
        self._client.close()

    def _set_up(self) -> None:
        """See that the dataset is there, and where."""
        if self._jobs.location:
            return
        settings, what = self._settings, f"looking at the dataset '{self._settings.dataset}'"
        reference = bigquery.DatasetReference(settings.project, settings.dataset)
        google = self._client.google
        try:
            found = self._client.call(
                what,
                lambda: google.get_dataset(reference, **ONCE),
            )
        except MissingError:
            if not settings.location:
                raise SettingsError(
                    f"there is no dataset '{settings.dataset}' in the project",
                    "Make it, or set 'location' for it to be made there",
                ) from None
            dataset = bigquery.Dataset(reference)
            dataset.location = settings.location
            found = self._client.call(
                f"making the dataset '{settings.dataset}'",
                lambda: google.create_dataset(dataset, exists_ok=True, **ONCE),
            )
        location = str(found.location)
        if settings.location and settings.location.lower() != location.lower():
            raise SettingsError(
                f"the dataset '{settings.dataset}' is in {location}, not where 'location' says",
                "Correct 'location', or remove it",
            )
        self._jobs.location = location

    def _reference(self, place: str) -> bigquery.TableReference:
        dataset = bigquery.DatasetReference(self._settings.project, self._settings.dataset)
        return dataset.table(place)

    def _fit(self, stored: Layout) -> None:
        """Make a stored table, or add the columns that it lacks.

        Raises:
            SchemaError: A column is there with another type.
        """
        google, place = self._client.google, stored.place
        for _ in range(MOST_ATTEMPTS_TO_FIT):
            try:
                there = self._client.call(
                    f"looking at the table '{place}'",
                    lambda: google.get_table(self._reference(place), **ONCE),
                )
            except MissingError:
                self._make(self._table(stored), f"making the table '{place}'")
                continue
            missing = _missing(stored, there)
            if not missing:
                return
            there.schema = [*there.schema, *(_field(column, added=True) for column in missing)]
            try:
                self._client.call(
                    f"adding columns to '{place}'",
                    lambda table=there: google.update_table(  # type: ignore[misc] # a default binds it
                        table,
                        ["schema"],
                        **ONCE,
                    ),
                )
            except ChangedError:
                continue  # by another loader, or by our own call whose answer was lost
        raise DestinationError(
            f"other writers change the table '{place}' again and again", "Run again"
        )

    def _table(self, stored: Layout) -> bigquery.Table:
        """The table as it is made."""
        table = bigquery.Table(
            self._reference(stored.place), [_field(column) for column in stored.columns]
        )
        table.description = f"Stream {stored.stream}, loaded by target-bigquery-guarded"
        table.labels = dict(self._settings.labels)
        if stored.partitioned:
            table.time_partitioning = bigquery.TimePartitioning(
                type_=self._settings.granularity, field=stored.partitioned
            )
        if stored.clustered:
            table.clustering_fields = list(stored.clustered)
        return table

    def _make(self, table: bigquery.Table, what: str) -> bool:
        """Make a table; whether it was not there."""
        google = self._client.google
        try:
            self._client.call(
                what,
                lambda: google.create_table(table, **ONCE),
            )
        except AlreadyThereError:
            return False
        return True

    def _make_stage(self, stored: Layout, stage: str) -> None:
        """Make the staging table; one that is there was left by a run that died."""
        table = bigquery.Table(self._reference(stage), _staged(stored))
        table.expires = self._clock.now() + STAGE_LIFE
        table.labels = dict(self._settings.labels)
        what = f"making the staging table of '{stored.place}'"
        if not self._make(table, what):
            self._drop(stage)
            self._make(table, what)

    def _load(self, stored: Layout, stage: str, batch: Batch, name: str) -> None:
        """Load a batch's file into its staging table, in place of what is there."""
        config = bigquery.LoadJobConfig(
            source_format=bigquery.SourceFormat.PARQUET,
            schema=_staged(stored),
            create_disposition=bigquery.CreateDisposition.CREATE_NEVER,
            write_disposition=bigquery.WriteDisposition.WRITE_TRUNCATE,
            labels=dict(self._settings.labels),
        )
        with _file(stored, batch) as file:
            size = file.seek(0, io.SEEK_END)

            def start(job_id: str) -> bigquery.LoadJob:
                return self._client.google.load_table_from_file(
                    file,
                    self._reference(stage),
                    rewind=True,
                    size=size,
                    num_retries=0,
                    job_id=job_id,
                    location=self._jobs.location,
                    job_config=config,
                    timeout=TIMEOUT,
                )

            self._jobs.run(name, start, f"loading rows for '{stored.place}'")

    def _drop(self, place: str) -> None:
        google = self._client.google
        self._client.call(
            f"dropping the table '{place}'",
            lambda: google.delete_table(
                self._reference(place),
                not_found_ok=True,
                **ONCE,
            ),
        )

    def _drop_generations(self, table: Table, keep: str) -> None:
        """Remove what earlier runs left of a replacement, and their staging tables."""
        base = layout(replace(table, generation=0), self._settings).place
        dataset = bigquery.DatasetReference(self._settings.project, self._settings.dataset)
        google = self._client.google
        names = self._client.call(
            f"listing the tables of '{self._settings.dataset}'",
            lambda: [each.table_id for each in google.list_tables(dataset, **ONCE)],
        )
        for name in names:
            if is_generation(name, base) and not name.startswith(keep):
                self._drop(name)


def _new_name() -> str:
    """The name of a job that is no batch's."""
    return f"singer-{uuid4().hex}"


def _file(stored: Layout, batch: Batch) -> BinaryIO:
    """The file to load: the batch's own, unless columns have other names in the table."""
    if not stored.renames:
        return batch.path.open("rb")
    names = [column.name for column in stored.staged]
    return io.BytesIO(parquet(batch.read().rename_columns(names)))


def _staged(stored: Layout) -> list[bigquery.SchemaField]:
    return [
        bigquery.SchemaField(
            column.name, column.staged, mode="REQUIRED" if column.required else "NULLABLE"
        )
        for column in stored.staged
    ]


def _field(column: Column, *, added: bool = False) -> bigquery.SchemaField:
    """A column as a field; one that is added to a table cannot be REQUIRED."""
    return bigquery.SchemaField(
        column.name,
        column.type,
        mode="REQUIRED" if column.required and not added else "NULLABLE",
        description=column.description,
    )


def _missing(stored: Layout, there: bigquery.Table) -> list[Column]:
    """The columns that a table lacks.

    Raises:
        SchemaError: One is there with another type.
    """
    types = {field.name.lower(): _type_of(field) for field in there.schema}
    for column in stored.columns:
        found = types.get(column.name.lower(), column.type)
        if found != column.type:
            raise SchemaError(
                f"column '{column.name}' is {found} in the table '{stored.place}', and "
                f"{column.type} in the SCHEMA",
                "Rename one of them with a stream map, or begin a new table",
            ).at(stored.stream)
    return [column for column in stored.columns if column.name.lower() not in types]


def _type_of(field: bigquery.SchemaField) -> str:
    """A field's type, with what narrows it."""
    of = _OTHER_NAMES.get(field.field_type, field.field_type)
    if field.mode == "REPEATED":
        return f"ARRAY of {of}"
    limits = [each for each in (field.precision, field.scale, field.max_length) if each is not None]
    return f"{of}({', '.join(map(str, limits))})" if limits else str(of)
