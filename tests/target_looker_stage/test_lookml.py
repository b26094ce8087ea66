"""The LookML is whole, says what is staged, and the warehouse answers it to one who only reads."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import lkml
import psycopg
import pytest

from looker_tables import SCHEMA, ddl, staged, table
from postgres_server import READER
from target_looker_stage.audit import Audit
from target_looker_stage.lookml import Column, Options, deliver, faults, probes, project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from postgres_server import PostgresServer

OPTIONS = Options(
    connection="warehouse",
    model="visma_net",
    schema=SCHEMA,
    segments=("Department", "Cost centre"),
)
SUPPORT = Path(__file__).parent.parent / "support" / "lookml_parser"
PACKAGES = SUPPORT.parent.parent.parent / ".meltano" / "node" / "lookml_parser" / "node_modules"


@pytest.fixture(scope="module")
def files() -> dict[str, str]:
    """The LookML of all streams."""
    return project(staged(), OPTIONS)


@pytest.fixture(scope="module")
def asked(files: dict[str, str]) -> dict[str, str]:
    """All of its probes."""
    return probes(files)


@pytest.fixture(scope="module")
def warehouse(postgres: PostgresServer) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """All tables, empty, which Looker's role may read."""
    with closing(postgres.connect()) as opened:
        opened.execute(f"CREATE SCHEMA {SCHEMA}")
        for statement in (*ddl(staged()), *Audit(SCHEMA).create()):
            opened.execute(statement.encode())
        opened.execute(f"GRANT USAGE ON SCHEMA {SCHEMA} TO {READER}")
        opened.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA {SCHEMA} TO {READER}")
        yield opened
        opened.execute(f"DROP SCHEMA {SCHEMA} CASCADE")


@pytest.fixture(scope="module")
def reader(
    postgres: PostgresServer, warehouse: object
) -> Iterator[psycopg.Connection[tuple[Any, ...]]]:
    """Looker's role."""
    assert warehouse
    with closing(postgres.connect(READER)) as opened:
        yield opened


def view(files: dict[str, str], name: str) -> dict[str, Any]:
    found: dict[str, Any] = lkml.load(files[f"generated/views/{name}.view.lkml"])["views"][0]
    return found


def field(files: dict[str, str], of: str, name: str) -> dict[str, Any]:
    return next(
        each
        for kind in ("dimensions", "dimension_groups", "measures")
        for each in view(files, of).get(kind, ())
        if each["name"] == name
    )


def insert(warehouse: psycopg.Connection[tuple[Any, ...]], name: str, **values: object) -> None:
    columns = ", ".join(f'"{column}"' for column in values)
    marks = ", ".join(["%s"] * len(values))
    made = [json.dumps(each) if isinstance(each, dict | list) else each for each in values.values()]
    warehouse.execute(f"INSERT INTO {SCHEMA}.{name} ({columns}) VALUES ({marks})".encode(), made)


def measured(
    warehouse: psycopg.Connection[tuple[Any, ...]], probe: str, *columns: str
) -> list[tuple[Any, ...]]:
    """What a probe's joins give, with other columns than its own and with all rows."""
    source = probe[probe.index("\nFROM ") : probe.rindex("\nGROUP BY")]
    return warehouse.execute(f"SELECT {', '.join(columns)} {source}".encode()).fetchall()


def test_the_lookml_of_all_streams_has_no_faults(files: dict[str, str]) -> None:
    assert faults(files) == []


def test_every_staged_stream_can_be_explored(files: dict[str, str]) -> None:
    explores = [
        explore
        for path, text in files.items()
        if "/explores/" in path
        for explore in lkml.load(text)["explores"]
    ]
    reached = {each["name"] for each in explores} | {
        join["name"] for each in explores for join in each.get("joins", ())
    }

    assert {each.name for each in staged()} <= reached


