"""The SDK's streams: catalog, selection and maps on one side, walks and records on the other.

An entity's stream reads for itself and for the streams of its lists, one company after the other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform

from tap_visma import extraction, schemas
from tap_visma.entities import STAMP
from tap_visma.errors import VismaError
from tap_visma.lineage import AUDIT_COLUMNS, POSITION, PRIMARY_KEY, new_batch_id
from tap_visma.messages import RecordLines, as_dict
from tap_visma.records import Origin, Reader, Shape, parent_columns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import MetadataMapping, SchemaMessage

    from tap_visma.bookmarks import Walk
    from tap_visma.entities import Entity, Lines
    from tap_visma.records import Path, Record
    from tap_visma.settings import Company
    from tap_visma.tap import TapVisma

DECIMAL_AS_TEXT = {"type": ["string", "null"], "format": "x-singer.decimal"}


class VismaStream(Stream):
    """What the streams of entities and those of their lists share."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # records are pruned as they are read

    _tap: TapVisma

    def __init__(self, tap: TapVisma, name: str, columns: Mapping[str, Any]) -> None:
        """Make the stream.

        Args:
            tap: The tap.
            name: The stream's name.
            columns: Schemas of the columns that stand before Visma's own.
        """
        self.visma_schema = schemas.load(name)
        self._decimals_as_text = bool(tap.config.get("use_singer_decimal"))
        self._lines: RecordLines | None = None
        own = self.visma_schema["properties"]
        if self._decimals_as_text:
            own = {field: _with_decimals_as_text(schema) for field, schema in own.items()}
        schema = {
            "type": "object",
            "properties": {**columns, **{f: s for f, s in own.items() if f not in columns}},
            "required": [column for column, of in columns.items() if of["type"] == "string"],
        }
        super().__init__(tap, schema=schema, name=name)
        self.primary_keys = PRIMARY_KEY

    @property
    def metadata(self) -> MetadataMapping:
        """Catalog metadata, in which the audit columns cannot be deselected."""
        metadata = super().metadata
        for column in AUDIT_COLUMNS:
            if entry := metadata.get(("properties", column)):
                entry.inclusion = entry.InclusionType.AUTOMATIC
        return metadata

    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: bookmarks come from the data alone, no clock of ours limits them."""

    def get_records(self, context: Context | None) -> Iterator[dict[str, Any]]:
        """Not offered: records are written by the page, as they are read.

        Raises:
            NotImplementedError: Always.
        """
        raise NotImplementedError

    def get_batch_config(self, config: Mapping[str, Any]) -> None:
        """None: BATCH files would go round column selection and stream maps."""

    def shape(self) -> Shape:
        """What the catalog wants of this stream."""
        mask = self.mask
        selected = self.selected
        fields = self.effective_schema["properties"]

        def keeps(path: Path) -> bool:
            crumbs = tuple(crumb for name in path for crumb in ("properties", name))
            return selected and (not path or path[0] in fields) and bool(mask[crumbs])

        return Shape(self.visma_schema, keeps, self._decimals_as_text)

    def begin(self) -> None:
        """Decide how records are written: as read, or by way of the SDK if it maps them."""
        maps = self.stream_maps
        as_read = len(maps) == 1 and type(maps[0]) is SameRecordTransform
        if as_read and not maps[0].flattening_enabled:
            self._lines = RecordLines(self.name, self._tap.message_writer)

    def write(self, record: Record) -> None:
        """Write a RECORD message."""
        if self._lines:
            self._lines.add(record)
        else:
            self._write_record_message(as_dict(record))

    def flush(self) -> None:
        """Hand on what has been written."""
        if self._lines:
            self._lines.flush()


class EntityStream(VismaStream):
    """The stream of an entity, which also reads for the streams of its lists."""

    def __init__(self, tap: TapVisma, entity: Entity) -> None:
        """Make the stream and those of the entity's lists."""
        super().__init__(tap, entity.name, AUDIT_COLUMNS)
        self.entity = entity
        if entity.since and entity.stamp:
            self.replication_key = STAMP
        self.child_streams = [LinesStream(tap, self, lines) for lines in entity.lists]

    def _sync_records(
        self,
        context: Context | None = None,  # noqa: ARG002 - companies come from the settings
        *,
        write_messages: bool = True,  # noqa: ARG002 - there is no BATCH
    ) -> Generator[dict[str, Any], Any, Any]:
        """Read all companies; the failure of one does not keep the others from being read."""
        for lines in self.child_streams:
            if lines.selected:
                lines._write_schema_message()  # noqa: SLF001
        streams = {stream.name: stream for stream in self._family()}
        reader = Reader(self.entity, {name: stream.shape() for name, stream in streams.items()})
        selected = {name: stream for name, stream in streams.items() if stream.selected}
        for stream in selected.values():
            stream.begin()
        for company in self._tap.settings.companies:
            try:
                self._sync_company(company, reader, selected)
            except VismaError as error:
                error.at(company.company_id, self.name)
                if self.ABORT_AT_RECORD_COUNT is not None:
                    raise  # a connection test ends at the first fault
                self._tap.report(error)
            self._tap.write_state()
        yield from ()

    def _sync_company(
        self, company: Company, reader: Reader, streams: Mapping[str, VismaStream]
    ) -> None:
        tap = self._tap
        company_id = company.company_id
        batch_id = new_batch_id(tap.clock.now())
        calls_before = tap.caller.calls[company_id]
        counts = dict.fromkeys(streams, 0)
        walk = self._walk(company_id, list(streams))
        for number, answer, page in extraction.walk_pages(
            self.entity, company, walk, tap.caller, reader
        ):
            page.rows = page.rows[: self.ABORT_AT_RECORD_COUNT]
            origin = Origin(company_id, batch_id, number, answer.received_at.isoformat())
            for name, record in reader.records(page, origin):
                if name in streams:
                    streams[name].write(record)
                    counts[name] += 1
            for stream in streams.values():
                stream.flush()
            if self.ABORT_AT_RECORD_COUNT is not None:
                return
            walk.advance(number, page.units, page.newest, answer.answered_at)
            tap.bookmarks.hold(self.name, company_id, walk)
            tap.write_state()
        tap.bookmarks.finish(self.name, company_id, walk)
        self.log(
            "Company '%s': %s, %d calls, %s",
            company_id,
            ", ".join(f"{count} {name}" for name, count in counts.items()),
            tap.caller.calls[company_id] - calls_before,
            tap.caller.windows[company_id],
        )

    def _walk(self, company_id: str, streams: list[str]) -> Walk:
        bookmarks = self._tap.bookmarks
        bookmark = bookmarks.oldest(streams, company_id) if self.replication_key else None
        fresh = extraction.fresh_walk(self.entity, streams, bookmark, self._tap.settings)
        if self.ABORT_AT_RECORD_COUNT is not None:
            fresh.page_size = self.ABORT_AT_RECORD_COUNT
            return fresh
        return bookmarks.unfinished(self.name, company_id, fresh)

    def _family(self) -> Iterator[VismaStream]:
        yield self
        for stream in self.child_streams:
            if isinstance(stream, LinesStream):
                yield stream


