"""Records of payments, of both sides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import money
from visma_sandbox.shapes import (
    CUSTOMER_PAYMENT,
    CUSTOMER_PAYMENT_LINE,
    SUPPLIER_PAYMENT,
    SUPPLIER_PAYMENT_LINE,
)

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.payments import Application, Payment

_ZERO = money(0)


def _application(application: Application) -> dict[str, object]:
    """Give the fields that lines of both lists name alike."""
    document = application.document
    return {
        "amountPaid": money(application.in_currency),
        "cashDiscountTaken": _ZERO,
        "date": stamps.day_text(document.day),
        "dueDate": stamps.day_text(document.due),
        "cashDiscountDate": stamps.day_text(document.due),
        "balance": money(application.balance_left),
        "cashDiscountBalance": _ZERO,
        "description": document.text,
        "currency": document.currency,
        "postPeriod": document.period,
    }


def _head(company: Company, payment: Payment) -> dict[str, object]:
    """Give the fields that both lists name alike."""
    return {
        "type": payment.kind,
        "refNbr": payment.number,
        "status": payment.status,
        "hold": False,
        "applicationDate": stamps.day_text(payment.day),
        "applicationPeriod": payment.period,
        "paymentRef": payment.number,
        "location": fragments.location(company),
        "cashAccount": company.country.account("BANK").number,
        "paymentAmount": money(payment.in_currency),
        "financeCharges": _ZERO,
        "branch": company.branches[payment.branch].number,
    }


def supplier_payment(company: Company, payment: Payment) -> dict[str, object]:
    """Render a payment of `/v1/supplierPayment`."""
    applied = sum(each.in_currency for each in payment.applications)
    return (
        SUPPLIER_PAYMENT
        | _head(company, payment)
        | {
            "documentType": payment.kind,
            "supplier": {
                "internalId": payment.party.internal_id,
                "number": payment.party.number,
                "name": payment.party.name,
            },
            "paymentMethod": "1",
            "currency": {
                "id": payment.currency,
                "description": None,
                "symbol": None,
                "isBaseCurrency": payment.currency == company.country.currency,
                "decimalPrecision": 2,
                "isUsedForAccounting": True,
            },
            "description": payment.text,
            "balance": money(payment.unapplied),
            "unappliedBalance": money(payment.unapplied),
            "appliedAmount": money(applied),
            "released": True,
            "paymentLines": [
                SUPPLIER_PAYMENT_LINE
                | _application(each)
                | {
                    "branch": company.branches[each.document.branch].number,
                    "batchNumber": payment.batch,
                    "docType": each.document.kind,
                    "invoiceRefNbr": each.document.number,
                    "withholdingTax": _ZERO,
                    "applicationPeriod": f"{each.day:%Y%m}",
                    "supplierRef": each.document.reference,
                }
                for each in payment.applications
            ],
        }
    )


def customer_payment(company: Company, payment: Payment) -> dict[str, object]:
    """Render a payment of `/v1/customerPayment`."""
    applied = sum(each.in_currency for each in payment.applications)
    return (
        CUSTOMER_PAYMENT
        | _head(company, payment)
        | {
            "customer": {"number": payment.party.number, "name": payment.party.name},
            "paymentMethod": {"id": "1", "description": "Bank"},
            "currency": payment.currency,
            "invoiceText": payment.text,
            "appliedToDocuments": money(applied),
            "appliedToOrders": _ZERO,
            "availableBalance": money(payment.unapplied),
            "writeOffAmount": _ZERO,
            "deductedCharges": _ZERO,
            "paymentLines": [
                CUSTOMER_PAYMENT_LINE
                | _application(each)
                | {
                    "documentType": each.document.kind,
                    "refNbr": each.document.number,
                    "balanceWriteOff": _ZERO,
                    "crossRate": fragments.fine(10_000),
                }
                for each in payment.applications
            ],
            "financialDetails": {"paymentDate": stamps.day_text(payment.day)},
            "paymentAmountInCurrency": money(payment.in_currency),
            "availableBalanceInCurrency": money(payment.unapplied),
        }
    )
