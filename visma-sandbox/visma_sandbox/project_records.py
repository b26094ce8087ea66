"""Records of projects and tasks, and of what is booked on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import fine, money
from visma_sandbox.master_records import employee
from visma_sandbox.project_shapes import (
    EARNING_TYPE,
    PROJECT,
    PROJECT_BUDGET,
    PROJECT_TASK,
    PROJECT_TASK_OF_PROJECT,
    PROJECT_TRANSACTION,
    PROJECT_TRANSACTION_LINE,
    VISIBILITY,
)
from visma_sandbox.stock import LABOUR
from visma_sandbox.table import ENCODER

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee
    from visma_sandbox.projects import Budget, Project, ProjectTransaction, Task, Use

_ZERO: Final = money(0)
_EVERYWHERE: Final = dict.fromkeys(VISIBILITY, True)
_COST_GROUP: Final = {"number": "KOST", "name": "Prosjektkostnad"}


def _nested_employee(company: Company, of: Employee) -> msgspec.Raw:
    """Give an employee as projects contain it, rendered once for each company."""
    kept = company.rendered.get(("employee", of.number))
    if kept is None:
        record = employee(company, of) | {
            "lastModifiedDateTime": stamps.text(of.stamp),
            "timeStamp": stamps.row_version(of.stamp),
            "metadata": None,
        }
        kept = company.rendered["employee", of.number] = msgspec.Raw(ENCODER.encode(record))
    return kept


def nested_project(of: Task | None) -> dict[str, object]:
    """Give the project of a task as lines contain it; none is the non-project, X."""
    if of is None:
        return {"id": "X", "description": "Ikke prosjekt", "internalId": 0}
    project = of.project
    return {"id": project.number, "description": project.text, "internalId": project.internal_id}


def nested_task(of: Task | None) -> dict[str, object] | None:
    """Give a task as lines contain it."""
    if of is None:
        return None
    return {"id": of.number, "description": of.text, "internalId": of.internal_id}


def earning_type(stamp: int) -> dict[str, object]:
    """Give the type of ordinary hours."""
    return EARNING_TYPE | {
        "code": "RG",
        "description": "Ordinær tid",
        "isBillable": True,
        "isActive": True,
        "overtimeMultiplier": money(1_00),
        "lastModifiedDateTime": stamps.text(stamp),
    }


def _task(company: Company, of: Task) -> dict[str, object]:
    """Give the fields that a task has in its own list and in its project."""
    project = of.project
    return {
        "taskId": of.number,
        "description": of.text,
        "plannedStart": stamps.day_text(project.start),
        "plannedEnd": stamps.day_text(project.end),
        "startDate": stamps.day_text(project.start),
        "branch": fragments.branch(company, project.branch),
        "status": of.status,
        "visibility": _EVERYWHERE,
        "employees": [_nested_employee(company, project.manager)],
        "timeStamp": stamps.row_version(of.stamp),
    }


def task(company: Company, of: Task) -> dict[str, object]:
    """Render a task of `/v1/projecttask`."""
    return (
        PROJECT_TASK
        | _task(company, of)
        | {
            "internalId": of.internal_id,
            "projectInternalId": of.project.internal_id,
            "defAccount": fragments.account(company.country.account("SALES")),
            "defSub": fragments.short_subaccount(company, 0),
            "createdDateTime": stamps.text(of.created),
        }
    )


def project(company: Company, of: Project) -> dict[str, object]:
    """Render a project of `/v1/project`; its expenses are what was booked on its tasks."""
    used = sum(budget.used_amount for task in of.tasks for budget in task.budgets.values())
    return PROJECT | {
        "internalID": of.internal_id,
        "projectID": of.number,
        "customer": {"number": of.party.number, "name": of.party.name},
        "status": of.status,
        "description": of.text,
        "assets": _ZERO,
        "liability": _ZERO,
        "income": _ZERO,
        "expenses": money(used),
        "startDate": stamps.day_text(of.start),
        "endDate": stamps.day_text(of.end),
        "projectManager": _nested_employee(company, of.manager),
        "visibility": _EVERYWHERE,
        "defAccount": fragments.account(company.country.account("SALES")),
        "defSub": fragments.short_subaccount(company, 0),
        "billingPeriod": "Monthly",
        "customerLocation": {"id": of.party.internal_id, "name": "Primary location"},
        "branch": fragments.branch(company, of.branch),
        "tasks": [PROJECT_TASK_OF_PROJECT | _task(company, each) for each in of.tasks],
        "employees": [_nested_employee(company, of.manager)],
        "publicId": fragments.public_id(company, f"project {of.number}"),
        "attributes": [{"id": "REGION", "value": "ØST", "description": "Region"}],
        "note": of.note,
    }


def budget(_company: Company, of: Budget) -> dict[str, object]:
    """Render a budget of `/v1/projectbudget`; what is used is the sum of the lines booked."""
    quantity, amount = money(of.quantity), money(of.amount)
    return PROJECT_BUDGET | {
        "projectID": of.task.project.number,
        "projectTaskID": of.task.number,
        "accountGroupID": _COST_GROUP["number"],
        "inventoryNumber": of.item,
        "description": of.text,
        "uom": of.unit,
        "rate": fine(of.amount * 10_000 // of.quantity),
        "originalBudgetQty": quantity,
        "originalBudgetAmount": amount,
        "revisedBudgetQty": quantity,
        "revisedBudgetAmount": amount,
        "actualQty": money(of.used_quantity),
        "actualAmount": money(of.used_amount),
        "type": "Expense",
        "committedQty": _ZERO,
        "committedAmount": _ZERO,
        "committedOpenQty": _ZERO,
        "committedOpenAmount": _ZERO,
        "committedReceivedQty": _ZERO,
        "committedInvoicedQty": _ZERO,
        "committedInvoicedAmount": _ZERO,
    }


def _line(company: Company, document: ProjectTransaction, use: Use) -> dict[str, object]:
    country = company.country
    quantity = money(use.quantity)
    party = use.task.project.party
    return PROJECT_TRANSACTION_LINE | {
        "tranId": use.tran_id,
        "date": stamps.day_text(document.day),
        "inventoryId": {"number": use.item, "description": use.text},
        "description": use.text,
        "uom": use.unit,
        "quantity": quantity,
        "unitRate": fine(use.rate),
        "amount": money(use.amount),
        "billable": True,
        "released": True,
        "billableQuantity": quantity,
        "financialPeriod": f"{document.day:%Y%m}",
        "startDate": stamps.day_text(document.day),
        "endDate": stamps.day_text(document.day),
        "lastModifiedDateTime": stamps.text(document.stamp),
        "earningType": earning_type(use.employee.created) if use.item == LABOUR else None,
        "project": nested_project(use.task),
        "projectTask": nested_task(use.task),
        "debitAccount": fragments.full_account(country.account("EXPENSE")),
        "debitSubaccount": fragments.short_subaccount(company, use.employee.subaccount),
        "creditAccount": fragments.full_account(country.account("ACCRUAL")),
        "creditSubaccount": fragments.short_subaccount(company, 0),
        "branch": fragments.branch(company, use.task.project.branch),
        "employee": _nested_employee(company, use.employee),
        "customerVendor": {
            "internalId": party.internal_id,
            "number": party.number,
            "name": party.name,
        },
        "accountGroup": _COST_GROUP,
        "debitAccountGroup": _COST_GROUP,
        "metadata": None,
    }


def transaction(company: Company, of: ProjectTransaction) -> dict[str, object]:
    """Render a document of `/v1/projecttransaction`."""
    return PROJECT_TRANSACTION | {
        "refNbr": of.number,
        "description": of.text,
        "origDocNbr": of.origin_number,
        "status": "Released",
        "module": f"Module{of.module}",
        "origDocType": of.origin,
        "lines": [_line(company, of, use) for use in of.uses],
    }
