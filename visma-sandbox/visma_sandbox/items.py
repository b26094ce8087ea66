"""Items: made-up lines of invoices, for either side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_sandbox.documents import PAYABLE, Item, Side

if TYPE_CHECKING:
    from collections.abc import Sequence

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party


def items_for(
    company: Company, side: Side, party: Party, texts: Sequence[str], count: int
) -> list[Item]:
    """Make up lines; now and then one is a discount below zero, and VAT codes differ."""
    rng = company.rng
    accounts = company.country.accounts_of("EXPENSE" if side is PAYABLE else "SALES")
    usual = next(each for each in accounts if each.number == party.account)
    is_domestic = party.currency == company.country.currency
    branch = rng.randrange(len(company.branches))
    items: list[Item] = []
    for n in range(count):
        unit = round(10 ** rng.uniform(5.0, 8.2 if is_domestic else 7.2))
        is_discount = n > 0 and rng.random() < 0.08  # noqa: PLR2004 - a share
        items.append(
            Item(
                account=usual if n == 0 else rng.choice(accounts),
                subaccount=rng.randrange(len(company.subaccounts)),
                branch=branch,
                text=rng.choice(texts),
                quantity=-100 if is_discount else rng.choice((100, 100, 200, 350, 1200, 25)),
                unit=items[0].unit // 50 if is_discount else unit,
                vat=rng.choice((0, 0, 0, 1)) if is_domestic else 2,
                note=company.note(),
            )
        )
    return items
