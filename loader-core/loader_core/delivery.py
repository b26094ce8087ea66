"""From closed batches to acknowledged ones, and STATE after them, on a thread of its own.

Knows the order of things: a batch is in the outbox before the destination is called, what was left
by an earlier run goes first, and a STATE is written when all that came before it is acknowledged.
Knows neither messages nor destinations. Only this thread touches the outbox, the rejects file, the
writer and stdout; the main thread decodes the next batch meanwhile. There is one such thread, so
batches stay in order.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace
from queue import Queue
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

import pyarrow as pa

from loader_core import rejects
from loader_core.batches import last_per_key
from loader_core.errors import InputError, LoaderError, LostAnswerError, RejectedError
from loader_core.outbox import Entry, State
from loader_core.tables import BATCHED_AT, SEQUENCE, STARTED_AT
from loader_core.writer import Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from loader_core.clock import Clock
    from loader_core.durable import Disk
    from loader_core.messages import StateOutput
    from loader_core.outbox import Outbox
    from loader_core.tables import Table
    from loader_core.writer import Writer

WAITING = 1
"""Steps that may wait, beside the one that is being done: each can hold a batch in memory."""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Prepare:
    """Make a table ready."""

    table: Table


@dataclass(frozen=True, slots=True)
class Write:
    """Write rows.

    Attributes:
        table: Of which table.
        rows: All columns but those that are the same for the whole batch.
        began_at: When the batch was opened, UTC.
    """

    table: Table
    rows: pa.Table
    began_at: datetime


@dataclass(frozen=True, slots=True)
class Reject:
    """Note rows that were rejected on the way."""

    rejects: Sequence[rejects.Reject]


@dataclass(frozen=True, slots=True)
class Activate:
    """Remove rows of older versions."""

    table: Table
    version: int


@dataclass(frozen=True, slots=True)
class Replace:
    """Put a generation in the place of its table."""

    table: Table


@dataclass(frozen=True, slots=True)
class Trim:
    """Remove lines of documents that have none left."""

    table: Table
    parent: Table


@dataclass(frozen=True, slots=True)
class Keep:
    """Write a STATE once all before it is acknowledged."""

    value: bytes


@dataclass(frozen=True, slots=True)
class Finish:
    """Publish what is staged.

    Attributes:
        whole: The input ended well; else nothing is published.
    """

    whole: bool


Step: TypeAlias = Prepare | Write | Reject | Activate | Replace | Trim | Keep | Finish


class Delivery:
    """Does steps one after the other, on a thread of its own.

    Args:
        writer: The destination.
        outbox: Where batches wait.
        disk: For the rejects file.
        output: For STATE.
        clock: For the time in rejects.
        started_at: Start of the run, milliseconds since 1970.
        keeps_rejected: Write rejected records themselves to the rejects file.

    Attributes:
        rejected: How many rows were rejected in this run.
        missing_keys: Some of them had no key.
    """

    def __init__(
        self,
        writer: Writer,
        outbox: Outbox,
        disk: Disk,
        output: StateOutput,
        clock: Clock,
        *,
        started_at: int,
        keeps_rejected: bool,
    ) -> None:
        self.rejected = 0
        self.missing_keys = False
        self._writer = writer
        self._outbox = outbox
        self._disk = disk
        self._output = output
        self._clock = clock
        self._started_at = started_at
        self._keeps_rejected = keeps_rejected
        self._prepared: dict[str, Table] = {}
        self._staged: list[Entry] = []
        self._generations: set[str] = set()
        self._held: bytes | None = None
        self._steps: Queue[Step | None] = Queue(WAITING)
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="delivery", daemon=True)

    def start(self) -> None:
        """Write what an earlier run left; then begin with the steps.

        Raises:
            LoaderError: It cannot be written now.
        """
        for entry in self._outbox.left():
            logger.info("Batch '%s' was left by an earlier run; writing it now", entry.name)
            self._resume(entry)
        self._thread.start()

    def put(self, step: Step) -> None:
        """Have a step done after those before; waits while too much is waiting already.

        Raises:
            LoaderError: A step before it failed.
        """
        self._steps.put(step)
        self.raise_failure()

    def end(self) -> None:
        """Wait until all steps are done.

        Raises:
            LoaderError: One of them failed.
        """
        if self._thread.is_alive():
            self._steps.put(None)
            self._thread.join()
        self.raise_failure()

    def raise_failure(self) -> None:
        """Tell of a step that failed, so that no more is read from the tap.

        Raises:
            LoaderError: What it failed of.
        """
        if self._failure is not None:
            raise self._failure

    def _run(self) -> None:
        while (step := self._steps.get()) is not None:
            if self._failure is not None:
                continue  # so that whoever puts steps does not wait for ever
            try:
                self._do(step)
            except BaseException as error:  # noqa: BLE001 - raised in the main thread
                self._failure = error
            del step

    def _do(self, step: Step) -> None:
        match step:
            case Prepare(table):
                self._prepare(table)
            case Write(table, rows, began_at):
                self._write(table, rows, began_at)
            case Reject(found):
                self._note(found)
            case Activate(table, version):
                self._told(table, lambda: self._writer.activate(table, version))
            case Replace(table):
                self._prepare(table)
                self._told(table, lambda: self._writer.replace(table))
                self._generations.discard(table.name)
            case Trim(table, parent):
                # Of tables that are to be replaced, only those of which rows came are there
                new = (each.name for each in (table, parent) if each.generation)
                if self._generations.issuperset(new):
                    self._told(table, lambda: self._writer.trim(table, parent))
            case Keep(value):
                self._keep(value)
            case Finish(whole):
                self._finish(whole=whole)

    def _told(self, table: Table, call: Callable[[], None]) -> None:
        try:
            call()
        except LoaderError as error:
            raise error.at(table.name) from None

    def _prepare(self, table: Table) -> None:
        """Make a table ready, unless it is."""
        if self._prepared.get(table.name) == table:
            return
        self._told(table, lambda: self._writer.prepare(table))
        self._prepared[table.name] = table
        if table.generation:
            self._generations.add(table.name)

    def _write(self, table: Table, rows: pa.Table, began_at: datetime) -> None:
        self._prepare(table)
        sequence = self._outbox.next_sequence()
        rows = last_per_key(rows, table)
        same = {SEQUENCE: sequence, BATCHED_AT: began_at, STARTED_AT: self._started_at}
        columns = [
            pa.repeat(pa.scalar(same[field.name], field.type), rows.num_rows)
            if field.name in same
            else rows[field.name]
            for field in table.schema
        ]
        rows = pa.Table.from_arrays(columns, schema=table.schema)
        self._deliver(self._outbox.add(table, rows, sequence))

    def _resume(self, entry: Entry) -> None:
        """Write a batch of an earlier run, unless it has arrived."""
        table = entry.batch.table
        self._prepare(table)
        if entry.state is State.PENDING:
            self._deliver(entry)
            return
        outcome = self._settle(entry)
        if outcome is Outcome.ABSENT:
            self._outbox.move(entry, State.PENDING)
            self._deliver(entry)
        else:
            self._arrived(entry, outcome)

    def _deliver(self, entry: Entry) -> None:
        started = time.monotonic()
        self._outbox.move(entry, State.UNKNOWN)
        try:
            outcome = self._send(entry)
        except RejectedError as error:
            self._refused(entry, error)
            return
        self._arrived(entry, outcome)
        logger.info(
            "Stream '%s': %d rows %s in %.1f s (batch '%s')",
            entry.batch.table.name,
            entry.batch.rows,
            outcome.value,
            time.monotonic() - started,
            entry.name,
        )

    def _send(self, entry: Entry) -> Outcome:
        """Write a batch; after a lost answer, once more, if it has not arrived."""
        try:
            try:
                return self._writer.write(entry.batch)
            except LostAnswerError:
                logger.warning("Batch '%s': no answer; asking what became of it", entry.name)
            outcome = self._writer.settle(entry.batch)
            if outcome is not Outcome.ABSENT:
                return outcome
            self._outbox.move(entry, State.PENDING)
            self._outbox.move(entry, State.UNKNOWN)
            return self._writer.write(entry.batch)
        except LoaderError as error:
            raise error.at(entry.batch.table.name, entry.name) from None

    def _settle(self, entry: Entry) -> Outcome:
        try:
            return self._writer.settle(entry.batch)
        except LoaderError as error:
            raise error.at(entry.batch.table.name, entry.name) from None

    def _arrived(self, entry: Entry, outcome: Outcome) -> None:
        entry.batch = replace(entry.batch, data=None)
        if outcome is Outcome.STAGED:
            self._staged.append(entry)
        else:
            self._outbox.move(entry, State.ACKNOWLEDGED)
            self._outbox.drop(entry)

    def _refused(self, entry: Entry, error: RejectedError) -> None:
        """Write refused rows to the rejects file, and the others as a batch of their own."""
        table, rows = entry.batch.table, entry.batch.read()
        places = sorted(error.rows)
        now = self._clock.now()
        refused = rows.take(places).to_pylist()
        self._note(
            [
                rejects.of_row(
                    table.name, row, table.key, error.rows[place], now, keep=self._keeps_rejected
                )
                for place, row in zip(places, refused, strict=True)
            ]
        )
        others = [place for place in range(rows.num_rows) if place not in error.rows]
        part = None
        if others:
            sequence = self._outbox.next_sequence()
            part = self._outbox.add(table, rows.take(others), sequence, replaces=entry)
        self._outbox.move(entry, State.REJECTED)
        self._outbox.drop(entry)
        if part:
            self._deliver(part)

    def _note(self, found: Sequence[rejects.Reject]) -> None:
        self._disk.append(self._outbox.rejects, rejects.lines(found))
        self.rejected += len(found)
        self.missing_keys |= any(reject.missing_key for reject in found)

    def _keep(self, value: bytes | None) -> None:
        """Write a STATE, or hold it while what came before is staged or not yet in place."""
        if self._staged or self._generations:
            self._held = value
        elif value is not None:
            self._output.write(value)
            self._held = None

    def _finish(self, *, whole: bool) -> None:
        if not whole:
            if self._staged:
                raise InputError(
                    "the input did not end at a STATE, so nothing of it is published",
                    "See the tap's log, and run it again: the next run publishes what waits too",
                )
            return
        self._writer.finish()
        for entry in self._staged:
            self._outbox.move(entry, State.ACKNOWLEDGED)
            self._outbox.drop(entry)
        self._staged.clear()
        self._keep(self._held)
