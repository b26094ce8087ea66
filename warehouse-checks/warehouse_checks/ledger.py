"""What the tap says it has written: the rows of `sync_batches`, by company and stream.

Knows the ledger's columns; knows no SQL. A batch has no totals while it lasts, where its run could
not end it, and where rows came twice in it and had changed.
"""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, TypeAlias

from warehouse_checks.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

STREAM = "sync_batches"
TOTALS = "control_totals"
"""By stream the rows, and the sum of each column of numbers as text: a JSON object, or its text."""
COLUMNS = (
    "company_id",
    "_batch_id",
    "stream",
    "since",
    "finished_at",
    "status",
    "records",
    "line_records",
    TOTALS,
)

Row: TypeAlias = "Mapping[str, str | None]"
Ledger: TypeAlias = "dict[tuple[str, str], list[Entry]]"
"""What each batch wrote, oldest first, by company and stream."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What a batch wrote to a stream.

    Attributes:
        batch_id: The batch; the order of ids is that of time.
        since: The filter by change stamp, if any.
        ended: Whether its run ended it.
        rows: Rows with different keys, or with `sums` missing the most that there can be; `None`
            where that is not known.
        sums: Of each column of numbers over those rows; `None` where the batch has no totals.
        of_lines: Whether the stream is that of a list in the documents of the batch.
    """

    batch_id: str
    since: str | None = None
    ended: bool = True
    rows: int | None = None
    sums: Mapping[str, Decimal] | None = None
    of_lines: bool = False


def read(rows: Iterable[Row]) -> Ledger:
    """Read the rows of the ledger's table.

    Args:
        rows: Their values as text, by the column's name in small letters.

    Raises:
        SettingsError: The totals of a batch are not as this version knows them.
    """
    own: dict[tuple[str, str, str], Row] = {}
    for row in rows:
        name = (row["company_id"] or "", row["stream"] or "", row["_batch_id"] or "")
        # A replay, which can fail, has a row beside the batch's own, which says what was read
        held = own.get(name)
        has_more = held and held["status"] == "failed" and row[TOTALS]
        if held is None or held["status"] == "replayed" or has_more:
            own[name] = row
    totals = {name: _totals(name[2], row[TOTALS]) for name, row in own.items()}
    family: dict[str, set[str]] = defaultdict(set)
    for (_company, stream, _batch), of_batch in totals.items():
        family[stream] |= {stream, *(of_batch or ())}
    ledger: Ledger = defaultdict(list)
    for name in sorted(own):
        company_id, stream, batch_id = name
        for of, entry in _entries(stream, batch_id, own[name], totals[name], family[stream]):
            ledger[company_id, of].append(entry)
    return dict(ledger)


def _totals(batch_id: str, text: str | None) -> Mapping[str, tuple[int, dict[str, Decimal]]] | None:
    """Rows and sums by stream."""
    try:
        found: Any = json.loads(text) if text else None
        if found is None:
            return None
        return {
            stream: (int(each["records"]), {name: Decimal(x) for name, x in each["sums"].items()})
            for stream, each in found.items()
        }
    except (ValueError, KeyError, TypeError, AttributeError, InvalidOperation):
        raise SettingsError(
            f"the '{TOTALS}' of batch {batch_id} cannot be read",
            "Take a version that knows them",
        ) from None


def _entries(
    stream: str,
    batch_id: str,
    row: Row,
    totals: Mapping[str, tuple[int, dict[str, Decimal]]] | None,
    family: Iterable[str],
) -> Iterator[tuple[str, Entry]]:
    if totals is not None:
        for of, (count, sums) in totals.items():
            yield (
                of,
                Entry(
                    batch_id=batch_id,
                    since=row["since"],
                    rows=count,
                    sums=sums,
                    of_lines=of != stream,
                ),
            )
        return
    ended = bool(row["finished_at"]) and row["status"] in {"complete", "partial"}
    for of in family:
        most = None
        if ended and of == stream:
            most = int(row["records"] or 0)
        elif ended and not int(row["line_records"] or 0):
            most = 0
        yield (
            of,
            Entry(
                batch_id=batch_id,
                since=row["since"],
                ended=ended,
                rows=most,
                of_lines=of != stream,
            ),
        )
