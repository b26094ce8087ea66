"""Records of budgets and of what suppliers are owed and customers owe."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_sandbox import fragments
from visma_sandbox.fragments import money
from visma_sandbox.ledger_shapes import (
    BUDGET,
    CUSTOMER_BALANCE,
    CUSTOMER_PERIOD_BALANCE,
    SUPPLIER_BALANCE,
    SUPPLIER_PERIOD_BALANCE,
)
from visma_sandbox.table import PARAMETERS

if TYPE_CHECKING:
    from decimal import Decimal

    from visma_sandbox.budgets import BudgetRow
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party
    from visma_sandbox.subledger import Movement, PartyAccount

_ZERO = money(0)


def budget(company: Company, of: BudgetRow) -> dict[str, object]:
    """Render a row of `/v1/budget`."""
    branch = fragments.branch(company, of.branch)
    total = money(sum(of.months))
    return BUDGET | {
        "financialYear": of.year,
        "released": True,
        "releasedAmount": total,
        "account": fragments.full_account(of.account),
        "subaccount": fragments.short_subaccount(company, of.subaccount),
        "description": f"Budsjett {of.account.name}",
        "amount": total,
        "distributedAmount": total,
        "periods": [
            {"periodId": f"{of.year}{month:02d}", "amount": money(cents)}
            for month, cents in enumerate(of.months, start=1)
        ],
        "branchNumber": branch,
        PARAMETERS: {"ledger": "2", "branch": branch["number"], "financialYear": of.year},
    }


def _party(party: Party) -> dict[str, object]:
    return {"internalId": party.internal_id, "number": party.number, "name": party.name}


def _net_and_gross(net: int, gross: int) -> dict[str, Decimal]:
    return {"withoutVat": money(net), "withVat": money(gross)}


def supplier_balance(_company: Company, account: PartyAccount) -> dict[str, object]:
    """Render a balance of `/v1/supplier/balance`; period and year are those of the last invoice."""
    return SUPPLIER_BALANCE | {
        "supplier": _party(account.party),
        "balance": money(account.balance),
        "unreleasedPurchasesNotInApproval": _net_and_gross(
            account.drafts_net, account.drafts_gross
        ),
        "totalSentForApproval": _net_and_gross(0, 0),
        "totalPurchaseInvoicePeriod": _net_and_gross(*account.invoiced(whole_year=False)),
        "totalPurchaseInvoiceYear": _net_and_gross(*account.invoiced(whole_year=True)),
    }


def customer_balance(_company: Company, account: PartyAccount) -> dict[str, object]:
    """Render a balance of `/v1/customer/balance`; period and year are those of the last invoice."""
    return CUSTOMER_BALANCE | {
        "customer": _party(account.party),
        "balance": money(account.balance),
        "totalOrder": _ZERO,
        "totalLoan": _ZERO,
        "totalSalePeriod": money(account.invoiced(whole_year=False)[0]),
        "totalSaleYear": money(account.invoiced(whole_year=True)[0]),
        "totalDiscountPeriod": _ZERO,
        "totalDiscountYear": _ZERO,
    }


def _movement(of: Movement) -> dict[str, object]:
    """Give the fields that both lists name alike."""
    beginning = of.beginning
    return {
        "beginBalance": money(beginning),
        "paymentsAndPrepayments": money(of.paid),
        "adjustmentsAndDiscounts": money(of.adjusted),
        "yearToDateBalance": money(beginning + of.net),
        PARAMETERS: {"fromFinPeriod": of.period, "toFinPeriod": of.period},
    }


def supplier_period(company: Company, of: Movement) -> dict[str, object]:
    """Render a balance of `/v2/supplier/balance`."""
    return (
        SUPPLIER_PERIOD_BALANCE
        | _movement(of)
        | {
            "branch": company.branches[of.branch].number,
            "supplier": _party(of.account.party),
            "purchases": money(of.invoiced),
        }
    )


def customer_period(company: Company, of: Movement) -> dict[str, object]:
    """Render a balance of `/v2/customer/balance`."""
    return (
        CUSTOMER_PERIOD_BALANCE
        | _movement(of)
        | {
            "branchNumber": fragments.branch(company, of.branch),
            "customer": _party(of.account.party),
            "sales": money(of.invoiced),
            "overdueCharges": money(of.charged),
        }
    )
