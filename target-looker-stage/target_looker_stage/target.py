"""The target: its settings, the command, and what follows a load."""

from __future__ import annotations

from copy import deepcopy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from loader_core import LoaderError, LoaderTarget, run
from target_looker_stage import settings
from target_looker_stage.looker_settings import LookerSettings, LookmlSettings
from target_looker_stage.modelling import ModellingError, Steps, follow
from target_looker_stage.session import Session
from target_looker_stage.settings import Settings
from target_looker_stage.writer import StagingWriter

if TYPE_CHECKING:
    from loader_core import Writer


class TargetLookerStage(LoaderTarget):
    """Singer target for the warehouse that Looker models."""

    name = "target-looker-stage"
    package_name = "target-looker-stage"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)  # others add to it
    _writer: StagingWriter | None = None

    @cached_property
    def place(self) -> Settings:
        """The checked settings of the staging; those of the core are in `settings`."""
        return Settings.of(self.config)

    @cached_property
    def after_load(self) -> Steps:
        """The checked settings of what follows a load."""
        return Steps(LookmlSettings.of(self.config), LookerSettings.of(self.config))

    @property
    def destination(self) -> str:
        """The server, the database and the schema."""
        return self.place.place

    def make_writer(self) -> Writer:
        """The writer of this run, which holds the lock."""
        _ = self.after_load  # wrong settings must be told before anything is loaded
        session = self.open_session()
        try:
            self._writer = StagingWriter(session, self.place)
        except BaseException:
            session.close()
            raise
        return self._writer

    def open_session(self) -> Session:
        """A connection to the warehouse."""
        return Session(self.place)

    def process_endofpipe(self) -> None:
        """End the run; when its load is committed and STATE is out, see to LookML and Looker.

        Raises:
            LoaderError: As the core does; or the load stands, but what was to follow it failed.
        """
        ended_with = None
        try:
            super().process_endofpipe()
        except LoaderError as error:
            ended_with = error
        wrong = None
        if self._writer and self._writer.committed:
            wrong = follow(self._writer.load_id, self.place, self.after_load)
        if ended_with:
            raise ended_with
        if wrong and self.config["looker_failure"] == "fail":
            raise ModellingError(
                f"the load stands, but after it: {wrong.rstrip('.')}",
                "Mend it and run again, or set 'looker_failure' to 'warn'",
            )


def main() -> None:
    """Run `target-looker-stage`."""
    run(TargetLookerStage)


if __name__ == "__main__":
    main()
