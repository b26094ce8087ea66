"""Time cards: the hours of an employee in a week, which are booked on projects when released."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from visma_sandbox.projects import Task, book, uses_of
from visma_sandbox.stock import LABOUR

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee

PATH: Final = "/v1/timeCard"
_MINUTES_PER_HOUR: Final = 60
_WORKDAYS: Final = 5


@dataclass(slots=True)
class Week:
    """A line: the minutes of each weekday on one task."""

    task: Task
    text: str
    minutes: tuple[int, ...]

    @property
    def total(self) -> int:
        """All minutes of the week."""
        return sum(self.minutes)


@dataclass(slots=True, eq=False)
class TimeCard:
    """A week of an employee."""

    number: str
    employee: Employee
    day: date
    lines: list[Week]
    created: int
    stamp: int
    status: str = "Open"
    note: str | None = field(default=None)


def fill_in(company: Company, day: date) -> None:
    """Fill in a time card; the one before is released, and its hours are booked on projects."""
    rng, waiting = company.rng, company.holdings.open_cards
    while waiting:
        _release(company, waiting.pop(0), day)
    tasks = rng.choice(company.holdings.projects).tasks
    lines = [
        Week(
            task,
            task.text,
            (*(rng.choice((0, 30, 60, 120, 225, 450)) for _ in range(_WORKDAYS)), 0, 0),
        )
        for task in tasks[: rng.choice((1, 2, 3))]
    ]
    at = company.event()
    card = TimeCard(
        number=f"{int(company.number('time card', 1)):08d}",
        employee=rng.choice(company.employees),
        day=day,
        lines=lines,
        created=at,
        stamp=at,
    )
    waiting.append(card)
    company.mark(PATH, card)


def _release(company: Company, card: TimeCard, day: date) -> None:
    card.status, card.stamp = "Released", company.event()
    company.mark(PATH, card)
    hundredths = [
        (line.task, line.total * 100 // _MINUTES_PER_HOUR) for line in card.lines if line.total
    ]
    uses = uses_of(company, card.employee, hundredths, LABOUR)
    if uses:
        book(
            company,
            "EP",
            day,
            f"Timer ansatt {card.employee.number}",
            uses,
            origin="Timecard",
            origin_number=card.number,
        )
