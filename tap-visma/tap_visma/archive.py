"""The archive: every answer as Visma sent it, by batch.

Knows pages, batches and their files; knows neither Singer nor how pages are read. The files:

    open/0199....json                                     a batch that is being read
    company=1001237/stream=suppliers/date=2026-03-31/0199.../
        000001.page                                       an answer: a line of JSON that says what
                                                          it is, then the body, compressed by zstd
                                                          and encrypted by age if so configured
        manifest.jsonl                                    the batch, a line for each page, and the
                                                          hash of these lines

A page is written before it is parsed. A batch counts once its manifest is there, which is written
last. A batch that a killed run left open is closed by the next run of that stream.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import msgspec
import pyrage
import zstandard

from tap_visma import stores
from tap_visma.errors import ArchiveError, LockedError, SettingsError
from tap_visma.ledger import Batch  # noqa: TC001 - msgspec reads the annotation
from tap_visma.lineage import began

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import date

    from tap_visma.settings import Settings
    from tap_visma.stores import Store

FORMAT = 1
MANIFEST = "manifest.jsonl"
OPEN = "open"
LEVEL = 1
"""Of compression: more takes time and memory, and makes Visma's answers hardly smaller."""
PART_BYTES = 1 << 20


class Note(msgspec.Struct, kw_only=True):
    """What is known of a page. In a page's first line: all up to `sha256`.

    Attributes:
        number: Which answer of the batch it is, from 1; the second part of audit ids.
        api_url: The API that was asked.
        path: The endpoint.
        params: The query.
        columns: Values of parameters that its records do not repeat, by column.
        status: Of the answer.
        received_at: When it came, by our clock, ISO 8601, UTC.
        answered_at: Visma's time of it, likewise.
        bytes: Size of the body.
        sha256: Of the body.
        records: How many it holds; `None` where nobody looked.
        used: Whether its records were written. Not so for answers that repeat another one.
        continues: Its first record is the rest of the last one of the page before.
    """

    number: int
    api_url: str
    path: str
    params: dict[str, str]
    columns: dict[str, str]
    status: int
    received_at: str
    answered_at: str
    bytes: int
    sha256: str
    records: int | None = None
    used: bool = False
    continues: bool = False

    def as_received(self) -> dict[str, Any]:
        """What is known of the page before anybody looks into it."""
        known: dict[str, Any] = msgspec.to_builtins(self)
        for name in ("records", "used", "continues"):
            del known[name]
        return known


class Header(msgspec.Struct, kw_only=True):
    """First line of a manifest, and the content of the file that marks a batch as open.

    Attributes:
        format: Of the archive's files.
        batch: The batch's row in the ledger.
        version: What RECORD messages carry.
    """

    format: int = FORMAT
    batch: Batch
    version: int


class Seal(msgspec.Struct):
    """Last line of a manifest: SHA-256 of the lines above."""

    sha256: str


class Manifest(msgspec.Struct):
    """A batch that counts."""

    batch: Batch
    version: int
    pages: list[Note]


class Place(msgspec.Struct, frozen=True, order=True):
    """Where a batch is kept. Sorts by time of its start."""

    batch_id: str
    company_id: str
    stream: str

    def __str__(self) -> str:
        return (
            f"company={self.company_id}/stream={self.stream}/date={began(self.batch_id).date()}"
            f"/{self.batch_id}"
        )

    @classmethod
    def of(cls, batch: Batch) -> Place:
        """The place of a batch."""
        return cls(batch.batch_id, batch.company_id, batch.stream)


