"""The warehouse's rows against the ledger's, for a company and a stream.

Knows counts and sums; knows no SQL. What is always true after a run, and so is held against both:

- The newest batch that wrote rows is there whole: all its rows, and their sums to the last digit.
- An older batch has at most its own, since what came again later has a later batch. It has at
  least so many as are left if all that came later had overwritten its rows; lines go with their
  document, so they have no such bound.
- A full pass removes what is gone at Visma, so no batch before it has a least, not even the newest
  that wrote rows, if the pass found none.
- Each row has a batch that the ledger has, and no key is there twice.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from warehouse_checks.ledger import Entry

Result = Literal["ok", "differs", "unknown"]


@dataclass(frozen=True, slots=True)
class Batch:
    """The rows of a batch in the warehouse.

    Attributes:
        rows: How many.
        sums: Of the columns that can be summed exactly.
    """

    rows: int
    sums: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Found:
    """What the warehouse holds of a stream in a company.

    Attributes:
        batches: By batch; rows without one under the empty name.
        doubled: Rows whose key is that of another row.
        inexact: Columns whose type cannot hold decimals exactly, with it.
    """

    batches: Mapping[str, Batch] = field(default_factory=dict)
    doubled: int = 0
    inexact: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sum:
    """A column's sum over the newest batch; texts, digit for digit.

    Attributes:
        found: `None` where the table has no such column.
    """

    column: str
    expected: str
    found: str | None

    def is_equal(self) -> bool:
        """Whether both are the same number."""
        return self.found is not None and Decimal(self.found) == Decimal(self.expected)


@dataclass(frozen=True, slots=True)
class Report:
    """What the comparison brought.

    Attributes:
        rows: All rows in the warehouse.
        batch_id: The newest batch that wrote rows.
        expected: Its rows by the ledger; `None` where it has no totals.
        found: Its rows in the warehouse.
        sums: Its sums, of both.
        differences: What is not as it should be.
        note: Why it could not be compared, where that is so.
    """

    company_id: str
    stream: str
    result: Result
    rows: int
    batch_id: str | None
    expected: int | None
    found: int | None
    sums: Sequence[Sum]
    differences: Sequence[str]
    note: str | None


def compare(company_id: str, stream: str, entries: Sequence[Entry], found: Found) -> Report:
    """Compare.

    Args:
        company_id: The company.
        stream: The stream.
        entries: What its batches wrote, oldest first.
        found: What the warehouse holds.
    """
    wrote = [entry for entry in entries if entry.rows != 0]
    newest = wrote[-1] if wrote else None
    there = _rows(found, newest) if newest else None
    exact = newest is not None and newest.sums is not None
    sums = _sums(newest, found) if newest else []
    differences = [
        *_strange(found, {entry.batch_id for entry in entries}),
        *_of_batches(wrote, found, _last_full_pass(entries)),
        *(
            f"sum of {each.column}: {each.found or 'no such column'}, not {each.expected}"
            for each in sums
            if not each.is_equal()
        ),
        *(f"{name} is {kind}: decimals are not exact" for name, kind in found.inexact.items()),
    ]
    is_open = newest is not None and not newest.ended
    return Report(
        company_id=company_id,
        stream=stream,
        result="differs" if differences else "unknown" if is_open else "ok",
        rows=sum(batch.rows for batch in found.batches.values()),
        batch_id=newest.batch_id if newest else None,
        expected=newest.rows if newest and exact else None,
        found=there,
        sums=sums,
        differences=differences,
        note=_not_comparable(newest) if newest and not exact else None,
    )


def _strange(found: Found, known: Collection[str]) -> Iterator[str]:
    """Rows that no batch can have written."""
    for batch_id, batch in sorted(found.batches.items()):
        if batch_id not in known:
            named = f"of batch {batch_id}, which the ledger does not have" if batch_id else ""
            yield f"{batch.rows} rows {named or 'without a batch'}"
    if found.doubled:
        yield f"{found.doubled} rows have the key of another row"


def _of_batches(wrote: Sequence[Entry], found: Found, full_pass: str) -> Iterator[str]:
    """Batches with other numbers of rows than they can have, newest first."""
    later: int | None = 0
    for entry in reversed(wrote):
        there = _rows(found, entry)
        bound = entry.batch_id >= full_pass and (later == 0 or not entry.of_lines)
        least = 0
        if entry.sums is not None and entry.rows is not None and later is not None and bound:
            least = entry.rows - later
        if entry.rows is not None and there > entry.rows:
            yield f"batch {entry.batch_id}: {there} rows, more than its {entry.rows}"
        elif there < least and later:
            yield (
                f"batch {entry.batch_id}: {there} of its {entry.rows} rows, and later batches can "
                f"have overwritten only {later}"
            )
        elif there < least:
            yield f"batch {entry.batch_id}: {there} rows, not {entry.rows}"
        later = None if later is None or entry.rows is None else later + entry.rows


def _last_full_pass(entries: Sequence[Entry]) -> str:
    """With which batch the last full pass began, or may have begun: where the filter goes back."""
    first, before = "", None
    for entry in entries:
        if entry.since is None or (before is not None and entry.since < before):
            first = entry.batch_id
        before = entry.since
    return first


def _not_comparable(newest: Entry) -> str:
    if not newest.ended:
        return f"batch {newest.batch_id} was not ended by its run, so run again"
    return (
        f"batch {newest.batch_id} has no totals: rows came twice in it and had changed, or the tap "
        "was older; the next batch settles it"
    )


def _sums(newest: Entry, found: Found) -> list[Sum]:
    batch = found.batches.get(newest.batch_id)
    if batch is None:  # then its rows are missing, which is said
        return []
    return [
        Sum(column, format(expected, "f"), _text(batch.sums.get(column)))
        for column, expected in (newest.sums or {}).items()
        if column not in found.inexact
    ]


def _text(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")


def _rows(found: Found, entry: Entry) -> int:
    return found.batches[entry.batch_id].rows if entry.batch_id in found.batches else 0
