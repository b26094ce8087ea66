"""The subledgers: what each supplier and customer is owed or owes, by branch and period.

They are the control accounts told by party. Amounts are cents of the company's currency, positive
where an invoice is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable

    from visma_sandbox.parties import Party

Kind: TypeAlias = Literal["invoiced", "paid", "adjusted", "charged"]


@dataclass(slots=True, eq=False)
class Movement:
    """What moved on the account of a party at a branch in a period; `paid` and so on reduce it."""

    account: PartyAccount
    branch: int
    period: str
    created: int
    stamp: int
    invoiced: int = 0
    paid: int = 0
    adjusted: int = 0
    charged: int = 0

    @property
    def net(self) -> int:
        """How much more is owed after it."""
        return self.invoiced + self.charged - self.paid - self.adjusted

    @property
    def beginning(self) -> int:
        """What was owed before it."""
        return sum(
            each.net
            for each in self.account.movements
            if each.branch == self.branch and each.period < self.period
        )


@dataclass(slots=True, eq=False)
class PartyAccount:
    """The account of a supplier or a customer."""

    module: str
    party: Party
    created: int
    stamp: int
    movements: list[Movement] = field(default_factory=list)
    net_by_period: dict[str, int] = field(default_factory=dict)
    """What was invoiced before VAT; `gross_by_period` is with it."""
    gross_by_period: dict[str, int] = field(default_factory=dict)
    drafts_net: int = 0
    drafts_gross: int = 0

    @property
    def balance(self) -> int:
        """What is owed now."""
        return sum(each.net for each in self.movements)

    def invoiced(self, *, whole_year: bool) -> tuple[int, int]:
        """Give what was invoiced, net and gross, in its latest period or that period's year."""
        latest = max(self.net_by_period, default="")
        wanted = latest[:4] if whole_year else latest
        sums = (self.net_by_period, self.gross_by_period)
        net, gross = (sum(v for p, v in of.items() if p.startswith(wanted)) for of in sums)
        return net, gross


@dataclass
class Subledger:
    """The accounts of all parties; `mark` is told of what must be published again."""

    mark: Callable[[str, Movement | PartyAccount], None]
    accounts: dict[tuple[str, int], PartyAccount] = field(default_factory=dict)

    def account(self, module: str, party: Party, stamp: int) -> PartyAccount:
        """Give the account of a party, which changes now."""
        account = self.accounts.get((module, party.internal_id))
        if account is None:
            account = PartyAccount(module, party, stamp, stamp)
            self.accounts[module, party.internal_id] = account
        account.stamp = stamp
        self.mark(f"/v1/{_NAMES[module]}/balance", account)
        return account

    def move(
        self, account: PartyAccount, branch: int, period: str, kind: Kind, amount: int
    ) -> None:
        """Add an amount to the movements of a period, which later periods begin with."""
        path = f"/v2/{_NAMES[account.module]}/balance"
        of_branch = [each for each in account.movements if each.branch == branch]
        moved = next((each for each in of_branch if each.period == period), None)
        if moved is None:
            moved = Movement(account, branch, period, account.stamp, account.stamp)
            account.movements.append(moved)
        setattr(moved, kind, getattr(moved, kind) + amount)
        for each in (moved, *(each for each in of_branch if each.period > period)):
            each.stamp = account.stamp
            self.mark(path, each)


_NAMES = {"AP": "supplier", "AR": "customer"}
