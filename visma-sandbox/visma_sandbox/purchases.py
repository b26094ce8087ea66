"""Purchases: an order, its receipts into stock, and the invoice for what was received."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox.documents import PAYABLE, Item, divided, write_document
from visma_sandbox.ledger import ONE, Batch, Posting

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

ORDER_PATH: Final = "/v1/purchaseorder"
RECEIPT_PATH: Final = "/v2/PurchaseReceipt"
WAREHOUSE: Final = ("1", "Hovedlager")
GOODS: Final = ("Skruer M8", "Kabel 3G1,5", 'Skjerm 27"', "Pall, EUR", "Maling, hvit", "Kjølevæske")


@dataclass(slots=True)
class OrderLine:
    """Goods ordered: quantities in hundredths, unit cost in ten-thousandths."""

    number: int
    inventory: str
    text: str
    quantity: int
    unit: int
    subaccount: int
    received: int = 0

    def cost(self, quantity: int) -> int:
        """Give the cost of a quantity in cents."""
        return divided(quantity * self.unit, 10_000)


@dataclass(slots=True, eq=False)
class Order:
    """A purchase order in the company's currency."""

    number: str
    party: Party
    branch: int
    day: date
    promised: date
    lines: list[OrderLine]
    created: int
    stamp: int
    status: str = "Open"
    note: str | None = None
    receipts: list[Receipt] = field(default_factory=list)


@dataclass(slots=True, eq=False)
class Receipt:
    """Goods received: which quantity of which line of the order."""

    number: str
    order: Order
    day: date
    lines: list[tuple[OrderLine, int]]
    created: int
    stamp: int
    batch: str = ""
    billed: bool = False


def _plan(company: Company, day: date, what: str, order: Order) -> None:
    entry = (day.toordinal(), int(company.number("plan", 1)), what, order)
    heapq.heappush(company.agenda, entry)


def place_order(company: Company, day: date) -> Order:
    """Order goods from a domestic supplier, to be received within some days."""
    rng = company.rng
    domestic = [each for each in company.suppliers if each.currency == company.country.currency]
    at = company.event()
    lines = []
    for n in range(rng.choice((1, 2, 2, 3))):
        which = rng.randrange(len(GOODS))
        lines.append(
            OrderLine(
                number=n + 1,
                inventory=f"ART-{which + 1:04d}",
                text=GOODS[which],
                quantity=rng.choice((100, 400, 1000, 2550)),
                unit=rng.randint(10_000, 30_000_000),
                subaccount=rng.randrange(len(company.subaccounts)),
            )
        )
    promised = day + timedelta(days=rng.randint(3, 15))
    order = Order(
        number=company.number("order", 800_001),
        party=rng.choice(domestic),
        branch=rng.randrange(len(company.branches)),
        day=day,
        promised=promised,
        lines=lines,
        created=at,
        stamp=at,
        note=company.note(),
    )
    company.mark(ORDER_PATH, order)
    _plan(company, promised, "receive", order)
    return order


def do_what_is_planned(company: Company, day: date) -> None:
    """Receive and bill what the agenda says for this day and before."""
    while company.agenda and company.agenda[0][0] <= day.toordinal():
        _, _, what, order = heapq.heappop(company.agenda)
        if what == "receive":
            _receive(company, order, day)
        else:
            _bill(company, order, day)


def _receive(company: Company, order: Order, day: date) -> None:
    """Receive all that is open, or at first half of it."""
    at = company.event()
    is_half = not order.receipts and company.rng.random() < 0.25  # noqa: PLR2004 - a share
    lines = []
    for line in order.lines:
        quantity = (line.quantity - line.received) // (2 if is_half else 1)
        line.received += quantity
        lines.append((line, quantity))
    receipt = Receipt(company.number("receipt", 1), order, day, lines, at, at)
    receipt.number = f"{int(receipt.number):06d}"
    order.receipts.append(receipt)
    order.stamp = at
    country = company.country
    postings = []
    for line, quantity in lines:
        cost = line.cost(quantity)
        for account, amount in (
            (country.account("INVENTORY"), cost),
            (country.account("TRANSIT"), -cost),
        ):
            postings.append(
                Posting(
                    account=account,
                    subaccount=line.subaccount,
                    branch=order.branch,
                    in_currency=amount,
                    amount=amount,
                    text=line.text,
                    reference=receipt.number,
                    party=order.party.number,
                )
            )
    batch = Batch(
        module="PO",
        number="",
        day=day,
        period=f"{day:%Y%m}",
        currency=country.currency,
        rate=ONE,
        text=f"Receipt {receipt.number}",
        kind="Receipt",
        lines=postings,
        status="Posted",
        stamp=at,
        created=at,
    )
    receipt.batch = company.ledger.enter(batch).number
    company.mark(RECEIPT_PATH, receipt)
    company.mark(ORDER_PATH, order)
    _plan(company, day + timedelta(days=company.rng.randint(1, 8)), "bill", order)
    if is_half:
        _plan(company, day + timedelta(days=company.rng.randint(2, 10)), "receive", order)


def _bill(company: Company, order: Order, day: date) -> None:
    """Write the supplier's invoice for the oldest receipt that has none."""
    receipt = next(each for each in order.receipts if not each.billed)
    receipt.billed = True
    transit = company.country.account("TRANSIT")
    items = [
        Item(
            account=transit,
            subaccount=line.subaccount,
            branch=order.branch,
            text=line.text,
            quantity=quantity,
            unit=line.unit,
            vat=0,
            order=order.number,
            order_line=line.number,
            receipt=receipt.number,
            inventory=line.inventory,
        )
        for line, quantity in receipt.lines
    ]
    document = write_document(company, PAYABLE, order.party, day, items)
    order.stamp = receipt.stamp = document.stamp
    if all(line.received == line.quantity for line in order.lines) and all(
        each.billed for each in order.receipts
    ):
        order.status = "Closed"
    company.mark(ORDER_PATH, order)
    company.mark(RECEIPT_PATH, receipt)
