"""A made-up ledger of companies, as a tap would write it, and rules that route it."""

from __future__ import annotations

import random
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from loader_runs import AMOUNT, AUDITED, KEY, TEXT_OR_NULL, audited, schema, state

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

STREAM = "journal_transaction_lines"
LEDGER = schema(
    STREAM,
    AUDITED
    | {
        "batchNumber": {"type": "string"},
        "accountNumber": TEXT_OR_NULL,
        "debitAmount": AMOUNT,
        "creditAmount": AMOUNT,
    },
    KEY,
    **{
        "x-document": {
            "stream": "journal_transactions",
            "key": ["company_id", "batchNumber"],
            "version": "lastModifiedDateTime",
        }
    },
)
RULES: dict[str, Any] = {
    "stream": STREAM,
    "account": "accountNumber",
    "columns": ["area"],
    "rules": [
        {"accounts": ["1000-1919", "1920", "193*"], "table": "gl_assets", "set": {"area": "1"}},
        {"accounts": ["2000-2999"], "table": "gl_debts", "set": {"area": "2"}},
        {"accounts": ["3000-3999"], "table": "gl_result", "set": {"area": "3"}},
        {"accounts": ["4*", "5*", "6*", "7*"], "table": "gl_result", "set": {"area": "4"}},
    ],
    "unmatched": {"table": "gl_other"},
}
TABLES = ("gl_assets", "gl_debts", "gl_result", "gl_other")
TABLE_OF = {"1": "gl_assets", "2": "gl_debts", "3": "gl_result", "4": "gl_result", "8": "gl_other"}


def line(
    number: int,
    account: str | None,
    stamp: str = "10:00",
    *,
    read: int = 1,
    document: int | None = None,
) -> dict[str, Any]:
    """A line of the ledger; its document has no other if none is given."""
    return audited(
        STREAM,
        str(number),
        stamp,
        read,
        batchNumber=str(document or number),
        accountNumber=account,
        debitAmount=number,
        creditAmount=0,
    )


def ledger(company: str, lines: int, seed: int) -> Iterator[dict[str, Any] | str]:
    """What a tap writes of one company: its lines, and a STATE at the end."""
    dice = random.Random(seed)
    yield LEDGER
    for number in range(lines):
        account = f"{dice.choice('12348')}{dice.randrange(100, 200)}"
        debit = Decimal(dice.randrange(1, 10**9)) / 100 * (number % 2)
        credit = Decimal(dice.randrange(1, 10**9)) / 100 * ((number + 1) % 2)
        yield (
            f'{{"type":"RECORD","stream":"{STREAM}","version":1,"record":{{"company_id":"{company}"'
            f',"record_id":"{company}:{number}","batchNumber":"{number // 10}"'
            f',"accountNumber":"{account}","debitAmount":{debit},"creditAmount":{credit}'
            ',"lastModifiedDateTime":"2026-03-01T10:00:00.000000","_batch_id":"b"'
            f',"_audit_id":"b/1/{number}","_extracted_at":"2026-03-02T00:01:00+00:00"}}}}'
        )
    yield state({"company": company})


def sums(rows: Iterable[dict[str, Any]]) -> dict[tuple[str, str], tuple[int, Decimal, Decimal]]:
    """Lines, debit and credit of each company and first digit of the account."""
    found: dict[tuple[str, str], tuple[int, Decimal, Decimal]] = {}
    for row in rows:
        key = row["company_id"], row["accountNumber"][0]
        count, debit, credit = found.get(key, (0, Decimal(0), Decimal(0)))
        debit += Decimal(row["debitAmount"])
        found[key] = count + 1, debit, credit + Decimal(row["creditAmount"])
    return found
