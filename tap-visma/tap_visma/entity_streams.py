"""The streams of entities and of their lists: walks on one side, Singer on the other.

An entity's stream reads for itself and for the streams of its lists, one company after the other.
What it reads of a company in one run is a batch.
"""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from tap_visma import extraction, ledger, replay, schemas, stamps
from tap_visma.bookmarks import Walk
from tap_visma.census import Census
from tap_visma.control import ControlTotals
from tap_visma.delivery import Delivery
from tap_visma.entities import STAMP
from tap_visma.errors import (
    AllowanceError,
    ArchiveError,
    InboxError,
    OutputError,
    SettingsError,
    VismaError,
)
from tap_visma.lineage import AUDIT_COLUMNS, POSITION, began
from tap_visma.recording import Recording
from tap_visma.records import Origin, Reader, parent_columns
from tap_visma.streams import DELETED_COLUMN, VismaStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import SchemaMessage

    from tap_visma.archive import Archive, Manifest
    from tap_visma.deletions import Deletions
    from tap_visma.entities import Entity, Lines
    from tap_visma.extraction import Request
    from tap_visma.ledger import Batch, Status
    from tap_visma.pages import Turn
    from tap_visma.settings import Company
    from tap_visma.tap import TapVisma


class EntityStream(VismaStream):
    """The stream of an entity, which also reads for the streams of its lists."""

    def __init__(self, tap: TapVisma, entity: Entity) -> None:
        """Make the stream and those of the entity's lists."""
        self.entity = entity
        self.selected_by_default = entity.by_default
        added = {column: {"type": "string"} for column in entity.added_columns}
        deleted = DELETED_COLUMN if tap.remembers(entity.name) else {}
        needed = (*entity.key, entity.stamp or STAMP)
        super().__init__(tap, entity.name, {**AUDIT_COLUMNS, **added, **deleted}, needed)
        if entity.since and entity.stamp:
            self.replication_key = STAMP
        self.child_streams = [LinesStream(tap, self, lines) for lines in entity.lists]

    def sync(self, context: Context | None = None) -> None:  # type: ignore[misc] # noqa: ARG002
        """Read all companies; the failure of one does not keep the others from being read.

        In place of the SDK's own, which reads for one stream, record by record.

        Raises:
            ArchiveError: The archive failed, and is required.
        """
        tap = self._tap
        reader, streams = self._prepare()
        try:
            self._aim(regularly=tap.hints.begin_turn(self.name, tap.clock.now()))
        except InboxError as error:
            tap.report(error)  # the list is read all the same
        for company in tap.companies():
            if not tap.hints.is_due(self.name, company.company_id):
                continue
            try:
                self._close_left_open(company, reader)
                self._sync_company(company, reader, streams)
            except VismaError as error:
                error.at(company.company_id, self.name)
                if isinstance(error, ArchiveError) or self.ABORT_AT_RECORD_COUNT is not None:
                    raise  # it would meet the others as well; a connection test ends at any fault
                tap.report(error)
            tap.write_state()
        self._activate(streams.values())

    def replay(self, manifest: Manifest, archive: Archive) -> None:
        """Write the records of a batch once more, from the archive.

        Raises:
            VismaError: The batch cannot be read, or the stream is not selected.
        """
        tap = self._tap
        reader, streams = self._prepare()
        if not streams:
            raise SettingsError("the stream of the batch is not selected", "Select it")
        for stream in streams.values():
            stream.begin(manifest.version)
        batch = ledger.replayed(manifest.batch, tap.clock.now(), tap.run_id)
        delivery = Delivery(batch, streams, reader, tap.ledger)
        batch.status = "failed"
        try:
            for note, page in replay.pages(archive, manifest, reader):
                delivery.write(page, replay.origin(manifest, note), Census())
            batch.status = "replayed"
        finally:
            batch.finished_at = tap.clock.now().isoformat()
            delivery.write_row()
        self.log("Replayed batch %s: %s", batch.batch_id, _told(batch, delivery))

    def _prepare(self) -> tuple[Reader, dict[str, VismaStream]]:
        """The reader, and the streams that are selected, whose SCHEMA is written."""
        streams = {stream.name: stream for stream in self._family()}
        reader = Reader(self.entity, {name: stream.shape() for name, stream in streams.items()})
        selected = {name: stream for name, stream in streams.items() if stream.selected}
        for stream in selected.values():
            stream._write_schema_message()  # noqa: SLF001
        return reader, selected

    def _close_left_open(self, company: Company, reader: Reader) -> None:
        recorder = self._tap.recorder
        for header in recorder.left_open(company.company_id, self.name):
            with recorder.allowed_to_fail():
                if recorder.archive:
                    replay.close(recorder.archive, header, reader)

    def _sync_company(
        self, company: Company, reader: Reader, streams: Mapping[str, VismaStream]
    ) -> None:
        tap = self._tap
        company_id = company.company_id
        calls_before = tap.caller.calls[company_id]
        walk = self._walk(company, list(streams))
        version = walk.version or self._version(company_id)
        for stream in streams.values():
            stream.begin(version)
        batch = ledger.begin(
            tap.clock.now(),
            run_id=tap.run_id,
            company_id=company_id,
            stream=self.name,
            endpoint=self.entity.path,
            since=walk.since,
            schemas={name: stream.schema for name, stream in streams.items()},
            previous=tap.bookmarks.last_batch(self.name, company_id),
        )
        recording = Recording(batch, version, tap.recorder)
        totals = self._totals(walk, streams, reader)
        deletions = self._deletions()
        memory = deletions.memory if deletions else None
        delivery = Delivery(batch, streams, reader, tap.ledger, totals, memory=memory)
        status: Status = "failed"
        at_end, is_fresh, asked = False, False, walk.page_size
        try:
            requests = self._begin(company, walk, delivery, reader)
            is_fresh = not walk.calls
            at_end = self._read(company, walk, requests, recording, delivery, reader=reader)
            status = "complete" if at_end else "partial"
        except (AllowanceError, OutputError, SystemExit):
            if not delivery.is_within_page:
                status = "partial"
            raise
        finally:
            calls = tap.caller.calls[company_id] - calls_before
            if walk.page_size != asked:
                totals.forget()  # the first smaller page repeats rows
            if status != "failed":  # part of a page may have been written
                batch.control_totals = totals.row()
            recording.close(status, tap.clock.now(), calls, self._until(walk) if at_end else None)
            delivery.write_row()
            tap.bookmarks.keep_batch(self.name, company_id, batch.link())
        if at_end:
            tap.bookmarks.finish(
                self.name, company_id, walk, has_stamps=self.replication_key is not None
            )
            now = tap.clock.now()
            are_open = False
            if deletions:
                for name, gone in deletions.found(
                    self.name, company_id, walk, streams, now, is_fresh=is_fresh
                ):
                    streams[name].write_gone(gone)
                are_open = deletions.are_open(self.name, company_id, now)
            # What was read in an earlier run can be older than what hints at it
            if is_fresh and not are_open:
                tap.hints.cover(self.name, company_id)
            tap.recorder.prune(company_id, self.name, now)
            window = tap.caller.windows[company_id]
            self.log("%s; %d calls, %s", _told(batch, delivery), calls, window)

    def _totals(
        self, walk: Walk, streams: Mapping[str, VismaStream], reader: Reader
    ) -> ControlTotals:
        """The control totals of a batch that is about to be read."""
        shapes = {name: stream.shape() for name, stream in streams.items()}
        # Periods that are read again hold rows that the filter finds as well
        totals = ControlTotals(shapes, overlapping=bool(walk.since and self.entity.periods))
        if not reader.counts_all:
            totals.forget()
        return totals

    def _begin(
        self, company: Company, walk: Walk, delivery: Delivery, reader: Reader
    ) -> Sequence[Request]:
        """The lists of a walk, which has come to where an earlier attempt at it ended."""
        tap = self._tap
        requests = extraction.requests(
            self.entity,
            company,
            walk.since,
            tap.lookups,
            refetched=tap.settings.refetch_periods,
        )
        self._take_up(company, walk, requests, delivery, reader)
        return requests

    def _read(
        self,
        company: Company,
        walk: Walk,
        requests: Sequence[Request],
        recording: Recording,
        delivery: Delivery,
        *,
        reader: Reader,
    ) -> bool:
        """Read a walk from where it stands; whether it has reached its end."""
        tap = self._tap
        limit = self.ABORT_AT_RECORD_COUNT
        batch_id = recording.batch.batch_id
        for request, turn, census in extraction.read(
            self.entity,
            company,
            walk,
            requests,
            caller=tap.caller,
            recording=recording,
            reader=reader,
        ):
            if limit is not None:
                del turn.page.rows[limit - delivery.counts[self.name] :]
            received_at = turn.received_at.isoformat()
            origin = Origin(company.company_id, batch_id, turn.answer, received_at, request.columns)
            delivery.write(turn.page, origin, census)
            if limit is not None and delivery.counts[self.name] >= limit:
                return False
            recording.used(request, turn)
            self._advance(company, walk, str(request), turn, delivery)
        tap.progress.clear()
        return True

    def _take_up(
        self,
        company: Company,
        walk: Walk,
        requests: Sequence[Request],
        delivery: Delivery,
        reader: Reader,
    ) -> None:
        """Begin a first load with what an earlier attempt at it has left in the archive."""
        tap = self._tap
        archive, reuse = tap.recorder.archive, tap.settings.archive_reuse
        has_bookmark = tap.bookmarks.oldest(walk.streams, company.company_id) is not None
        if not (archive and archive.readable and reuse and self.replication_key) or has_bookmark:
            return
        earliest = tap.clock.now() - reuse
        try:
            places = [
                place
                for place in archive.places(company.company_id, self.name, first=earliest.date())
                if began(place.batch_id) >= earliest and archive.is_committed(place)
            ]
            steps = replay.earlier_attempt(archive, places, walk, requests, tap.settings.api_url)
        except ArchiveError as error:
            self.logger.warning("%s All pages are read from Visma.", error)
            return
        taken = replay.take_up(archive, walk, steps, reader)
        for manifest, pages in groupby(taken, lambda pair: pair[0].manifest):
            batch = ledger.replayed(manifest.batch, tap.clock.now(), tap.run_id)
            earlier = delivery.of_another(batch)
            for step, turn in pages:
                earlier.write(turn.page, replay.origin(manifest, step.note), Census())
                self._advance(company, walk, step.request, turn, earlier)
            batch.finished_at = tap.clock.now().isoformat()
            earlier.write_row()
            self.log("From the archive, batch %s: %s", batch.batch_id, _told(batch, earlier))

    def _advance(
        self, company: Company, walk: Walk, request: str, turn: Turn, delivery: Delivery
    ) -> None:
        """Take note of a page whose records have been written."""
        tap = self._tap
        turn.page.rows.clear()
        walk.advance(request, turn)
        tap.bookmarks.hold(self.name, company.company_id, walk)
        tap.write_state()
        tap.progress.show(
            f"{company.name or company.company_id}, {self.name}",
            turn.number,
            turn.page.pages(),
            sum(delivery.counts.values()),
            tap.caller.windows[company.company_id],
        )

    def _until(self, walk: Walk) -> str | None:
        """Up to which stamp a walk at its end has read all."""
        return walk.bookmark() if self.replication_key else None

    def _aim(self, *, regularly: bool) -> None:
        """Set the version of this run's full passes, and make a sweep due where it is time.

        Args:
            regularly: Whether all companies are read in this run, or only those with hints.
        """
        tap = self._tap
        version = tap.bookmarks.version(self.name)
        age = timedelta(milliseconds=tap.initialized_at - (version or 0))
        sweep = tap.settings.sweep
        by_age = not self.replication_key or (sweep is not None and age >= sweep)
        deletions = self._deletions()
        if (
            version is None
            or (regularly and by_age)
            or (deletions and deletions.are_due(self.name, version, tap.clock.now()))
        ):
            tap.bookmarks.aim_at(self.name, tap.initialized_at)

    def _deletions(self) -> Deletions | None:
        return self._tap.deletions if self._tap.remembers(self.name) else None

    def _walk(self, company: Company, streams: list[str]) -> Walk:
        """The walk of this run: on from the bookmark, a full pass, or what is left of one."""
        tap = self._tap
        bookmarks, settings, company_id = tap.bookmarks, tap.settings, company.company_id
        bookmark = bookmarks.oldest(streams, company_id) if self.replication_key else None
        aim = bookmarks.version(self.name)
        due = self._version(company_id) != aim
        if due and bookmark and self._can_afford_a_sweep(company_id):
            bookmark = None
        since = stamps.back(bookmark, settings.overlap) if bookmark else settings.start
        fresh = Walk(
            since=stamps.for_filter(since) if since and self.entity.since else None,
            streams=streams,
            page_size=settings.page_size,
            version=None if bookmark else aim,
        )
        if self.ABORT_AT_RECORD_COUNT is not None:
            fresh.page_size = self.ABORT_AT_RECORD_COUNT
            return fresh
        return bookmarks.unfinished(self.name, company_id, fresh)

    def _version(self, company_id: str) -> int:
        """The version of a company's rows: that aimed at, where a bookmark came without one."""
        bookmarks = self._tap.bookmarks
        return bookmarks.version(self.name, company_id) or bookmarks.version(self.name) or 0

    def _can_afford_a_sweep(self, company_id: str) -> bool:
        """Whether as many calls are left as the last full pass took."""
        needed = self._tap.bookmarks.calls_of_full_pass(self.name, company_id)
        return self._tap.caller.windows[company_id].allows(needed)

    def _activate(self, streams: Iterable[VismaStream]) -> None:
        """Write ACTIVATE_VERSION once all companies have been read whole, for certain."""
        companies = [company.company_id for company in self._tap.settings.companies]
        version = self._tap.bookmarks.activate(self.name, companies)
        if version is not None:
            for stream in streams:
                stream._write_activate_version_message(version)  # noqa: SLF001

    def _family(self) -> Iterator[VismaStream]:
        yield self
        for stream in self.child_streams:
            if isinstance(stream, LinesStream):
                yield stream


