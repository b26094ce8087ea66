"""Records of invoices and credit notes: one render function for each list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import fine, money
from visma_sandbox.shapes import (
    APPLICATION,
    CUSTOMER_INVOICE,
    CUSTOMER_INVOICE_LINE,
    SUPPLIER_INVOICE,
    SUPPLIER_INVOICE_LINE,
    TAX_DETAIL,
)
from visma_sandbox.table import ENCODER

if TYPE_CHECKING:
    from datetime import date
    from decimal import Decimal

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.documents import Document, Item
    from visma_sandbox.payments import Application

_ZERO = money(0)


def _text(day: date) -> str:
    return stamps.day_text(day)


def nested_subaccount(company: Company, which: int) -> msgspec.Raw:
    """Give a subaccount as lines contain it, rendered once for each company."""
    kept = company.rendered.get(("subaccount", which))
    if kept is None:
        record = fragments.subaccount_record(company.subaccounts[which]) | {"metadata": None}
        kept = company.rendered["subaccount", which] = msgspec.Raw(ENCODER.encode(record))
    return kept


def _nested_account(company: Company, account: Account) -> msgspec.Raw:
    kept = company.rendered.get(("account", account.number))
    if kept is None:
        kept = msgspec.Raw(ENCODER.encode(fragments.full_account(account)))
        company.rendered["account", account.number] = kept
    return kept


def _taxes(company: Company, document: Document) -> list[dict[str, object]]:
    return [
        TAX_DETAIL
        | {
            "taxId": company.country.vats[tax.vat].code,
            "recordId": n,
            "vatId": {
                "number": company.country.vats[tax.vat].code,
                "description": company.country.vats[tax.vat].name,
            },
            "vatRate": fragments.percent(company.country.vats[tax.vat].rate),
            "taxableAmount": money(tax.taxable_in_currency),
            "vatAmount": money(tax.vat_in_currency),
        }
        for n, tax in enumerate(document.taxes, start=1)
    ]


def _totals(document: Document) -> dict[str, Decimal]:
    """Give the totals that both lists name alike."""
    taxed = [tax for tax in document.taxes if tax.vat_in_currency]
    exempt = [tax for tax in document.taxes if not tax.vat_in_currency]
    return {
        "detailTotal": money(sum(item.amount for item in document.items)),
        "detailTotalInCurrency": money(sum(item.in_currency for item in document.items)),
        "discountTotal": _ZERO,
        "discountTotalInCurrency": _ZERO,
        "vatTaxableTotal": money(sum(tax.taxable for tax in taxed)),
        "vatTaxableTotalInCurrency": money(sum(tax.taxable_in_currency for tax in taxed)),
        "vatExemptTotal": money(sum(tax.taxable for tax in exempt)),
        "vatExemptTotalInCurrency": money(sum(tax.taxable_in_currency for tax in exempt)),
        "vatTotal": money(sum(tax.amount for tax in taxed)),
        "vatTotalInCurrency": money(sum(tax.vat_in_currency for tax in taxed)),
        "balance": money(document.balance),
        "balanceInCurrency": money(document.balance_in_currency),
        "cashDiscount": _ZERO,
        "cashDiscountInCurrency": _ZERO,
        "amount": money(document.total),
    }


def _head(company: Company, document: Document) -> dict[str, object]:
    """Give the fields that both lists name alike."""
    return {
        "hold": document.status == "Hold",
        "exchangeRate": fragments.rate(document.rate),
        "creditTerms": fragments.terms(document.party.terms),
        "documentType": document.kind,
        "referenceNumber": document.number,
        "postPeriod": document.period[4:] + document.period[:4],
        "financialPeriod": document.period,
        "closedFinancialPeriod": document.closed_period,
        "origInvoiceDate": _text(document.day),
        "status": document.status,
        "currencyId": document.currency,
        "paymentMethod": {"id": "1", "description": "Bank"},
        "createdDateTime": stamps.text(document.created),
        "note": document.note,
        "location": fragments.location(company),
        "branchNumber": fragments.branch(company, document.branch),
        "cashAccount": company.country.account("BANK").number,
        "cashDiscountDate": _text(document.due),
    }


def _supplier_line(
    company: Company, number: int, item: Item, document: Document
) -> dict[str, object]:
    vat = company.country.vats[item.vat]
    return SUPPLIER_INVOICE_LINE | {
        "lineNumber": number,
        "inventoryNumber": item.inventory or None,
        "stockItem": bool(item.inventory),
        "transactionDescription": item.text,
        "quantity": money(item.quantity),
        "uom": "STK",
        "unitCost": fine(item.unit * document.rate // 1_000_000),
        "unitCostInCurrency": fine(item.unit),
        "cost": money(item.amount),
        "costInCurrency": money(item.in_currency),
        "discountPercent": _ZERO,
        "discountAmount": _ZERO,
        "discountAmountInCurrency": _ZERO,
        "account": _nested_account(company, item.account),
        "subaccount": nested_subaccount(company, item.subaccount),
        "vatCode": {"id": vat.code, "description": vat.name},
        "poNumber": item.order or None,
        "poLineNr": item.order_line or None,
        "poReceiptNbr": item.receipt or None,
        "poReceiptLineNbr": item.order_line or None,
        "branchNumber": fragments.branch(company, item.branch),
        "note": item.note,
    }


def supplier_invoice(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/supplierInvoice`."""
    party = document.party
    items = enumerate(document.items, start=1)
    return (
        SUPPLIER_INVOICE
        | _head(company, document)
        | _totals(document)
        | {
            "taxDetailLines": _taxes(company, document),
            "invoiceLines": [_supplier_line(company, n, item, document) for n, item in items],
            "paymentRefNo": document.reference,
            "withholdingTax": _ZERO,
            "withholdingTaxInCurrency": _ZERO,
            "roundingDiff": _ZERO,
            "roundingDiffInCurrency": _ZERO,
            "vatAmount": money(sum(tax.amount for tax in document.taxes)),
            "taxCalculationMode": "TaxSetting",
            "supplierTaxZone": fragments.vat_zone(company, party),
            "curyRetainageTotal": _ZERO,
            "curyRetainageUnreleasedAmt": _ZERO,
            "documentVersionNumber": 1 + len(document.applications),
            "supplier": {
                "internalId": party.internal_id,
                "number": party.number,
                "name": party.name,
            },
            "date": _text(document.day),
            "dueDate": _text(document.due),
            "approvalStatus": "New",
            "supplierReference": document.reference,
            "description": document.text,
            "payDate": _text(document.due),
        }
    )


