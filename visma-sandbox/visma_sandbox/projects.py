"""Projects: tasks, budgets, and the hours and materials booked on them.

What is booked on projects is statistics: it posts nothing to the general ledger.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox.documents import divided
from visma_sandbox.stock import LABOUR

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee, Party

PROJECT_PATH: Final = "/v1/project"
TASK_PATH: Final = "/v1/projecttask"
BUDGET_PATH: Final = "/v1/projectbudget"
PATH: Final = "/v1/projecttransaction"
MATERIAL: Final = "ART-0001"
_PHASES: Final = (("10", "Planlegging"), ("20", "Gjennomføring"), ("30", "Oppfølging"))
_NAMES: Final = ("Ombygging", "Nettbutikk", "Vedlikehold", "Kurs", "Flytting", "Prosjekt Ærfugl")


@dataclass(slots=True, eq=False)
class Budget:
    """What a task may use of an item: hundredths of it, and cents."""

    task: Task
    item: str
    text: str
    unit: str
    quantity: int
    amount: int
    created: int
    stamp: int
    used_quantity: int = 0
    used_amount: int = 0


@dataclass(slots=True, eq=False)
class Task:
    """A part of a project."""

    internal_id: int
    number: str
    text: str
    project: Project
    created: int
    stamp: int
    status: str = "Active"
    budgets: dict[str, Budget] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Project:
    """Work for a customer."""

    internal_id: int
    number: str
    text: str
    party: Party
    manager: Employee
    branch: int
    start: date
    end: date
    created: int
    stamp: int
    status: str = "Active"
    note: str | None = None
    tasks: list[Task] = field(default_factory=list)


@dataclass(slots=True)
class Use:
    """A line: an employee's use of an item on a task; rate in ten-thousandths."""

    tran_id: int
    task: Task
    employee: Employee
    item: str
    text: str
    unit: str
    quantity: int
    rate: int

    @property
    def amount(self) -> int:
        """Its cost in cents."""
        return divided(self.quantity * self.rate, 10_000)


@dataclass(slots=True, eq=False)
class ProjectTransaction:
    """A document of lines booked on projects; `module` is PM, or EP when it comes from hours."""

    module: str
    number: str
    day: date
    text: str
    uses: list[Use]
    created: int
    stamp: int
    origin: str | None = None
    origin_number: str | None = None


def start_project(company: Company, day: date) -> None:
    """Start a project of two or three tasks, with budgets for hours and materials."""
    rng, members = company.rng, company.holdings.projects
    at = company.event()
    number = len(members) + 1
    project = Project(
        internal_id=5_000 + number,
        number=f"P{1_000 + number}",
        text=f"{_NAMES[number % len(_NAMES)]} {number}",
        party=rng.choice(company.customers),
        manager=rng.choice(company.employees),
        branch=rng.randrange(len(company.branches)),
        start=day,
        end=day + timedelta(days=rng.randint(60, 400)),
        created=at,
        stamp=at,
        note=company.note(),
    )
    for phase, text in _PHASES[: rng.choice((2, 3))]:
        internal_id = int(company.number("task", 8_001))
        task = Task(internal_id, phase, text, project, at, at)
        project.tasks.append(task)
        company.mark(TASK_PATH, task)
        for item, words, unit in ((LABOUR, "Timer", "TIME"), (MATERIAL, "Materiell", "STK")):
            quantity = rng.randint(20_00, 400_00)
            budget = Budget(
                task, item, words, unit, quantity, quantity * rng.randint(300, 900), at, at
            )
            task.budgets[item] = budget
            company.mark(BUDGET_PATH, budget)
    members.append(project)
    company.mark(PROJECT_PATH, project)


def change_project(company: Company) -> None:
    """Finish a task, and the project with its last one; at last a finished one opens again."""
    project = company.rng.choice(company.holdings.projects)
    active = [each for each in project.tasks if each.status == "Active"]
    project.stamp = company.event()
    task = active[0] if active else project.tasks[0]
    task.status = "Completed" if active else "Active"
    task.stamp = project.stamp
    project.status = "Completed" if len(active) == 1 else "Active"
    company.mark(TASK_PATH, task)
    company.mark(PROJECT_PATH, project)


def uses_of(
    company: Company, employee: Employee, quantities: list[tuple[Task, int]], item: str
) -> list[Use]:
    """Give lines of one employee and item."""
    goods = next(each for each in company.holdings.goods if each.number == item)
    return [
        Use(
            tran_id=int(company.number("tran", 40_001)),
            task=task,
            employee=employee,
            item=item,
            text=goods.text,
            unit="TIME" if item == LABOUR else "STK",
            quantity=quantity,
            rate=goods.cost,
        )
        for task, quantity in quantities
    ]


def book(
    company: Company,
    module: str,
    day: date,
    text: str,
    uses: list[Use],
    *,
    origin: str | None = None,
    origin_number: str | None = None,
) -> None:
    """Book lines on their projects, where they count against the budgets."""
    at = company.event()
    made = ProjectTransaction(
        module=module,
        number=f"{int(company.number(f'{module} transaction', 1)):06d}",
        day=day,
        text=text,
        uses=uses,
        created=at,
        stamp=at,
        origin=origin,
        origin_number=origin_number,
    )
    for use in uses:
        budget = use.task.budgets[use.item]
        budget.used_quantity += use.quantity
        budget.used_amount += use.amount
        budget.stamp = at
        company.mark(BUDGET_PATH, budget)
        use.task.project.stamp = at
        company.mark(PROJECT_PATH, use.task.project)
    company.mark(PATH, made)


def use_material(company: Company, day: date) -> None:
    """Book materials on one or two tasks of a project."""
    rng = company.rng
    project = rng.choice(company.holdings.projects)
    tasks = project.tasks[: rng.choice((1, 2))]
    quantities = [(task, rng.choice((100, 250, 1200))) for task in tasks]
    uses = uses_of(company, project.manager, quantities, MATERIAL)
    book(company, "PM", day, f"Materiell {project.number}", uses)
