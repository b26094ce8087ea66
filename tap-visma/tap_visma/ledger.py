"""The ledger of sync batches: what a run read of an entity in a company, and how that ended.

Knows batches and their rows; knows neither HTTP nor files nor Singer. The rows of an entity in a
company are a chain: each names the batch before it and the hash of that one's row, so that a row
that is missing or was changed later shows.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from tap_visma.lineage import new_batch_id, record_id

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

Status = Literal["complete", "partial", "failed", "replayed"]

STREAM = "sync_batches"

ORDERED = msgspec.json.Encoder(order="sorted")


class Link(msgspec.Struct, array_like=True, frozen=True):
    """A row of the ledger, as the next one names it."""

    batch_id: str
    row_hash: str


class Batch(msgspec.Struct, kw_only=True):
    """A batch: what one run reads of one entity in one company. Times are ISO 8601, UTC.

    Attributes:
        batch_id: UUIDv7, whose time is that of the start.
        run_id: The run, UUIDv7.
        company_id: The company.
        stream: The entity's stream.
        endpoint: The entity's path at Visma.
        since: The filter by change stamp, none for all.
        until: Up to which stamp all has been read, once it has.
        started_at: When the run turned to it.
        finished_at: When it was done with it; empty while it is not.
        status: `partial` for what a later run goes on with, also while it lasts.
        calls: Calls to Visma, those that failed or took the values of parameters included.
        pages: Answers kept.
        bytes: Their size.
        records: Written to the entity's stream.
        line_records: Written to the streams of its lists.
        total: Records (lines, where the endpoint counts those) that Visma says the lists hold.
        control_totals: By stream written, `records` and `sums` of its columns; empty while the
            batch lasts, in a replay, and where rows that came twice had changed.
        archived: Whether the archive holds all of its pages.
        pages_hash: SHA-256 of the SHA-256 of its pages, if they are archived.
        tap_version: Of this package.
        schema_hash: SHA-256 of the schemas of the streams written.
        previous_batch_id: The batch before it in the chain.
        previous_hash: `row_hash` of that one.
    """

    batch_id: str
    run_id: str
    company_id: str
    stream: str
    endpoint: str
    since: str | None
    until: str | None = None
    started_at: str
    finished_at: str | None = None
    status: Status = "partial"
    calls: int = 0
    pages: int = 0
    bytes: int = 0
    records: int = 0
    line_records: int = 0
    total: int | None = None
    control_totals: dict[str, Any] | None = None
    archived: bool = False
    pages_hash: str | None = None
    tap_version: str
    schema_hash: str
    previous_batch_id: str | None = None
    previous_hash: str | None = None

    def row_hash(self) -> str:
        """The first half of SHA-256 of the row: its fields by name, as JSON without blanks.

        A half, since the state holds one for every stream of every company.
        """
        return hashlib.sha256(ORDERED.encode(self)).hexdigest()[:32]

    def link(self) -> Link:
        """What the next row of the chain says of it."""
        return Link(self.batch_id, self.row_hash())

    def row(self) -> dict[str, Any]:
        """The record of the ledger's stream. A replay has a row beside that of the batch itself."""
        values = msgspec.to_builtins(self)
        batch_id, company_id = values.pop("batch_id"), values.pop("company_id")
        return {
            "company_id": company_id,
            "record_id": record_id(company_id, (batch_id, values["run_id"])),
            "lastModifiedDateTime": None,
            "_batch_id": batch_id,
            "_audit_id": batch_id,
            "_extracted_at": self.finished_at or self.started_at,
            **values,
            "row_hash": self.row_hash(),
        }


def begin(
    now: datetime,
    *,
    run_id: str,
    company_id: str,
    stream: str,
    endpoint: str,
    since: str | None,
    schemas: Mapping[str, Any],
    previous: Link | None,
) -> Batch:
    """A new batch.

    Args:
        now: The time, aware.
        run_id: The run.
        company_id: The company.
        stream: The entity's stream.
        endpoint: The entity's path.
        since: The filter, if any.
        schemas: The schema of each stream that is written.
        previous: The last row of the chain.
    """
    return Batch(
        batch_id=new_batch_id(now),
        run_id=run_id,
        company_id=company_id,
        stream=stream,
        endpoint=endpoint,
        since=since,
        started_at=now.isoformat(),
        tap_version=_version(),
        schema_hash=hashlib.sha256(ORDERED.encode(schemas)).hexdigest(),
        previous_batch_id=previous.batch_id if previous else None,
        previous_hash=previous.row_hash if previous else None,
    )


def replayed(batch: Batch, now: datetime, run_id: str) -> Batch:
    """The row of a replay: the batch as it was, in this run, without a call to Visma.

    It follows the batch's own row and is not part of the chain.
    """
    return msgspec.structs.replace(
        batch,
        run_id=run_id,
        started_at=now.isoformat(),
        finished_at=None,
        status="replayed",
        calls=0,
        records=0,
        line_records=0,
        control_totals=None,
        tap_version=_version(),
        previous_batch_id=batch.batch_id,
        previous_hash=batch.row_hash(),
    )


@cache
def _version() -> str:
    try:
        return version("tap-visma")
    except PackageNotFoundError:
        return "0"  # run from its folder, not installed
