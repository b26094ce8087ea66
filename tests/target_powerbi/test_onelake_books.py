"""Sandbox, tap-visma, the shipped mapping: two nights in the lakehouse are the books, as a star."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from lake_loads import LakeLoader
from tap_runs import Visma, visma_with
from target_powerbi import mapping

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.process


@pytest.fixture
def visma() -> Iterator[Visma]:
    with visma_with("NO") as visma:
        yield visma


@pytest.fixture
def loader(tmp_path: Path) -> LakeLoader:
    path = tmp_path / "finance.toml"
    path.write_text(mapping.text(None))
    return LakeLoader(tmp_path, path)


def current(loader: LakeLoader, table: str) -> list[dict[str, Any]]:
    """The rows that are not marked as deleted."""
    return [row for row in loader.books.rows(table) if row.get("_sdc_deleted_at") is None]


def assert_whole(visma: Visma, loader: LakeLoader) -> None:
    """The tables hold what the books hold; what was deleted in Visma may still be there."""
    company = visma.company_id()

    def key(one: dict[str, Any], *line: dict[str, Any]) -> str:
        parts = [company, one["documentType"], one["referenceNumber"]]
        return ":".join([*parts, *(str(each["lineNumber"]) for each in line)])

    found = {row["record_id"]: row["balance"] for row in current(loader, "supplier_documents")}
    documents = {key(one): one["balance"] for one in visma.books("/v1/supplierdocument")}
    assert {name: found[name] for name in documents} == documents
    found = {row["record_id"]: row["cost"] for row in current(loader, "supplier_invoice_lines")}
    lines = {
        key(one, line): line["cost"]
        for one in visma.books("/v1/supplierInvoice")
        for line in one["invoiceLines"]
    }
    assert {name: found[name] for name in lines} == lines
    budget = [month for one in visma.books("/v1/budget") for month in one["periods"]]
    amounts = [row["amount"] for row in current(loader, "budget_periods")]
    assert sum(amounts) == sum(month["amount"] for month in budget)
    assert all(isinstance(amount, Decimal) for amount in amounts)


def lost_keys(loader: LakeLoader) -> set[str]:
    """Relationships of which a row leads nowhere, and those whose key is there twice."""
    lost = set()
    for each in mapping.load().relationships:
        keys = [row[each.to_column] for row in current(loader, each.to_table)]
        wanted = {row[each.from_column] for row in current(loader, each.from_table)} - {None}
        if not wanted <= set(keys) or len(keys) != len(set(keys)):
            lost.add(each.name)
    return lost


def test_two_nights_are_the_books_and_every_key_leads_to_one_row(
    visma: Visma, loader: LakeLoader
) -> None:
    streams = {table.stream for table in mapping.load().tables} | {"budgets"}
    state: Any = None
    for night in range(2):
        if night:
            visma.control("advance", {"days": 1})
        messages: list[bytes] = []
        state = visma.sync(state, streams=streams, into=messages).state

        run = loader.load(b"\n".join([*messages, b""]).decode())

        assert run.error is None
        assert run.last_state == state
        assert_whole(visma, loader)
        assert lost_keys(loader) == set()
    assert loader.refreshes == 2
