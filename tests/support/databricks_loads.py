"""A target that loads into a workspace, what a tap would write, and what is there afterwards."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import requests

from databricks_workspace import client as plain
from loader_core.testing import Destination
from loader_runs import NEVER_EQUAL, PatientClock, Run, lines, watched
from target_databricks.client import Client
from target_databricks.layout import ROW_KEY, stored_name
from target_databricks.settings import Settings
from target_databricks.target import TargetDatabricks
from target_databricks.writer import DatabricksWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from databricks_workspace import DatabricksWorkspace
    from loader_core import Writer
    from loader_core.clock import Clock


@dataclass
class Books:
    """A schema in a workspace, and how a target is set to load into it."""

    workspace: DatabricksWorkspace
    schema: str
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        return {
            "host": self.workspace.url,
            "warehouse_id": self.workspace.warehouse_id,
            "client_id": self.workspace.client_id,
            "client_secret": self.workspace.client_secret,
            "catalog": self.workspace.catalog,
            "default_target_schema": self.schema,
            "outbox_dir": str(self.folder / "outbox"),
        }

    def load(
        self,
        messages: Iterable[dict[str, Any] | str],
        *,
        clock: Clock | None = None,
        **settings: Any,
    ) -> Run:
        """Run the target in this process; what a person would have to mend is in the outcome."""

        def run() -> None:
            target = TargetDatabricks(config=self.config | settings)
            target.clock = clock or PatientClock()
            target.listen(io.StringIO(lines(messages)))

        return watched(run)

    def writer(self, **settings: Any) -> DatabricksWriter:
        """A writer, as a run has it."""
        place, clock = Settings.of(self.config | settings), PatientClock()
        return DatabricksWriter(Client(place, clock), place, clock)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table as delta-rs reads them, in an order of their own; none without it.

        Decimals and times are texts.
        """
        try:
            found = self.workspace.rows(f"{self.workspace.catalog}.{self.schema}.{table}")
        except requests.HTTPError as error:
            if error.response.status_code != requests.codes.not_found:
                raise
            return []
        return sorted(found, key=lambda row: json.dumps(row, sort_keys=True))

    def current(self, table: str) -> list[dict[str, Any]]:
        """Rows that are not marked as deleted, without what differs from run to run."""
        return [
            {name: value for name, value in row.items() if name not in NEVER_EQUAL}
            for row in self.rows(table)
            if row.get("_sdc_deleted_at") is None
        ]

    def ask(self, sql: str) -> list[list[str | None]]:
        """The rows of a query, whose tables need no schema."""
        return self.client().run(sql)

    def client(self) -> plain.Client:
        """A plain client with a token of its own, at work in this schema."""
        client = plain.Client(self.workspace, self.schema)
        client.log_in()
        return client

    def calls(self) -> list[str]:
        """What was called, by method and kind of statement."""
        return [
            f"{call['method']} {call.get('statement') or call['path']}"
            for call in self.workspace.control("GET", "calls")
        ]

    def staged(self) -> list[str]:
        """Names of the files that are in the volume."""
        path = f"/Volumes/{self.workspace.catalog}/{self.schema}/_singer_stage"
        told = self.client().call("GET", f"/api/2.0/fs/directories{path}").json()
        return [entry["name"] for entry in told.get("contents", [])]


@dataclass
class Emptied(Destination):
    """A schema as the contract of writers needs it."""

    books: Books
    settings: dict[str, Any]

    def connect(self) -> Writer:
        return self.books.writer(**self.settings)

    def rows(self, table: str) -> list[dict[str, Any]]:
        name = stored_name(table)
        described = self.books.ask(f"DESCRIBE TABLE `{name}`") if self.books.rows(name) else []
        of = {str(column): VALUES.get(str(sql).partition("(")[0]) for column, sql, _ in described}
        return [
            {
                column: value if value is None or not (read := of[column]) else read(value)
                for column, value in row.items()
                if column != ROW_KEY
            }
            for row in self.books.rows(name)
        ]


VALUES: dict[str, Callable[[Any], Any]] = {
    "decimal": Decimal,
    "date": date.fromisoformat,
    "timestamp": datetime.fromisoformat,
    "timestamp_ntz": datetime.fromisoformat,
}
