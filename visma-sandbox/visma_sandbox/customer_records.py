"""Records of customer documents: invoices, notes, charges, write-offs and cash sales.

The lists differ in which properties their records have; a property means the same in all of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_sandbox import fragments, stamps
from visma_sandbox.document_records import head, nested_account, nested_subaccount, taxes, totals
from visma_sandbox.document_shapes import (
    CASH_SALE,
    CASH_SALE_LINE,
    CREDIT_NOTE,
    CREDIT_NOTE_LINE,
    CREDIT_WRITE_OFF,
    CUSTOMER_DOCUMENT,
    DEBIT_NOTE,
    DEBIT_NOTE_LINE,
    OVERDUE_CHARGE,
    OVERDUE_CHARGE_LINE,
)
from visma_sandbox.fragments import filled, fine, money
from visma_sandbox.shapes import APPLICATION, CUSTOMER_INVOICE, CUSTOMER_INVOICE_LINE

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.documents import Document, Item
    from visma_sandbox.payments import Application

_ZERO = money(0)


def _line(company: Company, number: int, item: Item, document: Document) -> dict[str, object]:
    """Give what is known of a line, whatever its list calls the line."""
    vat = company.country.vats[item.vat]
    return {
        "lineNumber": number,
        "inventoryNumber": item.inventory or None,
        "description": item.text,
        "quantity": money(item.quantity),
        "unitPrice": fine(item.unit * document.rate // 1_000_000),
        "unitPriceInCurrency": fine(item.unit),
        "manualAmount": _ZERO,
        "manualAmountInCurrency": _ZERO,
        "amount": money(item.amount),
        "amountInCurrency": money(item.in_currency),
        "cost": _ZERO,
        "account": nested_account(company, item.account),
        "vatCode": {"id": vat.code, "description": vat.name},
        "uom": "TIME",
        "discountPercent": _ZERO,
        "discountAmount": _ZERO,
        "discountAmountInCurrency": _ZERO,
        "subaccount": nested_subaccount(company, item.subaccount),
        "note": item.note,
        "branchNumber": fragments.branch(company, item.branch),
    }


def _application(application: Application) -> dict[str, object]:
    payment = application.payment
    return APPLICATION | {
        "docType": payment.kind,
        "customerCD": payment.party.number,
        "refNbr": payment.number,
        "amountPaid": money(application.in_currency),
        "cashDiscountTaken": _ZERO,
        "balance": money(application.balance_left),
        "released": True,
        "voided": payment.status == "Voided",
        "paymentRef": payment.number,
        "status": payment.status,
        "applicationDate": stamps.day_text(application.day),
        "applicationPeriod": f"{application.day:%Y%m}",
        "invoiceText": payment.text,
    }


def _lines(
    company: Company, document: Document, shape: dict[str, object]
) -> list[dict[str, object]]:
    items = enumerate(document.items, start=1)
    return [filled(shape, _line(company, n, item, document)) for n, item in items]


def _head(company: Company, document: Document) -> dict[str, object]:
    """Give what is known of a document but its lines, and what the list of all documents shows."""
    party = document.party
    control = company.country.account("BANK" if document.is_cash else "AR")
    return (
        head(company, document)
        | totals(document)
        | {
            "documentDueDate": stamps.day_text(document.due),
            "branch": fragments.branch(company, document.branch),
            "customer": {"number": party.number, "name": party.name},
            "documentDate": stamps.day_text(document.day),
            "amountInCurrency": money(document.total_in_currency),
            "invoiceText": document.text,
            "account": nested_account(company, control),
            "subaccount": nested_subaccount(company, 0),
        }
    )


def _whole(company: Company, document: Document) -> dict[str, object]:
    """Give all that is known of a document but its lines."""
    party = document.party
    zone = fragments.vat_zone(company, party)
    return _head(company, document) | {
        "externalReference": document.reference,
        "dunningLetterLevel": 0,
        "contact": {"id": party.internal_id, "name": "Regnskap"},
        "taxDetails": taxes(company, document),
        "roundingDiff": _ZERO,
        "customerVatZone": {name: zone[name] for name in ("id", "description")},
        "paymentReference": document.reference,
        "invoiceAddress": fragments.party_address(company, party) | {"overrideAddress": False},
        "invoiceContact": {
            "contactId": party.internal_id,
            "businessName": party.name,
            "attention": "Regnskap",
            "email": f"post{party.internal_id}@example.com",
            "phone1": None,
            "overrideContact": False,
        },
        "applications": [_application(each) for each in document.applications],
    }


def customer_invoice(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerinvoice`."""
    lines = {"invoiceLines": _lines(company, document, CUSTOMER_INVOICE_LINE)}
    return filled(CUSTOMER_INVOICE, _whole(company, document) | lines)


def credit_note(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerCreditNote`."""
    lines = {"lines": _lines(company, document, CREDIT_NOTE_LINE)}
    return filled(CREDIT_NOTE, _whole(company, document) | lines)


def debit_note(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerDebitNote`."""
    lines = {"lines": _lines(company, document, DEBIT_NOTE_LINE)}
    return filled(DEBIT_NOTE, _whole(company, document) | lines)


def overdue_charge(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerOverdueCharge`."""
    lines = {"lines": _lines(company, document, OVERDUE_CHARGE_LINE)}
    return filled(OVERDUE_CHARGE, _whole(company, document) | lines)


def credit_write_off(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerCreditWriteOff`."""
    return filled(CREDIT_WRITE_OFF, _whole(company, document))


def cash_sale(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/cashsale`."""
    lines = {"cashSaleLines": _lines(company, document, CASH_SALE_LINE)}
    return filled(CASH_SALE, _whole(company, document) | lines)


def customer_document(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerdocument`: the head of any document of a customer."""
    return filled(CUSTOMER_DOCUMENT, _head(company, document))
