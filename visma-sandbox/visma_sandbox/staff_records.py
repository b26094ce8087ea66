"""Records of what employees hand in: expense claims and time cards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import fine, money
from visma_sandbox.project_records import earning_type, nested_project, nested_task
from visma_sandbox.project_shapes import (
    EXPENSE_CLAIM,
    EXPENSE_CLAIM_LINE,
    TIME_CARD,
    TIME_CARD_LINE,
)

if TYPE_CHECKING:
    from visma_sandbox.claims import Claim, Expense
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee
    from visma_sandbox.timecards import TimeCard

_ZERO: Final = money(0)
_WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def _person(of: Employee) -> dict[str, object]:
    """Give an employee whose id is a text, as it is on the service."""
    return {
        "internalId": str(of.internal_id),
        "number": of.number,
        "name": f"Employee {of.number}",
    }


def _approval(status: str) -> str:
    return "ApprovedInApproval" if status == "Released" else "New"


def _expense(company: Company, claim: Claim, line: Expense) -> dict[str, object]:
    amount, vat = money(line.amount), company.country.vats[2]
    return EXPENSE_CLAIM_LINE | {
        "claimDetailId": line.detail_id,
        "lineId": fragments.public_id(company, f"expense {line.detail_id}"),
        "date": stamps.day_text(line.day),
        "expenseItem": {"number": line.item.number, "description": line.item.text},
        "description": line.item.text,
        "quantity": money(line.quantity),
        "uom": "STK",
        "unitCost": fine(line.unit),
        "currency": company.country.currency,
        "totalAmount": amount,
        "claimAmount": amount,
        "amountInClaimCurr": amount,
        "project": nested_project(line.task),
        "projectTask": nested_task(line.task),
        "expenseAccount": fragments.full_account(line.account),
        "expenseSubaccount": fragments.short_subaccount(company, claim.employee.subaccount),
        "branch": fragments.branch(company, claim.employee.branch),
        "taxCategory": {"number": vat.code, "description": vat.name},
        "refNbr": f"KVITT{line.detail_id}",
        "employeePart": _ZERO,
        "approvalStatus": _approval(claim.status),
    }


def claim(company: Company, of: Claim) -> dict[str, object]:
    """Render a claim of `/v1/expenseClaim`."""
    number, name = company.subaccounts[of.employee.subaccount].department
    return EXPENSE_CLAIM | {
        "refNbr": of.number,
        "status": of.status,
        "approvalStatus": _approval(of.status),
        "date": stamps.day_text(of.day),
        "description": f"Utlegg ansatt {of.employee.number}",
        "claimedBy": _person(of.employee),
        "claimTotal": money(of.total),
        "vatTaxableTotal": _ZERO,
        "vatExemptTotal": money(of.total),
        "currency": company.country.currency,
        "approvalDate": stamps.day_text(of.approved) if of.approved else None,
        "department": {"id": number, "description": name},
        "location": {"id": "MAIN", "description": "Primary location"},
        "details": [_expense(company, of, line) for line in of.lines],
        "approvalStatusText": of.status,
    }


def time_card(company: Company, of: TimeCard) -> dict[str, object]:
    """Render a time card of `/v1/timeCard`."""
    year, week, _ = of.day.isocalendar()
    minutes = sum(line.total for line in of.lines)
    approval = _approval(of.status)
    return TIME_CARD | {
        "refNbr": of.number,
        "status": of.status,
        "approvalStatus": approval,
        "week": {"number": f"{year}{week:02d}", "description": f"Uke {week}"},
        "employee": _person(of.employee),
        "type": "Normal",
        "timeSpent": minutes,
        "invoiceable": minutes,
        "overtimeSpent": 0,
        "invoiceableOvertime": 0,
        "totalTimeSpent": minutes,
        "invoiceableTotalTime": minutes,
        "summary": [
            TIME_CARD_LINE
            | dict(zip(_WEEKDAYS, line.minutes, strict=True))
            | {
                "lineNumber": n,
                "lineId": fragments.public_id(company, f"time card {of.number} {n}"),
                "earningType": earning_type(of.employee.created),
                "project": nested_project(line.task),
                "invoiceable": True,
                "projectTask": nested_task(line.task),
                "timeSpent": line.total,
                "description": line.text,
                "approvalStatus": approval,
                "lastModifiedDateTime": stamps.text(of.stamp),
            }
            for n, line in enumerate(of.lines, start=1)
        ],
        "approvalStatusText": of.status,
    }
