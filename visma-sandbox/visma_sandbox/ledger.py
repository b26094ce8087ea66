"""The general ledger: batches that balance, and the balances that are the sums of their lines.

Amounts are whole cents, debit positive and credit negative, in the document's currency and in the
company's. A rate is in millionths of company currency per unit.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from visma_sandbox.charts import Account

ONE: int = 1_000_000
"""The rate of the company's own currency."""


class Posting(NamedTuple):
    """A line of a batch."""

    account: Account
    subaccount: int
    branch: int
    in_currency: int
    amount: int
    text: str
    reference: str = ""
    party: str = ""
    vat_code: str = ""
    note: str | None = None


@dataclass(slots=True, eq=False)
class Batch:
    """A journal batch; `module` is GL, AP, AR, CA, PO as its number series are."""

    module: str
    number: str
    day: date
    period: str
    currency: str
    rate: int
    text: str
    kind: str
    lines: list[Posting]
    status: str
    stamp: int
    created: int


@dataclass(slots=True, eq=False)
class Balance:
    """What was posted to an account, subaccount and branch in a period."""

    branch: int
    account: Account
    subaccount: int
    period: str
    stamp: int
    created: int
    debit: int = 0
    credit: int = 0


@dataclass
class Ledger:
    """Batch numbers and balances of a company; `changed` is told of each row that changes."""

    changed: Callable[[Batch | Balance], None]
    balances: dict[tuple[int, str, int], dict[str, Balance]] = field(
        default_factory=lambda: defaultdict(dict)
    )
    _numbers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def enter(self, batch: Batch) -> Batch:
        """Number a batch within its module and, if its status is Posted, post it.

        Raises:
            ValueError: Debit and credit differ.
        """
        if sum(line.amount for line in batch.lines):
            raise ValueError(f"the batch {batch.text!r} does not balance")
        self._numbers[batch.module] += 1
        batch.number = f"{self._numbers[batch.module]:06d}"
        if batch.status == "Posted":
            self.post(batch)
        else:
            self.changed(batch)
        return batch

    def post(self, batch: Batch) -> None:
        """Add the lines of a batch to the balances of its period, at the stamp of the batch."""
        self.changed(batch)
        for line in batch.lines:
            self._post(line, batch.period, batch.stamp)

    def _post(self, line: Posting, period: str, stamp: int) -> None:
        of_account = self.balances[line.branch, line.account.number, line.subaccount]
        balance = of_account.get(period)
        if balance is None:
            balance = of_account[period] = Balance(
                line.branch, line.account, line.subaccount, period, stamp, stamp
            )
        if line.amount >= 0:
            balance.debit += line.amount
        else:
            balance.credit -= line.amount
        for each in of_account.values():
            if each is balance or (each.period > period and begins_with(balance, each)):
                each.stamp = stamp
                self.changed(each)

    def beginning(self, balance: Balance) -> int:
        """Give what a balance begins with, debit positive; income and expense begin a year at 0."""
        of_account = self.balances[balance.branch, balance.account.number, balance.subaccount]
        return sum(
            each.debit - each.credit
            for each in of_account.values()
            if each.period < balance.period and begins_with(each, balance)
        )


def begins_with(earlier: Balance, later: Balance) -> bool:
    """Say whether a later period of the account carries an earlier one forward."""
    lasting = earlier.account.type in {"Asset", "Liability"}
    return lasting or earlier.period[:4] == later.period[:4]
