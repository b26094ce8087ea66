"""What has been read: one bookmark per stream and company, and the place in an unfinished walk.

Knows the tap's state; knows no HTTP. The state has the form that the Singer SDK gives to
partitioned streams, with one entry per company:

    {"bookmarks": {"suppliers": {"partitions": [{
        "context": {"company_id": "no"},
        "replication_key": "lastModifiedDateTime",
        "replication_key_value": "2026-03-20T06:35:22.153000",
        "walk": {...}}]}}}

A bookmark is the newest stamp seen, never a clock of ours. A walk over several pages is no
snapshot: what changed while it lasted can stand on a page that had been read. So its bookmark is
held back to the time of its first answer, as UTC, which Visma's local stamps are not behind.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from tap_visma import stamps
from tap_visma.entities import STAMP
from tap_visma.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Walk(msgspec.Struct, omit_defaults=True):
    """A walk through a list, and how far it has come.

    Attributes:
        since: The filter it was begun with, if any.
        streams: The streams that it feeds.
        page_size: Records asked for per page; page numbers mean nothing without it.
        next_page: The page to read next.
        seen: Records (or lines, where the list counts them) on the pages before.
        newest: The newest stamp on them.
        began: Visma's time at the first answer, UTC, as a stamp.
    """

    since: str | None
    streams: list[str]
    page_size: int
    next_page: int = 1
    seen: int = 0
    newest: str | None = None
    began: str | None = None

    def advance(self, page: int, units: int, newest: str | None, answered_at: datetime) -> None:
        """Take note of a page that has been written out.

        Args:
            page: Its number.
            units: What it held of what the list counts.
            newest: The newest stamp on it.
            answered_at: Visma's time of the answer.
        """
        self.next_page = page + 1
        self.seen += units
        self.newest = max(filter(None, (self.newest, newest)), default=None)
        self.began = self.began or stamps.of(answered_at)

    def bookmark(self) -> str | None:
        """Up to which stamp everything has been read, once the walk has reached its end."""
        several_pages = self.next_page > 2  # noqa: PLR2004 - the second page has been read
        if several_pages and self.newest and self.began:
            return min(self.newest, self.began)
        return self.newest


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
            fresh: The walk as it would begin now. Page size apart, the one in the state must agree
                with it, or its pages would be those of another list.
        """
        held = self._entries.get((entity, company_id), {}).get("walk")
        if held is None:
            return fresh
        try:
            walk = msgspec.convert(held, Walk)
        except msgspec.ValidationError:
            return fresh
        same = walk.since == fresh.since and walk.streams == fresh.streams
        return walk if same else fresh

    def hold(self, entity: str, company_id: str, walk: Walk) -> None:
        """Keep how far an unfinished walk has come."""
        self._entry(entity, company_id)["walk"] = msgspec.to_builtins(walk)

    def finish(self, entity: str, company_id: str, walk: Walk) -> None:
        """Drop a walk that has reached its end, and move the bookmarks of its streams."""
        self._entries.get((entity, company_id), {}).pop("walk", None)
        bookmark = walk.bookmark()
        if bookmark is None:
            return
        for stream in walk.streams:
            entry = self._entry(stream, company_id)
            before = self.oldest([stream], company_id)
            entry["replication_key"] = STAMP
            entry["replication_key_value"] = max(bookmark, before or bookmark)

    def _entry(self, stream: str, company_id: str) -> dict[str, Any]:
        key = (stream, company_id)
        if key not in self._entries:
            self._entries[key] = {"context": {"company_id": company_id}}
            partitions = self._streams.setdefault(stream, {}).setdefault("partitions", [])
            partitions.append(self._entries[key])
        return self._entries[key]
