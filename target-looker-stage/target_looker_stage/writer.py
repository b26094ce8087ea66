"""The writer: batches are staged as they come, and all become visible in one transaction.

Knows the order of things. With `publish: run`:

| step | the process ends, or the connection, after it | the next run |
| --- | --- | --- |
| the batch is copied into a temporary table | nothing: it went with the session | copies it again |
| the transaction of `finish` has begun | the same; readers see what they saw | as above |
| it is committed, with each batch's key | tonight, whole | finds the keys, and goes on |

With `publish: stream` each batch has a transaction of its own, with its key in it.

Batches are staged in temporary tables: they are the session's own, so nobody can read them or be
granted them, nothing is left of a run that dies, and they are not written twice for recovery.
"""

from __future__ import annotations

import logging
import uuid
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow.compute as pc

from loader_core import LoaderError, Outcome, RejectedError, SchemaError, Writer
from target_looker_stage import rows, statements
from target_looker_stage.audit import PERIODS, Audit
from target_looker_stage.layout import OWN, layout
from target_looker_stage.session import BadRowError
from target_looker_stage.statements import TEMPORARY
from target_looker_stage.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    import pyarrow as pa

    from loader_core import Batch, Table
    from target_looker_stage.layout import Column, Layout
    from target_looker_stage.session import Session
    from target_looker_stage.settings import Settings

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Came:
    """What has come of a stream in this run.

    Attributes:
        layout: How its table is stored.
        received: Rows.
        merged: Rows that were added or changed.
        read_at: When the first and the last of them were read.
        modified: The newest change among them.
    """

    layout: Layout
    received: int = 0
    merged: int = 0
    read_at: list[datetime] = field(default_factory=list)
    modified: list[datetime] = field(default_factory=list)


