"""A target that loads into a Power BI, what a tap would write, and what is there afterwards."""

from __future__ import annotations

import io
import sqlite3
from contextlib import closing
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from loader_core.clock import Clock
from loader_runs import Run, lines, new_name, watched
from target_powerbi.target import TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from pathlib import Path

    from loader_core import Writer
    from powerbi_service import PowerBIService

MAPPING = """
[[table]]
stream = "suppliers"
name = "suppliers"
kind = "dimension"
columns = [
  { name = "supplier_key", field = "record_id", type = "String", hidden = true },
  { name = "supplier", field = "name", type = "String" },
]

[[table]]
stream = "invoices"
name = "invoices"
kind = "fact"
columns = [
  { name = "invoice_key", field = "record_id", type = "String" },
  { name = "supplier_key", field = "supplier", type = "String" },
  { name = "amount", field = "amount", type = "Decimal" },
  { name = "due", field = "due", type = "DateTime" },
  { name = "number", field = "number", type = "Int64" },
]
measures = [ { name = "Total", expression = "SUM('invoices'[amount])" } ]

[[table]]
stream = "journal"
name = "journal"
kind = "fact"
load = "append"
columns = [
  { name = "line_key", field = "record_id", type = "String" },
  { name = "amount", field = "amount", type = "Decimal" },
]

[[relationship]]
from = "invoices.supplier_key"
to = "suppliers.supplier_key"
"""
"""A small star: a dimension that is replaced, facts that are reversed, lines that are appended."""


class LinkedClock(Clock):
    """A clock on which waiting takes no time, though it passes, here and at the service."""

    def __init__(self, service: PowerBIService) -> None:
        self.slept: list[float] = []
        self._service = service

    def monotonic(self) -> float:
        return super().monotonic() + sum(self.slept)

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self._service_offset + sum(self.slept))

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self._service.set(advance=seconds)

    @property
    def _service_offset(self) -> float:
        """How far the service's clock was ahead when this one began."""
        if not hasattr(self, "_offset"):
            shown = float(self._service.shown()["now"])
            self._offset = shown - Clock.now(self).timestamp() - sum(self.slept)
        return self._offset


@dataclass
class Workspace:
    """A dataset's name in the workspace, and how a target is set to load into it."""

    service: PowerBIService
    folder: Path
    mapping: str = MAPPING
    dataset: str = field(default_factory=new_name)

    @property
    def config(self) -> dict[str, Any]:
        file = self.folder / "mapping.toml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(self.mapping)
        return {
            **self.service.settings,
            "dataset": self.dataset,
            "mapping_file": str(file),
            "outbox_dir": str(self.folder / "outbox"),
        }

    def load(self, messages: Iterable[dict[str, Any] | str], **settings: Any) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome.

        Args:
            messages: What the tap writes.
            settings: Settings that differ from `config`; `only` is all of them, and `replayed` a
                batch to send again.
        """
        replayed = settings.pop("replayed", None)
        config = settings.pop("only", None) or self.config | settings

        def run() -> None:
            target = TargetPowerBI(config=config)
            target.clock = LinkedClock(self.service)
            target.replayed = replayed
            target.listen(io.StringIO(lines(messages)))

        return watched(run)

    def writer(self) -> Writer:
        """A writer, as a run has it."""
        target = TargetPowerBI(config=self.config)
        target.clock = LinkedClock(self.service)
        target.folder.mkdir(parents=True, exist_ok=True)
        return target.make_writer()

    def remember_posts(self, count: int) -> None:
        """As if a run had just sent requests of one row each."""
        with closing(sqlite3.connect(self.folder / "outbox" / "push.sqlite")) as opened:
            now = float(self.service.shown()["now"])
            opened.executemany("INSERT INTO posts VALUES (?, 1)", [(now,)] * count)
            opened.commit()

    def last_batch(self) -> str:
        """The key of the batch of the last request."""
        return str(self.asked("SELECT batch FROM waiting ORDER BY number DESC LIMIT 1"))

    def batch_of(self, key: str) -> str:
        """The key of the batch that a row came in."""
        return str(self.asked("SELECT batch FROM current_rows WHERE key LIKE ?", f'%"{key}"%'))

    def asked(self, sql: str, *values: Any) -> Any:
        """A value of the state file."""
        with closing(sqlite3.connect(self.folder / "outbox" / "push.sqlite")) as opened:
            return opened.execute(sql, values).fetchone()[0]

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows of a table, without the name of their request, in an order of their own."""
        found = self.service.rows(table, self.dataset)
        bare = [{name: row[name] for name in row if name != "_batch_key"} for row in found]
        return sorted(bare, key=lambda row: [str(value) for value in row.values()])

    def shown(self) -> dict[str, Any]:
        """The dataset as the service has it."""
        (found,) = (one for one in self.service.shown()["datasets"] if one["name"] == self.dataset)
        return dict(found)
