"""Stock: the goods and services of a company, and their shipments to customers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from visma_sandbox.documents import divided
from visma_sandbox.entries import enter_batch, plain_line
from visma_sandbox.purchases import GOODS

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

ITEM_PATH: Final = "/v1/inventory"
SHIPMENT_PATH: Final = "/v1/shipment"
LABOUR: Final = "TIME-01"
_SERVICES: Final = (
    ("TIME-01", "Konsulenttime", "LaborItem"),
    ("TIME-02", "Konsulenttime, overtid", "LaborItem"),
    ("TJE-0001", "Serviceavtale", "ServiceItem"),
    ("TJE-0002", "Opplæring", "ServiceItem"),
    ("TJE-0003", "Montering", "ServiceItem"),
    ("UTL-0001", "Reise, egen bil", "ExpenseItem"),
    ("UTL-0002", "Hotell", "ExpenseItem"),
    ("UTL-0003", "Måltid", "ExpenseItem"),
)


@dataclass(slots=True, eq=False)
class StockItem:
    """Something that is bought or sold; price and cost in ten-thousandths of a unit of money."""

    internal_id: int
    number: str
    text: str
    kind: str
    price: int
    cost: int
    created: int
    stamp: int
    status: str = "Active"

    @property
    def is_stock(self) -> bool:
        """Whether it lies in a warehouse."""
        return self.kind == "FinishedGoodItem"


@dataclass(slots=True, eq=False)
class Shipment:
    """Goods on their way to a customer: which item and how many hundredths of it."""

    number: str
    party: Party
    branch: int
    day: date
    lines: list[tuple[StockItem, int]]
    created: int
    stamp: int
    status: str = "Open"
    order: str = ""
    note: str | None = None


def stock_up(company: Company) -> None:
    """Begin with all goods and services."""
    kinds = [(f"ART-{n:04d}", text, "FinishedGoodItem") for n, text in enumerate(GOODS, start=1)]
    for n, (number, text, kind) in enumerate((*kinds, *_SERVICES)):
        at = company.event()
        cost = company.rng.randint(10_0000, 900_0000)
        item = StockItem(3_000 + n, number, text, kind, cost * 3 // 2, cost, at, at)
        company.holdings.goods.append(item)
        company.mark(ITEM_PATH, item)


def reprice(company: Company) -> None:
    """Change the price of an item."""
    item = company.rng.choice(company.holdings.goods)
    item.price += company.rng.randint(1, 9_9999)
    item.stamp = company.event()
    company.mark(ITEM_PATH, item)


def ship(company: Company, day: date, party: Party) -> None:
    """Pack goods for a customer; they leave when the next ones are packed."""
    rng, waiting = company.rng, company.holdings.unshipped
    if waiting:
        _confirm(company, waiting.pop(0), day)
    goods = [each for each in company.holdings.goods if each.is_stock]
    chosen = rng.sample(goods, rng.choice((1, 2, 3)))
    at = company.event()
    shipment = Shipment(
        number=f"{int(company.number('shipment', 1)):06d}",
        party=party,
        branch=rng.randrange(len(company.branches)),
        day=day,
        lines=[(each, rng.choice((100, 200, 550, 1000))) for each in chosen],
        created=at,
        stamp=at,
        order=company.number("sales order", 900_001),
        note=company.note(),
    )
    waiting.append(shipment)
    company.mark(SHIPMENT_PATH, shipment)


def _confirm(company: Company, shipment: Shipment, day: date) -> None:
    """Let goods leave: what they cost goes from stock to cost of goods sold."""
    country, lines = company.country, []
    for item, quantity in shipment.lines:
        cents = divided(quantity * item.cost, 10_000)
        for role, amount in (("COGS", cents), ("INVENTORY", -cents)):
            lines.append(
                plain_line(
                    country.account(role),
                    amount,
                    item.text,
                    branch=shipment.branch,
                    reference=shipment.number,
                    party=shipment.party.number,
                )
            )
    shipment.status, shipment.stamp = "Confirmed", company.event()
    text = f"Shipment {shipment.number}"
    enter_batch(company, "IN", day, text, lines, kind="Issue", at=shipment.stamp)
    company.mark(SHIPMENT_PATH, shipment)
