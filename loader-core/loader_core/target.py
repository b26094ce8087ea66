"""The target: settings, the command line, and the ends that a run can come to.

Knows the SDK's plugin; a subclass names its writer. The SDK's own sinks are not used: they take
records one by one, keep STATE until the end, and prepare a new table before the old rows are out.
"""

from __future__ import annotations

from abc import abstractmethod
from contextlib import ExitStack, suppress
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from singer_sdk import Target
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TargetCapabilities
from singer_sdk.typing import DEFAULT_JSONSCHEMA_VALIDATOR

from loader_core import settings
from loader_core.clock import Clock
from loader_core.delivery import Delivery
from loader_core.durable import Disk
from loader_core.errors import (
    IncompleteLoadError,
    InputError,
    MissingKeyError,
    RejectedRowsError,
)
from loader_core.messages import TODO_AFTER_INPUT, LineReader, StateOutput
from loader_core.outbox import Outbox
from loader_core.settings import Settings, outbox_folder
from loader_core.streams import Streams

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum

    from loader_core.messages import Message
    from loader_core.writer import Writer


class LoaderTarget(Target):
    """Base of the targets. A subclass states `name`, `config_jsonschema` and the two methods.

    Attributes:
        disk: The seam for files.
        clock: The seam for time.
        output: The seam for STATE.
    """

    config_jsonschema: ClassVar[dict[str, Any]] = {"type": "object", "properties": {}}
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
        PluginCapabilities.ACTIVATE_VERSION,
        TargetCapabilities.SOFT_DELETE,
        TargetCapabilities.HARD_DELETE,
        TargetCapabilities.VALIDATE_RECORDS,
    ]
    message_reader_class = LineReader
    message_reader: LineReader
    disk = Disk()
    clock = Clock()

    def __init__(self, **kwargs: Any) -> None:  # noqa: ANN401 - passed on
        """Make the target, as the SDK does.

        Args:
            kwargs: The SDK's.
        """
        super().__init__(**kwargs)
        self.output = StateOutput()
        self.message_reader.receiver = self
        self._opened = ExitStack()
        self._delivery: Delivery | None = None

    @abstractmethod
    def make_writer(self) -> Writer:
        """The writer of this run, connected or about to be.

        Raises:
            LoaderError: The destination cannot be reached, or settings are wrong.
        """

    @property
    @abstractmethod
    def destination(self) -> str:
        """What tells this destination from others, such as host and schema, without secrets."""

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        return Settings.of(self.config)

    @classmethod
    def append_builtin_config(cls, config_jsonschema: dict[str, Any]) -> None:
        """Add the settings of the core to those of the target, and the SDK's to both.

        Args:
            config_jsonschema: The target's settings.
        """
        for name, schema in settings.SCHEMA["properties"].items():
            config_jsonschema["properties"].setdefault(name, schema)
        super().append_builtin_config(config_jsonschema)

    def begin(self) -> None:
        """Open the outbox, load what an earlier run left in it, and make ready for messages."""
        folder = outbox_folder(self.config, self.name, self.destination)
        outbox = Outbox(folder, f"{self.name} {self.destination}", self.disk, self.clock)
        self._opened.callback(outbox.close)
        writer = self.make_writer()
        self._opened.callback(writer.close)
        self._rejects = outbox.rejects
        self._delivery = Delivery(
            writer,
            outbox,
            self.disk,
            self.output,
            self.clock,
            started_at=self.initialized_at,
            keeps_rejected=self.settings.keep_rejected_records,
        )
        self._delivery.start()
        self._streams = Streams(
            self.settings, self.mapper, self._delivery, self.clock, self.initialized_at
        )

    def take(self, messages: Sequence[Message]) -> None:
        """Take messages from the input."""
        self._streams.take(messages)

    def fail(self) -> None:
        """End a run that cannot go on: closed batches are still written, open ones are not."""
        with self._opened, suppress(Exception):  # what is being raised came first
            if self._delivery:
                self._delivery.end()

    def process_endofpipe(self) -> None:
        """End a run whose input has ended.

        Raises:
            LoaderError: Something is not loaded: a batch, rejected rows, what was to come after
                the input broke off, or a table that could not be replaced.
        """
        if not self._delivery:
            return
        torn = self.message_reader.torn
        with self._opened:
            try:
                incomplete = self._streams.finish(whole=not torn)
            finally:
                self._delivery.end()
        if self._delivery.rejected:
            kind = MissingKeyError if self._delivery.missing_keys else RejectedRowsError
            rejected = kind(
                f"{self._delivery.rejected} rows could not be loaded; all others are",
                f"See {self._rejects} for where they came from and why",
            )
            if not torn and not incomplete:
                raise rejected
            self.logger.error("%s", rejected)
        if torn:
            raise InputError("the input ends within a line", TODO_AFTER_INPUT)
        if incomplete:
            raise IncompleteLoadError(
                "the tap did not say that these streams are whole, so their tables are left as "
                f"they were: {', '.join(incomplete)}",
                "Run the tap with --full-refresh, or set another 'load_method'",
            )

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End at once with the signal's exit code; the outbox has what the next run needs."""
        self.logger.info("Ending on signal %d; the next run goes on from the last STATE", signum)
        self.output.end_process(128 + signum)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings, without ever quoting a value."""
        self.append_builtin_config(self.config_jsonschema)
        validator = DEFAULT_JSONSCHEMA_VALIDATOR(self.config_jsonschema)
        errors = settings.problems(validator.iter_errors(self._config))
        if errors and raise_errors:
            raise ConfigValidationError("The settings are not complete", errors=errors)
        return errors or super()._validate_config(raise_errors=raise_errors)