def test_all_sql_runs_for_a_role_that_only_reads(
    asked: dict[str, str], reader: psycopg.Connection[tuple[Any, ...]]
) -> None:
    for statement in asked.values():
        reader.execute(statement.encode())

    views = {f"view {each.name}" for each in staged()}
    assert views | {"explore general_ledger_transactions", "view looker_loads"} <= asked.keys()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ('DROP COLUMN "tran_date" CASCADE', psycopg.errors.UndefinedColumn),
        ('ALTER COLUMN "debit_amount" TYPE text', psycopg.errors.UndefinedFunction),
        ('ALTER COLUMN "tran_date" TYPE text', psycopg.errors.UndefinedFunction),
        ('ALTER COLUMN "account" TYPE text', psycopg.errors.UndefinedFunction),
    ],
    ids=["a column gone", "a text as a number", "a text as a time", "a text as an object"],
)
def test_a_probe_finds_what_the_warehouse_cannot_answer(
    asked: dict[str, str],
    warehouse: psycopg.Connection[tuple[Any, ...]],
    change: str,
    fault: type[Exception],
) -> None:
    statement = asked["view general_ledger_transactions"]
    with warehouse.transaction(force_rollback=True):
        warehouse.execute(f"ALTER TABLE {SCHEMA}.general_ledger_transactions {change}".encode())

        with pytest.raises(fault):
            warehouse.execute(statement.encode())


def test_a_probe_finds_a_missing_grant(
    asked: dict[str, str],
    warehouse: psycopg.Connection[tuple[Any, ...]],
    reader: psycopg.Connection[tuple[Any, ...]],
) -> None:
    name = f"{SCHEMA}.accounts"
    warehouse.execute(f"REVOKE SELECT ON {name} FROM {READER}".encode())

    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        reader.execute(asked["explore general_ledger_transactions"].encode())
    warehouse.execute(f"GRANT SELECT ON {name} TO {READER}".encode())


