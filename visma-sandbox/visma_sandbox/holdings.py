"""Holdings: what a company has besides parties and books: goods, projects, assets, contracts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from visma_sandbox.assets import Asset
    from visma_sandbox.cash import CashTransaction
    from visma_sandbox.claims import Claim
    from visma_sandbox.contracts import Contract
    from visma_sandbox.payments import Payment
    from visma_sandbox.projects import Project
    from visma_sandbox.stock import Shipment, StockItem
    from visma_sandbox.timecards import TimeCard


@dataclass
class Holdings:
    """Each list is in the order in which things came; what is finished leaves the waiting ones."""

    goods: list[StockItem] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    assets: list[Asset] = field(default_factory=list)
    contracts: list[Contract] = field(default_factory=list)
    overpaid: list[Payment] = field(default_factory=list)
    """Payments of customers of which something is left."""
    unshipped: list[Shipment] = field(default_factory=list)
    unreleased_cash: list[CashTransaction] = field(default_factory=list)
    open_claims: list[Claim] = field(default_factory=list)
    open_cards: list[TimeCard] = field(default_factory=list)
