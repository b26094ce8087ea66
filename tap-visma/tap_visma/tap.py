"""The tap: settings, catalog, the order of streams, and how a run ends."""

from __future__ import annotations

import copy
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, cast

from singer_sdk import Tap
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.helpers.capabilities import PluginCapabilities, TapCapabilities

from tap_visma import checks, events, ledger, replay, settings
from tap_visma.archive import Archive
from tap_visma.bookmarks import Bookmarks
from tap_visma.calls import Caller
from tap_visma.clock import Clock
from tap_visma.deletions import Deletions
from tap_visma.entities import ENTITIES
from tap_visma.entity_streams import EntityStream
from tap_visma.errors import (
    AllowanceError,
    InboxError,
    IncompleteSyncError,
    SettingsError,
    VismaError,
)
from tap_visma.extraction import Lookups
from tap_visma.hints import Hints
from tap_visma.lineage import new_batch_id
from tap_visma.messages import Writer
from tap_visma.progress import Progress
from tap_visma.recording import Recorder
from tap_visma.remembered import Memory
from tap_visma.settings import Settings
from tap_visma.streams import EVENTS, BatchesStream, EventsStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType

    from singer_sdk.helpers.capabilities import CapabilitiesEnum
    from singer_sdk.streams import Stream

    from tap_visma.settings import Company, Replay

STATE_SHARE = 20
"""A STATE is written once so many times its own size has gone out since the last one."""
STATE_SECONDS = 60.0
"""And at the latest after so long."""


