"""A target that loads into a real PostgreSQL, and what a reader finds there afterwards."""

from __future__ import annotations

import io
import json
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg

from loader_core.testing import Destination
from loader_runs import NEVER_EQUAL, Run, lines, watched
from target_looker_stage.layout import LOAD_ID, PK
from target_looker_stage.names import snake
from target_looker_stage.session import Session
from target_looker_stage.settings import Settings
from target_looker_stage.target import TargetLookerStage
from target_looker_stage.writer import StagingWriter

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from loader_core import Writer
    from postgres_server import PostgresServer


@dataclass
class Books:
    """A schema in a database, and how a target is set to load into it."""

    server: PostgresServer
    schema: str
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        return {
            "sqlalchemy_url": self.server.url(),
            "default_target_schema": self.schema,
            "outbox_dir": str(self.folder / "outbox"),
            "lock_seconds": 1,
        }

    def load(
        self, messages: Iterable[dict[str, Any] | str], *, torn: str = "", **settings: Any
    ) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome."""

        def run() -> None:
            target = TargetLookerStage(config=self.config | settings)
            target.listen(io.StringIO(lines(messages) + torn))

        return watched(run)

    def writer(self, **settings: Any) -> StagingWriter:
        """A writer, as a run has it."""
        place = Settings.of(self.config | settings)
        return StagingWriter(Session(place), place)

    def ask(self, sql: str, role: str = "admin") -> list[tuple[Any, ...]]:
        """The rows of a query, whose tables need no schema."""
        with closing(self.server.connect(role)) as opened:
            opened.execute(f"SET search_path = {self.schema}")
            opened.execute("SET timezone = 'UTC'")
            return opened.execute(sql).fetchall()

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in an order of their own; none without it. JSON stays text."""
        with closing(self.server.connect()) as opened:
            opened.execute("SET timezone = 'UTC'")
            opened.adapters.register_loader("jsonb", psycopg.types.string.TextLoader)
            try:
                cursor = opened.execute(f'SELECT * FROM {self.schema}."{table}"')
            except psycopg.errors.UndefinedTable:
                return []
            names = [column.name for column in cursor.description or ()]
            found = [dict(zip(names, values, strict=True)) for values in cursor]
        return sorted(found, key=lambda row: json.dumps(row, sort_keys=True, default=str))

    def current(self, table: str) -> list[dict[str, Any]]:
        """Rows that are not marked as deleted, without what differs from run to run."""
        return [
            {name: value for name, value in row.items() if name not in {*NEVER_EQUAL, LOAD_ID}}
            for row in self.rows(table)
            if row.get("_sdc_deleted_at") is None
        ]

    def comparable(self, table: str) -> list[dict[str, Any]]:
        """All rows, without what differs from run to run; of a deletion only whether it was."""
        return [
            {
                name: value is not None if name == "_sdc_deleted_at" else value
                for name, value in row.items()
                if name not in {*NEVER_EQUAL, LOAD_ID}
            }
            for row in self.rows(table)
        ]

    def waiting(self) -> int:
        """How many batches wait in the outbox."""
        return len(list((self.folder / "outbox" / "batches").glob("*.json")))


@dataclass
class Emptied(Destination):
    """A schema as the contract of writers needs it."""

    books: Books
    settings: dict[str, Any]

    def __post_init__(self) -> None:
        self._sources: dict[str, str] = {}

    def connect(self) -> Writer:
        writer = self.books.writer(**self.settings)
        prepare = writer.prepare

        def remembering(table: Any) -> None:
            self._sources |= {snake(field.name): field.name for field in table.schema}
            prepare(table)

        writer.prepare = remembering  # type: ignore[method-assign] # to know what readers would
        return writer

    def rows(self, table: str) -> list[dict[str, Any]]:
        return [
            {self._sources[name]: value for name, value in row.items() if name not in {PK, LOAD_ID}}
            for row in self.books.rows(snake(table))
        ]