class StagingWriter(Writer):
    """Writes to the tables of one schema.

    Args:
        session: The connection of this run.
        settings: Where to, and how.

    Attributes:
        load_id: Number of this load.
        committed: Its rows are visible, with their audit.
    """

    def __init__(self, session: Session, settings: Settings) -> None:
        self._session = session
        self._settings = settings
        self._staging = settings.publish == "run"
        self._tables = Tables(session, settings)
        self._audit = Audit(settings.schema)
        self._plan: list[Callable[[], None]] = []
        self._staged: set[str] = set()
        self._streams: dict[str, Came] = {}
        self._merged: dict[Layout, list[str]] = {}
        self._began_empty: dict[str, bool] = {}
        self._loads = 0
        self.committed = False
        session.lock()
        self._tables.set_up(self._audit.create())
        session.run(self._audit.give_up_others(), what="noting loads that were given up")
        run_id = str(uuid.uuid4())
        begun = session.run(
            self._audit.begin(), [run_id, settings.publish], what="noting that the load begins"
        )
        self.load_id = int(begun[0][0])
        logger.info("Load %d (run '%s') into '%s'", self.load_id, run_id, settings.place)

    @property
    def layouts(self) -> list[Layout]:
        """How the tables of this run are stored."""
        return [came.layout for came in self._streams.values()]

    def prepare(self, table: Table) -> None:
        """Make the table, or add columns: see `Writer`."""
        stored = layout(table, self._settings)
        came = self._streams.setdefault(stored.table, Came(stored))
        if came.layout.stream != table.name:
            raise SchemaError(
                f"the streams '{came.layout.stream}' and '{table.name}' would both be stored as "
                f"'{stored.table}'",
                "Rename one of them with a stream map",
            ).at(table.name)
        came.layout = stored
        self._tables.fit(stored)

    def write(self, batch: Batch) -> Outcome:
        """Stage a batch, or publish it: see `Writer`.

        One that was committed is merged again, which changes nothing unless somebody has removed
        its rows: a replay brings them back.
        """
        if batch.key in self._staged:
            return Outcome.STAGED
        stored = layout(batch.table, self._settings)
        self._loads += 1
        load, data = statements.whole(TEMPORARY, f"_load_{self._loads}"), batch.read()
        light = replace(batch, data=None)  # rows must not stay in memory until the end
        with self._session.transaction(f"staging a batch for '{stored.table}'"):
            self._copy(data, stored, load, batch.key)
            if not self._staging:
                self._merge(light, stored, load)
                self._tidy()
        self._note(data, stored)
        if not self._staging:
            return Outcome.ACKNOWLEDGED
        self._staged.add(batch.key)
        self._plan.append(partial(self._merge, light, stored, load))
        return Outcome.STAGED

    def settle(self, batch: Batch) -> Outcome:
        """Look whether a batch was committed: its key was, in the same transaction."""
        seen = self._session.run(
            self._audit.has_batch(), [batch.key], what="looking whether a batch was committed"
        )
        return Outcome.ACKNOWLEDGED if seen else Outcome.ABSENT

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        stored = layout(table, self._settings)
        sql = statements.activate(stored, self._tables.place(stored), version, self.load_id)
        self._change(stored, sql, f"removing old versions from '{stored.table}'")

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        stored, documents = layout(table, self._settings), layout(parent, self._settings)
        if not stored.document:
            raise ValueError("only lines are trimmed")
        places = (self._tables.place(stored), self._tables.place(documents))
        sql = statements.trim(stored, stored.document, *places, self.load_id)
        self._change(stored, sql, f"removing lines of empty documents from '{stored.table}'")

    def replace(self, table: Table) -> None:
        """Put a generation in the place of its table's rows: see `Writer`."""
        new, stored = (layout(of, self._settings) for of in (table, replace(table, generation=0)))
        self._do(partial(self._replace, new, stored), f"replacing the rows of '{stored.table}'")

    def finish(self) -> None:
        """Publish what is staged, with its audit: see `Writer`."""
        with self._session.transaction(f"publishing load {self.load_id}"):
            for step in self._plan:
                step()
            self._tidy()
            self._tables.make_indexes(self.layouts)
            for came in self._streams.values():
                self._note_stream(came)
            self._session.run(self._audit.commit(self.load_id), what="noting the load")
        self.committed = True
        self._plan.clear()
        self._staged.clear()

    def close(self) -> None:
        """End the session; what is staged and not published goes with it."""
        if not self.committed:
            try:
                self._session.run(self._audit.fail(self.load_id), what="noting the failed load")
            except LoaderError as error:
                logger.debug("The next run notes it: %s", error)
        self._session.close()

    def _copy(self, data: pa.Table, stored: Layout, load: str, batch_key: str) -> None:
        what = f"copying a batch for '{stored.table}'"
        sql = statements.create_load_table(load, self._tables.place(stored), stored)
        self._session.run(sql, what=what)
        try:
            lines = rows.copied(data, stored, batch_key)
            self._session.copy(statements.copy(load), lines, what=what)
        except BadRowError as error:
            raise RejectedError({error.place: f"the warehouse says {error.name}"}) from None

    def _merge(self, batch: Batch, stored: Layout, load: str) -> None:
        """Put a staged batch into its table, and note it, in the transaction that is open.

        While a table that was empty when the load began has not seen a key twice, rows are
        inserted without asking what each may take the place of: first loads are the large ones.
        """
        place, what = self._tables.place(stored), f"merging into '{stored.table}'"
        session, came = self._session, self._streams[stored.table]
        if place not in self._began_empty:
            ((self._began_empty[place],),) = session.run(statements.is_empty(place), what=what)
        changed = None
        if self._began_empty[place]:
            sql = statements.insert(stored, place, load, self.load_id)
            changed = session.insert(sql, what=what)
            self._began_empty[place] = changed is not None
        if changed is None:
            sql = statements.merge(stored, place, load, self.load_id)
            changed = session.change(sql, what=what)
        came.merged += changed
        values = [batch.key, self.load_id, stored.stream, batch.rows]
        session.run(self._audit.note_batch(), values, what="noting a batch")
        self._merged.setdefault(stored, []).append(load)

    def _tidy(self) -> None:
        """Remove older lines of the documents that were merged, all batches of a table at once."""
        for stored, loads in self._merged.items():
            what = f"removing older lines from '{stored.table}'"
            if stored.document:
                place = self._tables.place(stored)
                of = [] if self._staging and self._began_empty[place] else loads
                sql = statements.remove_older_lines(
                    stored, stored.document, place, of, self.load_id
                )
                self._session.change(sql, what=what)
            for load in loads:
                self._session.run(statements.drop_load_table(load), what=what)
        self._merged.clear()

    def _replace(self, new: Layout, stored: Layout) -> None:
        what = f"replacing the rows of '{stored.table}'"
        place, by = self._tables.place(stored), self._tables.place(new)
        self._session.change(statements.delete_all(place), what=what)
        self._session.change(statements.insert(stored, place, by, self.load_id), what=what)
        self._session.change(statements.delete_all(by), what=what)

    def _change(self, stored: Layout, sql: str, what: str) -> None:
        """Change rows of a table, when its turn comes."""

        def change() -> None:
            self._session.change(sql, what=what)

        self._streams.setdefault(stored.table, Came(stored))
        self._do(change, what)

    def _do(self, step: Callable[[], None], what: str) -> None:
        """Do a step when all that was staged before it is done: now, or in `finish`."""
        if self._staging:
            self._plan += [self._tidy, step]
            return
        with self._session.transaction(what):
            step()

    def _note(self, data: pa.Table, stored: Layout) -> None:
        """Keep in mind what has come."""
        came = self._streams[stored.table]
        came.received += data.num_rows
        came.read_at = _range(data, stored.read_at, came.read_at)
        came.modified = _range(data, stored.version, came.modified)

    def _note_stream(self, came: Came) -> None:
        """Write down what has come of a stream, and what its table adds up to."""
        stored = replace(came.layout, generation=0)
        place, what = self._tables.place(stored), f"adding up '{stored.table}'"
        sql = statements.control_totals(stored, place, PERIODS)
        ((current, totals),) = self._session.run(sql, what=what)
        self._session.run(
            self._audit.note_stream(),
            [
                self.load_id,
                stored.stream,
                stored.table,
                came.received,
                came.merged,
                current,
                came.read_at[0] if came.read_at else None,
                came.read_at[-1] if came.read_at else None,
                came.modified[-1] if came.modified else None,
                totals,
            ],
            what="noting a stream",
        )
        columns = [*stored.columns, *OWN]
        self._session.run(
            self._audit.note_table(),
            [stored.table, stored.stream, stored.key, msgspec.json.encode(columns).decode()],
            what="noting a table",
        )


def _range(data: pa.Table, column: Column | None, before: list[Any]) -> list[Any]:
    """The least and the greatest value of a column, those before included."""
    if column is None:
        return before
    found = pc.min_max(data[column.source]).as_py()
    values = [value for value in (*before, found["min"], found["max"]) if value is not None]
    return [min(values), max(values)] if values else []
