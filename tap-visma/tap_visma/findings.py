"""What the doctor finds in a company, and how it is told.

Knows numbers and sentences; knows no Visma. A figure that is not known for certain is marked in
tables: `12+` is 12 at the least, `~12` is about 12.
"""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Literal, TypeAlias

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Known: TypeAlias = Literal["exactly", "at least", "about"]


class Figure(msgspec.Struct, frozen=True):
    """A number, and how well it is known."""

    number: int
    known: Known = "exactly"

    def __str__(self) -> str:
        return {"exactly": "{}", "at least": "{}+", "about": "~{}"}[self.known].format(self.number)

    def in_words(self) -> str:
        """As part of a sentence."""
        return f"{self.known} {self.number}" if self.known != "exactly" else str(self.number)

    @classmethod
    def sum(cls, figures: Iterable[Figure]) -> Figure:
        """The sum, known as well as the least known of them."""
        figures = list(figures)
        known = {figure.known for figure in figures}
        worst: Known = (
            "about" if "about" in known else "at least" if "at least" in known else "exactly"
        )
        return cls(sum(figure.number for figure in figures), worst)


class Allowance(msgspec.Struct):
    """The hourly allowance of a company, as its last answer tells it."""

    limit: int
    remaining: int
    reserve: int
    resets_in_seconds: int

    def windows(self, calls: int) -> int | None:
        """In how many windows so many calls fit, the current one first; `None` for never."""
        per_window = self.limit - self.reserve
        beyond = calls - max(0, self.remaining - self.reserve)
        if beyond <= 0:
            return 1
        return 1 + ceil(beyond / per_window) if per_window > 0 else None


class StreamReport(msgspec.Struct):
    """What an endpoint answers, and what reading it takes.

    Attributes:
        lists: How many lists it is read in, one for each value of its parameters; the first one
            is asked for.
        counts: What `records` is the number of.
    """

    stream: str
    answer: Literal["ok", "empty", "error", "not asked"] = "not asked"
    problem: str | None = None
    lists: int = 0
    counts: Literal["records", "lines"] = "records"
    records: Figure | None = None
    first_load_calls: Figure | None = None
    later_run_calls: Figure | None = None


class CompanyReport(msgspec.Struct):
    """What is found out about a company.

    Attributes:
        problem: Why the company cannot be read, if not for single streams.
        stopped: Why not all streams were asked, although they may well work.
        calls_made: What the asking itself took.
        lookup_calls: Those of them that read the lists from which parameters take their values;
            each run makes them, and the sums hold them.
        first_load_windows: The windows of the allowance that a first load takes.
    """

    company_id: str
    name: str
    token: Literal["given", "not given", "refused"] = "given"  # noqa: S105 - no password
    problem: str | None = None
    stopped: str | None = None
    allowance: Allowance | None = None
    streams: list[StreamReport] = []
    calls_made: int = 0
    lookup_calls: int = 0
    first_load_calls: Figure | None = None
    first_load_windows: int | None = None
    later_run_calls: Figure | None = None

    def works(self) -> bool:
        """Whether nothing is known to be in the way of a first load."""
        return not self.problem and all(stream.answer != "error" for stream in self.streams)


def in_words(report: CompanyReport) -> Iterator[str]:
    """The report on a company for people, line by line."""
    allowance = report.allowance
    yield ", ".join(
        [
            f"{report.name} ({report.company_id})" if report.name else report.company_id,
            f"token {report.token}",
            f"{allowance.remaining} of {allowance.limit} calls left, all of them again in "
            f"{ceil(allowance.resets_in_seconds / 60)} min"
            if allowance
            else "allowance unknown",
        ]
    )
    asked = [stream for stream in report.streams if stream.answer != "not asked"]
    if asked:
        yield from _table(asked)
        yield "12+ is 12 or more, ~12 is about 12."
    elif not report.streams:
        yield "No stream is selected."
    yield from filter(None, (report.problem, report.stopped))
    missing = [stream.stream for stream in report.streams if stream.answer == "not asked"]
    if missing:
        yield f"Not asked: {', '.join(missing)}."
    if report.first_load_calls and report.later_run_calls:
        silent = len(report.streams) - sum(1 for s in report.streams if s.first_load_calls)
        streams = "1 stream" if silent == 1 else f"{silent} streams"
        without = f", not counting {streams} without an answer" if silent else ""
        yield (
            f"A first load takes {report.first_load_calls.in_words()} calls{without}"
            f"{_span(report)}. A later run takes at least {report.later_run_calls.number}."
        )
    yield f"This report took {report.calls_made} calls."


def _span(report: CompanyReport) -> str:
    allowance, windows = report.allowance, report.first_load_windows
    if not allowance or not windows:
        return ""
    if windows == 1:
        return ", which this hour's allowance still holds"
    return f": the allowance of {windows} hours, what is left of this one included"


def _table(streams: list[StreamReport]) -> Iterator[str]:
    rows = [("stream", "answer", "records", "calls"), *map(_row, streams)]
    whole = [row for row in rows if len(row) > 2]  # noqa: PLR2004 - a problem takes all columns
    widths = [max(len(row[column]) for row in whole) for column in range(4)]
    widths[0] = max(len(row[0]) for row in rows)
    for name, answer, *figures in rows:
        cells = [name.ljust(widths[0]), answer.ljust(widths[1])]
        cells += [text.rjust(width) for text, width in zip(figures, widths[2:], strict=False)]
        yield "  ".join(cells).rstrip()


def _row(stream: StreamReport) -> tuple[str, ...]:
    if stream.problem:
        return stream.stream, stream.problem
    answer = f"{stream.answer} (1 of {stream.lists} lists)" if stream.lists > 1 else stream.answer
    unit = " lines" if stream.counts == "lines" else ""
    return stream.stream, answer, f"{stream.records}{unit}", str(stream.first_load_calls)
