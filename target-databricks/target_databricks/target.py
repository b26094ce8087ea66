"""The target: its settings, and the command."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from loader_core import LoaderTarget, run
from target_databricks import settings
from target_databricks.client import Client
from target_databricks.settings import Settings
from target_databricks.writer import DatabricksWriter

if TYPE_CHECKING:
    from types import FrameType

    from loader_core import Writer


class TargetDatabricks(LoaderTarget):
    """Singer target for Databricks."""

    name = "target-databricks"
    package_name = "target-databricks"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)  # others add to it
    _writer: DatabricksWriter | None = None

    @cached_property
    def place(self) -> Settings:
        """The checked settings of this target; those of the core are in `settings`."""
        return Settings.of(self.config)

    @property
    def destination(self) -> str:
        """The workspace and the schema."""
        return f"{self.place.host}/{self.place.catalog}/{self.place.schema}"

    def make_writer(self) -> Writer:
        """The writer of this run; nothing is called before the first table."""
        self._writer = DatabricksWriter(Client(self.place, self.clock), self.place, self.clock)
        return self._writer

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Cancel what the warehouse does for this run, and end."""
        if self._writer:
            self._writer.cancel()
        super()._handle_termination(signum, frame)


def main() -> None:
    """Run `target-databricks`."""
    run(TargetDatabricks)


if __name__ == "__main__":
    main()
