"""Records of journal batches and of general ledger balances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from visma_sandbox import fragments, stamps
from visma_sandbox.document_records import nested_subaccount
from visma_sandbox.fragments import money
from visma_sandbox.ledger_shapes import LEDGER_TRANSACTION, LEDGER_TRANSACTION_ACCOUNT
from visma_sandbox.shapes import BALANCE, BALANCE_ACCOUNT, JOURNAL, JOURNAL_LINE
from visma_sandbox.table import ENCODER, PARAMETERS

if TYPE_CHECKING:
    from decimal import Decimal

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.ledger import Balance, Batch, Posting

_ZERO = money(0)
_LEDGER: Final = {"id": "1", "description": "Hovedbok"}
_ACTUAL: Final = {"ledger": "1"}
_NO_CODE: Final = {"number": None, "description": None}


def _sides(name: str, posting: Posting) -> dict[str, Decimal]:
    """Give an amount as debit and credit; `name` is the beginning, `debit` or `credit`."""
    sign = 1 if name == "debit" else -1
    return {
        f"{name}Amount": money(max(0, sign * posting.amount)),
        f"{name}AmountInCurrency": money(max(0, sign * posting.in_currency)),
    }


def _line(company: Company, batch: Batch, number: int, posting: Posting) -> dict[str, object]:
    names = {vat.code: vat.name for vat in company.country.vats}
    vat = {"id": posting.vat_code or None, "description": names.get(posting.vat_code)}
    return (
        JOURNAL_LINE
        | _sides("debit", posting)
        | _sides("credit", posting)
        | {
            "lineNumber": number,
            "accountNumber": posting.account.number,
            "description": posting.account.name,
            "subaccount": nested_subaccount(company, posting.subaccount),
            "referenceNumber": posting.reference or None,
            "transactionDescription": posting.text,
            "vatCode": vat,
            "vat": vat,
            "branch": company.branches[posting.branch].number,
            "customerSupplier": posting.party or None,
            "transactionType": batch.kind,
            "module": f"Module{batch.module}",
            "quantity": _ZERO,
            "note": posting.note,
        }
    )


def journal(company: Company, batch: Batch) -> dict[str, object]:
    """Render a batch of `/v2/journaltransaction`."""
    debit = money(sum(max(0, line.amount) for line in batch.lines))
    debit_in_currency = money(sum(max(0, line.in_currency) for line in batch.lines))
    totals = {
        f"{name}Total{suffix}": amount
        for name in ("debit", "credit", "control")
        for suffix, amount in (("", debit), ("InCurrency", debit_in_currency))
    }
    return (
        JOURNAL
        | totals
        | {
            "module": f"Module{batch.module}",
            "batchNumber": batch.number,
            "status": batch.status,
            "transactionDate": stamps.day_text(batch.day),
            "postPeriod": batch.period[4:] + batch.period[:4],
            "financialPeriod": batch.period,
            "ledger": "1",
            "ledgerDescription": "Hovedbok",
            "currencyId": batch.currency,
            "exchangeRate": fragments.rate(batch.rate),
            "description": batch.text,
            "branch": company.branches[batch.lines[0].branch].number,
            "journalTransactionLines": [
                _line(company, batch, n, posting) for n, posting in enumerate(batch.lines, start=1)
            ],
        }
    )


def transactions(company: Company, batch: Batch) -> list[dict[str, object]]:
    """Render the lines of a posted batch as rows of `/v1/GeneralLedgerTransactions`."""
    head = LEDGER_TRANSACTION | {
        "module": f"Module{batch.module}",
        "batchNumber": batch.number,
        "tranDate": stamps.day_text(batch.day),
        "period": batch.period,
        "ledger": _LEDGER,
        "currency": batch.currency,
        PARAMETERS: _ACTUAL,
    }
    return [
        head
        | {
            "lineNumber": number,
            "description": posting.text,
            "refNumber": posting.reference or None,
            "branch": fragments.branch(company, posting.branch),
            "account": _row_account(company, posting.account),
            "subaccount": company.subaccounts[posting.subaccount].number,
            "debitAmount": money(max(0, posting.amount)),
            "creditAmount": money(max(0, -posting.amount)),
            "currDebitAmount": money(max(0, posting.in_currency)),
            "currCreditAmount": money(max(0, -posting.in_currency)),
        }
        for number, posting in enumerate(batch.lines, start=1)
    ]


def _row_account(company: Company, of: Account) -> msgspec.Raw:
    """Give an account as ledger rows contain it, rendered once for each company."""
    kept = company.rendered.get(("row account", of.number))
    if kept is None:
        codes = {"externalCode1Info": _NO_CODE, "externalCode2Info": _NO_CODE}
        record = LEDGER_TRANSACTION_ACCOUNT | codes | fragments.account(of)
        kept = company.rendered["row account", of.number] = msgspec.Raw(ENCODER.encode(record))
    return kept


def balance(company: Company, of: Balance) -> dict[str, object]:
    """Render a balance of `/v2/generalLedgerBalance`.

    A balance has the sign that is usual for its type: debit is positive on assets and expenses,
    credit is positive on liabilities and income.
    """
    sign = 1 if of.account.type in {"Asset", "Expense"} else -1
    beginning = company.ledger.beginning(of)
    debit, credit = money(of.debit), money(of.credit)
    begins = money(sign * beginning)
    ends = money(sign * (beginning + of.debit - of.credit))
    subaccount = company.subaccounts[of.subaccount]
    return BALANCE | {
        "branch": fragments.branch(company, of.branch),
        "ledger": _LEDGER,
        "balanceType": "Actual",
        "financialPeriod": of.period,
        "account": BALANCE_ACCOUNT
        | {"externalCode1Info": _NO_CODE, "externalCode2Info": _NO_CODE}
        | fragments.account(of.account),
        "subaccountId": str(subaccount.internal_id),
        "subAccountCd": subaccount.number,
        "currencyId": company.country.currency,
        "periodToDateDebit": debit,
        "periodToDateCredit": credit,
        "beginningBalance": begins,
        "yearToDateBalance": ends,
        "periodToDateDebitInCurrency": debit,
        "periodToDateCreditInCurrency": credit,
        "beginningBalanceInCurrency": begins,
        "yearToDateBalanceInCurrency": ends,
    }
