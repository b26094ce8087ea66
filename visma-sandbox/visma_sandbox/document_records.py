"""Records of supplier documents, and what they have in common with customer documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from visma_sandbox import fragments, stamps
from visma_sandbox.document_shapes import SUPPLIER_DOCUMENT
from visma_sandbox.fragments import filled, fine, money
from visma_sandbox.shapes import SUPPLIER_INVOICE, SUPPLIER_INVOICE_LINE, TAX_DETAIL
from visma_sandbox.table import ENCODER

if TYPE_CHECKING:
    from decimal import Decimal

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.documents import Document, Item

_ZERO = money(0)


def nested_subaccount(company: Company, which: int) -> msgspec.Raw:
    """Give a subaccount as lines contain it, rendered once for each company."""
    kept = company.rendered.get(("subaccount", which))
    if kept is None:
        record = fragments.subaccount_record(company.subaccounts[which]) | {"metadata": None}
        kept = company.rendered["subaccount", which] = msgspec.Raw(ENCODER.encode(record))
    return kept


def nested_account(company: Company, account: Account) -> msgspec.Raw:
    """Give an account as lines contain it, rendered once for each company."""
    kept = company.rendered.get(("account", account.number))
    if kept is None:
        kept = msgspec.Raw(ENCODER.encode(fragments.full_account(account)))
        company.rendered["account", account.number] = kept
    return kept


def taxes(company: Company, document: Document) -> list[dict[str, object]]:
    """Give the VAT of a document, a record for each code."""
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


def totals(document: Document) -> dict[str, Decimal]:
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


def head(company: Company, document: Document) -> dict[str, object]:
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
        "origInvoiceDate": stamps.day_text(document.day),
        "status": document.status,
        "currencyId": document.currency,
        "paymentMethod": {"id": "1", "description": "Bank"},
        "createdDateTime": stamps.text(document.created),
        "note": document.note,
        "location": fragments.location(company),
        "branchNumber": fragments.branch(company, document.branch),
        "cashAccount": company.country.account("BANK").number,
        "cashDiscountDate": stamps.day_text(document.due),
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
        "account": nested_account(company, item.account),
        "subaccount": nested_subaccount(company, item.subaccount),
        "vatCode": {"id": vat.code, "description": vat.name},
        "poNumber": item.order or None,
        "poLineNr": item.order_line or None,
        "poReceiptNbr": item.receipt or None,
        "poReceiptLineNbr": item.order_line or None,
        "branchNumber": fragments.branch(company, item.branch),
        "note": item.note,
    }


def _of_supplier(company: Company, document: Document) -> dict[str, object]:
    """Give the fields that the lists of invoices and of all documents name alike."""
    party = document.party
    return (
        head(company, document)
        | totals(document)
        | {
            "supplier": {
                "internalId": party.internal_id,
                "number": party.number,
                "name": party.name,
            },
            "date": stamps.day_text(document.day),
            "dueDate": stamps.day_text(document.due),
            "approvalStatus": "New",
            "supplierReference": document.reference,
            "description": document.text,
            "payDate": stamps.day_text(document.due),
        }
    )


def supplier_invoice(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/supplierInvoice`."""
    items = enumerate(document.items, start=1)
    return (
        SUPPLIER_INVOICE
        | _of_supplier(company, document)
        | {
            "taxDetailLines": taxes(company, document),
            "invoiceLines": [_supplier_line(company, n, item, document) for n, item in items],
            "paymentRefNo": document.reference,
            "withholdingTax": _ZERO,
            "withholdingTaxInCurrency": _ZERO,
            "roundingDiff": _ZERO,
            "roundingDiffInCurrency": _ZERO,
            "vatAmount": money(sum(tax.amount for tax in document.taxes)),
            "taxCalculationMode": "TaxSetting",
            "supplierTaxZone": fragments.vat_zone(company, document.party),
            "curyRetainageTotal": _ZERO,
            "curyRetainageUnreleasedAmt": _ZERO,
            "documentVersionNumber": 1 + len(document.applications),
        }
    )


def supplier_document(company: Company, document: Document) -> dict[str, object]:
    """Render a document of `/v1/supplierdocument`: the head of an invoice, without lines."""
    known = _of_supplier(company, document) | {
        "account": nested_account(company, company.country.account("AP")),
        "subaccount": nested_subaccount(company, 0),
        "amountInCurrency": money(document.total_in_currency),
        "branch": fragments.branch(company, document.branch),
    }
    return filled(SUPPLIER_DOCUMENT, known)
