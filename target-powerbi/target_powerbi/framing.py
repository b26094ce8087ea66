"""What follows once all tables are written: their maintenance, and the refresh that shows them.

Knows versions of tables and what was done when; knows no rows. A Direct Lake model shows the
versions at which it was refreshed last (framed), so one refresh after all tables turns all reports
at once. What was shown is remembered in a file: a run that ends between the last commit and the
refresh leaves the refresh to the next one. Without the file there is one refresh more than needed.
"""

from __future__ import annotations

import logging
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import msgspec

from target_powerbi.lake import ONE_TRY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from loader_core.clock import Clock
    from loader_core.durable import Disk
    from target_powerbi.lake import Lake
    from target_powerbi.mapping import Mapping

FILE = "onelake.json"
KEEP_HOURS = 7 * 24
"""Hours for which files that no table needs any more are kept: readers may still have them open."""

logger = logging.getLogger(__name__)


class _Done(msgspec.Struct):
    """What is remembered.

    Attributes:
        shown: Versions of the tables at the last refresh.
        maintained: When each table was looked after last, or seen first.
    """

    shown: dict[str, int] = msgspec.field(default_factory=dict)
    maintained: dict[str, datetime] = msgspec.field(default_factory=dict)


class Framing:
    """What is done after the last table of a run.

    Args:
        lake: The lakehouse.
        mapping: Whose tables are looked at, beside those of the run.
        disk: For the file.
        path: The file, in a folder that outlives the run.
        clock: For the age of maintenance.
        maintain_after_days: Days between two maintenances of a table; 0 for none.
        refresh: Refreshes the model that shows the tables, if there is one.
    """

    def __init__(
        self,
        lake: Lake,
        mapping: Mapping,
        disk: Disk,
        path: Path,
        clock: Clock,
        *,
        maintain_after_days: int,
        refresh: Callable[[], None] | None,
    ) -> None:
        self._lake = lake
        self._mapping = mapping
        self._disk = disk
        self._path = path
        self._clock = clock
        self._every = timedelta(days=maintain_after_days)
        self._refresh = refresh

    def __call__(self, names: Iterable[str]) -> None:
        """Look after the tables that are due, and refresh the model if any table has changed.

        Args:
            names: The tables of this run.

        Raises:
            LoaderError: The tables are written, but one of these is not done; the next run does it.
        """
        done = self._read()
        tables = sorted({*names, *(table.name for table in self._mapping.tables)})
        found = self._lake.versions(tables)
        if self._every and self._maintain(found, done):
            found = self._lake.versions(tables)
        if self._refresh and found and found != done.shown:
            self._refresh()
            logger.info("Refreshed the model that shows %d tables", len(found))
            done.shown = found
        self._disk.write(self._path, msgspec.json.encode(done))

    def _maintain(self, names: Iterable[str], done: _Done) -> bool:
        """Look after the tables that are due; whether there was one."""
        now = self._clock.now()
        due = [name for name in names if done.maintained.setdefault(name, now) + self._every <= now]
        for name in due:
            self._lake.commit(f"maintaining '{name}'", lambda name=name: self._look_after(name))  # type: ignore[misc] # a default binds it
            done.maintained[name] = now
            self._disk.write(self._path, msgspec.json.encode(done))
        return bool(due)

    def _look_after(self, name: str) -> None:
        """Put small files together, and remove those that nobody needs."""
        table = self._lake.open(self._lake.place.table(name))
        if table is None:
            return
        made = table.optimize.compact(commit_properties=ONE_TRY)
        gone = table.vacuum(KEEP_HOURS, dry_run=False, commit_properties=ONE_TRY)
        logger.info(
            "Table '%s': %d files put together into %d, %d removed",
            name,
            made["numFilesRemoved"],
            made["numFilesAdded"],
            len(gone),
        )

    def _read(self) -> _Done:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Done)
        except (FileNotFoundError, msgspec.DecodeError):
            return _Done()
