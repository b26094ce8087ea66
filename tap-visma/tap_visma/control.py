"""Control totals of a batch: rows and exact sums, by which a warehouse can be held to it.

Knows records and numbers; knows neither Singer nor HTTP. What a warehouse keeps is one row per
key, so a row that came twice is counted once. Where the two differ, the totals are not known.
"""

from __future__ import annotations

from decimal import MAX_PREC, Context, Decimal, Inexact, localcontext
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from msgspec import Raw, UnsetType

    from tap_visma.census import Census
    from tap_visma.records import Record, Shape


MOST_VALUES = 1_000
"""Values that wait to be added up: enough to do a column at a time, and few to hold."""
_EXACT = Context(prec=MAX_PREC, traps=[Inexact])
_NUMBERS = msgspec.json.Decoder(list[Decimal | None])


class ControlTotals:
    """Adds up the records of a batch, by stream.

    Args:
        shapes: Of the streams that are written, by name.
        overlapping: Whether the lists of the batch can hold the same rows. What tells them then
            takes some 100 bytes per row; otherwise the census of each list does.
    """

    def __init__(self, shapes: Mapping[str, Shape], *, overlapping: bool) -> None:
        self._columns = {name: _columns(shape) for name, shape in shapes.items()}
        # Two names besides, since of a single one attrgetter makes no tuple
        self._read = {
            name: attrgetter("company_id", "record_id", *columns)
            for name, columns in self._columns.items()
        }
        self._are_decimals = {name: shape.decimals_as_text for name, shape in shapes.items()}
        # One flat list per stream: a million tuples would keep Python's garbage collector busy
        self._values: dict[str, list[Any]] = {name: [] for name in shapes}
        self._records = dict.fromkeys(shapes, 0)
        self._sums = {name: [Decimal(0)] * len(of) for name, of in self._columns.items()}
        self._stamps: dict[str, dict[int, str | None]] = {name: {} for name in shapes}
        self._overlapping = overlapping
        self._census: Census | None = None
        self._known = True

    def add(self, stream: str, record: Record) -> None:
        """Take in a record that has been written."""
        if self._overlapping:
            stamps, key = self._stamps[stream], hash(record.record_id)
            if key in stamps:
                self._known = self._known and stamps[key] == record.lastModifiedDateTime
                return
            stamps[key] = record.lastModifiedDateTime
        values = self._values[stream]
        values += self._read[stream](record)
        if len(values) >= MOST_VALUES:
            self._add_up(stream)

    def end_page(self, census: Census) -> None:
        """Add up the page's records.

        Args:
            census: That of the list to which the page belongs.
        """
        if census is not self._census:
            self._end_list()
            self._census = census
        for stream in self._values:
            self._add_up(stream)

    def _add_up(self, stream: str) -> None:
        """Add up the values that wait, a column at a time."""
        values = self._values[stream]
        width = 2 + len(self._columns[stream])
        self._records[stream] += len(values) // width
        sums = self._sums[stream]
        with localcontext(_EXACT):
            for index, total in enumerate(sums):
                column = values[index + 2 :: width]
                numbers = column if self._are_decimals[stream] else _parsed(column)
                sums[index] = sum(filter(None, numbers), total)  # without nulls and zeros
        values.clear()

    def forget(self) -> None:
        """Say that rows may have come twice that no census has met."""
        self._known = False

    def _end_list(self) -> None:
        census = self._census
        if census and not self._overlapping:
            self._known = self._known and census.count() == census.distinct()

    def row(self) -> dict[str, Any] | None:
        """By stream: `records`, and `sums` as text by column; `None` if they are not known.

        They are not if a row came twice and had changed, or came twice at all where that is not
        told row by row.
        """
        self._end_list()
        if not self._known:
            return None
        return {
            stream: {
                "records": self._records[stream],
                "sums": {
                    column: f"{total:f}"
                    for column, total in zip(columns, self._sums[stream], strict=True)
                },
            }
            for stream, columns in self._columns.items()
        }


def _columns(shape: Shape) -> list[str]:
    """The columns that hold numbers with decimals."""
    properties = shape.schema.get("properties", {})
    return [
        name for name, of in properties.items() if "number" in of["type"] and shape.keeps((name,))
    ]


def _parsed(values: Iterable[Raw | UnsetType]) -> list[Decimal | None]:
    """Numbers as Visma sent them, all at once, since one by one takes three times as long."""
    return _NUMBERS.decode(b"[%b]" % b",".join(value for value in values if value))
