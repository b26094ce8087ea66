"""Reference data: what is there before any business, and currency rates by the month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from visma_sandbox.charts import CURRENCIES, NOK_VALUE
from visma_sandbox.ledger import ONE
from visma_sandbox.parties import DEPARTMENTS

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company

RATE_PATH: Final = "/v2/currencyrate"
CASH_CLASSES: Final = ("BANK", "CASH", "TAXBANK")


@dataclass(frozen=True, eq=False)
class Named:
    """Reference data that never changes: a number or id, and a name."""

    number: str
    name: str
    stamp: int

    @property
    def created(self) -> int:
        """When it was created."""
        return self.stamp


@dataclass(frozen=True, eq=False)
class CurrencyRate:
    """What a currency is worth in the company's, in millionths."""

    internal_id: int
    currency: str
    day: date
    rate: int
    stamp: int

    @property
    def created(self) -> int:
        """When it was created."""
        return self.stamp


_LISTS: Final = {
    "/v1/currency": CURRENCIES,
    "/v1/department": dict(DEPARTMENTS),
    "/v1/attribute": {"REGION": "Region", "KILDE": "Kilde til kontakt", "KOMMENTAR": "Kommentar"},
    "/v1/paymentmethod": {"1": "Bank", "2": "AvtaleGiro", "3": "Kontant"},
    "/v1/vatZone": {"01": "Innland", "02": "Utland", "03": "Utland, EU"},
    "/v1/warehouse": {"1": "Hovedlager", "2": "Butikk", "3": "Utstilling"},
}
"""What is the same in all countries, by number."""


def lay_out(company: Company) -> None:
    """Publish all reference data but the rates."""
    country = company.country
    lists = {
        **_LISTS,
        "/v1/organization": {"1": company.name},
        "/v1/vat": {vat.code: vat.name for vat in country.vats},
        "/v1/vatCategory": {vat.code: vat.name for vat in country.vats},
        "/v1/cashaccount": {
            each.number: each.name
            for each in country.accounts
            if each.account_class in CASH_CLASSES
        },
    }
    for path, names in lists.items():
        for number, name in names.items():
            company.mark(path, Named(number, name, company.event()))


def set_rates(company: Company, day: date) -> None:
    """Set the rates of all other currencies for a month."""
    own = company.country.currency
    for currency in CURRENCIES:
        if currency != own:
            moved = NOK_VALUE[currency] / NOK_VALUE[own] * company.rng.uniform(0.97, 1.03)
            rate = CurrencyRate(
                internal_id=int(company.number("rate", 101)),
                currency=currency,
                day=day,
                rate=round(moved * ONE),
                stamp=company.event(),
            )
            company.mark(RATE_PATH, rate)
