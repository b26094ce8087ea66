"""A target that loads into a BigQuery, what a tap would write, and what is there afterwards."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import requests

from loader_core.testing import Destination
from loader_runs import NEVER_EQUAL, PatientClock, Run, lines, watched
from target_bigquery_guarded.client import Client
from target_bigquery_guarded.layout import BATCH_KEY, stored_name
from target_bigquery_guarded.settings import Settings
from target_bigquery_guarded.target import TargetBigQuery
from target_bigquery_guarded.writer import BigQueryWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    from bigquery_service import BigQueryService
    from loader_core import Writer
    from loader_core.clock import Clock

NO_WAY_OUT = {"HTTPS_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
"""For the environment: Google's library asks a public service which regions are allowed, in a
thread of its own and without need. So it asks a port of this machine, at which no one listens."""


@dataclass
class Books:
    """A dataset, and how a target is set to load into it."""

    service: BigQueryService
    dataset: str
    folder: Path

    @property
    def config(self) -> dict[str, Any]:
        return {
            "project": self.service.project,
            "dataset": self.dataset,
            "location": "EU",
            "credentials_json": json.dumps(self.service.key),
            "api_endpoint": self.service.url,
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
            target = TargetBigQuery(config=self.config | settings)
            target.clock = clock or PatientClock()
            target.listen(io.StringIO(lines(messages)))

        return watched(run)

    def writer(self, **settings: Any) -> BigQueryWriter:
        """A writer, as a run has it."""
        place, clock = Settings.of(self.config | settings), PatientClock()
        return BigQueryWriter(Client(place, clock), place, clock)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """The rows of a table, in an order of their own; none without it. Values are texts."""
        try:
            found = self.service.rows(f"{self.dataset}.{table}")
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

    def table(self, name: str) -> dict[str, Any]:
        """A table as BigQuery tells it."""
        return self.service.table(f"{self.dataset}.{name}")

    def types(self, name: str) -> dict[str, str]:
        """The types of a table's columns."""
        return {field["name"]: field["type"] for field in self.table(name)["schema"]["fields"]}

    def calls(self) -> list[str]:
        """What was called, by method and what a job does."""
        return [
            f"{call['method']} {call['statement'] or call['path']}"
            for call in self.service.control("GET", "calls")
        ]

    def staged(self) -> list[str]:
        """Names of the staging tables that are there."""
        return [name for name in self.tables() if "__sdc_" in name]

    def tables(self) -> list[str]:
        """Names of all tables of the dataset."""
        return list(self.service.control("GET", f"tables/{self.dataset}"))


@dataclass
class Emptied(Destination):
    """A dataset as the contract of writers needs it.

    Attributes:
        names: Columns that have another name in BigQuery: by that name, the name in batches.
    """

    books: Books
    names: Mapping[str, str]

    def connect(self) -> Writer:
        return self.books.writer()

    def rows(self, table: str) -> list[dict[str, Any]]:
        name = stored_name(table)
        found = self.books.rows(name)
        types = self.books.types(name) if found else {}
        return [
            {
                self.names.get(column, column): value
                if value is None or types[column] not in VALUES
                else VALUES[types[column]](value)
                for column, value in row.items()
                if column != BATCH_KEY
            }
            for row in found
        ]


VALUES: dict[str, Callable[[Any], Any]] = {
    "NUMERIC": Decimal,
    "INTEGER": int,
    "BOOLEAN": lambda text: text == "true",
    "DATE": date.fromisoformat,
    "DATETIME": datetime.fromisoformat,
    "TIMESTAMP": lambda text: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(text)),
}
