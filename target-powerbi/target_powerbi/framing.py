"""What follows once all tables are written: their maintenance, and the refresh that shows them.

Knows versions of tables and what was done when; knows no rows. A Direct Lake model shows the
versions at which it was refreshed last (framed), so one refresh after all tables turns all reports
at once. Small files are put together before it, and files of before are removed after it: a model
whose refresh fails still has all that it shows. What was shown is remembered in a file: a run that
ends between the last commit and the refresh leaves the refresh to the next one. Without the file
there is one refresh more than needed.
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
        due = self._due(found, done)
        for name in due:
            self._lake.commit(f"compacting '{name}'", lambda name=name: self._compact(name))  # type: ignore[misc] # a default binds it
        if due:
            found = self._lake.versions(tables)
        if self._refresh and found and found != done.shown:
            self._refresh()
            logger.info("Refreshed the model that shows %d tables", len(found))
            done.shown = found
            self._write(done)
        for name in due:
            self._lake.commit(f"removing files of '{name}'", lambda name=name: self._clean(name))  # type: ignore[misc] # as above
            done.maintained[name] = self._clock.now()
            self._write(done)

    def _due(self, names: Iterable[str], done: _Done) -> list[str]:
        """The tables that are due; those that are seen first are later."""
        if not self._every:
            return []
        now = self._clock.now()
        due = [name for name in names if done.maintained.setdefault(name, now) + self._every <= now]
        self._write(done)
        return due

    def _compact(self, name: str) -> None:
        """Put small files together."""
        if table := self._lake.open(self._lake.place.table(name)):
            made = table.optimize.compact(commit_properties=ONE_TRY)
            logger.info(
                "Table '%s': %d files put together into %d",
                name,
                made["numFilesRemoved"],
                made["numFilesAdded"],
            )

    def _clean(self, name: str) -> None:
        """Remove files that no version needs which the table's own retention keeps, 7 days mostly.

        Without `full` only those would go that were in use since the last checkpoint: neither the
        older ones nor files whose commit was never made.
        """
        if table := self._lake.open(self._lake.place.table(name)):
            gone = table.vacuum(dry_run=False, full=True, commit_properties=ONE_TRY)
            logger.info("Table '%s': %d files removed", name, len(gone))

    def _write(self, done: _Done) -> None:
        self._disk.write(self._path, msgspec.json.encode(done))

    def _read(self) -> _Done:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=_Done)
        except (FileNotFoundError, msgspec.DecodeError):
            return _Done()
