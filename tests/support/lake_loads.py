"""A lakehouse in a folder or a store, a writer for it, and what is there afterwards."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import pyarrow as pa

from loader_core import LoaderTarget
from loader_core.testing import Destination
from loader_runs import PatientClock, Run, watched
from target_powerbi.framing import FILE, Framing
from target_powerbi.lake import Lake, Place, folder
from target_powerbi.lake_layout import BATCH_KEY, NO_ZONE, stored_name
from target_powerbi.mapping import Mapping
from target_powerbi.mapping import load as load_mapping
from target_powerbi.onelake import OneLakeWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Mapping as AnyMapping

    from loader_core import Writer
    from loader_core.clock import Clock

UNMAPPED = Mapping(tables=())


@dataclass
class LakeBooks:
    """A lakehouse, and how a writer is set to load into it."""

    place: Place
    mapping: Mapping = UNMAPPED
    clock: Clock = field(default_factory=PatientClock)

    @property
    def lake(self) -> Lake:
        return Lake(self.place, self.clock)

    def writer(self, after: Callable[[list[str]], None] | None = None) -> OneLakeWriter:
        """A writer, as a run has it."""
        keeps = self.mapping is UNMAPPED
        return OneLakeWriter(self.lake, self.mapping, self.clock, after, keeps_unmapped=keeps)

    def read(self, name: str) -> pa.Table | None:
        """What a reader sees of a table, if it is there."""
        table = self.lake.open(self.place.table(name))
        return None if table is None else self.lake.query("SELECT * FROM t", t=table)

    def rows(self, name: str) -> list[dict[str, Any]]:
        """The rows of a table, in an order of their own; none without it."""
        found = self.read(name)
        rows = found.to_pylist() if found is not None else []
        return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True, default=str))

    def version(self, name: str) -> int:
        """How many commits a table has, less one."""
        return self.lake.versions([name])[name]


@dataclass
class EmptyLake(Destination):
    """A lakehouse as the contract of writers needs it.

    Attributes:
        names: Columns that have another name there: by that name, the name in batches.
    """

    books: LakeBooks
    names: AnyMapping[str, str]

    def connect(self) -> Writer:
        return self.books.writer()

    def rows(self, table: str) -> list[dict[str, Any]]:
        found = self.books.read(stored_name(table))
        if found is None:
            return []
        columns = {
            self.names.get(of.name, of.name): _local(found[of.name])
            if (of.metadata or {}).get(b"comment") == NO_ZONE.encode()
            else found[of.name]
            for of in found.schema
            if of.name != BATCH_KEY
        }
        return list(pa.table(columns).to_pylist())


def _local(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us"))


class LakeTarget(LoaderTarget):
    """The core and the writer together, loading into a lakehouse in a folder."""

    name = "target-powerbi"
    config_jsonschema: ClassVar[dict[str, Any]] = {
        "type": "object",
        "properties": {"lake": {"type": "string"}, "mapping": {"type": "string"}},
    }

    @property
    def destination(self) -> str:
        return "lake"

    def make_lake(self) -> Lake:
        return Lake(folder(Path(self.config["lake"])), PatientClock())

    def refresh(self) -> None:
        """Note it, in place of the model."""
        with Path(self.config["lake"], "refreshes").open("a") as file:
            file.write("refreshed\n")

    def make_writer(self) -> Writer:
        file = self.config.get("mapping")
        tables = load_mapping(Path(file)) if file else UNMAPPED
        lake, clock = self.make_lake(), PatientClock()
        framing = Framing(
            lake,
            tables,
            self.disk,
            Path(self.config["outbox_dir"]) / FILE,
            clock,
            maintain_after_days=7,
            refresh=self.refresh,
        )
        return OneLakeWriter(lake, tables, clock, framing, keeps_unmapped=not file)


@dataclass
class LakeLoader:
    """A target with a folder for its outbox and its lakehouse.

    Attributes:
        folder: For all of it.
        mapping: A mapping file; without it streams are stored with their own columns.
    """

    folder: Path
    mapping: Path | None = None

    @property
    def config(self) -> dict[str, Any]:
        own = {"lake": str(self.folder / "lake"), "outbox_dir": str(self.folder / "outbox")}
        return own | ({"mapping": str(self.mapping)} if self.mapping else {})

    @property
    def books(self) -> LakeBooks:
        return LakeBooks(folder(self.folder / "lake"))

    @property
    def refreshes(self) -> int:
        path = self.folder / "lake" / "refreshes"
        return len(path.read_text().splitlines()) if path.exists() else 0

    def load(self, text: str, **settings: Any) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome."""

        def run() -> None:
            target = LakeTarget(config=self.config | settings)
            target.listen(io.StringIO(text))

        return watched(run)
