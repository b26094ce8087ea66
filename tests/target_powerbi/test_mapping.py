"""The mapping file: what ships is whole, and what is wrong is named by table and column."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import pytest

from loader_core import SettingsError
from tap_visma.entities import ENTITIES
from target_powerbi import mapping
from target_powerbi.fields import roots

if TYPE_CHECKING:
    from pathlib import Path

TABLE = """
[[table]]
stream = "accounts"
name = "accounts"
kind = "dimension"
columns = [ { name = "account", field = "accountCD", type = "String" }%s ]
%s
"""
FACT = """
[[table]]
stream = "lines"
name = "lines"
kind = "fact"
columns = [
  { name = "account", field = "account.number", type = "String" },
  { name = "number", field = "lineNumber", type = "Int64" },
  { name = "amount", field = "amount", type = "Decimal" },
]
"""
RELATION = '[[relationship]]\nfrom = "%s"\nto = "%s"\n'


def load(folder: Path, text: str) -> mapping.Mapping:
    path = folder / "mapping.toml"
    path.write_text(text)
    return mapping.load(path)


FAULTS: dict[str, tuple[str, str]] = {
    "no TOML": ("[[table", "no TOML"),
    "unknown word": (TABLE % (", { name = 'x', field = 'y', typ = 'String' }", ""), "column 'x'"),
    "unknown type": (TABLE % (", { name = 'x', field = 'y', type = 'Text' }", ""), "column 'x'"),
    "bad name": (TABLE % (", { name = 'x y', field = 'y', type = 'String' }", ""), "column 'x y'"),
    "twice": (TABLE % (", { name = 'Account', field = 'y', type = 'String' }", ""), "'account'"),
    "bad field": (
        TABLE % (", { name = 'x', field = '{a}{b', type = 'String' }", ""),
        "column 'x': the braces in '{a}{b' do not fit",
    ),
    "sorted by nothing": (
        TABLE % (", { name = 'x', field = 'y', type = 'String', sort_by = 'z' }", ""),
        "sorted by 'z'",
    ),
    "measure of nothing": (
        TABLE % ("", """measures = [ { name = "M", expression = "SUM('accounts'[gone])" } ]"""),
        "there is no column 'accounts'\\[gone\\]",
    ),
    "no such column": (
        TABLE % ("", "") + FACT + RELATION % ("lines.gone", "accounts.account"),
        "no column 'lines.gone'",
    ),
    "other types": (
        TABLE % ("", "") + FACT + RELATION % ("lines.number", "accounts.account"),
        "is String, and it is Int64",
    ),
    "to the many": (
        TABLE % ("", "") + FACT + RELATION % ("accounts.account", "lines.account"),
        "loaded by 'reversal'",
    ),
    "a table twice": (TABLE % ("", "") * 2, "two tables are named 'accounts'"),
    "date": (FACT.replace('name = "lines"', 'name = "Date"'), "is not 'date'"),
}


@pytest.mark.parametrize(("text", "told"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_named_with_its_place(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        load(tmp_path, text)


def test_75_columns_are_taken_and_76_are_not(tmp_path: Path) -> None:
    more = ", ".join(f"{{ name = 'c{n}', field = 'f', type = 'String' }}" for n in range(74))

    assert len(load(tmp_path, TABLE % (", " + more, "")).tables[0].columns) == 75
    with pytest.raises(SettingsError, match="table 'accounts': 76 columns"):
        load(tmp_path, TABLE % (", { name = 'x', field = 'y', type = 'String' }, " + more, ""))


def test_two_ways_between_tables_are_refused(tmp_path: Path) -> None:
    both = FACT.replace("lines", "others").replace(
        'kind = "fact"', 'kind = "fact"\nload = "replace"'
    )
    ways = [("lines.account", "accounts.account"), ("lines.number", "others.number")]
    text = TABLE % ("", "") + FACT + both
    load(tmp_path, text + "".join(RELATION % way for way in ways))

    ways.append(("others.account", "accounts.account"))
    with pytest.raises(SettingsError, match="two ways of relationships lead to 'accounts'"):
        load(tmp_path, text + "".join(RELATION % way for way in ways))


def test_a_filter_in_both_directions_makes_a_second_way(tmp_path: Path) -> None:
    others = FACT.replace("lines", "others")
    dimension = (TABLE % ("", "")).replace("accounts", "units")
    text = TABLE % ("", "") + dimension + FACT + others
    for fact in ("lines", "others"):
        text += RELATION % (f"{fact}.account", "accounts.account")
        text += RELATION % (f"{fact}.unit", "units.account")
    text = text.replace('name = "number"', 'name = "unit"').replace('"Int64"', '"String"')
    load(tmp_path, text)

    with pytest.raises(SettingsError, match="two ways of relationships lead to"):
        load(tmp_path, text + 'cross_filter = "BothDirections"\n')


def test_a_push_dataset_counts_the_loaders_own_columns_too(tmp_path: Path) -> None:
    more = ", ".join(f"{{ name = 'c{n}', field = 'f', type = 'String' }}" for n in range(74))
    tables = load(tmp_path, TABLE % (", " + more, ""))
    own = mapping.Column(name="_batch_key", field="", type="String")

    with pytest.raises(SettingsError, match="76 columns, 1 of them the loader's own"):
        mapping.dataset(tables, "Books", [own])


def test_what_ships_reads_only_fields_that_the_tap_gives() -> None:
    for table in mapping.load().tables:
        assert [name for name in fields_read(table) if name not in fields_of(table.stream)] == []


def test_what_ships_has_a_star_with_all_measures() -> None:
    tables = mapping.load()
    measures = {measure.name for table in tables.tables for measure in table.measures}
    related = {each.from_table for each in tables.relationships}

    assert {"Payables", "Receivables", "DPO", "DSO", "Balance", "Budget"} <= measures
    assert {f"{side} over 90 days" for side in ("Payables", "Receivables")} <= measures
    assert related == {table.name for table in tables.tables if table.kind == "fact"}


def test_sums_are_those_of_released_documents_as_vismas_own_balances_are() -> None:
    for table in mapping.load().tables:
        for measure in table.measures:
            if "SUM('supplier_" in measure.expression or "SUM('customer_" in measure.expression:
                assert "[status] IN unreleased)" in measure.expression
                assert 'VAR unreleased = { "Hold", "Balanced", ' in measure.expression


def test_the_measures_that_ship_close_what_they_open_and_name_what_there_is() -> None:
    measures = {each.name: each for table in mapping.load().tables for each in table.measures}
    for measure in measures.values():
        for first, last in ("()", "{}", "[]"):
            assert measure.expression.count(first) == measure.expression.count(last)
        named = re.findall(r"(?<!')\[([^\]]+)\]", measure.expression)
        assert set(named) <= measures.keys()


def test_the_body_has_the_words_of_power_bi() -> None:
    body = mapping.dataset(mapping.load(), "Books")
    periods = next(each for each in body["tables"] if each["name"] == "financial_periods")
    period = next(each for each in periods["columns"] if each["name"] == "period")

    assert period["sortByColumn"] == "period_id"
    assert body["relationships"][0]["crossFilteringBehavior"] == "OneDirection"
    assert "null" not in json.dumps(body)
    assert len({each["name"] for each in body["relationships"]}) == len(body["relationships"])


def test_fields_that_go_nowhere_are_named_and_the_loaders_are_not() -> None:
    tables = mapping.load()

    found = tables.unmapped("accounts", ["accountCD", "errorInfo", "_batch_id"])

    assert found == ["errorInfo"]
    assert tables.unmapped("unknown", ["a"]) == ["a"]


def fields_read(table: mapping.TableMap) -> set[str]:
    """The fields that a table reads."""
    return {root for column in table.columns for root in roots(column.field)}


def fields_of(stream: str) -> set[str]:
    """The fields of a stream: its own, the company, and for lines its parent's key."""
    schema: dict[str, Any] = json.loads(
        (files("tap_visma") / "schemas" / f"{stream}.json").read_text()
    )
    found = {*schema["properties"], "company_id", "record_id"}
    for entity in ENTITIES:
        for lines in entity.lists:
            if lines.name == stream:
                found |= {*(lines.parent_columns or entity.key)}
        if entity.name == stream:
            found |= {*entity.added_columns}
    return found
