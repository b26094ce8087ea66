"""Every record goes back to its bytes, and every batch can be written again without a call."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from archives import Kept, last_rows, told
from tap_runs import BY_NAME, Run, Visma, of_entity, visma_with
from tap_visma import audit
from tap_visma.checks import problems
from tap_visma.entities import ENTITIES
from tap_visma.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

ALL = {name for entity in ENTITIES for name in of_entity(entity)} | {"sync_batches"}
INVOICES = of_entity("supplier_invoices")
NO_ACCESS: dict[str, Any] = {"client_id": None, "client_secret": None, "companies": None}


@dataclass
class Night:
    """One sync of all streams, archived."""

    visma: Visma
    kept: Kept
    run: Run

    def replay(self, **settings: Any) -> Run:
        """Replay with the archive alone."""
        rest = NO_ACCESS | ({} if "catalog" in settings else {"streams": ALL}) | settings
        return self.visma.sync(archive_url=self.kept.url, **rest)

    def batches(self, stream: str) -> list[dict[str, Any]]:
        return [row for row in last_rows(self.run) if row["stream"] == stream]


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    """Two companies, whose larger lists have several pages."""
    kept = Kept(tmp_path_factory.mktemp("archive"))
    with visma_with(companies="NO,SE") as visma:
        caps = {entity.path: 50 for entity in ENTITIES if entity.paged and not entity.counts}
        caps["/v2/journaltransaction"] = 500
        visma.control("settings", {"page_caps": caps, "calls_per_window": 100_000})
        yield Night(visma, kept, visma.sync(streams=ALL, archive_url=kept.url))


@pytest.mark.parametrize("stream", sorted(ALL - {"sync_batches"}))
def test_a_record_of_any_stream_is_found_by_its_audit_id_as_visma_sent_it(
    night: Night, stream: str
) -> None:
    records = night.run.records(stream)
    (entity,) = (entity for entity in ENTITIES if stream in of_entity(entity))
    some = [records[0], records[len(records) // 2], records[-1]]

    for record in some:
        _, found = audit.record(
            night.kept.archive, record["_audit_id"], record["company_id"], entity.name
        )

        sent = json.loads(found, parse_float=Decimal)
        own = {name: value for name, value in record.items() if name in sent}
        assert len(own) > len(sent) / 3
        assert all(without_lists(sent[n], v) == v for n, v in own.items() if n != STAMP)


STAMP = "lastModifiedDateTime"
"""Written in one form, whatever form Visma gave it."""


def without_lists(sent: Any, written: Any) -> Any:
    """What was sent without the fields that are not written: those that are in no schema."""
    if isinstance(sent, dict) and isinstance(written, dict):
        return {n: without_lists(v, written[n]) for n, v in sent.items() if n in written}
    if isinstance(sent, list) and isinstance(written, list):
        return [without_lists(s, w) for s, w in zip(sent, written, strict=True)]
    return sent


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.name)
def test_a_replay_writes_what_the_sync_wrote_byte_by_byte(night: Night, entity: Any) -> None:
    (batch, _other) = night.batches(entity.name)

    replay = night.replay(replay_batch_id=batch["_batch_id"])

    assert replay.failures == []
    of_batch = batch["_batch_id"].encode()
    assert told(replay, of_entity(entity)) == [
        line
        for line in told(night.run, of_entity(entity))
        if line.startswith(b'{"type":"SCHEMA"') or of_batch in line
    ]
    assert replay.counts.keys() - {"sync_batches"} == of_entity(entity)


def test_a_replay_needs_no_access_and_leaves_no_bookmark(night: Night) -> None:
    (batch, _) = night.batches("supplier_invoices")
    night.visma.forget_calls()

    replay = night.replay(replay_batch_id=batch["_batch_id"])

    assert night.visma.calls() == []
    assert night.visma.token_calls() == []
    assert replay.states == []
    assert {message["type"] for message in replay.messages} == {"SCHEMA", "RECORD"}


def test_a_replay_has_a_row_in_the_ledger_beside_that_of_the_batch(night: Night) -> None:
    (batch, _) = night.batches("supplier_invoices")

    (row,) = last_rows(night.replay(replay_batch_id=batch["_batch_id"]))

    assert row["status"] == "replayed"
    assert row["calls"] == 0
    assert (row["records"], row["line_records"]) == (batch["records"], batch["line_records"])
    assert row["_batch_id"] == batch["_batch_id"]
    assert row["record_id"] != batch["record_id"]
    assert row["previous_hash"] == batch["row_hash"]


def test_a_stream_of_a_company_is_replayed_for_a_time(night: Night) -> None:
    company_id = night.visma.company_id(1)
    rest = {"replay_company_id": company_id, "replay_stream": "customers"}
    (batch,) = (b for b in night.batches("customers") if b["company_id"] == company_id)
    began = batch["started_at"]

    within = night.replay(**rest, replay_from=began[:10], replay_until="2100-01-01")

    assert within.counts == {
        "customers": sum(r["company_id"] == company_id for r in night.run.records("customers")),
        "sync_batches": 2,
    }
    for outside in ({"replay_until": began[:10]}, {"replay_from": "2100-01-01"}):
        with pytest.raises(ArchiveError, match="no batch of that stream and time"):
            night.replay(**rest, **outside)


def test_several_batches_are_replayed_oldest_first(visma: Visma, tmp_path: Any) -> None:
    kept = Kept(tmp_path / "archive")
    first = visma.sync(streams=INVOICES, archive_url=kept.url)
    visma.control("advance", {"days": 1})
    second = visma.sync(first.state, streams=INVOICES, archive_url=kept.url)

    replay = visma.sync(
        streams=INVOICES,
        archive_url=kept.url,
        replay_company_id=visma.company_id(),
        replay_stream="supplier_invoices",
    )

    for stream in INVOICES:
        assert replay.records(stream) == first.records(stream) + second.records(stream)
        assert second.records(stream)


def test_a_replay_can_be_of_other_columns_than_the_sync(night: Night) -> None:
    (batch, _) = night.batches("suppliers")
    catalog = night.visma.catalog({"suppliers"})
    for item in catalog["streams"][0]["metadata"]:
        if item["breadcrumb"] == ["properties", "name"]:
            item["metadata"]["selected"] = False

    replay = night.replay(replay_batch_id=batch["_batch_id"], catalog=catalog)

    names = {name for record in replay.records("suppliers") for name in record}
    assert "name" not in names
    assert {"number", "_batch_id"} <= names


def test_a_stream_that_is_not_selected_cannot_be_replayed(night: Night) -> None:
    (batch, _) = night.batches("suppliers")

    replay = night.replay(replay_batch_id=batch["_batch_id"], streams={"customers"})

    (failure,) = replay.failures
    assert "'suppliers': the stream of the batch is not selected" in failure


@pytest.mark.parametrize(
    ("batch_id", "message"),
    [
        ("01a1fbf6-5d87-7706-80fe-2f11d3f64ae4", "the archive holds no batch 01a1fbf6"),
        ("a batch", "that is no batch id"),
    ],
)
def test_a_batch_that_is_not_there_is_named(night: Night, batch_id: str, message: str) -> None:
    with pytest.raises(Exception, match=message):
        night.replay(replay_batch_id=batch_id)


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ({"replay_batch_id": "1"}, "Setting 'archive_url' is missing, from which a replay reads."),
        (
            {"archive_url": "a", "replay_batch_id": "1", "replay_stream": "suppliers"},
            "Settings 'replay_batch_id' and 'replay_stream' exclude each other.",
        ),
        (
            {"archive_url": "a", "replay_stream": "suppliers"},
            "Settings 'replay_company_id' and 'replay_stream' go together.",
        ),
        (
            {
                "archive_url": "a",
                "replay_company_id": "no",
                "replay_stream": "supplier_invoice_lines",
            },
            "Setting 'replay_stream' must name a stream; for lines, that of their documents.",
        ),
        (
            {
                "archive_url": "a",
                "replay_company_id": "no",
                "replay_stream": "suppliers",
                "replay_from": "Tuesday",
            },
            "Setting 'replay_from' must be a day such as 2024-01-01 or 2024-01-01T00:00:00Z.",
        ),
    ],
)
def test_settings_of_a_replay_that_contradict_each_other_are_named(
    settings: dict[str, Any], problem: str
) -> None:
    assert problems(settings) == [problem]


def test_lists_split_over_pages_are_replayed_as_they_were_read(night: Night) -> None:
    """A document whose lines go on on the next page is written once, its lines all."""
    batch, *_ = night.batches("journal_transactions")
    assert BY_NAME["journal_transactions"].counts
    manifest = night.kept.archive.manifest(night.kept.archive.find(batch["_batch_id"]))

    assert any(note.continues for note in manifest.pages)
    assert len(manifest.pages) == batch["pages"] > 5
