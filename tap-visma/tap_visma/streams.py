"""What the SDK's streams share here: catalog, selection, maps; and the stream of the ledger.

Knows Singer; knows neither calls nor walks. Beside the ledger's there is that of events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import SameRecordTransform
from singer_sdk.singerlib import Schema

from tap_visma import hints, inbox, ledger, schemas
from tap_visma.entities import STAMP
from tap_visma.lineage import AUDIT_COLUMNS, PRIMARY_KEY, record_id
from tap_visma.masking import drop_personal, without_personal
from tap_visma.messages import RecordLines, as_dict, as_json, of_json
from tap_visma.records import Shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog, MetadataMapping

    from tap_visma.ledger import Batch
    from tap_visma.records import Path, Record
    from tap_visma.remembered import Gone
    from tap_visma.tap import TapVisma

EVENTS = "webhook_events"
DELETED_AT = "_sdc_deleted_at"
"""Column that loaders know for the time at which a row was deleted."""
DELETED_COLUMN = {
    DELETED_AT: {
        "type": ["string", "null"],
        "format": "date-time",
        "description": "When the record was deleted at Visma, UTC",
    }
}


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
            own = {field: schemas.with_decimals_as_text(schema) for field, schema in own.items()}
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
            entry.schema = Schema.from_dict(schemas.common(entry.schema.to_dict(), self.schema))
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
            return selected and schemas.knows(schema, path) and bool(mask[_breadcrumb(path)])

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

    @property
    def version(self) -> int:
        """What RECORD messages carry."""
        return self._stream_version or 0

    def remembered(self, record: Record) -> bytes:
        """A record as it is remembered: without personal data, as JSON."""
        values = as_dict(record)
        drop_personal(values, schemas.load(self.name))
        return as_json(values)

    def write_gone(self, gone: Gone) -> None:
        """Write a RECORD message of a record that is gone, with its last values.

        Batch and audit id stay those of its last values. So does the version, so that a loader
        that activates a newer one also removes the row, where it removes rows. With a catalog that
        was made without an inbox, and so without the column, nothing is written.
        """
        if DELETED_AT not in self.schema["properties"]:
            return
        times = {"_extracted_at": gone.found_at, DELETED_AT: gone.deleted_at}
        version, self._stream_version = self._stream_version, gone.version
        self._write_record_message(of_json(gone.record) | times)
        self._stream_version = version


class BatchesStream(VismaStream):
    """The stream of the ledger: a row for each batch, which goes with the data everywhere."""

    def __init__(self, tap: TapVisma) -> None:
        """Make the stream."""
        super().__init__(tap, ledger.STREAM, AUDIT_COLUMNS, ())

    def sync(self, context: Context | None = None) -> None:  # type: ignore[misc] # noqa: ARG002
        """Nothing to read: other streams write the rows, after this one's SCHEMA."""
        self._write_schema_message()

    def write_row(self, batch: Batch) -> None:
        """Write a batch's row as it is now."""
        self._write_record_message(batch.row())


class EventsStream(VismaStream):
    """The stream of the events in the inbox, each written once; it asks Visma nothing."""

    def __init__(self, tap: TapVisma) -> None:
        """Make the stream."""
        super().__init__(tap, EVENTS, AUDIT_COLUMNS, ())

    def sync(self, context: Context | None = None) -> None:  # type: ignore[misc] # noqa: ARG002
        """Write the events that came since the last run, up to the newest when this one began.

        Raises:
            InboxError: The inbox cannot be read.
        """
        tap, path = self._tap, self._tap.settings.webhooks.inbox
        self._write_schema_message()
        if path is None or tap.hints.is_blind:
            return
        companies = tap.settings.companies
        for event in inbox.events(path, tap.bookmarks.last_event(EVENTS), tap.hints.newest):
            found = hints.concerned(event, companies)
            company_id = found[0].company_id if len(found) == 1 else event.context or "unknown"
            audit = {
                "company_id": company_id,
                "record_id": record_id(company_id, (event.number,)),
                STAMP: None,
                "_batch_id": tap.run_id,
                "_audit_id": f"webhook/{event.number}",
                "_extracted_at": event.received_at,
            }
            self._write_record_message(audit | hints.row(event, companies))
            tap.bookmarks.keep_event(EVENTS, event.number)
        tap.write_state()


def _breadcrumb(path: Iterable[str]) -> tuple[str, ...]:
    return tuple(crumb for name in path for crumb in ("properties", name))
