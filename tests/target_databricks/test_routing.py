"""The ledger, routed by account: rules that are checked, and rows that are in one table each."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from databricks_ledger import LEDGER, RULES, STREAM, TABLE_OF, TABLES, ledger, line, sums
from loader_core.errors import DestinationError, SchemaError, SettingsError
from loader_runs import record, schema, state
from target_databricks import routing

if TYPE_CHECKING:
    from pathlib import Path

    from databricks_loads import Books


def rule(*accounts: str, table: str = "a", **more: Any) -> dict[str, Any]:
    return {"accounts": list(accounts), "table": table, **more}


WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "rules that overlap": (
        {"rules": [rule("1*"), rule("1920", table="b", name="bank")]},
        "'a' and 'bank' overlap: '1.' and '1920'",
    ),
    "a gap in what is to be covered": (
        {"rules": [rule("1000-1999"), rule("3*", table="b")], "covers": "1000-3999"},
        "no rule takes 2000-2999 of",
    ),
    "a column that is not declared": (
        {"rules": [rule("1*", set={"aera": "x"})], "columns": ["area"]},
        "rule 'a' sets 'aera'",
    ),
    "no set of accounts": ({"rules": [rule("1-")]}, "rule 'a': '1-' is not"),
    "a rule without accounts": ({"rules": [rule()]}, "rule 'a' has no accounts"),
    "no rules": ({"rules": []}, "there are no rules"),
    "a word that is not known": ({"rules": [rule("1*", tabel="b")]}, "tabel"),
    "a table with the name of the view": (
        {"rules": [rule("1*", table=STREAM), rule("2*", table="b")]},
        f"the name of table '{STREAM}'",
    ),
    "an unmatched that is no table": ({"rules": [rule("1*")], "unmatched": "skip"}, "or 'stop'"),
}


@pytest.mark.parametrize(("given", "told"), WRONG.values(), ids=WRONG)
def test_wrong_rules_are_refused_at_the_start(given: dict[str, Any], told: str) -> None:
    with pytest.raises(SettingsError, match=told):
        routing.read({"stream": STREAM, "account": "accountNumber", **given})


def test_rules_come_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "rules.json"
    path.write_text(json.dumps(RULES))

    assert routing.read(str(path)) == routing.read([RULES])
    with pytest.raises(SettingsError, match="No such file"):
        routing.read(str(tmp_path / "none.json"))


@pytest.mark.parametrize(
    "changed", [{"account": "konto"}, {"columns": ["DEBITamount"], "rules": [rule("1*")]}]
)
def test_a_column_that_does_not_fit_the_stream_is_told_before_a_row_is_loaded(
    books: Books, changed: dict[str, Any]
) -> None:
    run = books.load([LEDGER, line(1, "1920"), state(1)], gl_routing=RULES | changed)

    assert isinstance(run.error, SchemaError)
    assert "'gl_routing'" in str(run.error)
    assert run.states == []


@pytest.mark.parametrize(
    ("account", "of"),
    [
        ("account", {"type": "object"}),
        ("account.number", {"type": "string"}),
        ("account", {"type": "number"}),
    ],
    ids=["an object without a name in it", "a name in what is no object", "an amount"],
)
def test_a_column_that_has_no_codes_is_told_before_a_row_is_loaded(
    books: Books, account: str, of: dict[str, Any]
) -> None:
    entries = schema("entries", {"id": {"type": "string"}, "account": of})

    run = books.load([entries], gl_routing=RULES | {"stream": "entries", "account": account})

    assert isinstance(run.error, SchemaError)
    assert f"'{account}'" in str(run.error)


def test_each_row_is_in_the_table_of_its_account_and_all_are_in_the_view(books: Books) -> None:
    accounts = ["1920", "1935", "2400", "3000", "4300", "8150", "30001", None]

    books.load(
        [LEDGER, *(line(n, code) for n, code in enumerate(accounts)), state(1)], gl_routing=RULES
    )

    found = {
        name: [(row["accountNumber"], row["area"]) for row in books.rows(name)] for name in TABLES
    }
    assert found == {
        "gl_assets": [("1920", "1"), ("1935", "1")],
        "gl_debts": [("2400", "2")],
        "gl_result": [("3000", "3"), ("4300", "4")],
        "gl_other": [("8150", None), ("30001", None), (None, None)],
    }
    assert books.ask(f"SELECT count(*), sum(debitAmount) FROM {STREAM}") == [["8", "28.000000000"]]


def test_accounts_inside_json_are_found(books: Books) -> None:
    rules = RULES | {"stream": "entries", "account": "account.number"}
    entries = schema("entries", {"id": {"type": "string"}, "account": {"type": "object"}})
    records = [
        record("entries", {"id": "1", "account": {"type": "A", "number": "2400"}}),
        record("entries", {"id": "2", "account": {"type": "A"}}),
    ]

    assert books.load([entries, *records], gl_routing=rules).error is None

    assert [row["id"] for row in books.rows("gl_debts")] == ["1"]
    assert [row["id"] for row in books.rows("gl_other")] == ["2"]


def test_an_account_without_a_rule_stops_the_run_where_that_is_wanted(books: Books) -> None:
    messages = [LEDGER, line(1, "1920"), line(2, "9999"), state(1)]

    run = books.load(messages, gl_routing=RULES | {"unmatched": "stop"})
    assert isinstance(run.error, DestinationError)
    assert "1 rows" in str(run.error)
    assert "9999" not in str(run.error)
    assert run.states == []

    assert books.load([], gl_routing=RULES).error is None
    assert [row["accountNumber"] for row in books.rows("gl_other")] == ["9999"]


def test_a_row_whose_account_changes_leaves_the_table_that_it_was_in(books: Books) -> None:
    first = [line(1, "1920"), line(2, "2400"), line(3, "3000")]
    later = [line(1, "2400", "11:00", read=2), line(3, "4300", "11:00", read=2)]

    for records in (first, later, first, later):
        assert books.load([LEDGER, *records, state(1)], gl_routing=RULES).error is None

    assert books.rows("gl_assets") == []
    assert [row["record_id"] for row in books.rows("gl_debts")] == ["no:1", "no:2"]
    assert [(row["record_id"], row["area"]) for row in books.rows("gl_result")] == [("no:3", "4")]


def test_a_batch_that_comes_late_puts_no_row_back_where_it_was(books: Books) -> None:
    books.load([LEDGER, line(1, "2400", "11:00", read=2), state(1)], gl_routing=RULES)
    books.load([LEDGER, line(1, "1920", "10:00", read=1), state(2)], gl_routing=RULES)

    assert books.rows("gl_assets") == []
    assert [row["accountNumber"] for row in books.rows("gl_debts")] == ["2400"]


def test_other_rules_move_rows_when_they_are_read_again(books: Books) -> None:
    books.load([LEDGER, line(1, "1920"), state(1)], gl_routing=RULES)
    rules = RULES | {"rules": [rule("1*", table="gl_assets_2"), rule("2*", table="gl_assets")]}

    books.load([LEDGER, line(1, "1920"), state(2)], gl_routing=rules)

    assert books.rows("gl_assets") == []
    assert [row["record_id"] for row in books.rows("gl_assets_2")] == ["no:1"]


def test_lines_that_are_gone_from_their_document_leave_all_tables(books: Books) -> None:
    old = [line(n, code, document=7) for n, code in ((1, "1920"), (2, "2400"))]
    new = [line(2, "2400", "11:00", read=2, document=7)]

    for records in (old, new):
        messages = [LEDGER, *records, state(1)]
        assert books.load(messages, gl_routing=RULES, hard_delete=True).error is None

    assert books.rows("gl_assets") == []
    assert [row["record_id"] for row in books.rows("gl_debts")] == ["no:2"]


@pytest.mark.parametrize("method", ["overwrite", "append-only"])
def test_other_load_methods_are_routed_as_well(books: Books, method: str) -> None:
    for code in ("1920", "2400"):
        messages = [LEDGER, line(1, code), {**line(1, code), "version": 1}, state(1)]
        messages.append({"type": "ACTIVATE_VERSION", "stream": STREAM, "version": 1})
        run = books.load(messages, gl_routing=RULES, load_method=method)
        assert run.error is None

    counts = [len(books.rows(name)) for name in TABLES]
    assert counts == ([0, 1, 0, 0] if method == "overwrite" else [2, 2, 0, 0])
    assert not [name for (name,) in _tables(books) if "generation" in str(name)]


def _tables(books: Books) -> list[list[str | None]]:
    path = "/api/2.1/unity-catalog/tables"
    params = {"catalog_name": books.workspace.catalog, "schema_name": books.schema}
    told = books.client().call("GET", path, params=params).json()
    return [[table["name"]] for table in told["tables"]]


def test_one_table_with_values_for_its_partitions_needs_no_view(books: Books) -> None:
    rules = [rule("1*", table="gl", set={"area": "1"}), rule("2*", table="gl", set={"area": "2"})]
    settings: dict[str, Any] = {
        "gl_routing": RULES | {"rules": rules, "unmatched": "stop"},
        "partition_by": ["company_id", "area"],
    }

    books.load([LEDGER, line(1, "1920"), line(2, "2400"), state(1)], **settings)

    assert [row["area"] for row in books.rows("gl")] == ["1", "2"]
    described = books.ask("DESCRIBE TABLE gl")
    assert described[-2:] == [
        ["company_id", "string", None],
        ["area", "string", "Set by 'gl_routing'"],
    ]


def _load_companies(books: Books, lines: int, companies: tuple[str, ...], **settings: Any) -> None:
    for seed, company in enumerate(companies):
        run = books.load(ledger(company, lines, seed), gl_routing=RULES, **settings)
        assert run.error is None
        assert run.last_state == {"company": company}


def assert_whole(books: Books, lines: int, companies: tuple[str, ...]) -> None:
    """Each line is once in the table of its account, with its amounts."""
    wanted = sums(
        json.loads(text, parse_float=str)["record"]
        for seed, company in enumerate(companies)
        for text in ledger(company, lines, seed)
        if isinstance(text, str)
    )
    for name in TABLES:
        rows = books.rows(name)
        assert len({row["record_id"] for row in rows}) == len(rows)
        there = {key: of for key, of in wanted.items() if TABLE_OF[key[1]] == name}
        assert sums(rows) == there


@pytest.mark.process
def test_two_hundred_thousand_lines_of_three_companies_loaded_twice_are_there_once(
    books: Books,
) -> None:
    companies = ("no", "se", "dk")

    for _ in range(2):
        _load_companies(books, 67_000, companies)
        assert_whole(books, 67_000, companies)
