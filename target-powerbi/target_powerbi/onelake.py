"""The writer of mode onelake: batches merged into Delta tables, so that a replay changes nothing.

Knows the order of steps, and that each can be done again:

| step | the process ends after it | the next run |
| --- | --- | --- |
| files of a commit | files that no table knows, which maintenance removes | makes the commit |
| the commit of the rows | rows | merges them once more: nothing changes, no commit is made |
| the commit that removes older lines | the same | as above |
| the refresh of the model | rows | sees that the versions are not those that were shown |

A batch is acknowledged after its commits.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from deltalake import Schema, write_deltalake

from loader_core import DestinationError, LoaderError, Outcome, SchemaError, Writer
from loader_core.tables import DELETED_AT, VERSION
from target_powerbi import merging
from target_powerbi.lake import ONE_TRY, of_batch
from target_powerbi.lake_layout import BATCH_KEY, Layout, layout

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from deltalake import DeltaTable

    from loader_core import Batch, Table
    from loader_core.clock import Clock
    from target_powerbi.lake import Lake
    from target_powerbi.mapping import Mapping

logger = logging.getLogger(__name__)


class OneLakeWriter(Writer):
    """Writes to the tables of one lakehouse.

    Args:
        lake: The lakehouse.
        mapping: Which stream becomes which table.
        clock: For the time at which rows are gone.
        after: Called with the names of all tables of this run when all is written: maintenance
            and the refresh of the model.
        keeps_unmapped: Streams without a mapping are stored with their own columns; else they are
            left out, which is said.

    Attributes:
        unfinished: Why what follows the last table was not done, if it was not: the rows are there.
    """

    def __init__(
        self,
        lake: Lake,
        mapping: Mapping,
        clock: Clock,
        after: Callable[[list[str]], None] | None = None,
        *,
        keeps_unmapped: bool = False,
    ) -> None:
        self.unfinished: LoaderError | None = None
        self._lake = lake
        self._mapping = mapping
        self._clock = clock
        self._after = after
        self._keeps_unmapped = keeps_unmapped
        self._streams: dict[str, str] = {}
        self._stored: set[str] = set()
        self._left_out: set[str] = set()

    def prepare(self, table: Table) -> None:
        """Make the table, or add columns: see `Writer`."""
        if self._leaves_out(table):
            return
        stored = layout(table, self._mapping)
        other = self._streams.setdefault(stored.name.lower(), table.name)
        if other != table.name:
            raise SchemaError(
                f"the streams '{other}' and '{table.name}' would both be stored as '{stored.name}'",
                "Rename one of them with a stream map",
            ).at(table.name)
        self._stored.add(stored.name)
        if table.generation:
            self._drop_generations(stored, keep=str(table.generation))
        self._tell(table, stored)
        self._fit(stored, self._address(stored, table), keeps_rows=True)

    def write(self, batch: Batch) -> Outcome:
        """Write a batch: see `Writer`, and the steps above."""
        if self._leaves_out(batch.table):
            return Outcome.ACKNOWLEDGED
        stored = layout(batch.table, self._mapping)
        rows, address = stored.rows(batch), self._address(stored, batch.table)
        if stored.only_adds:
            self._lake.commit(
                f"adding rows to '{stored.name}'",
                lambda: self._add(stored, address, rows, batch.key),
            )
            return Outcome.ACKNOWLEDGED
        self._lake.commit(
            f"merging into '{stored.name}'",
            lambda: merging.upsert(self._there(stored, address), rows, stored, batch.key),
        )
        if stored.document_key:
            self._lake.commit(
                f"removing older lines from '{stored.name}'",
                lambda: self._remove_older_lines(stored, address, rows),
            )
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        if self._leaves_out(table):
            return
        stored = layout(table, self._mapping)
        address = self._address(stored, table)
        column = merging.quoted(VERSION)
        old = f"({column} < {version} OR {column} IS NULL)"

        def change() -> None:
            there = self._there(stored, address)
            if stored.marks:
                marked = f"{old} AND {merging.quoted(DELETED_AT)} IS NULL"
                there.update(
                    {merging.quoted(DELETED_AT): merging.moment(self._clock.now())},
                    predicate=marked,
                    commit_properties=ONE_TRY,
                )
            else:
                there.delete(old, commit_properties=ONE_TRY)

        self._lake.commit(f"removing old versions from '{stored.name}'", change)

    def replace(self, table: Table) -> None:
        """Put a generation in the place of its table, in one commit: see `Writer`."""
        if self._leaves_out(table):
            return
        stored = layout(table, self._mapping)
        staged, address = self._address(stored, table), self._lake.place.table(stored.name)
        self._fit(stored, address, keeps_rows=False)

        def change() -> None:
            new = self._there(stored, staged)
            columns = ", ".join(merging.quoted(name) for name in stored.schema.names)
            write_deltalake(
                self._there(stored, address),
                merging.reader(new, f"SELECT {columns} FROM t"),  # noqa: S608 - quoted names
                mode="overwrite",
                schema_mode="merge",
                commit_properties=ONE_TRY,
            )

        self._lake.commit(f"replacing '{stored.name}'", change)
        self._drop_generations(stored, keep="")

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        if self._leaves_out(table) or self._leaves_out(parent) or table.document is None:
            return
        stored, parents = (layout(each, self._mapping) for each in (table, parent))
        lines, documents = (self._lake.place.table(each.name) for each in (stored, parents))
        wanted = (*table.document.key, table.document.version)
        columns = [parents.names.get(name) for name in wanted]
        missing = [name for name, column in zip(wanted, columns, strict=True) if column is None]
        if missing:
            raise SchemaError(
                f"lines without a document cannot be found, since the table '{parents.name}' has "
                f"no column for {', '.join(missing)}",
                f"Add to the mapping of '{parent.name}' columns with these fields, of their types",
            ).at(table.name)

        def change() -> None:
            there, of = self._lake.open(lines), self._lake.open(documents)
            if there is None or of is None:
                return
            found = self._lake.query(
                merging.empty_documents(stored, [str(name) for name in columns]), t=there, p=of
            )
            merging.remove(there, found, stored, self._clock.now())

        self._lake.commit(f"removing lines of empty documents from '{stored.name}'", change)

    def finish(self) -> None:
        """Have the tables looked after and the model refreshed, once for all tables.

        A fault in that holds neither rows nor STATE back, and the next run does it.
        """
        try:
            if self._after:
                self._after(sorted(self._stored))
        except LoaderError as error:
            self.unfinished = error

    def _leaves_out(self, table: Table) -> bool:
        """Whether a stream goes nowhere; said once."""
        if self._keeps_unmapped or self._mapping.of(table.name):
            return False
        if table.name not in self._left_out:
            self._left_out.add(table.name)
            logger.warning(
                "Stream '%s' is not in the mapping: its rows are not loaded. Deselect it in the "
                "tap, or add a table for it to the mapping file",
                table.name,
            )
        return True

    def _tell(self, table: Table, stored: Layout) -> None:
        """Say which fields go nowhere, and which columns stay empty."""
        if stored.mapped is None:
            return
        fields = table.schema.names
        kept = set(stored.sources.values())
        unused = [name for name in self._mapping.unmapped(table.name, fields) if name not in kept]
        if unused:
            logger.info("Stream '%s': not mapped: %s", table.name, ", ".join(unused))
        if empty := stored.mapped.lacking(fields):
            logger.warning(
                "Table '%s': the stream '%s' has no fields for %s, which stay empty",
                stored.name,
                table.name,
                ", ".join(empty),
            )

    def _address(self, stored: Layout, table: Table) -> str:
        """Where rows are written: the table, or what is to take its place."""
        place = self._lake.place
        if table.generation:
            return f"{place.staging(stored.name)}/{table.generation}"
        return place.table(stored.name)

    def _there(self, stored: Layout, address: str) -> DeltaTable:
        """A table that was prepared.

        It is never made anew here: what is left of a run whose table somebody removes would pass
        for all of it, and a generation without its first batches would replace a whole table.

        Raises:
            DestinationError: It is gone.
        """
        there = self._lake.open(address)
        if there is None:
            raise DestinationError(
                f"the table '{stored.name}' was removed while it was being loaded",
                "See who removes tables of the lakehouse, and run the tap with --full-refresh",
            )
        return there

    def _fit(self, stored: Layout, address: str, *, keeps_rows: bool) -> None:
        """Make a stored table, or add the columns that it lacks.

        Args:
            stored: How it is stored.
            address: Where it is.
            keeps_rows: New rows are to find those that are there.

        Raises:
            SchemaError: A column is there with another type, or rows would not be found.
        """
        if self._lake.open(address) is None:
            self._lake.create(address, stored.schema)

        def change() -> None:
            there = self._there(stored, address)
            missing = _missing(stored, there)
            if keeps_rows:
                _check_found(stored, there, {field.name for field in missing})
            if missing:
                there.alter.add_columns(missing, commit_properties=ONE_TRY)

        self._lake.commit(f"adding columns to '{stored.name}'", change)

    def _add(self, stored: Layout, address: str, rows: pa.Table, key: str) -> None:
        """Add the rows of a batch, unless they are there."""
        there = self._there(stored, address)
        sql = f"SELECT 1 AS n FROM t WHERE {merging.quoted(BATCH_KEY)} = '{key}' LIMIT 1"  # noqa: S608 - a hash
        if self._lake.query(sql, t=there).num_rows:
            return
        # If a commit of the same batch is still under way, only one of the two follows this version
        write_deltalake(
            there, rows, mode="append", schema_mode="merge", commit_properties=of_batch(key)
        )

    def _remove_older_lines(self, stored: Layout, address: str, rows: pa.Table) -> None:
        there = self._there(stored, address)
        found = self._lake.query(merging.older_lines(stored, rows), t=there)
        merging.remove(there, found, stored, self._clock.now())

    def _drop_generations(self, stored: Layout, keep: str) -> None:
        """Remove what earlier runs left of a replacement."""
        for generation in self._lake.staged(stored.name):
            if generation != keep:
                self._lake.unstage(stored.name, generation)


def _missing(stored: Layout, there: DeltaTable) -> list[Any]:
    """The columns that a table lacks.

    Raises:
        SchemaError: One is there with another type.
    """
    found = {field.name.lower(): field for field in there.schema().fields}
    missing = []
    for wanted in Schema.from_arrow(stored.schema).fields:
        other = found.get(wanted.name.lower())
        if other is None:
            missing.append(wanted)
        elif other.name != wanted.name or other.type != wanted.type:
            raise SchemaError(
                f"column '{wanted.name}' is {_type(other)} in the table '{stored.name}', and "
                f"{_type(wanted)} in the mapping or the SCHEMA",
                "Give it another name in the mapping file, or begin a new table",
            ).at(stored.stream)
    return missing


def _check_found(stored: Layout, there: DeltaTable, missing: set[str]) -> None:
    """See that new rows find the rows whose place they take.

    Raises:
        SchemaError: The rows that are there lack columns by which they are found, as after a
            change of the mapping that names such a column otherwise: each would stay, doubled.
    """
    lost = sorted({*stored.key, *stored.document_key, stored.document_version} & missing)
    if lost and there.count():
        raise SchemaError(
            f"the rows of the table '{stored.name}' have no {', '.join(lost)}, by which new rows "
            "find those whose place they take",
            "Give the columns the names of before in the mapping file; or replace the table: one "
            "run with 'load_method' overwrite and the tap's --full-refresh",
        ).at(stored.stream)


def _type(field: Any) -> str:  # noqa: ANN401 - delta-rs does not say
    return f"'{field.name}' {getattr(field.type, 'type', field.type)}"
