"""`tap-visma-doctor`: what each company lets be read, and how many calls a first load takes.

Asks each selected endpoint once, for as little as it gives, and stops at the allowance.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from math import ceil
from typing import TYPE_CHECKING, Annotated

import msgspec
import requests

from tap_visma import commands, extraction, stamps
from tap_visma.calls import Caller
from tap_visma.checks import problems
from tap_visma.connect import Connect
from tap_visma.entity_streams import EntityStream
from tap_visma.errors import (
    AccessError,
    AllowanceError,
    SettingsError,
    UnreachableError,
    VismaError,
)
from tap_visma.extraction import Lookups
from tap_visma.findings import Allowance, CompanyReport, Figure, StreamReport, in_words
from tap_visma.records import Page, Reader
from tap_visma.streams import VismaStream

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tap_visma.entities import Entity
    from tap_visma.findings import Known
    from tap_visma.settings import Company
    from tap_visma.tap import TapVisma

SILENCES = 3
"""So many endpoints in a row without an answer mean that no other will answer either."""


class _Metadata(msgspec.Struct):
    maxPageSize: Annotated[int, msgspec.Meta(ge=1)] | None = None  # noqa: N815 - Visma's name


class _Record(msgspec.Struct):
    metadata: _Metadata | None = None


class Visit:
    """Asks one company.

    Args:
        tap: For settings, clock and streams.
        company: The company.
    """

    def __init__(self, tap: TapVisma, company: Company) -> None:
        self._settings = replace(tap.settings, stops_when_exhausted=True)
        self._clock = tap.clock
        self._company = company
        self._caller = Caller(self._settings, tap.clock)
        self._lookups = Lookups(self._caller, self._settings)
        self._streams = [
            stream
            for stream in tap.streams.values()
            if isinstance(stream, EntityStream)
            and (stream.selected or stream.has_selected_descendents)
        ]
        self._report = CompanyReport(company.company_id, company.name)
        self._silences = 0

    def report(self) -> CompanyReport:
        """Ask all selected streams, or as many as there is sense in asking."""
        report = self._report
        report.streams = [StreamReport(stream.name) for stream in self._streams]
        try:
            Connect(self._settings, requests.Session(), self._clock).token(self._company)
        except VismaError as error:
            report.token, report.problem = "not given", _told(error)
            return report
        for number, (stream, found) in enumerate(zip(self._streams, report.streams, strict=True)):
            place = f"{number + 1} of {len(self._streams)}"
            sys.stderr.write(f"{self._company.company_id}: {stream.name} ({place})\n")
            try:
                self._ask(stream, found)
                self._silences = 0
            except VismaError as error:
                self._take_in(error, found)
            if report.problem or report.stopped:
                break
        self._sum_up()
        return report

    def _ask(self, stream: EntityStream, found: StreamReport) -> None:
        entity, settings = stream.entity, self._settings
        start = settings.start if entity.since else None
        calls_before = self._calls()
        lists = self._lists(entity, stamps.for_filter(start) if start else None)
        self._report.lookup_calls += self._calls() - calls_before
        found.lists = len(lists)
        found.counts = "lines" if entity.counts else "records"
        if lists:
            params = dict(lists[0].params)
            if entity.paged:
                params |= {extraction.PAGE_NUMBER: "1", extraction.PAGE_SIZE: "1"}
            body = self._caller.get(self._company, lists[0].path, params).body
            family = (stream, *stream.child_streams)
            shapes = {x.name: x.shape() for x in family if isinstance(x, VismaStream)}
            page = Reader(entity, shapes).open(body)
        else:
            page = Page([], 0, 0, None, None)
        found.answer = "ok" if page.rows else "empty"
        found.records = _records(entity, page, len(lists))
        found.first_load_calls = _calls(entity, page, len(lists), settings.page_size)
        found.later_run_calls = found.first_load_calls
        if stream.replication_key:
            later = self._lists(entity, extraction.EARLIEST)
            found.later_run_calls = Figure(len(later), "at least" if entity.paged else "exactly")

    def _lists(self, entity: Entity, since: str | None) -> list[extraction.Request]:
        refetched = self._settings.refetch_periods
        return extraction.requests(entity, self._company, since, self._lookups, refetched=refetched)

    def _take_in(self, error: VismaError, found: StreamReport) -> None:
        """Note what is wrong with the stream, or with the company as a whole."""
        report = self._report
        if isinstance(error, AllowanceError):
            report.stopped = f"{error.what}. Ask again then, or set a smaller 'quota_reserve'."
        elif error.for_company:
            report.problem = _told(error)
            report.token = "refused" if isinstance(error, AccessError) else report.token
        else:
            found.answer, found.problem = "error", _told(error)
            self._silences = self._silences + 1 if isinstance(error, UnreachableError) else 0
            if self._silences == SILENCES:
                report.problem = f"{SILENCES} streams in a row did not answer. {error.todo}."

    def _sum_up(self) -> None:
        report = self._report
        window = self._caller.windows[self._company.company_id]
        report.calls_made = self._calls()
        if window.limit is not None and window.remaining is not None:
            seconds = max(0, ceil(window.resets_at - self._clock.monotonic()))
            report.allowance = Allowance(window.limit, window.remaining, window.reserve, seconds)
            if window.limit <= window.reserve:
                what = f"'quota_reserve' leaves none of the {window.limit} calls an hour"
                report.problem, report.stopped = f"{what}. Set a smaller one.", None
        first = [stream.first_load_calls for stream in report.streams if stream.first_load_calls]
        later = [stream.later_run_calls for stream in report.streams if stream.later_run_calls]
        if first:
            lookups = Figure(report.lookup_calls)
            report.first_load_calls = Figure.sum([lookups, *first])
            report.later_run_calls = Figure.sum([lookups, *later])
            if report.allowance:
                calls = report.first_load_calls.number
                report.first_load_windows = report.allowance.windows(calls)

    def _calls(self) -> int:
        return self._caller.calls[self._company.company_id]


def _records(entity: Entity, page: Page, lists: int) -> Figure:
    if page.total is not None or not entity.paged or not page.rows:
        known: Known = "exactly" if lists <= 1 else "at least"
        return Figure(page.units if page.total is None else page.total, known)
    return Figure(page.units, "at least")


def _calls(entity: Entity, page: Page, lists: int, page_size: int) -> Figure:
    """How many calls read all lists, of which the page is the first one's beginning."""
    known: Known = "about" if lists > 1 else "exactly"
    if not entity.paged or not lists:
        return Figure(lists)
    if not page.rows:
        return Figure(lists, known)
    if page.total is None:  # only an empty page shows where it ends
        return Figure(2 * lists, "about" if lists > 1 else "at least")
    cap = _cap(page)
    if not cap and lists == 1:
        known = "at least"
    pages = ceil(page.total / min(page_size, cap or page_size))
    return Figure(max(1, pages) * lists, known)


