"""Two nights of three companies, from the sandbox through Meltano into a DuckDB file.

Starts the sandbox, runs `meltano run tap-visma target-duckdb`, lets a business day pass, runs it
again, and shows by SQL what arrived. Then traces a number to the answer of Visma that it came in,
and writes a batch again from the archive. Leaves `output/warehouse.duckdb` and `output/archive`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from common import BIN, calls, control, output_of, sandbox, say, table

DATABASE = Path("output/warehouse.duckdb")
ARCHIVE = Path("output/archive")

TRIAL_BALANCE = """
    SELECT company_id, financialPeriod AS period,
           sum(periodToDateDebit::DECIMAL(28, 2)) AS debit,
           sum(periodToDateCredit::DECIMAL(28, 2)) AS credit,
           sum(periodToDateDebit::DECIMAL(28, 2) - periodToDateCredit::DECIMAL(28, 2)) AS difference
    FROM visma.general_ledger_balances
    WHERE balanceType = 'Actual'
      AND financialPeriod = (SELECT strftime(max(transactionDate) - INTERVAL 1 MONTH, '%Y%m')
                             FROM visma.journal_transactions)
    GROUP BY ALL ORDER BY ALL
"""

JOURNALS = """
    SELECT company_id, count(*) AS lines, sum(debitAmount::DECIMAL(28, 2)) AS debit,
           sum(creditAmount::DECIMAL(28, 2)) AS credit,
           sum(debitAmount::DECIMAL(28, 2) - creditAmount::DECIMAL(28, 2)) AS difference
    FROM visma.journal_transaction_lines GROUP BY ALL ORDER BY ALL
"""

GREATEST = """
    SELECT company_id, account->>'number' AS account, financialPeriod AS period,
           periodToDateDebit::DECIMAL(28, 2) AS debit, _audit_id
    FROM visma.general_ledger_balances
    WHERE balanceType = 'Actual' ORDER BY 4 DESC, record_id LIMIT 1
"""

LEDGER = """
    SELECT status, count(*) AS batches, sum(calls) AS calls, sum(pages) AS pages,
           sum(records + line_records) AS records, sum(bytes) AS bytes
    FROM visma.sync_batches GROUP BY ALL ORDER BY ALL
"""

OPEN_PAYABLES = """
    WITH today AS (SELECT max(lastModifiedDateTime)::DATE AS day FROM visma.supplier_invoices),
    open AS (
        SELECT company_id, day - dueDate::DATE AS late,
               CASE WHEN documentType IN ('DebitAdj', 'Prepayment') THEN -1 ELSE 1 END
                   * balance::DECIMAL(28, 2) AS owed
        FROM visma.supplier_invoices, today
        WHERE status = 'Open')
    SELECT company_id, count(*) AS documents,
           coalesce(sum(owed) FILTER (late <= 0), 0) AS not_due,
           coalesce(sum(owed) FILTER (late BETWEEN 1 AND 30), 0) AS days_1_30,
           coalesce(sum(owed) FILTER (late BETWEEN 31 AND 60), 0) AS days_31_60,
           coalesce(sum(owed) FILTER (late > 60), 0) AS days_over_60
    FROM open GROUP BY ALL ORDER BY ALL