class LinesStream(VismaStream):
    """The stream of a list inside the records of an entity; the entity's stream reads for it."""

    parent_stream_type = EntityStream

    def __init__(self, tap: TapVisma, entity_stream: EntityStream, lines: Lines) -> None:
        """Make the stream."""
        entity = entity_stream.entity
        self.selected_by_default = entity.by_default
        names = parent_columns(entity, lines)
        self._document = {
            "stream": entity.name,
            "key": ["company_id", *names],
            "version": STAMP,
        }
        columns = dict(AUDIT_COLUMNS)
        for column, field in zip(names, entity.key, strict=True):
            columns[column] = schemas.of_field(entity_stream.schema, field)
        if not lines.key:
            columns[POSITION] = {
                "type": "integer",
                "description": "Place in the document's list, from 1",
            }
        if tap.remembers(entity.name):
            columns |= DELETED_COLUMN
        super().__init__(tap, lines.name, columns, lines.key)
        if entity_stream.replication_key:
            self.replication_key = STAMP

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        """SCHEMA that also names the columns which tell a line's document and its version.

        With them (`x-document`) a loader can replace the lines of a document as a whole, so that
        one that is gone from its newer version does not survive.
        """
        for message in super()._generate_schema_messages():
            message.schema = {**message.schema, "x-document": self._document}
            yield message


def _told(batch: Batch, delivery: Delivery) -> str:
    """A company and how many records of it were written, for the log."""
    counts = ", ".join(f"{count} {name}" for name, count in delivery.counts.items())
    return f"Company '{batch.company_id}': {counts}"
