"""Routine: what a company begins with, and what each day brings beside invoices and payments."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox.assets import buy_asset, depreciate
from visma_sandbox.budgets import plan, replan
from visma_sandbox.cash import move_cash
from visma_sandbox.claims import claim
from visma_sandbox.contracts import renew_contract, sign_contracts
from visma_sandbox.projects import change_project, start_project, use_material
from visma_sandbox.reference import lay_out, set_rates
from visma_sandbox.sales import (
    charge_for_delay,
    credit_somebody,
    debit_somebody,
    domestic_customer,
    sell_for_cash,
    write_off_credit,
)
from visma_sandbox.stock import reprice, ship, stock_up
from visma_sandbox.timecards import fill_in

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company

_LAST_MONTH_OF_QUARTER: Final = 3


def begin(company: Company, day: date, projects: int, assets: int) -> None:
    """Lay out reference data, goods, budgets, contracts, projects and assets."""
    lay_out(company)
    set_rates(company, day)
    stock_up(company)
    plan(company)
    sign_contracts(company, day)
    for _ in range(projects):
        start_project(company, day)
    for _ in range(assets):
        buy_asset(company, day)


def do_the_rest(company: Company, day: date) -> None:
    """Write one of each document that is neither an invoice nor a payment."""
    sell_for_cash(company, day)
    debit_somebody(company, day)
    credit_somebody(company, day)
    charge_for_delay(company, day)
    write_off_credit(company, day)
    move_cash(company, day)
    ship(company, day, domestic_customer(company))
    claim(company, day)
    fill_in(company, day)
    use_material(company, day)


def revise(company: Company) -> None:
    """Change what is seldom changed: a budget, a price, a project and a contract."""
    replan(company)
    reprice(company)
    change_project(company)
    renew_contract(company)


def end_month(company: Company, day: date) -> None:
    """Depreciate, buy an asset each quarter, and set the rates of the month that begins."""
    depreciate(company, day)
    if day.month % _LAST_MONTH_OF_QUARTER == 0:
        buy_asset(company, day)
    set_rates(company, (day.replace(day=1) + timedelta(days=32)).replace(day=1))
