"""From an opened page to RECORD messages, and a batch's row in the ledger with them.

Knows pages and Singer's streams; knows neither where pages come from nor state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_visma.census import Census
    from tap_visma.control import ControlTotals
    from tap_visma.ledger import Batch
    from tap_visma.records import Origin, Page, Reader
    from tap_visma.remembered import Memory
    from tap_visma.streams import BatchesStream, VismaStream


class Delivery:
    """Writes the records of a batch.

    Args:
        batch: The batch, whose records are counted.
        streams: The streams that are wanted, by name.
        reader: Makes records of pages.
        ledger: Takes the batch's row; `None` where it is not wanted.
        totals: Take in what is written, if they are wanted.
        memory: Remembers what is written, if it is wanted.

    Attributes:
        counts: Records written, by stream.
        is_within_page: Whether part of a page, and no more, may have been written.
    """

    def __init__(
        self,
        batch: Batch,
        streams: Mapping[str, VismaStream],
        reader: Reader,
        ledger: BatchesStream | None,
        totals: ControlTotals | None = None,
        *,
        memory: Memory | None = None,
    ) -> None:
        self.counts = dict.fromkeys(streams, 0)
        self.is_within_page = False
        self._batch = batch
        self._streams = streams
        self._reader = reader
        self._totals = totals
        self._ledger = ledger
        self._memory = memory
        self._announced = False

    def of_another(self, batch: Batch) -> Delivery:
        """The same for another batch."""
        return Delivery(batch, self._streams, self._reader, self._ledger, memory=self._memory)

    def write(self, page: Page, origin: Origin, census: Census) -> None:
        """Write the records of a page.

        The first one goes out behind the batch's row, so that whatever happens, no record is
        without the row of its batch.

        Raises:
            AnswerError: A record is not as the API description promises.
            InboxError: What is written cannot be remembered.
        """
        if page.rows and not self._announced:
            self.write_row()
        self.is_within_page = True
        kept: list[tuple[str, str, bytes]] = []
        for name, record in self._reader.records(page, origin, census):
            if name in self._streams:
                self._streams[name].write(record)
                self.counts[name] += 1
                if self._totals:
                    self._totals.add(name, record)
                if self._memory:
                    kept.append((name, record.record_id, self._streams[name].remembered(record)))
        for stream in self._streams.values():
            stream.flush()
        if self._memory and kept:
            self._memory.keep(self._batch.company_id, self._streams[kept[0][0]].version, kept)
        if self._totals:
            self._totals.end_page(census)
        self.is_within_page = False
        batch = self._batch
        batch.records = self.counts.get(batch.stream, 0)
        batch.line_records = sum(self.counts.values()) - batch.records

    def write_row(self) -> None:
        """Write the batch's row as it is now."""
        self._announced = True
        if self._ledger:
            self._ledger.write_row(self._batch)
