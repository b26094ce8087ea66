"""The writer of mode push: rows into a model whose tables can only be appended to and cleared.

Knows how each table is kept right; knows neither HTTP nor limits.

| load | what is sent | when |
| --- | --- | --- |
| `replace` | the table is cleared and sent whole, from the store, if anything in it changed | at the end of a run, dimensions before facts |
| `reversal` | of a changed row the old one with negative amounts, then the new one | with each batch |
| `append` | new rows; one that is there already must be the same | with each batch |

What a batch changes in the store and the requests that it causes are one transaction. So a batch
that comes again changes nothing, and requests that were not sent are sent by the next run.
"""  # noqa: E501 - rows of a table

from __future__ import annotations

import json
import logging
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from loader_core import LoaderError, Outcome, SettingsError, Writer
from target_powerbi import conversions, refresh
from target_powerbi.errors import AmbiguousError, ThrottledError
from target_powerbi.refitting import refitted
from target_powerbi.store import Store
from target_powerbi.stored_rows import stored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader_core import Batch, Table
    from loader_core.clock import Clock
    from target_powerbi.client import Client
    from target_powerbi.mapping import Load, Mapping, TableMap
    from target_powerbi.model import Model
    from target_powerbi.outgoing import Outgoing
    from target_powerbi.settings import Settings
    from target_powerbi.state import State
    from target_powerbi.store import Change

MOST_RESTARTS = 3
"""Of a table in one run, when a request of it has arrived in part."""
_REFRESH = "refresh is due"
_ENCODER = msgspec.json.Encoder(decimal_format="number")

logger = logging.getLogger(__name__)