class TapVisma(Tap):
    """Singer tap for Visma.net ERP."""

    name = "tap-visma"
    package_name = "tap-visma"
    config_jsonschema = copy.deepcopy(settings.SCHEMA)
    capabilities: ClassVar[list[CapabilitiesEnum]] = [
        TapCapabilities.CATALOG,
        TapCapabilities.STATE,
        TapCapabilities.DISCOVER,
        TapCapabilities.ACTIVATE_VERSION,
        PluginCapabilities.ABOUT,
        PluginCapabilities.STREAM_MAPS,
        PluginCapabilities.FLATTENING,
        PluginCapabilities.STRUCTURED_LOGGING,
    ]
    message_writer_class = Writer
    message_writer: Writer
    clock = Clock()

    @cached_property
    def settings(self) -> Settings:
        """The checked settings."""
        return Settings.of(self.config)

    @cached_property
    def caller(self) -> Caller:
        """The one who calls Visma, for all streams."""
        return Caller(self.settings, self.clock)

    @cached_property
    def progress(self) -> Progress:
        """What a person at a terminal sees of the run."""
        return Progress(self.clock)

    @cached_property
    def lookups(self) -> Lookups:
        """The values of parameters, kept for the run."""
        return Lookups(self.caller, self.settings)

    @cached_property
    def bookmarks(self) -> Bookmarks:
        """What has been read, held in the tap's state."""
        return Bookmarks(cast("dict[str, Any]", self.state))

    @cached_property
    def run_id(self) -> str:
        """The id of this run."""
        return new_batch_id(self.clock.now())

    @cached_property
    def recorder(self) -> Recorder:
        """The archive, if one is set; it is tried out when it is first asked for."""
        return Recorder(self.settings)

    def remembers(self, entity: str) -> bool:
        """Whether the rows of an entity are remembered, to tell which of them are gone."""
        return entity in events.REMEMBERED and bool(self.config.get("webhook_inbox"))

    @cached_property
    def deletions(self) -> Deletions | None:
        """What tells which records are gone; nothing without an inbox, and where it fails."""
        inbox = self.settings.webhooks.inbox
        if inbox is None:
            return None
        try:
            memory = Memory(inbox.with_name(f"{inbox.name}.rows"))
        except InboxError as error:
            self.report(error)
            return None
        return Deletions(memory, self.hints, self.bookmarks, self.settings.companies)

    @cached_property
    def hints(self) -> Hints:
        """What events tell this run; nothing, and so nothing is left out, where they fail."""
        webhooks, bookmarks = self.settings.webhooks, self.bookmarks
        names = [stream.name for stream in self._entity_streams()]
        try:
            found = Hints.of(webhooks, bookmarks, self.settings.companies, names)
        except InboxError as error:
            self.report(error)
            return Hints(bookmarks, webhooks)
        if webhooks.inbox and found.is_blind:
            self.logger.warning("There is no inbox %s; all streams are read", webhooks.inbox)
        return found

    @property
    def ledger(self) -> BatchesStream | None:
        """The stream of the ledger, if it is selected."""
        stream = self.streams[ledger.STREAM]
        return stream if isinstance(stream, BatchesStream) and stream.selected else None

    @cached_property
    def failures(self) -> list[VismaError]:
        """What failed so far in this run."""
        return []

    @cached_property
    def stopped(self) -> set[str]:
        """Ids of companies of which nothing more can be read in this run."""
        return set()

    def companies(self) -> Iterator[Company]:
        """The companies that can still be read in this run."""
        for company in self.settings.companies:
            if company.company_id not in self.stopped:
                yield company

    @property
    def streams(self) -> dict[str, Stream]:
        """All streams by name, in the order in which they are read."""
        if self._streams is None:
            self._streams = {}
            for entity in ENTITIES:
                stream = EntityStream(self, entity)
                for member in (stream, *stream.child_streams):
                    if self.input_catalog is not None:
                        member.apply_catalog(self.input_catalog)
                    self._streams[member.name] = member
            self._streams[ledger.STREAM] = BatchesStream(self)
            if self.config.get("webhook_inbox"):
                self._streams[EVENTS] = EventsStream(self)
            for name in (ledger.STREAM, EVENTS):
                if self.input_catalog is not None and name in self._streams:
                    self._streams[name].apply_catalog(self.input_catalog)
        return self._streams

    def _entity_streams(self) -> list[EntityStream]:
        """The streams that are read, themselves or for those of their lists."""
        return [
            stream
            for stream in self.streams.values()
            if isinstance(stream, EntityStream)
            and (stream.selected or stream.has_selected_descendents)
        ]

    def setup_mapper(self) -> None:
        """Prepare stream maps, which look at the catalog as the streams have taken it over."""
        _ = self.streams
        super().setup_mapper()

    def load_state(self, state: dict[str, Any]) -> None:
        """Take over the state of the last run."""
        super().load_state(state)
        self.state.setdefault("bookmarks", {})

    def sync_all(self) -> None:  # type: ignore[misc] # the SDK's own ends at the first failure
        """Sync all selected streams, also after one has failed; or replay, if that is set.

        Raises:
            IncompleteSyncError: Some streams of some companies failed; all others are complete.
            ArchiveError: The archive failed, and is required.
        """
        if self.settings.replay:
            self._replay(self.settings.replay)
            return
        _ = self.recorder  # tried out before the first call
        self.write_state()  # loaders that hold on to the first STATE then hold a true one
        try:
            if self.ledger:
                self.ledger.sync()
            self._write_events()
            companies = self.settings.companies
            # Streams with hints first; beside that, as they stand
            for stream in sorted(
                self._entity_streams(), key=lambda s: not self.hints.at_any(s.name, companies)
            ):
                stream.sync()
        finally:
            self.write_state(at_once=True)
        if self.failures:
            raise IncompleteSyncError(self.failures)

    def _write_events(self) -> None:
        stream = self.streams.get(EVENTS)
        if stream and stream.selected:
            try:
                stream.sync()
            except InboxError as error:
                self.report(error.at("", EVENTS))

    def _replay(self, chosen: Replay) -> None:
        """Write the records of batches once more, oldest first.

        Raises:
            VismaError: A batch cannot be found or read; all others are written.
        """
        archive = Archive.of(self.settings)
        if self.ledger:
            self.ledger.sync()
        for place in replay.places(archive, chosen):
            try:
                stream = self.streams.get(place.stream)
                if not isinstance(stream, EntityStream):
                    raise SettingsError("this tap has no such stream", "Take the tap that wrote it")
                stream.replay(archive.manifest(place), archive)
            except VismaError as error:
                self.report(error.at(place.company_id, place.stream))
        if self.failures:
            raise IncompleteSyncError(self.failures)

    def report(self, failure: VismaError) -> None:
        """Tell of a failure after which the run goes on.

        An allowance that is used up is none, where the user wants the run to stop at it.
        """
        used_up = isinstance(failure, AllowanceError)
        if failure.company_id and (used_up or failure.for_company):
            self.stopped.add(failure.company_id)
        if used_up:
            self.logger.warning("%s", failure)
        else:
            self.logger.error("%s", failure)
            self.failures.append(failure)

    def write_state(self, *, at_once: bool = False) -> None:
        """Write a STATE message, if it is due.

        A STATE holds all streams of all companies, so one after every page would cost more the
        more companies there are. It waits until its size is small beside what went out since the
        last one, but not for long.
        """
        now = self.clock.monotonic()
        writer = self.message_writer
        if (
            at_once
            or now - self._state_written_at >= STATE_SECONDS
            or writer.bytes_since_state >= STATE_SHARE * writer.state_bytes
        ):
            self.state_writer.write_state(self.state)
            self._state_written_at = now

    _state_written_at = -STATE_SECONDS

    def _handle_termination(self, signum: int, frame: FrameType | None) -> None:  # noqa: ARG002
        """End with the signal's exit code; the last STATE goes out on the way."""
        self.message_writer.end_process(128 + signum)

    def _validate_config(self, *, raise_errors: bool = True) -> list[str]:
        """Check the settings, without ever quoting a value."""
        errors = checks.problems(self.config)
        if errors and raise_errors:
            raise ConfigValidationError("The settings are not complete", errors=errors)
        if errors or checks.replays(self.config):  # for which the SDK would ask too much
            return errors
        return super()._validate_config(raise_errors=raise_errors)