def _cap(page: Page) -> int | None:
    """The greatest page that the endpoint gives, where its records say it."""
    try:
        metadata = msgspec.json.decode(page.rows[0], type=_Record).metadata
    except msgspec.ValidationError:
        return None
    return metadata.maxPageSize if metadata else None


def _told(error: VismaError) -> str:
    return f"{error.what}. {error.todo}."


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `tap-visma-doctor`.

    Returns:
        0; 1 when a selected stream of a company cannot work; 2 when settings or files are wrong.
    """
    parser = argparse.ArgumentParser(
        "tap-visma-doctor", description="Ask each company what a first load finds and takes."
    )
    commands.add_config(parser)
    parser.add_argument("--catalog", help="catalog file that says which streams are selected")
    parser.add_argument("--format", choices=["table", "json"], default="table")
    given = parser.parse_args(arguments)
    try:
        tap = commands.tap(given.config, given.catalog)
        wrong = problems(tap.config)
    except SettingsError as error:
        wrong = [str(error)]
    if wrong:
        commands.complain(wrong)
        return 2
    reports = [Visit(tap, company).report() for company in tap.settings.companies]
    works = all(report.works() for report in reports)
    if given.format == "json":
        commands.write_json({"works": works, "companies": reports})
    else:
        commands.write("\n\n".join("\n".join(in_words(report)) for report in reports).encode())
    return 0 if works else 1