class Archive:
    """Writes and reads batches.

    Args:
        store: Where the files are.
        recipients: Public keys of age for which pages are encrypted, none to leave them plain.
        identity: A secret key of age that opens encrypted pages.

    Attributes:
        readable: Whether it can read what it writes.
    """

    def __init__(
        self, store: Store, recipients: Sequence[str] = (), identity: str | None = None
    ) -> None:
        self._store = store
        self.readable = bool(identity) or not recipients
        self._recipients = [pyrage.x25519.Recipient.from_str(key) for key in recipients]
        self._identity = pyrage.x25519.Identity.from_str(identity) if identity else None

    @classmethod
    def of(cls, settings: Settings) -> Archive:
        """The archive that is set.

        Raises:
            SettingsError: None is.
            ArchiveError: There is no driver for its address.
        """
        if not settings.archive_url:
            raise SettingsError("there is no archive", "Set 'archive_url'")
        store = stores.at(settings.archive_url)
        return cls(store, settings.archive_recipients, settings.archive_identity)

    def check(self) -> None:
        """Write, read and remove a file.

        Raises:
            ArchiveError: That cannot be done.
        """
        name = f"{OPEN}/check"
        self._store.put(name, b"")
        self._store.remove(name)

    # Writing

    def open(self, header: Header) -> None:
        """Mark a batch as being read.

        Raises:
            ArchiveError: The store failed.
        """
        self._store.put(_marker(header.batch.batch_id), msgspec.json.encode(header))

    def write(self, place: Place, note: Note, body: bytes) -> None:
        """Write a page.

        Raises:
            ArchiveError: The store failed.
        """
        data = _compressed(body)
        if self._recipients:
            data = pyrage.encrypt(data, self._recipients)
        head = msgspec.json.encode(note.as_received())
        self._store.put(_page(place, note.number), head + b"\n" + data)

    def commit(self, header: Header, pages: Iterable[Note]) -> None:
        """Make a batch count.

        Raises:
            ArchiveError: The store failed.
        """
        lines = b"".join(msgspec.json.encode(line) + b"\n" for line in (header, *pages))
        seal = msgspec.json.encode(Seal(hashlib.sha256(lines).hexdigest())) + b"\n"
        place = Place.of(header.batch)
        self._store.put(f"{place}/{MANIFEST}", lines + seal)
        self.unmark(place)

    def unmark(self, place: Place) -> None:
        """Mark a batch as no longer being read.

        Raises:
            ArchiveError: The store failed.
        """
        self._store.remove(_marker(place.batch_id))

    def discard(self, place: Place) -> None:
        """Remove what there is of a batch that has no whole page.

        Raises:
            ArchiveError: The store failed.
        """
        self._store.remove(str(place))
        self.unmark(place)

    def prune(self, company_id: str, stream: str, before: date) -> None:
        """Remove the batches of a stream that began before a day, manifests first.

        Raises:
            ArchiveError: The store failed.
        """
        above = f"company={company_id}/stream={stream}"
        for name in self._store.names(above):
            folder = f"{above}/{name}"
            if name.startswith("date=") and name < f"date={before}":
                for batch_id in self._store.names(folder):
                    self._store.remove(f"{folder}/{batch_id}/{MANIFEST}")
                self._store.remove(folder)

    # Reading

    def left_open(self) -> list[Header]:
        """The batches that no run has closed: those being read, and those of killed runs.

        Raises:
            ArchiveError: The store failed.
        """
        found = []
        for name in self._store.names(OPEN):
            data = self._store.get(f"{OPEN}/{name}") if name.endswith(".json") else None
            if data is not None:
                found.append(_header(data, f"{OPEN}/{name}"))
        return found

    def places(
        self,
        company_id: str | None = None,
        stream: str | None = None,
        *,
        first: date | None = None,
        last: date | None = None,
    ) -> list[Place]:
        """Where batches are, committed or not, oldest first.

        Args:
            company_id: Of this company only.
            stream: Of this entity's stream only.
            first: The first day, UTC, on which they began.
            last: The last day.

        Raises:
            ArchiveError: The store failed.
        """
        found = []
        for company, of_company in self._below("", "company=", company_id):
            for name, of_stream in self._below(of_company, "stream=", stream):
                for day, of_day in self._below(of_stream, "date=", None):
                    if (not first or day >= str(first)) and (not last or day <= str(last)):
                        batches = self._store.names(of_day)
                        found += [Place(batch_id, company, name) for batch_id in batches]
        return sorted(found)

    def find(
        self, batch_id: str, company_id: str | None = None, stream: str | None = None
    ) -> Place:
        """Where a batch is.

        Args:
            batch_id: The batch.
            company_id: Its company, if that is known, so that it is found faster.
            stream: Its stream, likewise.

        Raises:
            SettingsError: It is no batch id.
            ArchiveError: There is no such batch, or the store failed.
        """
        try:
            day = began(batch_id).date()
        except ValueError:
            raise SettingsError(
                "that is no batch id", "Take one from a column '_batch_id'"
            ) from None
        for company, of_company in self._below("", "company=", company_id):
            for name, _ in self._below(of_company, "stream=", stream):
                place = Place(batch_id, company, name)
                if self._store.names(str(place)):
                    return place
        raise ArchiveError(
            f"the archive holds no batch {batch_id}",
            f"See whether it is older (it began on {day}) than 'archive_days', or was read with "
            "another 'archive_url'",
        )

    def manifest(self, place: Place) -> Manifest:
        """The manifest of a batch.

        Raises:
            ArchiveError: The batch was not committed, its manifest is damaged, or the store failed.
        """
        data = self._store.get(f"{place}/{MANIFEST}")
        if data is None:
            raise ArchiveError(
                f"batch {place.batch_id} was never committed: the run that read it was killed, or "
                "is still reading",
                "The next sync of the stream commits what there is of it",
            ).at(place.company_id, place.stream)
        name = f"{place}/{MANIFEST}"
        head, *lines, seal = data.splitlines(keepends=True) or [b"", b""]
        header = _header(head, name)
        sealed = Seal(hashlib.sha256(head + b"".join(lines)).hexdigest())
        if seal != msgspec.json.encode(sealed) + b"\n":
            raise _damaged(name)
        return Manifest(header.batch, header.version, [_note(line, name) for line in lines])

    def is_committed(self, place: Place) -> bool:
        """Whether a batch counts.

        Raises:
            ArchiveError: The store failed.
        """
        return MANIFEST in self._store.names(str(place))

    def notes(self, place: Place) -> Iterator[Note]:
        """What the pages of a batch say of themselves, committed or not.

        Raises:
            ArchiveError: A page is damaged, or the store failed.
        """
        for name in self._store.names(str(place)):
            if name.endswith(".page"):
                head, _, _ = self._page_data(place, f"{place}/{name}").partition(b"\n")
                yield _note(head, f"{place}/{name}")

    def note(self, place: Place, number: int) -> Note:
        """What a page says of itself, committed or not.

        Raises:
            ArchiveError: It is missing or damaged, or the store failed.
        """
        name = _page(place, number)
        head, _, _ = self._page_data(place, name).partition(b"\n")
        return _note(head, name)

    def body(self, place: Place, note: Note) -> bytes:
        """The body of a page, exactly as received.

        Raises:
            ArchiveError: It is missing or damaged, the key does not open it, or the store failed.
        """
        name = _page(place, note.number)
        _, _, data = self._page_data(place, name).partition(b"\n")
        if data.startswith(b"age-encryption.org/"):
            data = self._decrypt(data, name)
        try:
            # A damaged size must not make Python ask for that much memory
            whole = zstandard.frame_content_size(data) == note.bytes
            body = zstandard.ZstdDecompressor().decompress(data) if whole else b""
        except zstandard.ZstdError:
            raise _damaged(name) from None
        if not whole or hashlib.sha256(body).hexdigest() != note.sha256:
            raise _damaged(name)
        return body

    def _page_data(self, place: Place, name: str) -> bytes:
        data = self._store.get(name)
        if data is None:
            raise ArchiveError(
                f"the archive lacks {name}", "Restore it from a copy of the archive"
            ).at(place.company_id, place.stream)
        return data

    def _decrypt(self, data: bytes, name: str) -> bytes:
        if self._identity is None:
            raise LockedError(f"{name} is encrypted", "Set 'archive_identity' to open it")
        try:
            opened: bytes = pyrage.decrypt(data, [self._identity])
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise LockedError(
                    f"{name} is encrypted for other keys than 'archive_identity'",
                    "Set it to one of those that were recipients when the page was written",
                ) from None
            raise _damaged(name) from None
        return opened

    def _below(self, above: str, prefix: str, value: str | None) -> Iterator[tuple[str, str]]:
        """The folders of one level: the value each stands for, and its name."""
        if value is not None:
            names = [prefix + value]
        else:
            names = [name for name in self._store.names(above) if name.startswith(prefix)]
        for name in names:
            yield name.removeprefix(prefix), f"{above}/{name}".lstrip("/")


