"""Two nights of three companies, from the sandbox into a stand-in of a Databricks workspace.

Runs `tap-visma | target-databricks` with the ledger routed by account, lets a business day pass,
runs it again, and loses the answer of a merge on the way. Then compares the books of the sandbox
with the Delta tables, as delta-rs reads them. Needs `tests/support` on PYTHONPATH.
"""

from __future__ import annotations

import sys
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

import common
from common import AMOUNTS, compare, control, current, sandbox, say, write_files
from databricks_workspace import DatabricksWorkspace

if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = "visma"
RULES = {
    "stream": "journal_transaction_lines",
    "account": "accountNumber",
    "columns": ["area"],
    "rules": [
        {"accounts": ["1*"], "table": "gl_assets", "set": {"area": "balance"}},
        {"accounts": ["2*"], "table": "gl_debts", "set": {"area": "balance"}},
        {"accounts": ["3000-3999"], "table": "gl_revenue", "set": {"area": "result"}},
    ],
    "unmatched": {"table": "gl_costs", "set": {"area": "result"}},
}
TABLE_OF = {"1": "gl_assets", "2": "gl_debts", "3": "gl_revenue"}
LINES = AMOUNTS["journal_transaction_lines"]
TABLES = {
    **dict.fromkeys(("gl_assets", "gl_debts", "gl_revenue", "gl_costs"), LINES),
    "supplier_invoices": AMOUNTS["supplier_invoices"],
}
"""What is compared with the books: a table, and the columns that are added up."""

night = partial(common.night, target="target-databricks", shown=".* again in .*")


def main() -> None:
    """Run the demo; exit code not 0 if anything does not hold."""
    with (
        sandbox() as ready,
        DatabricksWorkspace() as workspace,
        tempfile.TemporaryDirectory() as folder,
    ):
        files = write_files(folder, ready, settings(workspace))

        say("First night: everything.")
        night(files)
        wrong = compare(ready, stored(workspace), TABLES, routed)

        control(ready, "advance", {"days": 1})
        workspace.fault("drop", statement="^MERGE.*gl_", after=1)
        say("A business day has passed. Second night: what changed, and a merge's answer is lost.")
        night(files)
        wrong += compare(ready, stored(workspace), TABLES, routed)
        lost = sum(workspace.hits())
        say(f"Answers that were lost: {lost}. Differences: {wrong}.")
    if wrong or lost != 1:
        sys.exit("The tables are not what the books are, or no answer was lost.")


def settings(workspace: DatabricksWorkspace) -> dict[str, object]:
    """What the target is told."""
    return {
        "host": workspace.url,
        "warehouse_id": workspace.warehouse_id,
        "client_id": workspace.client_id,
        "client_secret": workspace.client_secret,
        "catalog": workspace.catalog,
        "default_target_schema": SCHEMA,
        "gl_routing": RULES,
    }


def stored(workspace: DatabricksWorkspace) -> dict[str, common.Rows]:
    """The current rows of the tables that are compared."""
    return {
        name: current(workspace.rows(f"{workspace.catalog}.{SCHEMA}.{name}")) for name in TABLES
    }


def routed(ready: Mapping[str, Any], company: str) -> dict[str, common.Rows]:
    """What the tables should hold of a company, its journal lines routed by account."""
    of = common.expected(ready, company)
    tables: dict[str, dict[str, Mapping[str, Any]]] = {name: {} for name in TABLES}
    for key, line in of["journal_transaction_lines"].items():
        tables[TABLE_OF.get(line["accountNumber"][0], "gl_costs")][key] = line
    return tables | {"supplier_invoices": of["supplier_invoices"]}


if __name__ == "__main__":
    main()
