"""A company: its parties, ledger and documents, and the tables that they are published to.

What happens in it is told by documents, payments, purchases, entries and history. This room holds
it together: it gives out numbers and stamps, and publishes what has changed.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import TYPE_CHECKING, Final, Generic, Protocol, Self, TypeVar

from visma_sandbox import stamps
from visma_sandbox.charts import COUNTRIES, FOREIGN, NOK_VALUE, Country
from visma_sandbox.endpoints import ENDPOINTS
from visma_sandbox.holdings import Holdings
from visma_sandbox.ledger import ONE, Balance, Ledger
from visma_sandbox.parties import (
    COST_CENTRES,
    DEPARTMENTS,
    NOTES,
    TERMS,
    Branch,
    CreditTerm,
    Employee,
    Party,
    Period,
    Subaccount,
)
from visma_sandbox.records import RENDERERS, Rendered
from visma_sandbox.subledger import Subledger
from visma_sandbox.table import Key, Row, Table, row

if TYPE_CHECKING:
    import random
    from collections.abc import Iterator

    from msgspec import Raw

    from visma_sandbox.budgets import BudgetRow
    from visma_sandbox.documents import Document
    from visma_sandbox.ledger import Batch
    from visma_sandbox.purchases import Order

FIRST_DAY: Final = date(2025, 1, 1)
YEARS: Final = (2025, 2026)
SUPPLIER_LISTS: Final = ("/v1/supplier", "/v1/supplierlocation", "/v1/contact")
CUSTOMER_LISTS: Final = ("/v1/customer", "/v1/contact")
_FOREIGN_EVERY: Final = 4


class Published(Protocol):
    """Anything that a list shows: it was created and last changed at a stamp."""

    @property
    def created(self) -> int:
        """When it was created."""

    @property
    def stamp(self) -> int:
        """When it was last changed."""


_Thing = TypeVar("_Thing")


@dataclass(frozen=True, eq=False)
class Fixed(Generic[_Thing]):
    """A thing that never changes after the company was founded."""

    thing: _Thing
    stamp: int

    @property
    def created(self) -> int:
        """When it was created."""
        return self.stamp


@dataclass
class Report:
    """Which keys of which lists were created, changed and deleted; the end counts, not the way."""

    kinds: dict[str, dict[Key, str]] = field(default_factory=lambda: defaultdict(dict))

    def clear(self) -> None:
        """Begin anew."""
        self.kinds.clear()

    def put(self, path: str, key: Key, *, is_new: bool) -> None:
        """Note a record that was created or changed."""
        before = self.kinds[path].get(key)
        if before is None:
            self.kinds[path][key] = "created" if is_new else "changed"
        elif before == "deleted":
            self.kinds[path][key] = "changed"

    def delete(self, path: str, key: Key) -> None:
        """Note a record that was deleted."""
        if self.kinds[path].get(key) == "created":
            del self.kinds[path][key]
        else:
            self.kinds[path][key] = "deleted"

    def shown(self) -> dict[str, dict[str, list[list[str]]]]:
        """Give the keys by path and kind."""
        content: dict[str, dict[str, list[list[str]]]] = {}
        for path, keys in self.kinds.items():
            lists: dict[str, list[list[str]]] = {"created": [], "changed": [], "deleted": []}
            for key, kind in sorted(keys.items()):
                lists[kind].append(list(key))
            content[path] = lists
        return content


def _as_list(rendered: Rendered) -> list[dict[str, object]]:
    return rendered if isinstance(rendered, list) else [rendered]


@dataclass(eq=False)
class Company:
    """One company with its books."""

    company_id: str
    tenant_id: str
    name: str
    country: Country
    rng: random.Random
    now: int
    """The stamp of the latest event."""
    pace: int = 1
    """The greatest number of steps from one event to the next."""
    branches: tuple[Branch, ...] = ()
    subaccounts: tuple[Subaccount, ...] = ()
    employees: list[Employee] = field(default_factory=list)
    suppliers: list[Party] = field(default_factory=list)
    customers: list[Party] = field(default_factory=list)
    drafts: list[Document] = field(default_factory=list)
    """Supplier invoices that are not released."""
    holdings: Holdings = field(default_factory=Holdings)
    budgets: list[BudgetRow] = field(default_factory=list)
    waiting: list[Batch] = field(default_factory=list)
    """Batches that are written and not yet posted."""
    open_documents: dict[tuple[str, int, str], list[Document]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """By module, party and currency."""
    due: dict[str, list[tuple[int, int, Document]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Heaps of open documents by module, the one due first on top."""
    agenda: list[tuple[int, int, str, Order]] = field(default_factory=list)
    """A heap of what will happen to orders, by day."""
    rendered: dict[tuple[str, object], Raw] = field(default_factory=dict)
    """Fragments that many records contain, as JSON."""
    tables: dict[str, Table] = field(default_factory=dict)
    report: Report = field(default_factory=Report)
    ledger: Ledger = field(init=False)
    subledger: Subledger = field(init=False)
    _numbers: dict[str, int] = field(default_factory=dict)
    _changed: dict[str, dict[Published, None]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        """Open the ledger and the tables."""
        self.ledger = Ledger(self._ledger_changed)
        self.subledger = Subledger(self.mark)
        self.tables = {
            each.path.casefold(): Table(each) for each in ENDPOINTS if not each.records_of
        }

    @classmethod
    def found(cls, number: int, country: str, rng: random.Random, tenant: uuid.UUID) -> Self:
        """Found a company with branches, subaccounts, periods and terms, and no business yet."""
        nation = COUNTRIES[country]
        company = cls(
            company_id=str(1_000_000 + 1237 * number),
            tenant_id=str(tenant),
            name=f"Sandkasse {number} {nation.company_form}",
            country=nation,
            rng=rng,
            now=stamps.of_day(FIRST_DAY, 7),
            pace=3_000,
        )
        company.branches = tuple(
            Branch(n, str(n), f"{company.name}{suffix}", company.event())
            for n, suffix in ((1, ""), (2, f", {nation.cities[1][1]}"))
        )
        pairs = [(department, centre) for department in DEPARTMENTS for centre in COST_CENTRES]
        company.subaccounts = tuple(
            Subaccount(310 + n, *pair, company.event()) for n, pair in enumerate(pairs)
        )
        for terms_id, days in TERMS.items():
            at = company.event()
            company.mark("/v1/creditTerm", CreditTerm(terms_id, days, at, at))
        for year in YEARS:
            for month in range(1, 13):
                company.mark("/v1/financialPeriod", Period(year, month, closed=year == YEARS[0]))
        for branch in company.branches:
            company.mark("/v1/branch", Fixed(branch, branch.stamp))
        for subaccount in company.subaccounts:
            company.mark("/v1/subaccount", Fixed(subaccount, subaccount.stamp))
        for account in nation.accounts:
            company.mark("/v1/account", Fixed(account, company.event()))
        for kind in ("Actual", "Budget"):
            company.mark("/v1/ledger", Fixed(kind, company.event()))
        company.mark("/v1/dimension/{dimensionId}", Fixed("SUBACCOUNT", company.event()))
        company.mark("/v1/dimension/{dimensionId}", Fixed("ACCOUNT", company.event()))
        return company

    def identity(self) -> dict[str, str]:
        """Give what a client must know of the company."""
        return {
            "company_id": self.company_id,
            "tenant_id": self.tenant_id,
            "name": self.name,
            "country": self.country.code,
            "currency": self.country.currency,
        }

    def event(self) -> int:
        """Let a little time pass and give the stamp of what happens then."""
        self.now += self.rng.randint(1, self.pace)
        return self.now

    def number(self, series: str, first: int) -> str:
        """Give the next number of a series."""
        self._numbers[series] = self._numbers.get(series, first - 1) + 1
        return str(self._numbers[series])

    def rate(self, currency: str) -> int:
        """Give the day's rate of a currency in millionths, with four to six digits."""
        if currency == self.country.currency:
            return ONE
        middle = NOK_VALUE[currency] / NOK_VALUE[self.country.currency]
        digits = self.rng.choice((4, 5, 6))
        moved = round(middle * self.rng.uniform(0.97, 1.03), digits)
        return round(moved * ONE)

    def note(self) -> str | None:
        """Give a note, often none, sometimes with characters that break naive readers."""
        return self.rng.choice(NOTES)

    def take_on(self, kind: str) -> Party:
        """Take on a supplier or a customer (`Supplier`, `Customer`)."""
        members = self.suppliers if kind == "Supplier" else self.customers
        at = self.event()
        foreign = [each for each in FOREIGN if each != self.country.currency]
        choices = self.country.accounts_of("EXPENSE" if kind == "Supplier" else "SALES")
        number = len(members) + 1
        is_foreign = number % _FOREIGN_EVERY == 0
        currency = foreign[number // _FOREIGN_EVERY % len(foreign)]
        party = Party(
            internal_id=(20_000 if kind == "Supplier" else 70_000) + number,
            number=str((50_000 if kind == "Supplier" else 10_000) + number),
            name=f"{'Leverandør Ø' if kind == 'Supplier' else 'Kunde Å'}{number}"
            f" {'Ltd' if is_foreign else self.country.company_form}",
            currency=currency if is_foreign else self.country.currency,
            terms=self.rng.choice(list(TERMS)),
            place=self.rng.randrange(len(self.country.cities)),
            street_number=self.rng.randint(1, 200),
            account=self.rng.choice(choices).number,
            created=at,
            stamp=at,
            note=self.note(),
        )
        members.append(party)
        for path in SUPPLIER_LISTS if kind == "Supplier" else CUSTOMER_LISTS:
            self.mark(path, party)
        self.subledger.account("AP" if kind == "Supplier" else "AR", party, at)
        return party

    def employ(self) -> None:
        """Employ somebody."""
        at = self.event()
        number = len(self.employees) + 1
        employee = Employee(
            internal_id=900 + number,
            number=str(number),
            subaccount=self.rng.randrange(len(self.subaccounts)),
            branch=self.rng.randrange(len(self.branches)),
            user_id=str(uuid.UUID(int=self.rng.getrandbits(128), version=4)),
            created=at,
            stamp=at,
        )
        self.employees.append(employee)
        self.mark("/v1/employee", employee)
        self.mark("/v1/contact", employee)

    def mark(self, path: str, changed: Published) -> None:
        """Remember that a record must be published again."""
        self._changed[path][changed] = None

    def publish(self) -> None:
        """Render what has changed into the tables; a table without rows is loaded at once."""
        for path, changed in self._changed.items():
            table = self.tables[path.casefold()]
            render = RENDERERS[path]
            if not len(table):
                rows = partial(self._rows, path, tuple(changed))
                if table.endpoint.late:
                    table.load_late(rows)
                else:
                    table.load(rows())
                continue
            for each in changed:
                for record in _as_list(render(self, each)):
                    if table.is_deleted(record):
                        continue
                    key, is_new = table.put(record, each.stamp, each.created)
                    self.report.put(path, key, is_new=is_new)
        self._changed.clear()

    def render_all(self) -> None:
        """Render what waits to be asked for, before anything changes."""
        for table in self.tables.values():
            table.render()

    def _rows(self, path: str, things: tuple[Published, ...]) -> Iterator[Row]:
        endpoint, render = self.tables[path.casefold()].endpoint, RENDERERS[path]
        for each in things:
            for record in _as_list(render(self, each)):
                yield row(endpoint, record, each.stamp, each.created)

    def withdraw(self, path: str, key: Key, gone: Published) -> None:
        """Delete a record, as if it had never been, if it is still there."""
        self._changed[path].pop(gone, None)
        table = self.tables[path.casefold()]
        if key in table:
            table.delete(key)
            self.report.delete(path, key)

    def _ledger_changed(self, changed: Batch | Balance) -> None:
        if isinstance(changed, Balance):
            self.mark("/v2/generalLedgerBalance", changed)
            return
        self.mark("/v2/journaltransaction", changed)
        if changed.status == "Posted":
            self.mark("/v1/GeneralLedgerTransactions", changed)
