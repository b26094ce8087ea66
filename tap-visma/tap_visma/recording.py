"""A batch while it is read: its answers numbered, counted, and archived before they are parsed.

Knows batches, answers and the archive; knows no Singer.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from tap_visma.archive import Archive, Header, Note, Place, hash_of
from tap_visma.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from tap_visma.calls import Answer
    from tap_visma.extraction import Request
    from tap_visma.ledger import Batch, Status
    from tap_visma.pages import Turn
    from tap_visma.settings import Settings

OK = 200

logger = logging.getLogger(__name__)


class Recorder:
    """The archive as a run uses it: with one, or without.

    Args:
        settings: For the archive's address and keys, and whether the run ends when it fails.

    Attributes:
        archive: Where answers are kept; `None` without one, and once it has failed.
        api_url: The API that gives them.

    Raises:
        ArchiveError: The archive fails, and is required.
    """

    def __init__(self, settings: Settings) -> None:
        self.api_url = settings.api_url
        self.archive: Archive | None = None
        self._required = settings.archive_required
        self._days = settings.archive_days
        self._left_open: list[Header] = []
        if settings.archive_url:
            with self.allowed_to_fail():
                archive = Archive.of(settings)
                archive.check()
                self._left_open = archive.left_open()
                self.archive = archive

    def left_open(self, company_id: str, stream: str) -> list[Header]:
        """The batches of a stream that killed runs have left open."""
        return [
            header
            for header in self._left_open
            if (header.batch.company_id, header.batch.stream) == (company_id, stream)
        ]

    def prune(self, company_id: str, stream: str, now: datetime) -> None:
        """Remove a stream's batches that are older than is wanted."""
        if self.archive and self._days:
            with self.allowed_to_fail():
                before = (now - timedelta(days=self._days)).date()
                self.archive.prune(company_id, stream, before)

    @contextmanager
    def allowed_to_fail(self) -> Iterator[None]:
        """Let a failing archive end the run, or be done without from here on, as configured.

        Raises:
            ArchiveError: It failed, and is required.
        """
        try:
            yield
        except ArchiveError as error:
            if self._required:
                raise
            self.archive = None
            logger.warning("%s The run goes on without an archive.", error)


class Recording:
    """Takes in the answers of a batch.

    Args:
        batch: Its row; counted on here.
        version: What its RECORD messages carry.
        recorder: That of the run.
    """

    def __init__(self, batch: Batch, version: int, recorder: Recorder) -> None:
        self.batch = batch
        self._version = version
        self._recorder = recorder
        self._place = Place.of(batch)
        self._notes: list[Note] = []
        self._totals: dict[str, int] = {}
        self._taking_in = threading.Lock()
        self._closed = False

    def keep(self, request: Request, params: Mapping[str, str], answer: Answer) -> Answer:
        """Take in an answer as it came.

        Args:
            request: The list of which it is a part.
            params: The whole query.
            answer: The answer.

        Returns:
            The answer with its number in the batch.

        Raises:
            ArchiveError: It cannot be archived, and has to be.
        """
        with self._taking_in:
            if self._closed:  # a page fetched ahead that nobody waits for any more
                return answer
            number = self.batch.pages + 1
            if archive := self._recorder.archive:
                note = Note(
                    number=number,
                    api_url=self._recorder.api_url,
                    path=request.path,
                    params=dict(params),
                    columns=dict(request.columns),
                    status=OK,
                    received_at=answer.received_at.isoformat(),
                    answered_at=answer.answered_at.isoformat(),
                    bytes=len(answer.body),
                    sha256=hashlib.sha256(answer.body).hexdigest(),
                )
                with self._recorder.allowed_to_fail():
                    if not self._notes:
                        archive.open(self._header())
                    archive.write(self._place, note, answer.body)
                    self._notes.append(note)
            self.batch.pages = number
            self.batch.bytes += len(answer.body)
        return replace(answer, number=number)

    def used(self, request: Request, turn: Turn) -> None:
        """Take note of an answer whose records have been written.

        Args:
            request: The list to which it belongs.
            turn: The answer, with its rows.
        """
        page = turn.page
        if page.total is not None:
            self._totals[str(request)] = page.total
            self.batch.total = sum(self._totals.values())
        if turn.answer <= len(self._notes):
            note = self._notes[turn.answer - 1]
            note.used, note.continues, note.records = True, page.continues, len(page.rows)

    def close(self, status: Status, now: datetime, calls: int, until: str | None = None) -> None:
        """End the batch, and commit it to the archive.

        Args:
            status: How it ended.
            now: When, aware.
            calls: Calls made for it.
            until: Up to which stamp all has been read.

        Raises:
            ArchiveError: It cannot be committed, and has to be.
        """
        with self._taking_in:
            self._closed = True
        batch = self.batch
        batch.status, batch.finished_at, batch.calls = status, now.isoformat(), calls
        batch.until = until
        archive = self._recorder.archive
        if archive:
            batch.archived, batch.pages_hash = True, hash_of(self._notes)
            with self._recorder.allowed_to_fail():
                archive.commit(self._header(), self._notes)
            if self._recorder.archive is None:
                batch.archived, batch.pages_hash = False, None

    def _header(self) -> Header:
        return Header(batch=self.batch, version=self._version)
