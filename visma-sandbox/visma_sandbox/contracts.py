"""Contracts: what customers pay for again and again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

PATH: Final = "/v1/customerContract"
_EVERY: Final = 2
_MOST: Final = 200


@dataclass(slots=True, eq=False)
class Contract:
    """A contract of a customer; the price in cents for each month."""

    number: str
    party: Party
    start: date
    price: int
    created: int
    stamp: int
    status: str = "Active"


def sign_contracts(company: Company, day: date) -> None:
    """Sign contracts with every second customer."""
    for party in company.customers[: _MOST * _EVERY : _EVERY]:
        at = company.event()
        number = f"K{int(company.number('contract', 1)):06d}"
        price = company.rng.randint(99_00, 25_000_00)
        contract = Contract(number, party, day, price, at, at)
        company.holdings.contracts.append(contract)
        company.mark(PATH, contract)


def renew_contract(company: Company) -> None:
    """Raise the price of a contract."""
    contract = company.rng.choice(company.holdings.contracts)
    contract.price += company.rng.randint(1_00, 99_00)
    contract.stamp = company.event()
    company.mark(PATH, contract)
