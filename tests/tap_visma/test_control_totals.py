"""Control totals: what the ledger says of rows and sums is what a warehouse ends up with."""

from __future__ import annotations

from decimal import Decimal
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from archives import Kept, last_rows
from tap_runs import BY_NAME, Run, Visma, of_entity, visma_with
from tap_visma import schemas
from tap_visma.streams import VismaStream

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tap_visma.records import Record

INVOICES = of_entity("supplier_invoices")
PATH = "/v1/supplierInvoice"


def totals(run: Run, stream: str) -> dict[str, Any] | None:
    """The control totals of the batch of an entity."""
    (row,) = (row for row in last_rows(run) if row["stream"] == stream)
    found: dict[str, Any] | None = row["control_totals"]
    return found


def in_warehouse(run: Run, entity: str) -> dict[str, Any]:
    """The same, counted from what a loader would hold: the last row per key."""
    return {stream: _total(run, stream) for stream in of_entity(entity)}


def _total(run: Run, stream: str) -> dict[str, Any]:
    rows = run.rows(stream).values()
    properties = schemas.load(stream)["properties"]
    columns = [name for name, of in properties.items() if "number" in of["type"]]
    sums = {
        name: sum((Decimal(row[name]) for row in rows if row.get(name) is not None), Decimal(0))
        for name in columns
    }
    return {"records": len(rows), "sums": sums}


def as_numbers(found: dict[str, Any] | None) -> dict[str, Any] | None:
    return found and {
        stream: {"records": of["records"], "sums": {k: Decimal(v) for k, v in of["sums"].items()}}
        for stream, of in found.items()
    }


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """A first load of all streams of a company."""
    with visma_with() as visma:
        visma.control("settings", {"calls_per_window": 10_000})
        streams = {name for entity in BY_NAME for name in of_entity(entity)}
        yield visma.sync(streams=streams | {"sync_batches"})


@pytest.mark.parametrize("entity", sorted(BY_NAME))
def test_they_are_the_rows_and_sums_of_what_was_written(run: Run, entity: str) -> None:
    assert as_numbers(totals(run, entity)) == in_warehouse(run, entity)


def test_they_are_the_same_where_decimals_are_written_as_text(visma: Visma) -> None:
    numbers = visma.sync(streams=INVOICES | {"sync_batches"})

    text = visma.sync(streams=INVOICES | {"sync_batches"}, use_singer_decimal=True)

    assert totals(text, "supplier_invoices") == totals(numbers, "supplier_invoices")


def test_rows_of_periods_read_again_are_counted_once(visma: Visma) -> None:
    streams = of_entity("journal_transactions") | {"sync_batches"}
    first = visma.sync(streams=streams)

    second = visma.sync(first.state, streams=streams, refetch_periods=3)

    rows = second.rows("journal_transactions")
    assert second.counts["journal_transactions"] > len(rows) > 0
    found = as_numbers(totals(second, "journal_transactions"))
    assert found == in_warehouse(second, "journal_transactions")


def test_where_rows_moved_and_came_twice_nothing_is_said(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {PATH: 20}})
    change = {"company_id": visma.company_id(), "path": PATH, "operation": "delete", "count": 3}
    rules = visma.faults({"path": PATH, "page": 3, "do": {"change": change}})

    run = visma.sync(streams=INVOICES | {"sync_batches"})

    assert rules() == [1]
    repeated = run.counts["supplier_invoices"] - len(run.rows("supplier_invoices"))
    assert repeated > 0
    assert totals(run, "supplier_invoices") is None


def test_nothing_is_said_where_a_signal_came_within_a_page(
    visma: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines: list[bytes] = []
    write, written = VismaStream.write, count()

    def interrupted(stream: VismaStream, record: Record) -> None:
        if next(written) == 100:
            raise SystemExit(143)  # as the handler of SIGTERM does
        write(stream, record)

    monkeypatch.setattr(VismaStream, "write", interrupted)
    with pytest.raises(SystemExit):
        visma.sync(streams=INVOICES | {"sync_batches"}, into=lines)

    (row,) = last_rows(Run(lines))
    assert (row["status"], row["control_totals"]) == ("failed", None)


def test_a_replay_has_none(visma: Visma, tmp_path: Path) -> None:
    kept = Kept(tmp_path / "archive")
    streams = INVOICES | {"sync_batches"}
    run = visma.sync(streams=streams, archive_url=kept.url)
    (row,) = last_rows(run)

    replay = visma.sync(streams=streams, archive_url=kept.url, replay_batch_id=row["_batch_id"])

    assert totals(replay, "supplier_invoices") is None
    assert as_numbers(row["control_totals"]) == in_warehouse(replay, "supplier_invoices")
