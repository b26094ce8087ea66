"""An inbox that a test writes itself, and the tap run with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import TYPE_CHECKING, Any

from tap_runs import MovedClock, Run, Visma
from tap_visma.envelopes import Event
from tap_visma.inbox import InboxWriter
from tap_visma.tap import TapVisma

if TYPE_CHECKING:
    from pathlib import Path


class LaterClock(MovedClock):
    """A clock that tells a time some hours ahead.

    Args:
        hours: How far ahead it is.
    """

    def __init__(self, hours: float) -> None:
        super().__init__()
        self._hours = hours

    def now(self) -> datetime:
        return super().now() + timedelta(hours=self._hours)


@dataclass
class Inbox:
    """An inbox, and the sandbox whose changes it tells.

    Attributes:
        visma: The sandbox.
        path: The inbox's file.
    """

    visma: Visma
    path: Path

    def note(self, kind: str | None, company: int | None = 0, resource: str | None = None) -> None:
        """Keep an event of a company, or of one that it does not name."""
        event = Event(
            received_at=datetime.now(tz=UTC).isoformat(),
            sender="127.0.0.1",
            body=json.dumps([kind, company, resource, datetime.now(tz=UTC).isoformat()]).encode(),
            envelope="mapped",
            context=None if company is None else self.visma.company_id(company),
            kind=kind,
            resource=resource,
        )
        with InboxWriter(self.path, timedelta()) as writer:
            assert writer.write([event], {}) == [True]

    def change(self, path: str, operation: str, company: int = 0) -> list[list[str]]:
        """Change a record of the sandbox; gives its key."""
        wanted = {
            "company_id": self.visma.company_id(company),
            "path": path,
            "operation": operation,
            "count": 1,
        }
        keys: list[list[str]] = self.visma.control("change", wanted)["keys"]
        return keys

    def sync(
        self, streams: set[str], before: Run | None = None, hours: float = 0.0, **settings: Any
    ) -> Run:
        """Run the tap with the inbox.

        Args:
            streams: Streams to select.
            before: The run whose state it goes on from.
            hours: How far ahead its clock is.
            settings: Settings that differ.
        """
        config = {"webhook_inbox": str(self.path)} | settings
        return self.visma.sync(
            before.state if before else None,
            catalog=selecting(streams),
            clock=LaterClock(hours),
            **config,
        )

    def hinted(
        self, streams: set[str], before: Run | None = None, hours: float = 0.0, **settings: Any
    ) -> Run:
        """Run it with `run: hinted`."""
        return self.sync(streams, before, hours, run="hinted", **settings)


def selecting(streams: set[str]) -> dict[str, Any]:
    """The catalog that the tap makes where there is an inbox, with some streams selected."""
    chosen = [e for e in json.loads(_whole_catalog())["streams"] if e["tap_stream_id"] in streams]
    assert {entry["tap_stream_id"] for entry in chosen} == streams
    for entry in chosen:
        for item in entry["metadata"]:
            if not item["breadcrumb"]:
                item["metadata"]["selected"] = True
    return {"streams": chosen}


@cache
def _whole_catalog() -> str:
    config = {"webhook_inbox": "any"}
    return TapVisma(config=config, validate_config=False).catalog_json_text
