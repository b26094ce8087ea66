"""Expense claims: what employees paid for the company, owed to them when it is released."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox.documents import divided
from visma_sandbox.entries import enter_batch, plain_line

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee
    from visma_sandbox.projects import Task
    from visma_sandbox.stock import StockItem

PATH: Final = "/v1/expenseClaim"
_ON_PROJECT_SHARE: Final = 0.3
_KILOMETRES: Final = (100, 100, 200, 12_50)


@dataclass(slots=True)
class Expense:
    """A line: quantity in hundredths, unit cost in ten-thousandths."""

    detail_id: int
    item: StockItem
    account: Account
    day: date
    quantity: int
    unit: int
    task: Task | None

    @property
    def amount(self) -> int:
        """Its cost in cents."""
        return divided(self.quantity * self.unit, 10_000)


@dataclass(slots=True, eq=False)
class Claim:
    """A claim of an employee."""

    number: str
    employee: Employee
    day: date
    lines: list[Expense]
    created: int
    stamp: int
    status: str = "PendingApproval"
    approved: date | None = None

    @property
    def total(self) -> int:
        """What the employee gets, in cents."""
        return sum(line.amount for line in self.lines)


def claim(company: Company, day: date) -> None:
    """Hand in a claim; the one before is approved and posted."""
    rng, waiting = company.rng, company.holdings.open_claims
    while waiting:
        _release(company, waiting.pop(0), day)
    goods = [each for each in company.holdings.goods if each.kind == "ExpenseItem"]
    accounts = company.country.accounts_of("EXPENSE")
    on_project = rng.random() < _ON_PROJECT_SHARE
    task = rng.choice(company.holdings.projects).tasks[0] if on_project else None
    lines = [
        Expense(
            detail_id=int(company.number("expense", 60_001)),
            item=rng.choice(goods),
            account=rng.choice(accounts),
            day=day - timedelta(days=rng.randint(0, 6)),
            quantity=rng.choice(_KILOMETRES),
            unit=rng.randint(4_0000, 1_500_0000),
            task=task,
        )
        for _ in range(rng.choice((1, 2, 3)))
    ]
    at = company.event()
    made = Claim(
        number=f"{int(company.number('claim', 1)):06d}",
        employee=rng.choice(company.employees),
        day=day,
        lines=lines,
        created=at,
        stamp=at,
    )
    waiting.append(made)
    company.mark(PATH, made)


def _release(company: Company, made: Claim, day: date) -> None:
    made.status, made.approved, made.stamp = "Released", day, company.event()
    employee = made.employee
    text = f"Utlegg ansatt {employee.number}"
    lines = [
        plain_line(
            line.account,
            line.amount,
            line.item.text,
            employee.subaccount,
            employee.branch,
            reference=made.number,
        )
        for line in made.lines
    ]
    owed = company.country.account("ACCRUAL")
    lines.append(plain_line(owed, -made.total, text, 0, employee.branch, reference=made.number))
    enter_batch(company, "GL", day, text, lines, kind="ExpenseClaim", at=made.stamp)
    company.mark(PATH, made)
