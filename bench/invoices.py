"""Supplier invoices as `/v1/supplierInvoice` shows them, about 2.9 kB of JSON each.

Knows JSON and the fields of the API; knows no HTTP. The same number gives the same invoice always.
"""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

_FIRST_STAMP = datetime.fromisoformat("2024-01-01T06:35:22.153")
_ACCOUNT = {
    "type": "Expense",
    "externalCode1": None,
    "externalCode2": None,
    "active": True,
    "number": "4300",
    "description": "Varekjøp",
}


def _line(number: int) -> dict[str, object]:
    """A line with the fields that are usually filled, to come to 2.9 kB an invoice."""
    return {
        "lineNumber": number,
        "inventoryNumber": None,
        "stockItem": False,
        "transactionDescription": f"Linje {number} av %(number)s",
        "quantity": "#quantity#",
        "uom": "STK",
        "unitCost": f"#line{number}#",
        "unitCostInCurrency": f"#line{number}#",
        "cost": f"#line{number}#",
        "costInCurrency": f"#line{number}#",
        "account": _ACCOUNT,
        "vatCode": {"id": "1", "description": "Inngående mva"},
        "branchNumber": {"number": "1", "name": "Hovedkontor"},
    }


# `#name#` stands for a number that is filled in, `%(name)s` for a part of a text.
_INVOICE: dict[str, object] = {
    "taxDetailLines": [
        {
            "taxId": "1",
            "recordId": "#record#",
            "vatId": {"number": "1", "description": "Inngående mva"},
            "vatRate": 25.0,
            "taxableAmount": "#net#",
            "vatAmount": "#vat#",
        }
    ],
    "attachments": [],
    "approvalDetails": None,
    "invoiceLines": [_line(1), _line(2)],
    "landedCosts": [],
    "hold": False,
    "exchangeRate": 1.0,
    "paymentRefNo": "KID%(number)s",
    "creditTerms": {"id": "30", "description": "30 dager"},
    "retainageApply": False,
    "cashDiscountDate": "%(day)sT00:00:00",
    "detailTotal": "#net#",
    "detailTotalInCurrency": "#net#",
    "discountTotal": "#none#",
    "discountTotalInCurrency": "#none#",
    "vatTaxableTotal": "#net#",
    "vatTaxableTotalInCurrency": "#net#",
    "vatExemptTotal": "#none#",
    "vatExemptTotalInCurrency": "#none#",
    "withholdingTax": "#none#",
    "withholdingTaxInCurrency": "#none#",
    "buyerReference": None,
    "roundingDiff": "#none#",
    "roundingDiffInCurrency": "#none#",
    "amount": "#gross#",
    "vatAmount": "#vat#",
    "taxCalculationMode": "TaxSetting",
    "supplierTaxZone": {"id": "01", "description": "Innland"},
    "paySelected": False,
    "curyRetainageTotal": "#none#",
    "curyRetainageUnreleasedAmt": "#none#",
    "documentVersionNumber": 1,
    "supplier": {
        "internalId": "#supplier#",
        "number": "%(supplier)s",
        "name": "Leverandør %(supplier)s AS",
    },
    "documentType": "Invoice",
    "referenceNumber": "%(number)s",
    "postPeriod": "032026",
    "financialPeriod": "202603",
    "date": "%(day)sT00:00:00",
    "origInvoiceDate": "%(day)sT00:00:00",
    "dueDate": "%(day)sT00:00:00",
    "approvalStatus": "New",
    "status": "Open",
    "currencyId": "NOK",
    "balance": "#gross#",
    "balanceInCurrency": "#gross#",
    "cashDiscount": "#none#",
    "cashDiscountInCurrency": "#none#",
    "paymentMethod": {"id": "1", "description": "Bank"},
    "supplierReference": "F-%(number)s",
    "description": "Faktura %(number)s: innkjøp av varer og tjenester",
    "createdDateTime": "%(stamp)s",
    "lastModifiedDateTime": "%(stamp)s",
    "note": None,
    "closedFinancialPeriod": None,
    "location": {"countryId": "NO", "id": "MAIN", "name": "Primary location"},
    "vatTotal": "#vat#",
    "vatTotalInCurrency": "#vat#",
    "branchNumber": {"number": "1", "name": "Hovedkontor"},
    "payDate": "%(day)sT00:00:00",
    "paymentMessage": None,
    "cashAccount": "1920",
    "timeStamp": None,
    "errorInfo": None,
}


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02d}"


def render(count: int) -> list[bytes]:
    """The JSON of that many invoices, each without its `metadata` and closing brace."""
    compact = json.dumps(_INVOICE, ensure_ascii=False, separators=(",", ":"))
    template = re.sub(r'"#(\w+)#"', r"%(\1)s", compact).removesuffix("}")
    records = []
    for number in range(1, count + 1):
        net = 1000 + number * 7919 % 9_000_000
        stamp = (_FIRST_STAMP + timedelta(seconds=311 * number)).isoformat(timespec="milliseconds")
        values = {
            "number": f"{number:06d}",
            "record": number,
            "supplier": 50_000 + number % 4000,
            "stamp": stamp,
            "day": stamp[:10],
            "net": _money(net),
            "vat": _money(net // 4),
            "gross": _money(net + net // 4),
            "line1": _money(net // 3),
            "line2": _money(net - net // 3),
            "quantity": "1.00",
            "none": "0.00",
        }
        records.append((template % values).encode())
    return records
