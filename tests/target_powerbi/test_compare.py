"""Counts and sums side by side: what is equal, what differs, and what cannot be compared."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from lake_loads import LakeLoader
from loader_runs import AMOUNT, AUDITED, KEY, activate, audited, lines, schema, state
from target_powerbi import mapping
from target_powerbi.client import Answer
from target_powerbi.compare import compare, in_lake, in_model, shown

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path
    from typing import Any

    from target_powerbi.compare import Side
    from target_powerbi.mapping import TableMap

LEDGER = """
[[table]]
stream = "entries"
name = "ledger"
kind = "fact"
columns = [
  { name = "entry", field = "record_id", type = "String" },
  { name = "amount", field = "amount", type = "Decimal" },
  { name = "rate", field = "rate", type = "Double" },
  { name = "line_number", field = "line", type = "Int64" },
]
"""
SCHEMA = schema(
    "entries", AUDITED | {"amount": AMOUNT, "rate": AMOUNT, "line": {"type": "integer"}}, KEY
)


@pytest.fixture
def loader(tmp_path: Path) -> LakeLoader:
    path = tmp_path / "mapping.toml"
    path.write_text(LEDGER)
    return LakeLoader(tmp_path, path)


def entry(number: str, amount: str) -> dict[str, Any]:
    return audited("entries", number, "10:00", amount=amount, rate=1, line=7)


def side(rows: int | None, amount: str) -> Side:
    """A side that says this of every table."""

    def figures(_: TableMap) -> Mapping[str, Decimal | None]:
        return {"rows": None if rows is None else Decimal(rows), "amount": Decimal(amount)}

    return figures


def test_the_lake_adds_up_as_push_would_and_without_rows_that_are_gone(
    loader: LakeLoader,
) -> None:
    kept = [entry("3", "99999999999.9999"), entry("4", "0.00005"), entry("5", "0.00005")]
    loader.load(lines([SCHEMA, entry("1", "1"), entry("2", "2"), state({})]))
    loader.load(lines([SCHEMA, activate("entries", 2), *kept, state({})]))
    tables = mapping.load(loader.mapping)

    found = list(compare(tables, [in_lake(loader.books.lake)]))

    assert [(line.figure, line.values) for line in found] == [
        ("rows", (Decimal(3),)),
        ("amount", (Decimal("99999999999.9999"),)),
    ]


def test_a_table_that_is_not_there_is_empty(loader: LakeLoader) -> None:
    found = list(compare(mapping.load(loader.mapping), [in_lake(loader.books.lake)]))

    assert [line.values for line in found] == [(Decimal(0),), (Decimal(0),)]


def test_what_differs_is_marked_and_what_cannot_be_compared_is_not(loader: LakeLoader) -> None:
    tables = mapping.load(loader.mapping)

    found = list(compare(tables, [side(2, "10.0000"), side(None, "10.00"), side(2, "10.0001")]))

    assert [line.equal for line in found] == [True, False]
    assert shown(found, ["batches", "push", "onelake"]).splitlines() == [
        "table   figure  batches     push  onelake",
        "ledger  rows          2        -        2",
        "ledger  amount  10.0000  10.0000  10.0001  differs",
    ]


def test_the_model_is_asked_once_for_each_table(loader: LakeLoader) -> None:
    asked: list[Any] = []

    class Model:
        def call(self, _method: str, path: str, _what: str, body: Any) -> Answer:
            asked.append((path, body["queries"][0]["query"]))
            rows = [{"[rows]": 5, "[amount]": Decimal("1.5")}]
            return Answer(200, {"results": [{"tables": [{"rows": rows}]}]}, "1")

    tables = mapping.load(loader.mapping)
    found = list(compare(tables, [in_model(Model(), "id")]))  # type: ignore[arg-type] # only calls

    assert asked == [
        (
            "datasets/id/executeQueries",
            "EVALUATE ROW(\"rows\", COUNTROWS('ledger'), \"amount\", SUM('ledger'[amount]))",
        )
    ]
    assert [line.values for line in found] == [(None,), (Decimal("1.5"),)]