"""


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    DATABASE.parent.mkdir(exist_ok=True)
    DATABASE.unlink(missing_ok=True)
    shutil.rmtree(ARCHIVE, ignore_errors=True)
    with sandbox() as ready:
        config = json.loads(output_of("visma-sandbox", "config", "--url", ready["url"]))
        environment = os.environ | {
            f"TAP_VISMA_{name.upper()}": value if isinstance(value, str) else json.dumps(value)
            for name, value in config.items()
        }
        environment["TARGET_DUCKDB_PATH"] = str(DATABASE)
        environment["TAP_VISMA_ARCHIVE_URL"] = str(ARCHIVE.absolute())

        say("First night: everything.")
        meltano("tap-visma", environment, "--full-refresh")
        first = rows_by_table()
        first_calls = calls(ready, "company_id")
        control(ready, "advance", {"days": 1})

        say("A business day has passed. Second night: what changed.")
        meltano("tap-visma", environment)
        second = rows_by_table()
        second_calls = calls(ready, "company_id")

        say("A batch is lost in the warehouse, and written again from the archive.")
        replayed = replay(environment)
        replay_calls = calls(ready, "company_id")

    say("Rows by table")
    table(
        ["table", "first night", "new", "changed", "read again", "rows now"],
        [
            [name, len(first.get(name, {})), *changes(first.get(name, {}), now), len(now)]
            for name, now in second.items()
        ],
    )
    say("API calls used, of those allowed per hour")
    table(
        ["company", "first night", "second night", "allowed"],
        [
            [
                f"{c['company_id']} {c['name']}",
                first_calls[c["company_id"]],
                second_calls[c["company_id"]],
                500,
            ]
            for c in ready["companies"]
        ],
    )
    differences = [
        query("Trial balance of last month", TRIAL_BALANCE),
        query("All journal lines", JOURNALS),
    ]
    query("Open payables by days late", OPEN_PAYABLES)
    query("Batches, by how they ended", LEDGER)
    traced = trace(environment)
    if any(row[-1] != 0 for rows in differences for row in rows) or not all(differences):
        sys.exit("The books do not balance.")
    if not traced or not replayed or replay_calls:
        sys.exit("A number was not found in the archive, or a replay was not what it should be.")
    say(
        f"All of it is in {DATABASE}, schema `visma`. To look inside:\n"
        f'  {BIN.relative_to(Path.cwd())}/python -c "import duckdb; '
        f"print(duckdb.connect('{DATABASE}').sql('SELECT * FROM visma.supplier_invoices'))\""
    )


def trace(environment: dict[str, str]) -> bool:
    """Show the bytes from which a number comes; whether it is there, digit by digit."""
    ((_, _, _, debit, audit_id),) = query("The greatest balance, and where it comes from", GREATEST)
    command = ["--config", "ENV", "show", "--audit-id", audit_id]
    sent = output_of("tap-visma-batches", *command, environment=environment)
    print(f"\n$ tap-visma-batches {' '.join(command)}")
    amount = f'"periodToDateDebit":{debit}'
    place = sent.find(amount)
    print(f"...{sent[place - 40 : place + len(amount) + 40]}...")
    return place > 0


def replay(environment: dict[str, str]) -> bool:
    """Take the rows of a batch away and replay it; whether they are as before."""
    name = "visma.supplier_invoices"
    with duckdb.connect(DATABASE) as connection:
        before = connection.sql(f"FROM {name} ORDER BY ALL").fetchall()
        ((batch,),) = connection.sql(f"SELECT max(_batch_id) FROM {name}").fetchall()
        connection.execute(f"DELETE FROM {name} WHERE _batch_id = ?", [batch])
        left = len(connection.sql(f"FROM {name}").fetchall())
    meltano("tap-visma-replay", environment | {"TAP_VISMA_REPLAY_BATCH_ID": batch})
    with duckdb.connect(DATABASE, read_only=True) as connection:
        after = connection.sql(f"FROM {name} ORDER BY ALL").fetchall()
    print(
        f"{name}: {len(before)} rows, {left} without batch {batch}, {len(after)} after its replay"
    )
    return before == after and left < len(before)


def meltano(tap: str, environment: dict[str, str], *options: str) -> None:
    """Run the tap into the loader, and say how long it took."""
    began = time.monotonic()
    run = ["run", *options, "--state-id-suffix", "demo", tap, "target-duckdb"]
    command = [str(BIN / "meltano"), "--log-level", "warning", *run]
    print("$ meltano", " ".join(command[3:]))
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{done.stdout}{done.stderr}\nmeltano ended with exit code {done.returncode}.")
    print(f"done in {time.monotonic() - began:.0f} s")


def rows_by_table() -> dict[str, dict[str, str]]:
    """For each table, the change stamp (or batch) of every row by its key."""
    with duckdb.connect(DATABASE, read_only=True) as connection:
        names = [
            row[0]
            for row in connection.sql(
                "SELECT table_name FROM duckdb_tables() ORDER BY 1"
            ).fetchall()
        ]
        return {
            name: dict(
                connection.sql(
                    "SELECT record_id, coalesce(lastModifiedDateTime::VARCHAR, '') || ' ' "
                    f"|| _batch_id FROM visma.{name}"
                ).fetchall()
            )
            for name in names
        }


def changes(before: dict[str, str], now: dict[str, str]) -> tuple[int, int, int]:
    """How many rows are new, changed at Visma, or just read again."""
    kinds = Counter(
        "new"
        if key not in before
        else "same"
        if before[key] == mark
        else "again"
        if before[key].rsplit(" ", 1)[0] == mark.rsplit(" ", 1)[0]
        else "changed"
        for key, mark in now.items()
    )
    return kinds["new"], kinds["changed"], kinds["again"]


def query(title: str, sql: str) -> list[tuple[Any, ...]]:
    """Show what a query gives, and give it back."""
    with duckdb.connect(DATABASE, read_only=True) as connection:
        result = connection.sql(sql)
        rows = result.fetchall()
        say(title)
        table(result.columns, rows)
        return rows


if __name__ == "__main__":
    main()
