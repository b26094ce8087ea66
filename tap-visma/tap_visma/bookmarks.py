"""What has been read: one bookmark per stream and company, and the place in an unfinished walk.

Knows the tap's state; knows no HTTP. The state has the form that the Singer SDK gives to
partitioned streams, with one entry per company:

    {"bookmarks": {"suppliers": {"partitions": [{
        "context": {"company_id": "no"},
        "replication_key": "lastModifiedDateTime",
        "replication_key_value": "2026-03-20T06:35:22.153000",
        "batch": ["0195...", "9f86..."],
        "walk": {...}}]}}}

A bookmark is the newest stamp seen, never a clock of ours. A walk over several pages is no
snapshot: what changed while it lasted can stand on a page that had been read. So its bookmark is
held back to the time of its first answer, as UTC, which Visma's local stamps are not behind.

Where there is an inbox of events, `event` says up to which one a stream of a company was read, and
`turn` names the turn (its start) in which that was; a stream's own `turn` is the last one that all
companies were to be read in.

A full pass (a first load, a sweep, every run of an entity without stamps) has a version, which all
companies of an entity come to share, since loaders keep versions per table. When the last of them
has it, it can be activated: what has an older version is no longer at Visma.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_visma import stamps
from tap_visma.entities import STAMP
from tap_visma.errors import SettingsError
from tap_visma.ledger import Link
from tap_visma.pages import Place

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_visma.pages import Turn


USUAL_CAP = 1000
SMALLEST_PAGE = 20


class Walk(msgspec.Struct, omit_defaults=True):
    """A walk through the lists of an entity, and how far it has come.

    Attributes:
        since: The filter it was begun with, if any.
        streams: The streams that it feeds.
        page_size: Records asked for per page; page numbers mean nothing without it.
        version: The version of the full pass that it is, if it is one.
        request: The list in which it is; lists before it in their order are done.
        page: The last page read of that list.
        seen: Records (or lines, where the list counts them) on the pages up to it.
        last: Key of the last record on it.
        newest: The newest stamp so far.
        began: Visma's time at the first answer, UTC, as a stamp.
        moving: More than one answer, so that changes can have been passed by.
        certain: It is certain that every record of every list so far was seen.
        calls: Pages read, those read again included.
    """

    since: str | None
    streams: list[str]
    page_size: int
    version: int | None = None
    request: str | None = None
    page: int = 0
    seen: int = 0
    last: list[str | int | None] = []
    newest: str | None = None
    began: str | None = None
    moving: bool = False
    certain: bool = True
    calls: int = 0

    def place_in(self, request: str) -> Place | None:
        """Where to go on in a list."""
        if request != self.request or not self.page:
            return None
        return Place(self.page, self.seen, tuple(self.last))

    def advance(self, request: str, turn: Turn) -> None:
        """Take note of a page whose records have been written out."""
        page = turn.page
        self.calls += 1
        if self.began is None:
            self.began = stamps.of(turn.answered_at)
        if page.newest and (self.newest is None or page.newest > self.newest):
            self.newest = page.newest
        if turn.place:
            self.request = request
            self.page, self.seen = turn.place.page, turn.place.seen
            self.last = list(turn.place.last)

    def ask_for_less(self) -> bool:
        """Make pages smaller, so that what was read still is a number of whole pages.

        Returns:
            Whether they could be.
        """
        # Pages read tell what a page really holds; before the first one, no known cap is above.
        held = self.seen // self.page if self.page else min(self.page_size, USUAL_CAP)
        smaller = next((size for size in range(held // 2, 0, -1) if held % size == 0), 0)
        if smaller < SMALLEST_PAGE:
            return False
        self.page_size, self.page = smaller, self.seen // smaller
        return True

    def bookmark(self) -> str | None:
        """Up to which stamp everything has been read, once the walk has reached its end."""
        if self.moving and self.newest and self.began:
            return min(self.newest, self.began)
        return self.newest

    def is_certain(self) -> bool:
        """Whether all records were seen, and none of them changed while the walk lasted.

        Visma's stamps can be ahead of UTC, so this also doubts what changed shortly before.
        """
        changed = bool(self.moving and self.newest and self.began and self.newest >= self.began)
        return self.certain and not changed


class Bookmarks:
    """Reads and writes the tap's state.

    Args:
        state: The state as the SDK holds it; changed in place.
    """

    def __init__(self, state: dict[str, Any]) -> None:
        self._streams: dict[str, Any] = state.setdefault("bookmarks", {})
        self._entries: dict[tuple[str, str], dict[str, Any]] = {
            (stream, entry["context"]["company_id"]): entry
            for stream, partitions in self._streams.items()
            for entry in partitions.get("partitions", ())
        }

    def oldest(self, streams: Iterable[str], company_id: str) -> str | None:
        """The oldest bookmark of some streams, `None` as soon as one of them has none.

        Raises:
            SettingsError: A bookmark is not a time.
        """
        values = []
        for stream in streams:
            value = self._entries.get((stream, company_id), {}).get("replication_key_value")
            if not value:
                return None
            try:
                values.append(stamps.of(stamps.parse(value)))
            except (TypeError, ValueError):
                raise SettingsError(
                    "the bookmark in the state is not a time",
                    "Correct 'replication_key_value' in the state, or clear it to read all again",
                ).at(company_id, stream) from None
        return min(values)

    def unfinished(self, entity: str, company_id: str, fresh: Walk) -> Walk:
        """The walk to go on with: the one in the state if it is the same one, else the fresh one.

        Args:
            entity: Name of the entity.
            company_id: The company.
            fresh: The walk as it would begin now. Page size and version apart, the one in the state
                must agree with it, or its pages would be those of another list.
        """
        held = self._entries.get((entity, company_id), {}).get("walk")
        if held is None:
            return fresh
        try:
            walk = msgspec.convert(held, Walk)
        except msgspec.ValidationError:
            return fresh
        same = (
            walk.since == fresh.since
            and walk.streams == fresh.streams
            and (walk.version is None) == (fresh.version is None)
        )
        return walk if same else fresh

    def hold(self, entity: str, company_id: str, walk: Walk) -> None:
        """Keep how far an unfinished walk has come."""
        self._entry(entity, company_id)["walk"] = msgspec.to_builtins(walk)

    def finish(self, entity: str, company_id: str, walk: Walk, *, has_stamps: bool) -> None:
        """Drop a walk that has reached its end, and move the bookmarks of its streams."""
        entry = self._entry(entity, company_id)
        entry.pop("walk", None)
        if walk.version is not None:
            # A pass with a later start date than the one before leaves out rows that are not gone
            shorter = "version" in entry and (walk.since or "") > entry.get("since", "")
            entry["version"] = walk.version
            entry["certain"] = walk.is_certain() and not shorter
            if walk.since and not shorter:
                entry["since"] = walk.since
            entry["calls"] = walk.calls
        bookmark = walk.bookmark()
        if bookmark is None or not has_stamps:
            return
        for stream in walk.streams:
            entry = self._entry(stream, company_id)
            before = self.oldest([stream], company_id)
            entry["replication_key"] = STAMP
            entry["replication_key_value"] = max(bookmark, before or bookmark)

    def is_unfinished(self, entity: str, company_id: str) -> bool:
        """Whether a walk is held."""
        return "walk" in self._entries.get((entity, company_id), {})

    def is_certain(self, entity: str, company_id: str) -> bool:
        """Whether the last full pass has seen every record."""
        return bool(self._entries.get((entity, company_id), {}).get("certain"))

    def turn(self, entity: str, company_id: str | None = None) -> str | None:
        """The last turn of an entity, or that in which a company was read."""
        held = (
            self._streams.get(entity, {})
            if company_id is None
            else self._entries.get((entity, company_id), {})
        )
        turn: str | None = held.get("turn")
        return turn

    def begin_turn(self, entity: str, turn: str) -> None:
        """Make all companies due."""
        self._streams.setdefault(entity, {})["turn"] = turn

    def covered(self, stream: str, company_id: str) -> int:
        """The number of the event up to which a stream of a company was read."""
        number: int = self._entries.get((stream, company_id), {}).get("event", 0)
        return number

    def cover(self, stream: str, company_id: str, event: int) -> None:
        """Take note up to which event, and in which turn, a stream of a company was read."""
        entry = self._entry(stream, company_id)
        entry["event"] = max(event, self.covered(stream, company_id))
        if turn := self.turn(stream):
            entry["turn"] = turn

    def last_event(self, stream: str) -> int:
        """The number of the event that was written last to the stream of events."""
        number: int = self._streams.get(stream, {}).get("event", 0)
        return number

    def keep_event(self, stream: str, event: int) -> None:
        """Take note of the event that was written last."""
        self._streams.setdefault(stream, {})["event"] = event

    def last_batch(self, entity: str, company_id: str) -> Link | None:
        """The last row of the ledger for an entity in a company."""
        held = self._entries.get((entity, company_id), {}).get("batch")
        try:
            return msgspec.convert(held, Link | None)
        except msgspec.ValidationError:
            return None

    def keep_batch(self, entity: str, company_id: str, link: Link) -> None:
        """Keep the last row of the ledger."""
        self._entry(entity, company_id)["batch"] = msgspec.to_builtins(link)

    def version(self, entity: str, company_id: str | None = None) -> int | None:
        """The version of an entity's records: the one aimed at, or the one a company has."""
        held = (
            self._streams.get(entity, {})
            if company_id is None
            else self._entries.get((entity, company_id), {})
        )
        version: int | None = held.get("version")
        return version

    def calls_of_full_pass(self, entity: str, company_id: str) -> int:
        """How many calls the last full pass took, 1 if that is not known."""
        calls: int = self._entries.get((entity, company_id), {}).get("calls", 1)
        return calls

    def aim_at(self, entity: str, version: int) -> None:
        """Make all companies due for a full pass with this version."""
        self._streams.setdefault(entity, {})["version"] = version

    def activate(self, entity: str, companies: Iterable[str]) -> int | None:
        """The version that can be activated now: all companies have it, in certain full passes.

        Gives it once only.
        """
        held = self._streams.get(entity, {})
        version: int | None = held.get("version")
        if version is None or held.get("activated") == version:
            return None
        entries = [self._entries.get((entity, company_id), {}) for company_id in companies]
        if all(e.get("version") == version and e.get("certain") for e in entries):
            held["activated"] = version
            return version
        return None

    def _entry(self, stream: str, company_id: str) -> dict[str, Any]:
        key = (stream, company_id)
        if key not in self._entries:
            self._entries[key] = {"context": {"company_id": company_id}}
            partitions = self._streams.setdefault(stream, {}).setdefault("partitions", [])
            partitions.append(self._entries[key])
        return self._entries[key]