def hash_of(pages: Iterable[Note]) -> str:
    """SHA-256 of the SHA-256 of pages, one after the other as text."""
    return hashlib.sha256("".join(note.sha256 for note in pages).encode()).hexdigest()


def _compressed(body: bytes) -> bytes:
    """A body as a zstd frame that states its size; by parts, to need no memory of that size."""
    compressor = zstandard.ZstdCompressor(level=LEVEL).compressobj(size=len(body))
    with memoryview(body) as whole:
        starts = range(0, len(body), PART_BYTES)
        parts = [compressor.compress(whole[start : start + PART_BYTES]) for start in starts]
    return b"".join([*parts, compressor.flush()])


def _marker(batch_id: str) -> str:
    return f"{OPEN}/{batch_id}.json"


def _page(place: Place, number: int) -> str:
    return f"{place}/{number:06}.page"


def _note(line: bytes, name: str) -> Note:
    try:
        return msgspec.json.decode(line, type=Note)
    except (msgspec.MsgspecError, ValueError):
        raise _damaged(name) from None


def _header(data: bytes, name: str) -> Header:
    try:
        values: Mapping[str, Any] = msgspec.json.decode(data, type=dict[str, Any])
        if values["format"] != FORMAT:
            raise ArchiveError(
                f"{name} has format {values['format']}, this tap knows {FORMAT}",
                "Read it with the version of tap-visma that wrote it, or a newer one",
            )
        return msgspec.convert(values, Header)
    except (msgspec.MsgspecError, ValueError, KeyError):
        raise _damaged(name) from None


def _damaged(name: str) -> ArchiveError:
    return ArchiveError(
        f"{name} in the archive is damaged", "Restore it from a copy of the archive"
    )
