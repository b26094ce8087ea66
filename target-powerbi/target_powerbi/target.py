"""The target: its settings, the writers of its mode, and the command with its verbs."""

from __future__ import annotations

import dataclasses
from copy import deepcopy
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from loader_core import LoaderTarget, SettingsError
from loader_core.delivery import Finish
from loader_core.settings import outbox_folder
from target_powerbi import framing as framed
from target_powerbi import mapping, settings
from target_powerbi.both import BothWriter
from target_powerbi.client import Client
from target_powerbi.framing import Framing
from target_powerbi.lake import Lake, folder, onelake
from target_powerbi.model import Model
from target_powerbi.onelake import OneLakeWriter
from target_powerbi.outgoing import Outgoing
from target_powerbi.push import PushWriter
from target_powerbi.refresh import refresh
from target_powerbi.settings import FOLDER, Settings
from target_powerbi.state import State

if TYPE_CHECKING:
    from loader_core import Writer
    from target_powerbi.lake import Place
    from target_powerbi.mapping import Mapping

STORAGE_AUDIENCE = "https://storage.azure.com"
STATE_FILE, LINEAGE_FILE = "push.sqlite", "lineage.jsonl"


class TargetPowerBI(LoaderTarget):
    """Singer target for Power BI."""  # which `--about` shows, so attributes are told below

    name = "target-powerbi"
    package_name = "target-powerbi"
    config_jsonschema: ClassVar[dict[str, Any]] = deepcopy(settings.SCHEMA)  # others add to it
    replayed: str | None = None
    """What is sent again: the beginning of a batch's key, or `` for what was not acknowledged."""
    pushing: PushWriter | None = None
    """The writer of mode push, once it is made."""
    laking: OneLakeWriter | None = None
    """The writer of mode onelake, once it is made."""

    @cached_property
    def place(self) -> Settings:
        """The checked settings of this target; those of the core are in `settings`."""
        return Settings.of(self.config)

    @property
    def destination(self) -> str:
        """The workspace and what in it; the same for push and both, so one goes on as the other."""
        place = self.place
        if place.mode == "onelake":
            schema = place.lakehouse_schema or ""
            return f"{place.workspace_id} {place.lakehouse_id} {schema}".strip()
        return f"{place.workspace_id} {place.dataset_id or place.dataset}"

    @property
    def folder(self) -> Path:
        """Where the outbox is, and what is remembered beside it."""
        return outbox_folder(self.config, self.name, self.destination)

    def make_client(self) -> Client:
        """A connection to Power BI; nothing is called yet."""
        return Client(self.place, self.clock)

    def make_state(self) -> State:
        """What is remembered between runs; the folder is there once the outbox is."""
        return State(self.folder / STATE_FILE)

    def make_writer(self) -> Writer:
        """The writer of this run; nothing is called before the first table."""
        mode, client = self.place.mode, self.make_client()
        tables = mapping.load(self.place.mapping_file)
        if mode == "onelake":
            if self.replayed:
                raise SettingsError(
                    "what was sent before is kept in modes push and both only",
                    "Leave the batch out: '--replay' alone writes what was not acknowledged",
                )
            return self.make_lake_writer(client, tables)
        self.pushing = self.make_push_writer(client, tables)
        if self.replayed:
            self.pushing.replay(self.replayed)
        if mode == "push":
            return self.pushing
        return BothWriter(self.pushing, self.make_lake_writer(client, tables))

    def make_lake_writer(self, client: Client, tables: Mapping) -> OneLakeWriter:
        """The writer of mode onelake."""
        place = dataclasses.replace(self.place, refresh_kind="enhanced")  # which frames Direct Lake
        model = place.refresh_dataset_id
        lake = Lake(self.make_lake_place(client), self.clock)
        framing = Framing(
            lake,
            tables,
            self.disk,
            self.folder / framed.FILE,
            self.clock,
            maintain_after_days=place.maintain_after_days,
            refresh=(lambda: refresh(client, place, self.clock, model)) if model else None,
        )
        self.laking = OneLakeWriter(lake, tables, self.clock, framing)
        return self.laking

    def make_lake_place(self, client: Client) -> Place:
        """Where the lakehouse is."""
        place = self.place
        if place.onelake_url.startswith(FOLDER):
            return folder(Path(place.onelake_url.removeprefix(FOLDER)), place.lakehouse_schema)
        return onelake(
            place.onelake_url,
            place.workspace_id,
            place.lakehouse_id or "",
            place.lakehouse_schema,
            lambda: client.token(STORAGE_AUDIENCE),
        )

    def make_push_writer(self, client: Client, tables: Mapping) -> PushWriter:
        """The writer of mode push."""
        place = self.place
        state = self.make_state()
        outgoing = Outgoing(client, state, place, self.clock, self.folder / LINEAGE_FILE)
        model = Model(client, state, tables, place)
        return PushWriter(
            client,
            state,
            tables,
            model=model,
            outgoing=outgoing,
            settings=place,
            clock=self.clock,
            refreshes=place.mode == "push",
        )

    def process_endofpipe(self) -> None:
        """End a run whose input has ended: see `LoaderTarget`.

        Raises:
            LoaderError: As there; or all is loaded, and the refresh after it failed.
        """
        if self.replayed is not None and self._delivery:
            self._delivery.put(Finish(whole=True))  # an input without STATE ends without that
        super().process_endofpipe()
        if self.pushing and self.pushing.unrefreshed:
            raise self.pushing.unrefreshed
        if self.laking and self.laking.unfinished:
            raise self.laking.unfinished
