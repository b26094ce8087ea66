"""Streams: from SCHEMA, RECORD, STATE and ACTIVATE_VERSION to the steps of the delivery.

Knows Singer's messages and stream maps, and which batches are open; knows no destination. Records
go as they came to the batch of their stream. Where a stream map or flattening is set up, they go
by way of the SDK's mapper, and then the same way.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Raw
from singer_sdk.exceptions import MappingError
from singer_sdk.mapper import RemoveRecordTransform, SameRecordTransform

from loader_core import delivery, tables
from loader_core.errors import InputError, SettingsError, UnknownStreamError
from loader_core.open_batches import OpenBatch
from loader_core.records import Reader
from loader_core.tables import ADDED, DELETED_AT
from loader_core.type_table import Kind, columns_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from singer_sdk.mapper import PluginMapper, StreamMap

    from loader_core.clock import Clock
    from loader_core.delivery import Delivery
    from loader_core.messages import Message
    from loader_core.settings import Settings
    from loader_core.tables import Table

_DECODER = msgspec.json.Decoder(float_hook=Decimal)
_ENCODER = msgspec.json.Encoder(decimal_format="number", enc_hook=str)


@dataclass(slots=True)
class _Stream:
    """A stream as its last SCHEMA has it, under the name that stream maps give it.

    Attributes:
        table: Its table.
        reader: For its records.
        batch: The batch that is open, if one is.
        came: Records have come in this run.
        touched: Number of the newest batch, of any stream, when its last record came.
        versioned: Its records name a version, so ACTIVATE_VERSION will tell when it is whole.
        activated: ACTIVATE_VERSION has come.
    """

    table: Table
    reader: Reader
    batch: OpenBatch | None = None
    came: bool = False
    touched: int = 0
    versioned: bool = False
    activated: bool = False


class Streams:
    """All streams of a run.

    Args:
        settings: How batches are made.
        mapper: The SDK's, for stream maps.
        steps: Where closed batches go.
        clock: For the age of batches.
        generation: Number of this run, for tables that are replaced.
    """

    def __init__(
        self,
        settings: Settings,
        mapper: PluginMapper,
        steps: Delivery,
        clock: Clock,
        generation: int,
    ) -> None:
        self._settings = settings
        self._mapper = mapper
        self._steps = steps
        self._clock = clock
        self._generation = generation
        self._schemas: dict[str, Message] = {}
        self._streams: dict[str, _Stream] = {}
        self._opened = 0
        self._states: list[tuple[bytes, set[int]]] = []
        self._records_since_state = False
        self._states_came = False

    def take(self, messages: Sequence[Message]) -> None:
        """Take messages in their order, and close batches that are old.

        Raises:
            LoaderError: A message cannot be understood, or a step failed.
        """
        self._steps.raise_failure()
        for (kind, name), run in groupby(messages, key=_kind_and_stream):
            if kind == "RECORD":
                self._records(name, list(run))
                continue
            for message in run:
                self._obey(message)
        oldest = self._clock.monotonic() - self._settings.max_batch_age_seconds
        for stream in self._streams.values():
            if stream.batch and stream.batch.opened_at <= oldest:
                self._close(stream)

    def finish(self, *, whole: bool) -> list[str]:
        """Close all batches, and end the run.

        Args:
            whole: The input ended well.

        Returns:
            Names of the tables that could not be replaced, as their streams did not come whole.
        """
        for stream in self._streams.values():
            self._close(stream)
        came = self._states_came or self._records_since_state
        at_state = whole and not (self._states_came and self._records_since_state)
        if at_state:
            for step in self._trims():
                self._steps.put(step)
        incomplete = []
        for name, stream in self._streams.items():
            if not stream.table.generation or not (stream.came or stream.activated):
                continue
            if whole and (stream.activated or not stream.versioned):
                self._steps.put(delivery.Replace(stream.table))
            else:
                incomplete.append(name)
        self._steps.put(delivery.Finish(at_state and came))
        return incomplete

    def _trims(self) -> Iterator[delivery.Trim]:
        """For tables of lines whose documents' own table shows which of them have no line left.

        Both must have come up to the same STATE: else lines may yet come of newer documents.
        """
        all_tables = [stream.table for stream in self._streams.values()]
        for table in all_tables:
            if not (document := table.document):
                continue
            needed = {*document.key, document.version}
            for parent in all_tables:
                if parent.stream == document.stream and needed <= set(parent.schema.names):
                    yield delivery.Trim(table, parent)
                    break

    def _obey(self, message: Message) -> None:
        """Take a message that is no RECORD."""
        match message.type:
            case "SCHEMA":
                self._schema(message)
            case "STATE":
                self._state(message)
            case "ACTIVATE_VERSION":
                self._activate(message)
            case "BATCH":
                raise InputError(
                    f"stream '{message.stream}' comes as BATCH files, which are not read here",
                    "Take 'batch_config' out of the tap's settings",
                )
            case _:
                raise InputError(
                    "a message has a type that Singer does not have", "See the tap's log"
                )

    def _schema(self, message: Message) -> None:
        stream = message.stream
        before = self._schemas.get(stream)
        if before and (before.schema, before.key_properties) == (
            message.schema,
            message.key_properties,
        ):
            return
        schema = msgspec.json.decode(message.schema) if len(message.schema) else None
        if not isinstance(schema, dict) or not schema.get("properties"):
            raise InputError(
                f"the SCHEMA of stream '{stream}' has no properties", "See the tap's catalog"
            )
        self._schemas[stream] = message
        try:
            self._mapper.register_raw_stream_schema(stream, schema, message.key_properties)
        except MappingError as error:
            raise SettingsError(
                f"the stream map of '{stream}' cannot be used ({type(error).__name__})",
                "Correct 'stream_maps'",
            ) from None
        for stream_map in self._mapper.stream_maps[stream]:
            if not isinstance(stream_map, RemoveRecordTransform):
                self._declare(stream, stream_map)

    def _declare(self, source: str, stream_map: StreamMap) -> None:
        """Make ready for the records of a stream; those under its old schema go first."""
        name, schema = stream_map.stream_alias, stream_map.transformed_schema
        key = list(stream_map.transformed_key_properties or ())
        columns = [
            column
            for column in columns_of(name, schema, key, self._settings)
            if column.name not in ADDED
            or (column.name == DELETED_AT and column.kind is Kind.UTC_TIME)
        ]
        table = tables.table(
            name,
            columns,
            key,
            schema,
            self._settings,
            stream=source,
            generation=self._generation,
        )
        if (before := self._streams.get(name)) is None:
            self._streams[name] = _Stream(table, Reader(columns))
        elif before.table.stream != source:
            raise SettingsError(
                f"the streams '{before.table.stream}' and '{source}' would both be called '{name}'",
                "Give each a name of its own in 'stream_maps'",
            )
        elif before.table == table and before.reader.columns == columns:
            return
        else:
            self._close(before)
            before.table, before.reader = table, Reader(columns)
        if not table.generation:  # one that is to be replaced is left alone if no record comes
            self._steps.put(delivery.Prepare(table))

    def _records(self, source: str, messages: list[Message]) -> None:
        if source not in self._schemas:
            raise UnknownStreamError(
                f"a record of stream '{source}' came before its SCHEMA", "See the tap's log"
            )
        if not all(len(message.record) for message in messages):
            raise InputError(f"a message of stream '{source}' has no record", "See the tap's log")
        self._records_since_state = True
        maps = self._mapper.stream_maps[source]
        if len(maps) == 1 and _keeps_records(maps[0]):
            self._add(self._streams[maps[0].stream_alias], messages)
            return
        for stream_map in maps:
            if not isinstance(stream_map, RemoveRecordTransform):
                mapped = list(_mapped(messages, stream_map))
                self._add(self._streams[stream_map.stream_alias], mapped)

    def _add(self, stream: _Stream, messages: list[Message]) -> None:
        """Put records into the stream's batch, and close batches that are full."""
        stream.came |= bool(messages)
        stream.versioned |= any(message.version is not None for message in messages)
        start = 0
        while start < len(messages):
            batch = stream.batch = stream.batch or self._open(stream)
            room = self._settings.batch_size_rows - batch.rows
            batch.add(messages[start : start + room])
            start += room
            stream.touched = self._opened
            if batch.rows >= self._settings.batch_size_rows:
                self._close(stream)
            self._keep_within_memory()

    def _keep_within_memory(self) -> None:
        filling = [stream for stream in self._streams.values() if stream.batch]
        sizes = [stream.batch.bytes if stream.batch else 0 for stream in filling]
        if sum(sizes) > self._settings.max_batch_bytes:
            self._close(filling[sizes.index(max(sizes))])

    def _open(self, stream: _Stream) -> OpenBatch:
        self._opened += 1
        return OpenBatch(
            self._opened,
            stream.table,
            stream.reader,
            self._clock,
            keeps_rejected=self._settings.keep_rejected_records,
        )

    def _close(self, stream: _Stream) -> None:
        """Hand on the open batch of a stream, and each STATE that waited for it alone.

        Streams that had ended before this batch began go first, so that accounts and suppliers are
        there before the documents that name them.
        """
        batch, stream.batch = stream.batch, None
        if batch is None:
            return
        for other in self._streams.values():
            if other.batch and other.touched < batch.number:
                self._close(other)
        rows = batch.close()
        if batch.rejected:
            self._steps.put(delivery.Reject(batch.rejected))
        if rows is not None:
            self._steps.put(delivery.Write(batch.table, rows, batch.began_at))
        for _, waits_for in self._states:
            waits_for.discard(batch.number)
        self._hand_on_states()

    def _state(self, message: Message) -> None:
        """Hand on a STATE once the batches that are open now are closed."""
        value = bytes(message.value)
        if not value:
            raise InputError("a STATE message has no value", "See the tap's log")
        self._records_since_state, self._states_came = False, True
        open_now = {stream.batch.number for stream in self._streams.values() if stream.batch}
        if self._states and self._states[-1][1] == open_now:
            self._states.pop()  # it would go out in the same moment as this one, and be older
        self._states.append((value, open_now))
        self._hand_on_states()

    def _hand_on_states(self) -> None:
        """Hand on the newest STATE that waits for no batch; those before it wait for none."""
        ready = None
        while self._states and not self._states[0][1]:
            ready, _ = self._states.pop(0)
        if ready is not None:
            self._steps.put(delivery.Keep(ready))

    def _activate(self, message: Message) -> None:
        source, version = message.stream, message.version
        if not self._settings.activates_versions:
            return
        if source not in self._schemas or version is None:
            raise InputError(
                f"ACTIVATE_VERSION of stream '{source}' came without a version or before its "
                "SCHEMA",
                "See the tap's log",
            )
        for stream_map in self._mapper.stream_maps[source]:
            if isinstance(stream_map, RemoveRecordTransform):
                continue
            stream = self._streams[stream_map.stream_alias]
            stream.activated = True
            if not stream.table.generation:
                self._close(stream)
                self._steps.put(delivery.Activate(stream.table, version))


def _kind_and_stream(message: Message) -> tuple[str, str]:
    return message.type, message.stream


def _keeps_records(stream_map: StreamMap) -> bool:
    return type(stream_map) is SameRecordTransform and not stream_map.flattening_enabled


def _mapped(messages: Sequence[Message], stream_map: StreamMap) -> Iterator[Message]:
    """RECORD messages as a stream map makes them; amounts keep their digits."""
    for message in messages:
        try:
            record: Any = _DECODER.decode(message.record)
            record = stream_map.transform(copy.copy(record))
        except Exception as error:  # noqa: BLE001 - expressions of users raise anything
            raise SettingsError(
                f"the stream map of '{stream_map.stream_alias}' fails on a record "
                f"({type(error).__name__})",
                "Correct 'stream_maps'",
            ) from None
        if record is not None:
            yield msgspec.structs.replace(message, record=Raw(_ENCODER.encode(record)))
