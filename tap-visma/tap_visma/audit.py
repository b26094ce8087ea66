"""Whether the archive holds what its ledger says: hashes, counts, and the chain of batches.

Knows the archive; changes nothing in it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

import msgspec

from tap_visma.archive import Place, hash_of
from tap_visma.entities import ENTITIES
from tap_visma.errors import ArchiveError, LockedError, SettingsError
from tap_visma.lineage import began
from tap_visma.records import line_in, split

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from tap_visma.archive import Archive, Manifest
    from tap_visma.entities import Entity
    from tap_visma.ledger import Batch

_ENTITY = {entity.name: entity for entity in ENTITIES}


class Finding(msgspec.Struct):
    """What was found in a batch.

    Attributes:
        place: The batch.
        pages: How many were looked at.
        bytes: Their size, as Visma sent them.
        is_open: It was never committed: a run was killed, or is still reading.
        differences: What is not as it should be.
    """

    place: Place
    pages: int = 0
    bytes: int = 0
    is_open: bool = False
    differences: list[str] = []


def entity(stream: str) -> Entity:
    """The entity of a stream.

    Raises:
        ArchiveError: This version of the tap has none of that name.
    """
    if stream not in _ENTITY:
        raise ArchiveError(
            f"this tap-visma knows no stream '{stream}'", "Take the version that wrote the archive"
        )
    return _ENTITY[stream]


def record(
    archive: Archive, audit_id: str, company_id: str | None = None, stream: str | None = None
) -> tuple[Place, bytes]:
    """A record as it stands in the answer of Visma.

    Args:
        archive: The archive.
        audit_id: From the column `_audit_id`.
        company_id: Its company, if that is known, so that it is found faster.
        stream: The stream of its entity, likewise.

    Returns:
        Its batch, and its bytes.

    Raises:
        SettingsError: That is no audit id.
        ArchiveError: There is no such record, it cannot be read, or the store failed.
    """
    batch_id, *numbers = audit_id.split("/")
    try:
        page, row, *line = map(int, numbers)
    except ValueError:
        raise SettingsError("that is no audit id", "Take one from a column '_audit_id'") from None
    place = archive.find(batch_id, company_id, stream)
    source = entity(place.stream)
    body = archive.body(place, archive.note(place, page))
    try:
        raw = split(source, body)[0][row - 1]
        if line:
            raw = line_in(raw, source.lists[0].path, line[0])
    except IndexError:
        raise ArchiveError(
            f"that page of batch {batch_id} has no such record",
            "Take the audit id whole, from a column '_audit_id'",
        ).at(place.company_id, place.stream) from None
    return place, bytes(raw)


def verify(archive: Archive, places: Iterable[Place], *, chains: bool) -> Iterator[Finding]:
    """Read every page of batches, and recompute what is said of them.

    Args:
        archive: The archive.
        places: The batches.
        chains: Whether each must name the one before it; the oldest of a stream need not.

    Raises:
        ArchiveError: The archive as a whole cannot be read, or the key does not open its pages.
    """
    marked = {header.batch.batch_id for header in archive.left_open()}
    in_chains = sorted(places, key=lambda place: (place.company_id, place.stream, place.batch_id))
    for _, chain in groupby(in_chains, lambda place: (place.company_id, place.stream)):
        hashes: dict[str, str] = {}
        for place in chain:
            finding = Finding(place)
            if archive.is_committed(place):
                before = hashes if chains else None
                try:
                    manifest = archive.manifest(place)
                    _look_at(archive, manifest, before, finding)
                    hashes[place.batch_id] = manifest.batch.row_hash()
                except LockedError:
                    raise
                except ArchiveError as error:
                    finding.differences.append(error.what)
            elif place.batch_id in marked:
                finding.is_open = True
            else:
                finding.differences.append("it has pages, but no manifest")
            yield finding


def _look_at(
    archive: Archive, manifest: Manifest, before: Mapping[str, str] | None, finding: Finding
) -> None:
    batch = manifest.batch
    finding.differences += _of_row(manifest)
    if before:
        finding.differences += _of_chain(batch, before)
    for note in manifest.pages:
        finding.pages += 1
        finding.bytes += note.bytes
        try:
            body = archive.body(finding.place, note)
        except LockedError:
            raise
        except ArchiveError as error:
            finding.differences.append(error.what)
            continue
        if archive.note(finding.place, note.number).as_received() != note.as_received():
            finding.differences.append(f"page {note.number} says other things than the manifest")
        if note.records is not None and len(split(entity(batch.stream), body)[0]) != note.records:
            finding.differences.append(f"page {note.number} has not the {note.records} records")


def _of_row(manifest: Manifest) -> Iterator[str]:
    batch = manifest.batch
    if hash_of(manifest.pages) != batch.pages_hash:
        yield "its pages are not those of its row in the ledger"
    if len(manifest.pages) != batch.pages:
        yield f"it has {len(manifest.pages)} pages, not {batch.pages}"
    if (size := sum(note.bytes for note in manifest.pages)) != batch.bytes:
        yield f"it has {size} bytes, not {batch.bytes}"


def _of_chain(batch: Batch, before: Mapping[str, str]) -> Iterator[str]:
    """Compare what it says of the batch before it, if that is not older than all that there are."""
    previous = batch.previous_batch_id
    if previous is None or began(previous) < began(min(before)):
        return
    if previous not in before:
        yield f"batch {previous}, which came before it, is missing"
    elif before[previous] != batch.previous_hash:
        yield f"batch {previous}, which came before it, was changed"
