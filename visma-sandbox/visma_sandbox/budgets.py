"""Budgets: what each year was planned to bring and to cost, by account, subaccount and branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company

PATH: Final = "/v1/budget"
_YEARS: Final = (2025, 2026)
_ACCOUNTS: Final = 8
_MONTHS: Final = 12


@dataclass(slots=True, eq=False)
class BudgetRow:
    """The budget of an account for a year, in cents by month."""

    branch: int
    year: str
    account: Account
    subaccount: int
    months: list[int]
    created: int
    stamp: int


def plan(company: Company) -> None:
    """Write the budgets of all years."""
    rng = company.rng
    accounts = [*company.country.accounts_of("SALES"), *company.country.accounts_of("EXPENSE")]
    for year in _YEARS:
        for branch in range(len(company.branches)):
            for account in accounts[:_ACCOUNTS]:
                monthly = rng.randint(20_000_00, 900_000_00)
                months = [monthly + rng.randint(-5_000_00, 5_000_00) for _ in range(_MONTHS)]
                at = company.event()
                subaccount = rng.randrange(len(company.subaccounts))
                budget = BudgetRow(branch, str(year), account, subaccount, months, at, at)
                company.budgets.append(budget)
                company.mark(PATH, budget)


def replan(company: Company) -> None:
    """Move an amount from one month of a budget to another, and raise the year by a little."""
    rng = company.rng
    budget = rng.choice(company.budgets)
    one, other = rng.sample(range(_MONTHS), 2)
    moved = rng.randint(1, 4_000_00)
    budget.months[one] += moved + rng.randint(1, 9_99)
    budget.months[other] -= moved
    budget.stamp = company.event()
    company.mark(PATH, budget)
