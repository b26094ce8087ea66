"""What comes to be in the model: replaced, reversed and appended tables."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loader_runs import AMOUNT, AUDITED, KEY, audited, record, schema, state

if TYPE_CHECKING:
    import pytest

    from powerbi_loads import Workspace

SUPPLIERS = schema("suppliers", AUDITED | {"name": {"type": ["string", "null"]}}, KEY)
INVOICES = schema(
    "invoices",
    AUDITED
    | {
        "supplier": {"type": ["string", "null"]},
        "amount": AMOUNT,
        "due": {"type": ["string", "null"], "format": "date"},
        "number": {"type": ["integer", "null"]},
    },
    KEY,
)
JOURNAL = schema("journal", AUDITED | {"amount": AMOUNT}, KEY)


def invoice(number: str, stamp: str, amount: float, read: int = 1) -> dict[str, Any]:
    return audited(
        "invoices", number, stamp, read, supplier="no:S", amount=amount, due="2026-04-01", number=7
    )


def supplier(name: str, stamp: str = "10:00") -> dict[str, Any]:
    return audited("suppliers", "S", stamp, name=name)


def test_a_first_load_makes_the_model_and_fills_it(workspace: Workspace) -> None:
    run = workspace.load(
        [SUPPLIERS, supplier("Acme"), INVOICES, invoice("1", "10:00", 10.25), state({"at": 1})]
    )

    assert run.error is None
    assert run.last_state == {"at": 1}
    assert workspace.rows("suppliers") == [{"supplier_key": "no:S", "supplier": "Acme"}]
    assert workspace.rows("invoices") == [
        {
            "invoice_key": "no:1",
            "supplier_key": "no:S",
            "amount": Decimal("10.2500"),
            "due": "2026-04-01T00:00:00Z",
            "number": 7,
        }
    ]


def test_a_changed_fact_is_taken_back_and_added_anew(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice("1", "10:00", 10), invoice("2", "10:00", 5)])

    run = workspace.load([INVOICES, invoice("1", "11:00", 12.5, 2), invoice("2", "10:00", 5, 2)])

    assert run.error is None
    assert [(row["invoice_key"], row["amount"]) for row in workspace.rows("invoices")] == [
        ("no:1", Decimal("-10.0000")),
        ("no:1", Decimal("10.0000")),
        ("no:1", Decimal("12.5000")),
        ("no:2", Decimal("5.0000")),
    ]


def test_a_dimension_is_sent_whole_and_only_if_it_changed(workspace: Workspace) -> None:
    workspace.load([SUPPLIERS, supplier("Acme"), audited("suppliers", "T", "10:00", name="T")])
    workspace.service.set(calls=[])

    unchanged = workspace.load([SUPPLIERS, supplier("Acme")])
    changing = [call for call in workspace.service.shown()["calls"] if call.endswith("/rows")]
    changed = workspace.load([SUPPLIERS, supplier("Acme AS", "11:00")])

    assert unchanged.error is None
    assert changing == []
    assert changed.error is None
    assert [row["supplier"] for row in workspace.rows("suppliers")] == ["Acme AS", "T"]


def test_appended_lines_come_once_and_cannot_change(workspace: Workspace) -> None:
    line = [audited("journal", str(n), "10:00", amount=n) for n in (1, 2)]
    workspace.load([JOURNAL, *line])

    again = workspace.load([JOURNAL, *line, audited("journal", "3", "10:00", amount=3)])
    changed = workspace.load([JOURNAL, audited("journal", "2", "11:00", 2, amount=9)])

    assert again.error is None
    assert [row["amount"] for row in workspace.rows("journal")] == [1, 2, 3]
    assert "1 rows could not be loaded" in str(changed.error)


def test_rows_that_are_gone_are_gone_from_sums_and_from_replaced_tables(
    workspace: Workspace,
) -> None:
    workspace.load(
        [SUPPLIERS, supplier("Acme"), INVOICES, invoice("1", "10:00", 10), state({"at": 1})]
    )
    gone = [
        {"type": "ACTIVATE_VERSION", "stream": name, "version": 2}
        for name in ("suppliers", "invoices")
    ]

    run = workspace.load([SUPPLIERS, INVOICES, *gone, state({"at": 2})])

    assert run.error is None
    assert workspace.rows("suppliers") == []
    assert sum(row["amount"] for row in workspace.rows("invoices")) == 0


def test_a_request_has_at_most_ten_thousand_rows_and_a_value_four_decimals(
    workspace: Workspace,
) -> None:
    lines = [audited("journal", str(n), "10:00", amount=n) for n in range(10_000)]
    longer = "1.23455"
    last = audited("journal", "last", "10:00", amount=longer)

    run = workspace.load([JOURNAL, *lines, last])

    assert run.error is None
    assert sorted(rows for _, rows in workspace.shown()["posts"]) == [1, 10_000]
    assert Decimal("1.2346") in {row["amount"] for row in workspace.rows("journal")}


def test_a_stream_without_a_table_is_told_and_left_out(
    workspace: Workspace, caplog: pytest.LogCaptureFixture
) -> None:
    run = workspace.load([schema("others", AUDITED, KEY), audited("others", "1", "10:00")])

    assert run.error is None
    assert "Stream 'others' has no table in the mapping" in caplog.text
    assert workspace.service.shown()["datasets"] == []


def test_a_new_table_takes_the_place_of_the_old_at_the_end(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice("1", "10:00", 10)])
    done = {"type": "ACTIVATE_VERSION", "stream": "invoices", "version": 1}

    run = workspace.load(
        [INVOICES, invoice("2", "10:00", 7), done, state({"at": 1})], load_method="overwrite"
    )

    assert run.error is None
    assert [row["invoice_key"] for row in workspace.rows("invoices")] == ["no:2"]


def test_lineage_tells_of_each_record_in_which_request_it_went(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice("1", "10:00", 10)], lineage=True)

    (line,) = (workspace.folder / "outbox" / "lineage.jsonl").read_text().splitlines()

    (row,) = workspace.service.rows("invoices", workspace.dataset)
    told = json.loads(line)
    assert told["key"] == ["no", "no:1"]
    assert told["request"] == row["_batch_key"]
    assert (told["stream"], told["table"]) == ("invoices", "invoices")


def test_a_request_has_at_most_fourteen_megabytes_and_a_text_four_thousand_letters(
    workspace: Workspace,
) -> None:
    text = {"type": "string"}
    names = audited("suppliers", "S", "10:00", name="x" * 4001)["record"]
    records = [
        record("suppliers", names | {"record_id": f"no:{number}"}, version=1)
        for number in range(3600)
    ]

    run = workspace.load([schema("suppliers", AUDITED | {"name": text}, KEY), *records])
    settled = workspace.load([SUPPLIERS, state({"at": 1})])

    assert run.error is None
    assert settled.error is None
    rows = [count for _, count in workspace.shown()["posts"]]
    assert len(rows) == 2
    assert sum(rows) == 3600
    assert {len(row["supplier"]) for row in workspace.rows("suppliers")} == {4000}


def test_an_appended_line_stays_as_it_is_when_it_goes_and_comes_or_columns_are_added(
    workspace: Workspace,
) -> None:
    mark = {"_sdc_deleted_at": {"type": ["string", "null"], "format": "date-time"}}
    marked = schema("journal", AUDITED | {"amount": AMOUNT} | mark, KEY)
    line = audited("journal", "1", "10:00", amount=1)
    gone = audited("journal", "1", "11:00", 2, amount=1, _sdc_deleted_at="2026-03-01T00:00:00Z")
    again = audited("journal", "1", "12:00", 3, amount=1)
    workspace.load([JOURNAL, line])

    removed = workspace.load([marked, gone])
    returned = workspace.load([JOURNAL, again])
    workspace.mapping = workspace.mapping.replace(
        '{ name = "line_key"',
        '{ name = "of", field = "company_id", type = "String" },\n{ name = "line_key"',
    )
    wider = workspace.load([JOURNAL, again], schema_policy="evolve")

    assert [run.error for run in (removed, returned, wider)] == [None] * 3
    assert [row["amount"] for row in workspace.rows("journal")] == [1]


def test_a_version_that_is_a_number_is_compared_as_one(workspace: Workspace) -> None:
    numbered = schema("suppliers", AUDITED | {"name": {"type": "string"}, "version": AMOUNT}, KEY)
    for version in (9, 10, 9.5):
        name = f"version {version}"
        run = workspace.load(
            [numbered, audited("suppliers", "S", "10:00", name=name, version=version)],
            version_column="version",
        )
        assert run.error is None

    assert [row["supplier"] for row in workspace.rows("suppliers")] == ["version 10"]


def test_a_dataset_that_was_pushed_into_goes_on_in_mode_both(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(workspace.folder))
    config = {name: value for name, value in workspace.config.items() if name != "outbox_dir"}
    lake = {
        "lakehouse_id": config["workspace_id"],
        "onelake_url": f"file://{workspace.folder / 'lakehouse'}",
    }
    messages = [SUPPLIERS, supplier("Acme"), state({"at": 1})]
    pushed = workspace.load(messages, only=config)

    both = workspace.load(messages, only=config | lake | {"mode": "both"})

    assert pushed.error is None
    assert both.error is None
