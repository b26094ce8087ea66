"""The SDK's streams: catalog, selection and maps on one side, walks and records on the other.

An entity's stream reads for itself and for the streams of its lists, one company after the other.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Schema

from tap_visma import extraction, schemas, stamps
from tap_visma.bookmarks import Walk
from tap_visma.entities import STAMP
from tap_visma.errors import VismaError
from tap_visma.lineage import AUDIT_COLUMNS, POSITION, PRIMARY_KEY, new_batch_id
from tap_visma.masking import without_personal
from tap_visma.messages import RecordLines, as_dict
from tap_visma.records import Origin, Reader, Shape, parent_columns

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog, MetadataMapping, SchemaMessage

    from tap_visma.entities import Entity, Lines
    from tap_visma.records import Path, Record
    from tap_visma.settings import Company
    from tap_visma.tap import TapVisma

DECIMAL_AS_TEXT = {"type": ["string", "null"], "format": "x-singer.decimal"}


class VismaStream(Stream):
    """What the streams of entities and those of their lists share."""

    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE  # records are pruned as they are read

    _tap: TapVisma

    def __init__(
        self, tap: TapVisma, name: str, columns: Mapping[str, Any], key: Iterable[str]
    ) -> None:
        """Make the stream.

        Args:
            tap: The tap.
            name: The stream's name.
            columns: Schemas of the columns that stand before Visma's own.
            key: Fields of Visma's own that the tap needs; dots lead into nested objects.
        """
        self._automatic = (*columns, *key)
        self.visma_schema = schemas.load(name)
        if tap.config.get("mask") == "drop":
            self.visma_schema = without_personal(self.visma_schema)
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
        """Catalog metadata, in which keys and audit columns cannot be deselected."""
        metadata = super().metadata
        for name in self._automatic:
            steps = name.split(".")
            for depth in range(1, len(steps) + 1):
                if entry := metadata.get(_breadcrumb(steps[:depth])):
                    entry.inclusion = entry.InclusionType.AUTOMATIC
        return metadata

    def apply_catalog(self, catalog: Catalog) -> None:
        """Take over a user's catalog, but for fields that this stream does not have, or drops."""
        if entry := catalog.get_stream(self.name):
            entry.schema = Schema.from_dict(_common(entry.schema.to_dict(), self.schema))
        super().apply_catalog(catalog)

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
        schema = self.effective_schema

        def keeps(path: Path) -> bool:
            return selected and _knows(schema, path) and bool(mask[_breadcrumb(path)])

        mask_key = self.config.get("mask_key") if self.config.get("mask") == "hash" else None
        return Shape(self.visma_schema, keeps, self._decimals_as_text, mask_key)

    def begin(self, version: int) -> None:
        """Decide how records are written: as read, or by way of the SDK if it maps them.

        Args:
            version: The version that RECORD messages carry.
        """
        self._stream_version = version
        self._tap.message_writer.decimals_as_text = self._decimals_as_text
        maps = self.stream_maps
        as_read = len(maps) == 1 and type(maps[0]) is SameRecordTransform
        if as_read and not maps[0].flattening_enabled:
            self._lines = RecordLines(self.name, version, self._tap.message_writer)

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
        self.entity = entity
        self.selected_by_default = entity.by_default
        added = {column: {"type": "string"} for column in entity.added_columns}
        needed = (*entity.key, entity.stamp or STAMP)
        super().__init__(tap, entity.name, {**AUDIT_COLUMNS, **added}, needed)
        if entity.since and entity.stamp:
            self.replication_key = STAMP
        self.child_streams = [LinesStream(tap, self, lines) for lines in entity.lists]

    def sync(self, context: Context | None = None) -> None:  # type: ignore[misc] # noqa: ARG002
        """Read all companies; the failure of one does not keep the others from being read.

        In place of the SDK's own, which reads for one stream, record by record.
        """
        streams = {stream.name: stream for stream in self._family()}
        reader = Reader(self.entity, {name: stream.shape() for name, stream in streams.items()})
        selected = {name: stream for name, stream in streams.items() if stream.selected}
        for stream in selected.values():
            stream._write_schema_message()  # noqa: SLF001
        self._aim()
        for company in self._tap.companies():
            try:
                self._sync_company(company, reader, selected)
            except VismaError as error:
                error.at(company.company_id, self.name)
                if self.ABORT_AT_RECORD_COUNT is not None:
                    raise  # a connection test ends at the first fault
                self._tap.report(error)
            self._tap.write_state()
        self._activate(selected.values())

    def _sync_company(
        self, company: Company, reader: Reader, streams: Mapping[str, VismaStream]
    ) -> None:
        tap = self._tap
        company_id = company.company_id
        batch_id = new_batch_id(tap.clock.now())
        calls_before = tap.caller.calls[company_id]
        counts = dict.fromkeys(streams, 0)
        limit = self.ABORT_AT_RECORD_COUNT
        walk = self._walk(company, list(streams))
        for stream in streams.values():
            stream.begin(walk.version or self._version(company_id))
        refetched = tap.settings.refetch_periods
        requests = extraction.requests(
            self.entity, company, walk.since, tap.lookups, refetched=refetched
        )
        pages = extraction.read(
            self.entity, company, walk, requests, caller=tap.caller, reader=reader
        )
        for number, (request, turn, census) in enumerate(pages, 1):
            if limit is not None:
                del turn.page.rows[limit - counts[self.name] :]
            extracted_at = turn.received_at.isoformat()
            origin = Origin(company_id, batch_id, number, extracted_at, request.columns)
            for name, record in reader.records(turn.page, origin, census):
                if name in streams:
                    streams[name].write(record)
                    counts[name] += 1
            for stream in streams.values():
                stream.flush()
            if limit is not None and counts[self.name] >= limit:
                return
            turn.page.rows.clear()
            walk.advance(str(request), turn)
            tap.bookmarks.hold(self.name, company_id, walk)
            tap.write_state()
            tap.progress.show(
                f"{company.name or company_id}, {self.name}",
                turn.number,
                turn.page.pages(),
                sum(counts.values()),
                tap.caller.windows[company_id],
            )
        tap.progress.clear()
        tap.bookmarks.finish(
            self.name, company_id, walk, has_stamps=self.replication_key is not None
        )
        self.log(
            "Company '%s': %s; %d calls, %s",
            company_id,
            ", ".join(f"{count} {name}" for name, count in counts.items()),
            tap.caller.calls[company_id] - calls_before,
            tap.caller.windows[company_id],
        )

    def _aim(self) -> None:
        """Set the version of this run's full passes, and make a sweep due where it is time."""
        tap = self._tap
        version = tap.bookmarks.version(self.name)
        age = timedelta(milliseconds=tap.initialized_at - (version or 0))
        sweep = tap.settings.sweep
        if version is None or not self.replication_key or (sweep is not None and age >= sweep):
            tap.bookmarks.aim_at(self.name, tap.initialized_at)

    def _walk(self, company: Company, streams: list[str]) -> Walk:
        """The walk of this run: on from the bookmark, a full pass, or what is left of one."""
        tap = self._tap
        bookmarks, settings, company_id = tap.bookmarks, tap.settings, company.company_id
        bookmark = bookmarks.oldest(streams, company_id) if self.replication_key else None
        aim = bookmarks.version(self.name)
        due = self._version(company_id) != aim
        if due and bookmark and self._can_afford_a_sweep(company_id):
            bookmark = None
        since = stamps.back(bookmark, settings.overlap) if bookmark else settings.start
        fresh = Walk(
            since=stamps.for_filter(since) if since and self.entity.since else None,
            streams=streams,
            page_size=settings.page_size,
            version=None if bookmark else aim,
        )
        if self.ABORT_AT_RECORD_COUNT is not None:
            fresh.page_size = self.ABORT_AT_RECORD_COUNT
            return fresh
        return bookmarks.unfinished(self.name, company_id, fresh)

    def _version(self, company_id: str) -> int:
        """The version of a company's rows: that aimed at, where a bookmark came without one."""
        bookmarks = self._tap.bookmarks
        return bookmarks.version(self.name, company_id) or bookmarks.version(self.name) or 0

    def _can_afford_a_sweep(self, company_id: str) -> bool:
        """Whether as many calls are left as the last full pass took."""
        needed = self._tap.bookmarks.calls_of_full_pass(self.name, company_id)
        return self._tap.caller.windows[company_id].allows(needed)

    def _activate(self, streams: Iterable[VismaStream]) -> None:
        """Write ACTIVATE_VERSION once all companies have been read whole, for certain."""
        companies = [company.company_id for company in self._tap.settings.companies]
        version = self._tap.bookmarks.activate(self.name, companies)
        if version is not None:
            for stream in streams:
                stream._write_activate_version_message(version)  # noqa: SLF001

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
        self.selected_by_default = entity.by_default
        names = parent_columns(entity, lines)
        self._document = {
            "stream": entity.name,
            "key": ["company_id", *names],
            "version": STAMP,
        }
        columns = dict(AUDIT_COLUMNS)
        for column, field in zip(names, entity.key, strict=True):
            columns[column] = _field_schema(entity_stream.schema, field)
        if not lines.key:
            columns[POSITION] = {
                "type": "integer",
                "description": "Place in the document's list, from 1",
            }
        super().__init__(tap, lines.name, columns, lines.key)
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


def _breadcrumb(path: Iterable[str]) -> tuple[str, ...]:
    return tuple(crumb for name in path for crumb in ("properties", name))


def _knows(schema: Mapping[str, Any], path: Path) -> bool:
    """Whether a schema has the field at a path, which may lead through lists."""
    for name in path:
        properties = schema.get("items", schema).get("properties", {})
        if name not in properties:
            return False
        schema = properties[name]
    return True


def _common(schema: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the fields that another one does not have."""
    changed = dict(schema)
    if "properties" in schema and "properties" in known:
        changed["properties"] = {
            field: _common(of, known["properties"][field])
            for field, of in schema["properties"].items()
            if field in known["properties"]
        }
    if "items" in schema and "items" in known:
        changed["items"] = _common(schema["items"], known["items"])
    return changed


def _field_schema(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The schema of a field; dots lead into nested objects."""
    for step in name.split("."):
        schema = schema["properties"][step]
    return dict(schema)


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
