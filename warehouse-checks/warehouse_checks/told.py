"""Reports of verify for people and for programs.

Knows reports; knows no warehouse.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warehouse_checks.comparison import Report

_HEAD = ("result", "company", "stream", "rows", "newest batch: expected", "found", "sums equal")
_NUMBERS = 3
"""From this column on, all are numbers."""


def in_words(reports: Sequence[Report]) -> Iterator[str]:
    """Reports as a table, and under it what differs or could not be compared."""
    rows = [_HEAD, *map(_row, reports)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(
            cell.rjust(width) if column >= _NUMBERS else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
    for report in reports:
        for text in (*report.differences, *filter(None, [report.note])):
            yield f"{report.company_id}, {report.stream}: {text}"
    differing = sum(report.result == "differs" for report in reports)
    open_ = sum(report.result == "unknown" for report in reports)
    yield (
        f"{len(reports)} compared: {differing or 'none'} differ"
        + (f", {open_} could not be compared" if open_ else "")
    )


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """Reports as one object."""
    return {
        "whole": all(report.result == "ok" for report in reports),
        "reports": [asdict(report) for report in reports],
    }


def exit_code(reports: Sequence[Report]) -> int:
    """1 where something differs, 2 where nothing does, but not all could be compared."""
    results = {report.result for report in reports}
    return 1 if "differs" in results else 2 if "unknown" in results else 0


def _row(report: Report) -> tuple[str, ...]:
    equal = sum(each.is_equal() for each in report.sums)
    return (
        report.result,
        report.company_id or "(none)",
        report.stream,
        f"{report.rows:,}",
        "" if report.expected is None else f"{report.expected:,}",
        "" if report.found is None else f"{report.found:,}",
        f"{equal} of {len(report.sums)}" if report.sums else "",
    )
