"""Batches read again, from the archive in place of Visma.

Knows the archive and pages; knows neither HTTP nor Singer.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from tap_visma.archive import Header, Manifest, Note, Place, hash_of
from tap_visma.census import Census
from tap_visma.errors import AnswerError, ArchiveError
from tap_visma.extraction import PAGE_NUMBER, PAGE_SIZE, PAGING, Request
from tap_visma.lineage import began
from tap_visma.pages import Place as Stand
from tap_visma.pages import Turn
from tap_visma.records import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_visma.archive import Archive
    from tap_visma.bookmarks import Walk
    from tap_visma.records import Page, Reader
    from tap_visma.settings import Replay

logger = logging.getLogger(__name__)


def places(archive: Archive, chosen: Replay) -> list[Place]:
    """The batches to replay, oldest first.

    Raises:
        VismaError: There are none, or the store failed.
    """
    if chosen.batch_id:
        return [archive.find(chosen.batch_id)]
    first, end = (moment and moment.replace(tzinfo=UTC) for moment in (chosen.first, chosen.end))
    found = [
        place
        for place in archive.places(chosen.company_id, chosen.stream)
        if (not first or began(place.batch_id) >= first)
        and (not end or began(place.batch_id) < end)
    ]
    if not found:
        raise ArchiveError(
            "the archive holds no batch of that stream and time",
            "See with `tap-visma-batches list` what it holds",
        ).at(chosen.company_id or "", chosen.stream)
    return found


def origin(manifest: Manifest, note: Note) -> Origin:
    """The origin of a page's records, as it was when the page was read."""
    batch = manifest.batch
    return Origin(batch.company_id, batch.batch_id, note.number, note.received_at, note.columns)


def pages(archive: Archive, manifest: Manifest, reader: Reader) -> Iterator[tuple[Note, Page]]:
    """The pages of a batch whose records were written, opened, in their order.

    Raises:
        VismaError: A page cannot be read.
    """
    for note in manifest.pages:
        if note.used:
            yield note, _open(archive, manifest, note, reader)


def _open(archive: Archive, manifest: Manifest, note: Note, reader: Reader) -> Page:
    page = reader.open(archive.body(Place.of(manifest.batch), note))
    page.continues = note.continues
    return page


def close(archive: Archive, header: Header, reader: Reader) -> None:
    """Commit what a killed run has left of a batch.

    Its counts are those of a replay, and are missing where pages cannot be read here.

    Raises:
        ArchiveError: The store failed.
    """
    place = Place.of(header.batch)
    if archive.is_committed(place):
        archive.unmark(place)
        return
    notes = list(archive.notes(place))
    if not notes:
        archive.discard(place)
        return
    batch = msgspec.structs.replace(
        header.batch,
        status="partial",
        finished_at=notes[-1].received_at,
        pages=len(notes),
        bytes=sum(note.bytes for note in notes),
        archived=True,
        pages_hash=hash_of(notes),
    )
    manifest = Manifest(batch, header.version, notes)
    before: Page | None = None
    for note in notes:
        note.used = True
        try:
            page = _open(archive, manifest, note, reader)
            note.records = len(page.rows)
            page.continues = note.continues = bool(before and reader.goes_on(before, page))
            for name, _ in reader.records(page, origin(manifest, note), Census()):
                if name == batch.stream:
                    batch.records += 1
                else:
                    batch.line_records += 1
            before = page
        except AnswerError:
            note.used = False
        except ArchiveError as error:
            logger.warning("%s", error)
    logger.info(
        "Company '%s', stream '%s': batch %s of a run that was killed is kept as partial",
        batch.company_id,
        batch.stream,
        batch.batch_id,
    )
    archive.commit(Header(batch=batch, version=header.version), notes)


class Step(msgspec.Struct):
    """A page of an earlier attempt at a walk.

    Attributes:
        manifest: Its batch.
        note: What is known of it.
        request: The list to which it belongs.
        number: Its page number in the list.
    """

    manifest: Manifest
    note: Note
    request: str
    number: int


def earlier_attempt(
    archive: Archive, places: Sequence[Place], walk: Walk, requests: Sequence[Request], api_url: str
) -> list[Step]:
    """The pages with which a walk can begin, since an earlier attempt at it has read them.

    Args:
        archive: The archive.
        places: Batches of that stream and company, oldest first.
        walk: The walk, as it would go on.
        requests: The lists that it reads, in order.
        api_url: Where it reads them.

    Returns:
        Pages in the order in which they were read; none where they would spare no call.

    Raises:
        ArchiveError: The store failed, or a manifest is damaged.
    """
    names = [str(request) for request in requests]
    if not names:  # no value for a parameter, so nothing is asked for
        return []
    steps: list[Step] = []
    for place in places:
        manifest = archive.manifest(place)
        own = [_step(manifest, note) for note in manifest.pages if note.used]
        sizes = {step.note.params.get(PAGE_SIZE) for step in own}
        if (
            {step.request for step in own} <= {*names}
            and sizes <= {None, str(walk.page_size)}
            and {step.note.api_url for step in own} <= {api_url}
        ):
            steps += own
    begins = {(walk.request, walk.page), (walk.request, walk.page + 1)}
    if not walk.page:
        begins = {(names[0], 1)}
    starts = [i for i, step in enumerate(steps) if (step.request, step.number) in begins]
    steps = steps[starts[-1] :] if starts else []
    return steps if len({(step.request, step.number) for step in steps}) > 1 else []


def _step(manifest: Manifest, note: Note) -> Step:
    filters = {name: value for name, value in note.params.items() if name not in PAGING}
    request = Request(note.path, filters)
    return Step(manifest, note, str(request), int(note.params.get(PAGE_NUMBER, 1)))


def take_up(
    archive: Archive, walk: Walk, steps: Sequence[Step], reader: Reader
) -> Iterator[tuple[Step, Turn]]:
    """The pages of an earlier attempt, each with the place from which the walk can go on.

    Ends early where a page cannot be read: the walk then goes on from there.

    Raises:
        AnswerError: A page is not as the API description promises.
    """
    walk.moving, walk.certain = True, False
    request = walk.request
    stand = walk.place_in(request) if request else None
    for step in steps:
        if step.request != request:
            if step.number != 1:
                return
            request, stand = step.request, None
        try:
            page = _open(archive, step.manifest, step.note, reader)
        except ArchiveError as error:
            logger.warning("%s Visma is asked for it and for what follows.", error)
            return
        place = None
        if page.last is not None and step.number in {1, stand.page + 1 if stand else 1}:
            seen = stand.seen if stand and step.number > 1 else 0
            place = stand = Stand(step.number, seen + page.units, page.last)
        note = step.note
        received_at, answered_at = map(datetime.fromisoformat, (note.received_at, note.answered_at))
        yield step, Turn(step.number, received_at, answered_at, page, place, note.number)