def test_joins_add_no_line_and_leave_deleted_ones_out(
    asked: dict[str, str], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    probe = asked["explore general_ledger_transactions"]
    with warehouse.transaction(force_rollback=True):
        for company in ("no", "se"):
            account = {"company_id": company, "account_cd": "3000"}
            insert(warehouse, "accounts", **account, account_class="S")
            insert(warehouse, "accounts", **account, _sdc_deleted_at="2026-03-01")
            insert(warehouse, "subaccounts", company_id=company, subaccount_number="10-20")
            insert(warehouse, "financial_periods", company_id=company, year=2026, period="3")
            for amount, gone in ((Decimal("10.01"), None), (Decimal("0.10"), "2026-03-01")):
                insert(
                    warehouse,
                    "general_ledger_transactions",
                    company_id=company,
                    account={"number": "3000"},
                    subaccount="10-20",
                    period="202603",
                    debit_amount=amount,
                    _sdc_deleted_at=gone,
                )

        rows = measured(warehouse, probe, "debit_amount", "account_class", "subaccount_number")
    assert rows == [(Decimal("10.010000"), "S", "10-20")] * 2


def test_budget_and_actual_meet_on_one_grain_with_the_accounts_sign(
    files: dict[str, str], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    grain = {"company_id": "no", "account": {"number": "3000", "type": "Income"}}
    with warehouse.transaction(force_rollback=True):
        for ledger, credit in (("Actual", "100.10"), ("Actual", "0.05"), ("Statistical", "7")):
            insert(
                warehouse,
                "general_ledger_balances",
                **grain,
                branch={"number": "1"},
                sub_account_cd="10",
                financial_period="202601",
                balance_type=ledger,
                period_to_date_credit=Decimal(credit),
            )
        budget = {"branch": "1", "account": "3000", "subaccount": "10", "period_id": "202601"}
        for ledger, amount in (("BUDGET", 90), ("FORECAST", 95)):
            insert(
                warehouse,
                "budget_periods",
                company_id="no",
                **budget,
                ledger=ledger,
                amount=Decimal(amount),
            )

        sql = view(files, "budget_against_actual")["derived_table"]["sql"]
        chosen = re.sub(r"{% condition budget_ledger %}(.*){% end.*%}", r"\1 = 'BUDGET'", sql)
        rows = warehouse.execute(chosen.encode()).fetchall()
    grain_row = ("no:1:3000:10:202601", "no", "1", "3000", "10", "202601")
    assert rows == [(*grain_row, Decimal("100.150000"), Decimal("90.000000"))]


def test_control_totals_are_rows_with_exact_amounts(
    files: dict[str, str], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    totals = {"202601": {"rows": 2, "amount": "12345678901234567890.10"}}
    with warehouse.transaction(force_rollback=True):
        counts = dict.fromkeys(("rows_received", "rows_merged", "rows_current"), 2)
        insert(
            warehouse,
            "_looker_load_streams",
            load_id=1,
            stream="budgets",
            table_name="budgets",
            **counts,
            control_totals=totals,
        )
        sql = view(files, "looker_control_totals")["derived_table"]["sql"]
        rows = warehouse.execute(f"SELECT name, amount FROM ({sql}) AS t ORDER BY 1".encode())

        assert rows.fetchall() == [
            ("amount", Decimal("12345678901234567890.10")),
            ("rows", Decimal(2)),
        ]


@pytest.mark.parametrize(
    ("days", "bucket"),
    [
        (-1, "Not due"),
        (0, "Not due"),
        (1, "1-30 days"),
        (30, "1-30 days"),
        (31, "31-60 days"),
        (61, "61-90 days"),
        (90, "61-90 days"),
        (91, "Over 90 days"),
        (None, None),
    ],
)
def test_open_documents_are_put_into_buckets_by_age(
    files: dict[str, str],
    warehouse: psycopg.Connection[tuple[Any, ...]],
    days: int | None,
    bucket: str | None,
) -> None:
    due, overdue, ageing = (
        field(files, "supplier_documents", name)["sql"]
        for name in ("due", "days_overdue", "ageing")
    )
    sql = ageing.replace("${days_overdue}", f"({overdue.replace('${due_raw}', due)})")
    with warehouse.transaction(force_rollback=True):
        warehouse.execute("SET LOCAL TIME ZONE 'America/Los_Angeles'")  # where it is still before
        warehouse.execute(
            f"INSERT INTO {SCHEMA}.supplier_documents (due_date) "
            "VALUES ((CURRENT_DATE - %s::int)::timestamp AT TIME ZONE 'UTC')".encode(),
            [days],
        )

        found = warehouse.execute(
            f"SELECT {sql.replace('${TABLE}', 't')} FROM {SCHEMA}.supplier_documents t".encode()
        ).fetchone()
    assert found == (bucket,)


@pytest.mark.parametrize(
    ("stream", "document", "open_balance"),
    [
        ("supplier_documents", ("Invoice", "Open"), 100),
        ("supplier_documents", ("DebitAdj", "Open"), -100),
        ("supplier_documents", ("Invoice", "Balanced"), 0),
        ("supplier_documents", ("Invoice", None), 100),
        ("customer_documents", ("CreditNote", "Open"), -100),
        ("customer_documents", ("CreditNote", "Hold"), 0),
    ],
)
def test_credits_count_against_what_is_open_and_drafts_do_not_count(
    files: dict[str, str],
    warehouse: psycopg.Connection[tuple[Any, ...]],
    stream: str,
    document: tuple[str, str | None],
    open_balance: int,
) -> None:
    sql = field(files, stream, "open_balance")["sql"]
    columns = re.sub(r"\$\{(\w+)\}", r"\1", sql)
    with warehouse.transaction(force_rollback=True):
        kind, status = document
        insert(warehouse, stream, document_type=kind, status=status, balance=Decimal(100))

        found = warehouse.execute(f"SELECT {columns} FROM {SCHEMA}.{stream}".encode()).fetchone()
    assert found == (open_balance,)


def test_totals_that_mislead_are_hidden_or_say_so(files: dict[str, str]) -> None:
    assert field(files, "supplier_documents", "total_balance")["hidden"] == "yes"
    assert "hidden" not in field(files, "supplier_documents", "total_open_balance")
    assert (
        "currencies"
        in field(files, "supplier_documents", "total_amount_in_currency")["description"]
    )


def test_buckets_stand_in_the_order_of_their_age(files: dict[str, str]) -> None:
    assert field(files, "supplier_documents", "ageing")["order_by_field"] == "ageing_order"


def test_segments_of_a_subaccount_are_fields_of_their_own(
    files: dict[str, str], warehouse: psycopg.Connection[tuple[Any, ...]]
) -> None:
    segment = field(files, "subaccounts", "segment_2")
    with warehouse.transaction(force_rollback=True):
        for segments in ([{"segmentId": 2, "segmentValue": "SALG"}], [], {"no": "list"}):
            insert(warehouse, "subaccounts", segments=segments)
        sql = segment["sql"].replace("${segments}", "segments")
        rows = warehouse.execute(f"SELECT {sql} FROM {SCHEMA}.subaccounts".encode()).fetchall()

    assert segment["label"] == "Cost centre"
    assert rows == [("SALG",), (None,), (None,)]


def test_money_is_added_up_and_rates_are_not(files: dict[str, str]) -> None:
    total = field(files, "supplier_invoices", "total_amount")

    assert (total["type"], total["value_format_name"]) == ("sum", "decimal_2")
    assert field(files, "supplier_invoices", "amount")["hidden"] == "yes"
    assert "hidden" not in field(files, "supplier_invoices", "exchange_rate")
    assert "total_exchange_rate" not in files["generated/views/supplier_invoices.view.lkml"]


def test_a_day_is_never_moved_by_a_time_zone(files: dict[str, str]) -> None:
    due = field(files, "supplier_documents", "due")
    read = field(files, "supplier_documents", "extracted")

    assert (due["convert_tz"], due["datatype"]) == ("no", "timestamp")
    assert due["sql"] == "(${TABLE}.\"due_date\" AT TIME ZONE 'UTC')"
    assert "time" not in due["timeframes"]
    assert "convert_tz" not in read


def test_a_fiscal_year_of_its_own_has_timeframes() -> None:
    files = project(staged("supplier_documents"), replace(OPTIONS, fiscal_month_offset=3))

    assert "fiscal_quarter" in field(files, "supplier_documents", "due")["timeframes"]
    assert "fiscal_month_offset: 3" in files["generated/visma_net.model.lkml"]


def test_what_is_not_staged_is_left_out() -> None:
    files = project(staged("general_ledger_transactions", "accounts"), OPTIONS)

    explore = files["generated/explores/general_ledger_transactions.explore.lkml"]
    assert "join: accounts" in explore
    assert "join: subaccounts" not in explore
    assert not any("ageing" in path or "budget" in path for path in files)
    assert faults(files) == []


def test_the_same_tables_give_the_same_files(files: dict[str, str]) -> None:
    assert project(staged(), OPTIONS) == files


def test_odd_names_and_texts_stay_what_they_are() -> None:
    column = Column(
        name="x",
        source="x",
        kind="string",
        title='A "quoted" \\ title',
        description='Says "{{ x }}";; {% if %}\nand more',
    )
    count = Column(name="count", source="count", kind="integer")
    odd = table("odd")
    files = project([replace(odd, columns=(*odd.columns, column, count))], OPTIONS)

    found = field(files, "odd", "x")
    assert faults(files) == []
    assert found["label"] == "A 'quoted' / title"
    assert found["description"] == "Says '{ { x }}';; { % if %} and more"
    again = str(lkml.dump({"views": [view(files, "odd")]}))
    assert lkml.load(again)["views"][0] == view(files, "odd")


def parsed(folder: Path) -> dict[str, Any]:
    """What the second parser finds in a project."""
    if shutil.which("node") is None:
        pytest.skip("there is no node to run the second parser with")
    if not PACKAGES.is_dir():
        pytest.skip("the second parser is not installed: npm could not, or is not there")
    command = ["node", str(SUPPORT / "parse.js"), str(PACKAGES), str(folder)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.process
def test_a_second_parser_reads_the_same(files: dict[str, str], tmp_path: Path) -> None:
    deliver(files, tmp_path)

    found = parsed(tmp_path)
    model = found["models"]["visma_net"]
    assert found["errors"] == []
    assert set(model["views"]) == {
        Path(path).name.split(".")[0] for path in files if "/views/" in path
    }
    assert len(model["explores"]) == sum("/explores/" in path for path in files)
    assert len(model["dashboards"]) == sum("/dashboards/" in path for path in files) == 6


@pytest.mark.process
def test_a_users_model_has_our_views_and_his_refinements(tmp_path: Path) -> None:
    files = project(staged("accounts"), replace(OPTIONS, with_model=False))
    (tmp_path / "visma_net.model.lkml").write_text(
        'connection: "warehouse"\n'
        'include: "/generated/views/*.view.lkml"\n'
        'include: "/mine.view.lkml"\n'
    )
    mine = 'view: +accounts { dimension: account_class { label: "Kontoklass" } }\n'
    (tmp_path / "mine.view.lkml").write_text(mine)

    deliver(files, tmp_path)
    model = parsed(tmp_path)["models"]["visma_net"]
    assert {"accounts", "+accounts", "looker_loads"} <= set(model["views"])
    assert (tmp_path / "mine.view.lkml").read_text() == mine
