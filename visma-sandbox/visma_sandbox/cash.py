"""Cash: what moves on bank accounts without a customer or supplier: interest and transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from visma_sandbox.entries import enter_batch, plain_line

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company

PATH: Final = "/v1/cashTransaction"
_TRANSFER_SHARE: Final = 0.3


@dataclass(slots=True, eq=False)
class CashTransaction:
    """A movement on a cash account: positive amounts are received.

    A transfer is two of them with one number, `TransferOut` and `TransferIn`.
    """

    kind: str
    number: str
    day: date
    cash: Account
    offset: Account
    lines: list[tuple[str, int]]
    """Text and amount, in cents."""
    created: int
    stamp: int
    status: str = "Balanced"
    batch: str = ""

    @property
    def total(self) -> int:
        """What is received, or paid where it is negative."""
        return sum(amount for _, amount in self.lines)


def move_cash(company: Company, day: date) -> None:
    """Write a movement of cash; it is released when the next one is written."""
    waiting = company.holdings.unreleased_cash
    while waiting:
        _release(company, waiting.pop(0))
    if company.rng.random() < _TRANSFER_SHARE:
        _transfer(company, day)
    else:
        _adjust(company, day)


def _adjust(company: Company, day: date) -> None:
    rng, country = company.rng, company.country
    is_receipt = rng.random() < 0.5  # noqa: PLR2004 - a share
    texts = ("Renteinntekt", "Bonus bank") if is_receipt else ("Bankgebyr", "Kortgebyr")
    sign = 1 if is_receipt else -1
    lines = [(text, sign * rng.randint(10, 2_500_00)) for text in texts[: rng.choice((1, 2))]]
    at = company.event()
    made = CashTransaction(
        kind="Adjustment",
        number=company.number("cash", 500_001),
        day=day,
        cash=country.account("BANK"),
        offset=country.account("OTHERINC" if is_receipt else "FEE"),
        lines=lines,
        created=at,
        stamp=at,
    )
    company.holdings.unreleased_cash.append(made)
    company.mark(PATH, made)


def _transfer(company: Company, day: date) -> None:
    """Transfer money for taxes from the bank to its own account, and post it at once."""
    country, at = company.country, company.event()
    number = company.number("cash", 500_001)
    cents = company.rng.randint(1_000_00, 90_000_00)
    bank, taxes = country.account("BANK"), country.account("TAXBANK")
    text = "Overføring skattetrekk"
    batch = enter_batch(
        company,
        "CA",
        day,
        text,
        [
            plain_line(bank, -cents, text, reference=number),
            plain_line(taxes, cents, text, reference=number),
        ],
        kind="TransferOut",
        at=at,
    )
    for kind, cash, offset, amount in (
        ("TransferOut", bank, taxes, -cents),
        ("TransferIn", taxes, bank, cents),
    ):
        made = CashTransaction(
            kind, number, day, cash, offset, [(text, amount)], at, at, "Released", batch.number
        )
        company.mark(PATH, made)


def _release(company: Company, made: CashTransaction) -> None:
    lines = [plain_line(made.cash, made.total, made.lines[0][0], reference=made.number)]
    lines += [
        plain_line(made.offset, -amount, text, reference=made.number) for text, amount in made.lines
    ]
    made.status, made.stamp = "Released", company.event()
    made.batch = enter_batch(
        company, "CA", made.day, made.lines[0][0], lines, kind=made.kind, at=made.stamp
    ).number
    company.mark(PATH, made)
