"""Batches while they fill: records of a stream become Arrow columns, a piece at a time.

Knows records and tables; knows neither the outbox nor other streams. A piece is converted when it
is large enough for that to be cheap and small enough to be warm, so what a batch holds is mostly
Arrow's compact columns, not objects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa

from loader_core import rejects
from loader_core.errors import InputError
from loader_core.records import NotFittingError, Reader, utc_times
from loader_core.tables import DELETED_AT, EXTRACTED_AT, RECEIVED_AT, VERSION

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from msgspec import Raw

    from loader_core.clock import Clock
    from loader_core.messages import Message
    from loader_core.rejects import Reject
    from loader_core.tables import Table

PIECE_ROWS, PIECE_BYTES = 1000, 4_000_000
"""A piece is converted when it has as much."""


class OpenBatch:
    """The rows of one table that have come since its last batch was closed.

    Args:
        table: The table.
        reader: For the stream's records.
        clock: For when the batch began.
        keeps_rejected: Rejects are to hold the record itself.

    Attributes:
        number: Tells it from other batches of this run.
        rows: Records taken, rejected ones included.
        opened_at: When its first record came, on the monotonic clock.
        began_at: The same, UTC.
        rejected: Rows that do not fit, until someone takes them.
    """

    def __init__(
        self, number: int, table: Table, reader: Reader, clock: Clock, *, keeps_rejected: bool
    ) -> None:
        self.number = number
        self.table = table
        self.rows = 0
        self.opened_at = clock.monotonic()
        self.began_at = clock.now()
        self.rejected: list[Reject] = []
        self._reader = reader
        self._clock = clock
        self._keeps_rejected = keeps_rejected
        self._waiting: list[Message] = []
        self._waiting_bytes = 0
        self._pieces: list[pa.RecordBatch] = []
        self._piece_bytes = 0

    @property
    def bytes(self) -> int:
        """About what it holds in memory."""
        return self._waiting_bytes + self._piece_bytes

    def add(self, messages: Sequence[Message]) -> None:
        """Take RECORD messages."""
        self.rows += len(messages)
        self._waiting += messages
        self._waiting_bytes += sum(len(message.record) for message in messages)
        if len(self._waiting) >= PIECE_ROWS or self._waiting_bytes >= PIECE_BYTES:
            self._convert()

    def close(self) -> pa.Table | None:
        """The rows that fit, but for the columns that are the same for all; `None` if none do."""
        if self._waiting:
            self._convert()
        return pa.Table.from_batches(self._pieces) if self._pieces else None

    def _convert(self) -> None:
        messages, self._waiting, self._waiting_bytes = self._waiting, [], 0
        raws: list[Raw] = [message.record for message in messages]
        arrays, places, faults = self._reader.read(raws)
        now = self._clock.now()
        for fault in faults:
            self.rejected.append(
                rejects.of_record(
                    self.table.name,
                    raws[fault.place],
                    self.table.key,
                    fault.reason,
                    now,
                    keep=self._keeps_rejected,
                )
            )
        if places:
            taken = messages if len(places) == len(messages) else [messages[p] for p in places]
            columns = dict(zip(self._reader.names, arrays, strict=True))
            columns |= self._added(taken, now)
            piece = pa.RecordBatch.from_pydict(columns)
            self._pieces.append(piece)
            self._piece_bytes += piece.nbytes

    def _added(self, messages: Sequence[Message], now: datetime) -> dict[str, pa.Array]:
        """The added columns whose values differ from row to row, where the table has them."""
        added: dict[str, pa.Array] = {}
        for field in self.table.schema:
            if field.name == VERSION:
                added[VERSION] = pa.array([m.version for m in messages], field.type)
            elif field.name == RECEIVED_AT:
                added[RECEIVED_AT] = pa.repeat(pa.scalar(now, field.type), len(messages))
            elif field.name == EXTRACTED_AT:
                added[EXTRACTED_AT] = self._extracted_at(messages, now)
            elif field.name == DELETED_AT and DELETED_AT not in self._reader.names:
                added[DELETED_AT] = pa.nulls(len(messages), field.type)
        return added

    def _extracted_at(self, messages: Sequence[Message], now: datetime) -> pa.Array:
        try:
            return utc_times([m.time_extracted or now.isoformat() for m in messages])
        except NotFittingError:
            raise InputError(
                "a RECORD has a 'time_extracted' that is no time", "See the tap's log"
            ).at(self.table.name) from None