def _customer_line(
    company: Company, number: int, item: Item, document: Document
) -> dict[str, object]:
    vat = company.country.vats[item.vat]
    return CUSTOMER_INVOICE_LINE | {
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
        "account": _nested_account(company, item.account),
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
        "applicationDate": _text(application.day),
        "applicationPeriod": f"{application.day:%Y%m}",
        "invoiceText": payment.text,
    }


def customer_invoice(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/customerinvoice`."""
    party = document.party
    items = enumerate(document.items, start=1)
    control = company.country.account("AR")
    return (
        CUSTOMER_INVOICE
        | _head(company, document)
        | _totals(document)
        | {
            "documentDueDate": _text(document.due),
            "externalReference": document.reference,
            "dunningLetterLevel": 0,
            "contact": {"id": party.internal_id, "name": "Regnskap"},
            "taxDetails": _taxes(company, document),
            "invoiceLines": [_customer_line(company, n, item, document) for n, item in items],
            "roundingDiff": _ZERO,
            "customerVatZone": {
                name: fragments.vat_zone(company, party)[name] for name in ("id", "description")
            },
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
            "customer": {"number": party.number, "name": party.name},
            "documentDate": _text(document.day),
            "amountInCurrency": money(document.total_in_currency),
            "invoiceText": document.text,
            "account": _nested_account(company, control),
            "subaccount": nested_subaccount(company, 0),
        }
    )
