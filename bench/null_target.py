"""A target of `loader_core` whose writer does nothing, so that the core is what is measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk import typing as th

from loader_core import DestinationError, LoaderTarget, Outcome, Writer, run

if TYPE_CHECKING:
    from loader_core import Batch, Table


class NullWriter(Writer):
    """Takes batches and throws them away.

    Args:
        records: How many rows must come in all.
    """

    def __init__(self, records: int) -> None:
        self._records = records
        self._rows = 0

    def prepare(self, table: Table) -> None:
        """There are no tables."""

    def write(self, batch: Batch) -> Outcome:
        """Count the rows."""
        self._rows += batch.rows
        return Outcome.ACKNOWLEDGED

    def activate(self, table: Table, version: int) -> None:
        """There are no rows."""

    def replace(self, table: Table) -> None:
        """There are no tables."""

    def finish(self) -> None:
        """Tell whether all came.

        Raises:
            DestinationError: They did not.
        """
        if self._rows != self._records:
            raise DestinationError(
                f"{self._rows} rows came, not {self._records}", "See what the tap wrote"
            )


class NullTarget(LoaderTarget):
    """The target around the writer."""

    name = "target-null"
    config_jsonschema = th.PropertiesList(
        th.Property("records", th.IntegerType, required=True)
    ).to_dict()

    def make_writer(self) -> NullWriter:
        """The writer."""
        return NullWriter(self.config["records"])

    @property
    def destination(self) -> str:
        """There is only one."""
        return "null"


if __name__ == "__main__":
    run(NullTarget)
