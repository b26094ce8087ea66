"""The target: its settings, and the command."""

from __future__ import annotations

import logging
from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from loader_core import LoaderTarget, run
from target_snowflake_guarded import settings
from target_snowflake_guarded.session import Session
from target_snowflake_guarded.settings import Settings
from target_snowflake_guarded.writer import SnowflakeWriter

if TYPE_CHECKING:
    from types import FrameType

    from loader_core import Writer


class TargetSnowflake(LoaderTarget):
    """Singer target for Snowflake."""

    name = "target-snowflake-guarded"
    package_name = "target-snowflake-guarded"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)  # others add to it
    _writer: SnowflakeWriter | None = None

    @cached_property
    def place(self) -> Settings:
        """The checked settings of this target; those of the core are in `settings`."""
        return Settings.of(self.config)

    @property
    def destination(self) -> str:
        """The account and the schema."""
        return f"{self.place.host}/{self.place.database}/{self.place.schema}"

    def make_writer(self) -> Writer:
        """The writer of this run; nothing is called before the first table."""
        # Its warnings quote addresses, and its errors are told by ours
        logging.getLogger("snowflake.connector").setLevel(logging.CRITICAL)
        self._writer = SnowflakeWriter(Session(self.place, self.clock), self.place)
        return self._writer

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:
        """Cancel what the warehouse does for this run, and end."""
        if self._writer:
            self._writer.cancel()
        super()._handle_termination(signum, frame)


def main() -> None:
    """Run `target-snowflake-guarded`."""
    run(TargetSnowflake)


if __name__ == "__main__":
    main()
