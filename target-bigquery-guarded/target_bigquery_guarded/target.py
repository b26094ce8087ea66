"""The target: its settings, and the command."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from loader_core import LoaderTarget, run
from target_bigquery_guarded import settings
from target_bigquery_guarded.client import Client
from target_bigquery_guarded.settings import Settings
from target_bigquery_guarded.writer import BigQueryWriter

if TYPE_CHECKING:
    from loader_core import Writer


class TargetBigQuery(LoaderTarget):
    """Singer target for BigQuery."""

    name = "target-bigquery-guarded"
    package_name = "target-bigquery-guarded"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)  # others add to it

    @cached_property
    def place(self) -> Settings:
        """The checked settings of this target; those of the core are in `settings`."""
        return Settings.of(self.config)

    @property
    def destination(self) -> str:
        """The project and the dataset."""
        return f"{self.place.project}.{self.place.dataset}"

    def make_writer(self) -> Writer:
        """The writer of this run; nothing is called before the first table."""
        return BigQueryWriter(Client(self.place, self.clock), self.place, self.clock)


def main() -> None:
    """Run `target-bigquery-guarded`."""
    run(TargetBigQuery)


if __name__ == "__main__":
    main()
