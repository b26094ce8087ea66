"""Records of fixed assets, of their transactions, and of movements of cash."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.document_records import nested_subaccount
from visma_sandbox.document_shapes import (
    CASH_TRANSACTION,
    CASH_TRANSACTION_FINANCIALS,
    CASH_TRANSACTION_LINE,
    CASH_TRANSACTION_TAX,
)
from visma_sandbox.fragments import fine, money, percent
from visma_sandbox.project_records import nested_project
from visma_sandbox.project_shapes import (
    ASSET_ACCOUNTS,
    ASSET_BOOK,
    ASSET_DETAILS,
    ASSET_TRANSACTION,
    FIXED_ASSET,
)

if TYPE_CHECKING:
    from visma_sandbox.assets import Asset, AssetTransaction
    from visma_sandbox.cash import CashTransaction
    from visma_sandbox.company import Company

_ZERO: Final = money(0)
_ONE_PIECE: Final = money(1_00)


def _accounts(company: Company, of: Asset) -> dict[str, object]:
    roles = {
        "accountID": "FIXED",
        "accrualAccountID": "BANK",
        "accumulatedDepreciationAccountID": "ACCDEP",
        "depreciatedExpenseAccountID": "DEPR",
        "lossAccountID": "DEPR",
    }
    numbers = {name: company.country.account(role).number for name, role in roles.items()}
    subaccount = company.subaccounts[of.subaccount].number
    subs = {name.replace("AccountID", "SubAccountID"): subaccount for name in numbers}
    return ASSET_ACCOUNTS | numbers | subs | {"subAccountID": subaccount}


def asset(company: Company, of: Asset) -> dict[str, object]:
    """Render an asset of `/v1/fixedAsset`."""
    bought, cost, years = stamps.day_text(of.day), money(of.cost), money(of.years * 100)
    known = _accounts(company, of)
    subaccount = company.subaccounts[of.subaccount]
    return FIXED_ASSET | {
        "assetID": of.number,
        "recordType": "A",
        "description": of.text,
        "classID": of.group,
        "isTangible": True,
        "quantity": _ONE_PIECE,
        "depreciable": True,
        "usefulLife": years,
        "accounts": {name: known[name] for name in ASSET_ACCOUNTS},
        "details": ASSET_DETAILS
        | {
            "propertyType": "Property",
            "status": of.status,
            "receiptDate": bought,
            "depreciateFromDate": bought,
            "acquisitionCost": cost,
            "salvageAmount": _ZERO,
            "disposalDate": stamps.day_text(of.disposed) if of.disposed else None,
            "disposalPeriodID": f"{of.disposed:%Y%m}" if of.disposed else None,
            "saleAmount": _ZERO,
            "serialNumber": f"SN-{of.number}",
        },
        "bookBalance": ASSET_BOOK
        | {
            "acquisitionCost": cost,
            "depreciationMethodID": "LINEAR",
            "depreciationFromDate": bought,
            "depreciationFromPeriod": f"{of.day:%Y%m}",
            "depreciationToPeriod": f"{of.day.year + of.years}{of.day.month:02d}",
            "lastDepreciationPeriod": of.last_period or None,
            "salvageAmount": _ZERO,
            "usefulLife": years,
            "book": {"bookID": "HOVED", "description": "Hovedbok"},
        },
        "location": {
            "departmentID": subaccount.department[0],
            "branchID": company.branches[of.branch].number,
        },
        "type": {"assetTypeID": of.group, "description": of.group.capitalize()},
    }


def asset_transaction(company: Company, of: AssetTransaction) -> dict[str, object]:
    """Render a transaction of `/v1/fixedAssetTransaction`."""
    subaccount = company.subaccounts[of.asset.subaccount].number
    return ASSET_TRANSACTION | {
        "refNo": of.number,
        "lineNo": of.line,
        "branchID": company.branches[of.asset.branch].number,
        "origin": of.origin,
        "assetID": of.asset.number,
        "transactionDescription": f"{of.origin} {of.asset.number}",
        "bookID": "HOVED",
        "transactionType": of.kind,
        "accounts": {
            "debitAccountID": of.debit.number,
            "debitSubAccountID": subaccount,
            "creditAccountID": of.credit.number,
            "creditSubAccountID": subaccount,
        },
        "transactionAmount": money(of.amount),
        "batchNo": of.batch,
        "transactionPeriodID": f"{of.day:%Y%m}",
        "transactionDate": stamps.day_text(of.day),
        "register": {
            "documentDate": stamps.day_text(of.day),
            "status": "Posted",
            "hold": False,
        },
    }


def cash_transaction(company: Company, of: CashTransaction) -> dict[str, object]:
    """Render a movement of `/v1/cashTransaction`; amounts are without a sign."""
    total, period = money(abs(of.total)), f"{of.day:%Y%m}"
    vat = company.country.vats[2]
    code = {"number": vat.code, "description": vat.name}
    is_receipt = of.total >= 0
    return CASH_TRANSACTION | {
        "tranType": of.kind,
        "referenceNbr": of.number,
        "status": of.status,
        "tranDate": stamps.day_text(of.day),
        "finPeriod": period[4:] + period[:4],
        "financialPeriod": period,
        "cashAccount": fragments.account(of.cash),
        "currency": company.country.currency,
        "entryType": {"id": "RENTE" if is_receipt else "GEBYR", "description": of.lines[0][0]},
        "disbReceipt": "Receipt" if is_receipt else "Disbursement",
        "documentRef": of.number,
        "owner": fragments.owner(company),
        "description": of.lines[0][0],
        "amount": total,
        "vatTaxableTotal": _ZERO,
        "vatExemptTotal": total,
        "taxTotal": _ZERO,
        "controlTotal": total,
        "taxAmount": _ZERO,
        "transactionDetails": [
            CASH_TRANSACTION_LINE
            | {
                "lineNumber": n,
                "branch": fragments.branch(company, 0),
                "description": text,
                "quantity": _ONE_PIECE,
                "price": fine(abs(amount) * 100),
                "amount": money(abs(amount)),
                "offsetAccount": fragments.account(of.offset),
                "offsetSubAccount": nested_subaccount(company, 0),
                "taxCategory": code,
                "project": nested_project(None),
            }
            for n, (text, amount) in enumerate(of.lines, start=1)
        ],
        "taxDetails": [
            CASH_TRANSACTION_TAX
            | {
                "tax": code,
                "taxRate": percent(vat.rate),
                "taxableAmount": total,
                "taxAmount": _ZERO,
                "taxType": "Vat",
            }
        ],
        "financialsDetail": CASH_TRANSACTION_FINANCIALS
        | {
            "batchNumber": of.batch or None,
            "branch": fragments.branch(company, 0),
            "cleared": of.status == "Released",
            "taxCalcMode": "TaxSetting",
        },
    }
