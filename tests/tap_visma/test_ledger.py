"""The ledger: a row for every batch, each naming the one before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from archives import Kept, last_rows
from tap_runs import Run, Visma, of_entity
from tap_visma.lineage import began

if TYPE_CHECKING:
    from pathlib import Path

INVOICES = of_entity("supplier_invoices")
LEDGER = {"sync_batches"}
STREAMS = INVOICES | of_entity("suppliers") | LEDGER


def row_of(run: Run, stream: str) -> dict[str, Any]:
    (row,) = (row for row in last_rows(run) if row["stream"] == stream)
    return row


def test_a_batch_says_what_was_read_and_how_that_ended(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {"/v1/supplierInvoice": 50}})

    run = visma.sync(streams=STREAMS)

    row = row_of(run, "supplier_invoices")
    (batch_id,) = {record["_batch_id"] for record in run.records("supplier_invoices")}
    pages = [call for call in visma.calls() if call["path"] == "/v1/supplierInvoice"]
    expected = {
        "company_id": visma.company_id(),
        "_batch_id": batch_id,
        "endpoint": "/v1/supplierInvoice",
        "since": None,
        "until": run.bookmark("supplier_invoices"),
        "status": "complete",
        "calls": len(pages),
        "pages": len(pages),
        "records": run.counts["supplier_invoices"],
        "line_records": run.counts["supplier_invoice_lines"],
        "total": len(visma.books("/v1/supplierInvoice")),
        "archived": False,
        "previous_batch_id": None,
    }
    assert {name: row[name] for name in expected} == expected
    assert row["bytes"] == sum(len(visma.answer(c["path"], c["params"])) for c in pages)
    assert row["started_at"] < row["finished_at"]
    assert row["started_at"][:23] == began(batch_id).isoformat()[:23]


def test_all_batches_of_a_run_share_its_id(two_companies: Visma) -> None:
    rows = last_rows(two_companies.sync(streams=STREAMS))

    assert len(rows) == len({row["_batch_id"] for row in rows}) == 4
    assert len({row["run_id"] for row in rows}) == 1


def test_an_incremental_batch_says_from_where_it_read(visma: Visma) -> None:
    first = visma.sync(streams=STREAMS)

    second = visma.sync(first.state, streams=STREAMS)

    row = row_of(second, "supplier_invoices")
    assert row["since"] < row["until"] == row_of(first, "supplier_invoices")["until"]


def test_each_batch_names_the_one_before_it_and_its_hash(two_companies: Visma) -> None:
    run = two_companies.sync(streams=STREAMS)
    before = {(row["company_id"], row["stream"]): row for row in last_rows(run)}
    assert len(before) == 4

    for _ in range(2):
        run = two_companies.sync(run.state, streams=STREAMS)
        for row in last_rows(run):
            previous = before[row["company_id"], row["stream"]]
            assert row["previous_batch_id"] == previous["_batch_id"]
            assert row["previous_hash"] == previous["row_hash"]
            before[row["company_id"], row["stream"]] = row


def test_a_batch_that_ran_out_of_calls_is_partial_and_its_sequel_follows_it(visma: Visma) -> None:
    limits = {"page_caps": {"/v1/supplierInvoice": 20}, "calls_per_window": 4}
    visma.control("settings", limits)
    streams = INVOICES | LEDGER

    run = visma.sync(streams=streams, quota_exhausted="stop")
    visma.control("settings", {"calls_per_window": 500})
    sequel = visma.sync(run.state, streams=streams)

    part, rest = row_of(run, "supplier_invoices"), row_of(sequel, "supplier_invoices")
    assert (part["status"], part["records"], part["until"]) == ("partial", 80, None)
    assert rest["status"] == "complete"
    assert rest["previous_hash"] == part["row_hash"]


def test_a_batch_that_failed_says_so(visma: Visma) -> None:
    visma.faults({"path": "/v1/supplier", "times": 0, "do": "forbidden"})

    run = visma.sync(streams=STREAMS)

    assert len(run.failures) == 1
    row = row_of(run, "suppliers")
    assert (row["status"], row["records"], row["until"]) == ("failed", 0, None)
    assert row_of(run, "supplier_invoices")["status"] == "complete"


def test_no_record_goes_out_before_the_row_of_its_batch(visma: Visma) -> None:
    """So a batch of a run that is killed has its row, as partial."""
    run = visma.sync(streams=STREAMS)

    known: dict[str, str] = {}
    for message in run.messages:
        if message["type"] == "RECORD":
            record = message["record"]
            if message["stream"] == "sync_batches":
                known[record["_batch_id"]] = record["status"]
            assert known[record["_batch_id"]] in {"partial", "complete"}
    assert set(known.values()) == {"complete"}


def test_a_batch_without_records_has_a_single_row(visma: Visma) -> None:
    first = visma.sync(streams=INVOICES)

    state = msgspec.json.decode(msgspec.json.encode(first.state))
    for held in state["bookmarks"].values():
        held["partitions"][0]["replication_key_value"] = "2099-01-01"
    run = visma.sync(state, streams=INVOICES | LEDGER)

    (row,) = run.records("sync_batches")
    assert (row["status"], row["records"]) == ("complete", 0)


def test_the_ledger_need_not_be_selected(visma: Visma, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "archive")

    run = visma.sync(streams=INVOICES, archive_url=kept.url)

    assert run.counts.keys() == INVOICES
    assert len(kept.manifests()) == 1


def test_the_ledger_passes_through_stream_maps(visma: Visma) -> None:
    maps = {"sync_batches": {"system": "'Visma'", "endpoint": "__NULL__"}}

    run = visma.sync(streams=STREAMS, stream_maps=maps)

    rows = last_rows(run)
    assert {row["system"] for row in rows} == {"Visma"}
    assert not any("endpoint" in row for row in rows)


@pytest.mark.parametrize("stream", sorted(STREAMS))
def test_every_record_names_its_batch_and_its_place(visma: Visma, stream: str) -> None:
    run = visma.sync(streams=STREAMS)

    rows = {row["_batch_id"] for row in last_rows(run)}
    for record in run.records(stream):
        assert record["_batch_id"] in rows
        assert record["_audit_id"].startswith(record["_batch_id"])