class PushWriter(Writer):
    """Writes to one push semantic model.

    Args:
        client: Power BI.
        state: What is remembered between runs.
        mapping: Which stream goes where.
        model: The model of the mapping.
        outgoing: The way to it.
        settings: The target's.
        clock: For waiting.
        refreshes: The other dataset is refreshed by this writer.

    Attributes:
        unrefreshed: Why the dataset that is to be refreshed was not, if it was not.
    """

    def __init__(
        self,
        client: Client,
        state: State,
        mapping: Mapping,
        *,
        model: Model,
        outgoing: Outgoing,
        settings: Settings,
        clock: Clock,
        refreshes: bool,
    ) -> None:
        self.unrefreshed: LoaderError | None = None
        self._refreshes = refreshes
        self._client = client
        self._state = state
        self._mapping = mapping
        self._model = model
        self._outgoing = outgoing
        self._settings = settings
        self._clock = clock
        self._store = Store(state)
        self._told: set[tuple[str, ...]] = set()

    def prepare(self, table: Table) -> None:
        """See that rows can go into the table: see `Writer`. The model has it, or is refused."""
        place = self._mapping.of(table.name)
        names = [name for name in table.schema.names if not name.startswith("_")]
        unmapped = tuple(self._mapping.unmapped(table.name, names))
        if (table.name, *unmapped) not in self._told:
            self._told.add((table.name, *unmapped))
            if place is None:
                logger.warning("Stream '%s' has no table in the mapping: left out", table.name)
            elif unmapped:
                logger.info("Stream '%s': not mapped: %s", table.name, ", ".join(unmapped))
        if place is None:
            return
        if lacking := place.lacking(table.schema.names):
            logger.warning("Table '%s': no field for %s", place.name, ", ".join(lacking))
        self._set_up()
        if table.generation:
            with self._state.transaction():
                self._store.begin(place.name, table.generation)

    def write(self, batch: Batch) -> Outcome:
        """Take a batch into the store, and send what can be sent: see `Writer`."""
        table, place = batch.table, self._mapping.of(batch.table.name)
        if place is None:
            return Outcome.ACKNOWLEDGED
        self._set_up()
        rows = batch.read()
        converted = conversions.rows(rows, place)
        for told in converted.told():
            logger.warning("Table '%s', %s (batch '%s')", place.name, told, batch.key[:12])
        data = [_ENCODER.encode(row) for row in converted.rows]
        load = load_of(table, place)
        with self._state.transaction():
            if table.key and table.load_method != "append-only":
                is_new = True
            else:
                is_new = not self._store.taken(batch.key)
                self._store.take(batch.key)
            if is_new:
                new = stored(batch, rows, data)
                fixed = load == "append" and not table.generation
                changes = self._store.merge(
                    place.name, table.generation, new, batch.key, fixed=fixed
                )
                if not table.generation:
                    self._cause(place, load, changes, batch.key)
        if load == "replace" or place.name in self._store.dirty():
            return Outcome.STAGED
        self._drain()
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """Remove rows of older versions: see `Writer`."""
        if place := self._removable(table):
            self._set_up()
            with self._state.transaction():
                changes = self._store.activate(place.name, table.generation, version)
                self._cause(place, load_of(table, place), changes, _new_name())
            self._drain()

    def replace(self, table: Table) -> None:
        """Put a generation in the place of the table, to be sent at the end: see `Writer`."""
        if place := self._mapping.of(table.name):
            self._set_up()
            with self._state.transaction():
                if self._store.replace(place.name, table.generation):
                    self._store.mark_dirty(place.name)

    def trim(self, table: Table, parent: Table) -> None:
        """Remove lines of documents without lines: see `Writer`."""
        of, place = self._mapping.of(parent.name), self._removable(table)
        if place and not of:
            logger.warning(
                "Table '%s': rows of documents that have none left stay, since their stream '%s' "
                "has no table in the mapping",
                place.name,
                parent.name,
            )
        elif place and of:
            self._set_up()
            with self._state.transaction():
                changes = self._store.trim(place.name, table, of.name)
                self._cause(place, load_of(table, place), changes, _new_name())
            self._drain()

    def finish(self) -> None:
        """Send the tables that changed, and have the other dataset refreshed: see `Writer`."""
        if self._outgoing.dataset or self._outgoing.waits() or self._store.dirty():
            self._set_up()
            with self._state.transaction():
                self._send_dirty()
            self._drain()
            self._outgoing.forget_old()
        self._refresh()

    def replay(self, batch: str) -> None:
        """Have a batch of before looked for, and what of it is not there sent again.

        Where its rows went with their whole table, or are no longer kept, that is sent whole.

        Args:
            batch: The beginning of its key.

        Raises:
            SettingsError: It is not known.
        """
        self._set_up()
        sought = self._outgoing.again(batch)
        places = self._store.places_of(batch)
        if not (sought or places):
            raise SettingsError(
                f"the batch '{batch}' is not known, or nothing of it is left",
                "See the target's log for keys of batches",
            )
        with self._state.transaction():
            for place in places - sought:  # its rows went with their whole table
                self._store.mark_dirty(place)

    def close(self) -> None:
        """Let go of connections and the file."""
        self._client.close()
        self._state.close()

    def _set_up(self) -> None:
        """Find or make the model, and send what an earlier run left."""
        if self._outgoing.dataset:
            return
        self._model.open(self._see_that_rows_fit)
        self._outgoing.dataset = self._model.path
        if self._model.is_new:
            self._begin_anew()
        self._drain()

    def _see_that_rows_fit(self) -> None:
        """See that all that is known can be sent to a model as the mapping says it."""
        for place in self._mapping.tables:
            types = _types(place)
            for _, _, data in self._store.rows(place.name):
                refitted(data, types)

    def _begin_anew(self) -> None:
        """Have all sent that is known, since the model holds nothing of it."""
        with self._state.transaction():
            self._outgoing.drop_all()
            for place in self._mapping.tables:
                types = _types(place)
                self._store.refit(place.name, lambda data, of=types: refitted(data, of))  # type: ignore[misc] # a default binds it
                self._store.mark_dirty(place.name)
                if self._model.is_empty:
                    self._outgoing.note_empty(place.name)
            self._model.is_begun()

    def _cause(self, place: TableMap, load: Load, changes: Sequence[Change], batch: str) -> None:
        """Have sent what changes cause."""
        if not changes or place.name in self._store.dirty():
            return  # a dirty table is sent whole
        if load == "replace":
            self._store.mark_dirty(place.name)
            return
        rows = self._reversed(changes, place) if load == "reversal" else _added(changes)
        sent = ((key, batch, data) for key, data in rows)
        self._outgoing.add_rows(place.name, place.stream, batch, sent)
        self._state.note(_REFRESH, "yes")

    def _reversed(self, changes: Sequence[Change], place: TableMap) -> Iterator[tuple[str, bytes]]:
        additive = {column.name for column in place.columns if column.additive}
        for key, old, new in changes:
            if old is not None:
                yield key, negated(old, additive)
            if new is not None:
                yield key, new

    def _send_dirty(self) -> None:
        """Have tables sent whole, in the mapping's order: dimensions before facts."""
        dirty = self._store.dirty()
        for place in self._mapping.tables:
            if place.name in dirty:
                name = _new_name()
                if not self._outgoing.is_empty(place.name):
                    self._outgoing.drop(place.name)
                    self._outgoing.add_clear(place.name, name)
                rows = self._store.rows(place.name)
                self._outgoing.add_rows(place.name, place.stream, name, rows)
                self._store.mark_clean(place.name)
                self._state.note(_REFRESH, "yes")

    def _drain(self) -> None:
        """Send what waits; a table of which a request has arrived in part is sent whole."""
        for _ in range(MOST_RESTARTS):
            try:
                self._outgoing.drain()
            except AmbiguousError as error:
                place = self._mapping.table(error.place or "")
                if place is None:
                    raise
                logger.warning("%s; sending the table anew", error.what)
                with self._state.transaction():
                    self._store.mark_dirty(place.name)
                    self._send_dirty()
            else:
                return
        self._outgoing.drain()

    def _removable(self, table: Table) -> TableMap | None:
        """The table of a stream whose rows can be removed."""
        place = self._mapping.of(table.name)
        if place and load_of(table, place) == "append":
            logger.warning(
                "Table '%s' is appended to: rows that are gone at the source stay", place.name
            )
            return None
        return place

    def _refresh(self) -> None:
        """Have the other dataset refreshed, if rows were sent since it was."""
        other = self._settings.refresh_dataset_id
        if not self._refreshes or not other or not self._state.noted(_REFRESH):
            return
        try:
            refresh.refresh(self._client, self._settings, self._clock, other)
        except ThrottledError as error:
            logger.warning("%s; the next run asks again", error.what)
        except LoaderError as error:
            self.unrefreshed = error
        else:
            self._state.note(_REFRESH)


def _types(place: TableMap) -> dict[str, str]:
    return {column.name: column.type for column in place.columns}


def load_of(table: Table, place: TableMap) -> Load:
    """How a stream's table is kept right."""
    if table.generation:
        return "replace"
    if not table.key or table.load_method == "append-only":
        return "append"
    return place.load_method


def negated(data: bytes, columns: set[str]) -> bytes:
    """A row with the negative of some of its numbers."""
    row: dict[str, Any] = json.loads(data, parse_float=Decimal)
    for name in columns:
        if row.get(name):
            row[name] = -row[name]
    return _ENCODER.encode(row)


def _added(changes: Sequence[Change]) -> Iterator[tuple[str, bytes]]:
    return ((key, new) for key, _, new in changes if new is not None)


def _new_name() -> str:
    """What requests are sent for that no batch has caused."""
    return uuid4().hex