class LinesStream(VismaStream):
    """The stream of a list inside the records of an entity; the entity's stream reads for it."""

    parent_stream_type = EntityStream

    def __init__(self, tap: TapVisma, entity_stream: EntityStream, lines: Lines) -> None:
        """Make the stream."""
        entity = entity_stream.entity
        of_parent = entity_stream.visma_schema["properties"]
        self._document = {
            "stream": entity.name,
            "key": ["company_id", *parent_columns(entity, lines)],
            "version": STAMP,
        }
        columns = {
            **AUDIT_COLUMNS,
            **{
                column: of_parent[field]
                for column, field in zip(parent_columns(entity, lines), entity.key, strict=True)
            },
        }
        if not lines.key:
            columns[POSITION] = {
                "type": "integer",
                "description": "Place in the document's list, from 1",
            }
        super().__init__(tap, lines.name, columns)
        if entity_stream.replication_key:
            self.replication_key = STAMP

    def _generate_schema_messages(self) -> Generator[SchemaMessage, None, None]:
        """SCHEMA that also names the columns which tell a line's document and its version.

        With them (`x-document`) a loader can replace the lines of a document as a whole, so that
        one that is gone from its newer version does not survive.
        """
        for message in super()._generate_schema_messages():
            message.schema = {**message.schema, "x-document": self._document}
            yield message


def _with_decimals_as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema in which numbers that may have decimals are text."""
    if "number" in schema["type"]:
        return DECIMAL_AS_TEXT
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {
            field: _with_decimals_as_text(of) for field, of in schema["properties"].items()
        }
    if "items" in schema:
        changed["items"] = _with_decimals_as_text(schema["items"])
    return changed
