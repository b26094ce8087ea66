"""Budget and actual on one grain: company, branch, account, subaccount and period.

Joined to each other, each line of one would repeat those of the other; so both are put under one
another and added up, by a derived table. Amounts have the sign that is usual for the account's
type, as in Visma's budgets: debit is positive on assets and expenses, credit on the others. Of
several budgets, each in a ledger of its own, a filter chooses one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from target_looker_stage.lookml import views, words
from target_looker_stage.lookml.joins import BUDGET
from target_looker_stage.lookml.tables import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_looker_stage.lookml.tables import StagedTable

_ACTUALS = frozenset(
    {
        "company_id",
        "branch",
        "balanceType",
        "account",
        "subAccountCd",
        "financialPeriod",
        "periodToDateDebit",
        "periodToDateCredit",
    }
)
_BUDGETS = frozenset(
    {"company_id", "ledger", "branch", "account", "subaccount", "periodId", "amount"}
)
_GRAIN = ("company_id", "branch", "account", "subaccount", "period")
_LABELS = {"company_id": "Company ID", "period": "Financial period"}

_ACTUAL_ROWS = """\
  SELECT {company_id} AS company_id, {branch} ->> 'number' AS branch,
    {account} ->> 'number' AS account, {subAccountCd} AS subaccount,
    {financialPeriod} AS period,
    CASE WHEN {account} ->> 'type' IN ('Asset', 'Expense')
      THEN {debit} - {credit} ELSE {credit} - {debit} END AS actual,
    NULL::numeric AS budget
  FROM {table}
  WHERE {balanceType} = 'Actual' AND {current}"""
_BUDGET_ROWS = """\
  SELECT {company_id}, {branch}, {account}, {subaccount}, {periodId}, NULL::numeric, {amount}
  FROM {table}
  WHERE {current} AND {{% condition budget_ledger %}} {ledger} {{% endcondition %}}"""
_BOTH = """\
SELECT CONCAT_WS(':', {key}) AS budget_id, {key},
  SUM(actual) AS actual, SUM(budget) AS budget
FROM (
{both}
) AS both_kinds
GROUP BY {key}"""


def budget_view(tables: Mapping[str, StagedTable]) -> views.View | None:
    """The view over balances and budgets, or `None` if not all of their columns are staged.

    Args:
        tables: By stream.
    """
    actuals = _columns(tables.get("general_ledger_balances"), _ACTUALS)
    budgets = _columns(tables.get("budget_periods"), _BUDGETS)
    if actuals is None or budgets is None:
        return None
    both = f"{_actuals(actuals)}\nUNION ALL\n{_budgets(budgets)}"
    view = _view(_BOTH.format(key=", ".join(_GRAIN), both=both))
    _add_filter(view, tables["budget_periods"])
    return view


def _columns(table: StagedTable | None, sources: frozenset[str]) -> dict[str, str] | None:
    """The quoted columns of a table by their sources, and the table itself under `table`."""
    if table is None:
        return None
    names = {each.source: words.quoted(each.name) for each in table.columns}
    if not names.keys() >= sources:
        return None
    place = f"{words.quoted(table.schema)}.{words.quoted(table.name)}"
    return names | {"table": place}


def _current(names: Mapping[str, str]) -> str:
    return f"{names[DELETED_AT]} IS NULL" if DELETED_AT in names else "TRUE"


def _actuals(names: Mapping[str, str]) -> str:
    debit = f"COALESCE({names['periodToDateDebit']}, 0)"
    credit = f"COALESCE({names['periodToDateCredit']}, 0)"
    return _ACTUAL_ROWS.format(**names, debit=debit, credit=credit, current=_current(names))


def _budgets(names: Mapping[str, str]) -> str:
    return _BUDGET_ROWS.format(**names, current=_current(names))


def _view(sql: str) -> views.View:
    view = views.View(BUDGET, words.label(BUDGET), {"derived_table": {"sql": sql}})
    key = {"name": "budget_id", "type": "string", "primary_key": "yes", "hidden": "yes"}
    views.add_dimension(view, "budget_id", key | {"sql": '${TABLE}."budget_id"'})
    for name in _GRAIN:
        node = {"name": name, "label": _LABELS.get(name, words.label(name)), "type": "string"}
        views.add_dimension(view, name, node | {"sql": f'${{TABLE}}."{name}"'})
    for name in ("actual", "budget"):
        node = {"name": name, "type": "number", "hidden": "yes", "sql": f'${{TABLE}}."{name}"'}
        views.add_dimension(view, name, node)
        total = views.total(name, words.label(name))
        views.add_measure(view, f"sum({name})", total)
    difference = views.total("difference", "Actual less budget") | {
        "name": "difference",
        "type": "number",
        "sql": "COALESCE(${total_actual}, 0) - COALESCE(${total_budget}, 0)",
    }
    views.add_measure(view, "difference", difference)
    view.detail = [*_GRAIN, "total_actual", "total_budget", "difference"]
    return view


def _add_filter(view: views.View, budgets: StagedTable) -> None:
    """Let one of several budgets be chosen, from the ledgers that have any."""
    explore = words.field_name(budgets.name)
    chooses = {
        "name": "budget_ledger",
        "label": "Budget ledger",
        "description": "The ledger of the budget; without one, all budgets are added up",
        "type": "string",
        "suggest_explore": explore,
        "suggest_dimension": f"{explore}.ledger",
    }
    views.add_filter(view, "budget_ledger", chooses)
