"""Fixed assets: bought, depreciated month by month in a straight line, seldom scrapped."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from visma_sandbox.entries import enter_batch, plain_line

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company

ASSET_PATH: Final = "/v1/fixedAsset"
PATH: Final = "/v1/fixedAssetTransaction"
_KINDS: Final = (
    ("MASKIN", "Dreiebenk", 5),
    ("KONTOR", "Møbler, møterom", 5),
    ("IT", "Tjener", 3),
    ("IT", "Bærbar PC", 3),
    ("BIL", "Varebil", 6),
)
_MONTHS: Final = 12
_SCRAP_SHARE: Final = 0.03


@dataclass(slots=True, eq=False)
class Asset:
    """A thing that lasts; cost and depreciation in cents."""

    number: str
    group: str
    text: str
    years: int
    day: date
    cost: int
    branch: int
    subaccount: int
    created: int
    stamp: int
    status: str = "Active"
    depreciated: int = 0
    last_period: str = ""
    disposed: date | None = None

    @property
    def monthly(self) -> int:
        """What a month takes of it, but for the last one."""
        return min(self.cost // (self.years * _MONTHS), self.cost - self.depreciated)


@dataclass(slots=True, eq=False)
class AssetTransaction:
    """A line of a register: an amount from one account to another, for one asset."""

    number: str
    line: int
    asset: Asset
    day: date
    origin: str
    kind: str
    debit: Account
    credit: Account
    amount: int
    created: int
    stamp: int
    batch: str = field(default="")


def buy_asset(company: Company, day: date) -> None:
    """Buy an asset, paid from the bank."""
    rng = company.rng
    group, text, years = rng.choice(_KINDS)
    at = company.event()
    asset = Asset(
        number=f"FA{int(company.number('asset', 1)):05d}",
        group=group,
        text=text,
        years=years,
        day=day,
        cost=rng.randint(12_000_00, 600_000_00),
        branch=rng.randrange(len(company.branches)),
        subaccount=rng.randrange(len(company.subaccounts)),
        created=at,
        stamp=at,
    )
    company.holdings.assets.append(asset)
    company.mark(ASSET_PATH, asset)
    bought = (asset, "PurchasingPlus", "FIXED", "BANK", asset.cost)
    _register(company, day, "Purchasing", at, [bought])


def depreciate(company: Company, day: date) -> None:
    """Depreciate all assets for a month, in one register."""
    at = company.event()
    taken = []
    for asset in company.holdings.assets:
        amount = asset.monthly
        if asset.status != "Active" or amount <= 0:
            continue
        asset.depreciated += amount
        asset.last_period, asset.stamp = f"{day:%Y%m}", at
        if asset.depreciated == asset.cost:
            asset.status = "FullyDepreciated"
        company.mark(ASSET_PATH, asset)
        taken.append((asset, "DepreciationPlus", "DEPR", "ACCDEP", amount))
    if taken:
        _register(company, day, "Depreciation", at, taken)
    active = [each for each in company.holdings.assets if each.status == "Active"]
    if len(active) > 1 and company.rng.random() < _SCRAP_SHARE * len(active):
        _scrap(company, active[0], day)


def _scrap(company: Company, asset: Asset, day: date) -> None:
    """Take an asset out of the books; what is left of it is a loss, booked as depreciation."""
    asset.stamp = company.event()
    asset.status, asset.disposed = "Disposed", day
    company.mark(ASSET_PATH, asset)
    rest = asset.cost - asset.depreciated
    parts = [
        (asset, "PurchasingDisposal", "ACCDEP", "FIXED", asset.depreciated),
        (asset, "PurchasingDisposal", "DEPR", "FIXED", rest),
    ]
    _register(company, day, "Disposal", asset.stamp, [each for each in parts if each[4]])


def _register(
    company: Company,
    day: date,
    origin: str,
    at: int,
    parts: list[tuple[Asset, str, str, str, int]],
) -> None:
    """Write transactions with one number, and post them as one batch."""
    country = company.country
    number = f"{int(company.number('register', 1)):06d}"
    made = [
        AssetTransaction(
            number=number,
            line=n,
            asset=asset,
            day=day,
            origin=origin,
            kind=kind,
            debit=country.account(debit),
            credit=country.account(credit),
            amount=amount,
            created=at,
            stamp=at,
        )
        for n, (asset, kind, debit, credit, amount) in enumerate(parts, start=1)
    ]
    lines = []
    for each in made:
        for account, amount in ((each.debit, each.amount), (each.credit, -each.amount)):
            asset = each.asset
            text = f"{origin} {asset.number}"
            lines.append(
                plain_line(account, amount, text, asset.subaccount, asset.branch, reference=number)
            )
    batch = enter_batch(company, "FA", day, f"{origin} {number}", lines, kind=origin, at=at)
    for each in made:
        each.batch = batch.number
        company.mark(PATH, each)
