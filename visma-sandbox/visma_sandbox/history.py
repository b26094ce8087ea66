"""History: the business days of a company, from its founding to today, and each day after that."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox import stamps
from visma_sandbox.company import FIRST_DAY, SUPPLIER_LISTS
from visma_sandbox.documents import (
    PAYABLE,
    RECEIVABLE,
    Item,
    Side,
    delete_draft,
    lose_a_line,
    release_draft,
    write_document,
)
from visma_sandbox.entries import capital, close_month, correct
from visma_sandbox.items import items_for
from visma_sandbox.payments import credit, pay, void
from visma_sandbox.purchases import do_what_is_planned, place_order
from visma_sandbox.routine import begin, do_the_rest, end_month, revise

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

_FIRST_HOUR: Final = 7
_STEPS_PER_BUSINESS_DAY: Final = 10 * 3600 * stamps.STEPS_PER_SECOND
_BOUGHT: Final = ("Konsulenttimer", "Leie mars", "Strøm", "Kontorrekvisita", 'Skjerm 27"', "Frakt")
_SOLD: Final = ("Service", "Abonnement", "Reservedeler", "Prosjekt Ærfugl", "Opplæring", "Timer")
_DRAFT_SHARE: Final = 0.03
_CREDIT_SHARE: Final = 0.06
_ADJUSTMENT_SHARE: Final = 0.04
_VOID_SHARE: Final = 0.02
_SATURDAY: Final = 5
_MOST_DRAFTS: Final = 6
_WHOLE: Final = 100
_STRIKING_UNITS: Final = (1_000, 10_000_000_000, 123_456_789_012_500)
"""0.10, 1000000.00 and 12345678901.25 in ten-thousandths."""


@dataclass(frozen=True, kw_only=True)
class Size:
    """How much a company has done until today; orders bring supplier invoices of their own."""

    suppliers: int
    customers: int
    employees: int
    supplier_invoices: int
    customer_invoices: int
    payments: int
    orders: int
    others: int
    """Of each further kind of document."""
    projects: int
    assets: int


SIZES: Final = {
    "small": Size(
        suppliers=25,
        customers=30,
        employees=12,
        supplier_invoices=70,
        customer_invoices=100,
        payments=150,
        orders=40,
        others=40,
        projects=12,
        assets=12,
    ),
    "medium": Size(
        suppliers=200,
        customers=300,
        employees=60,
        supplier_invoices=700,
        customer_invoices=1_000,
        payments=1_500,
        orders=400,
        others=150,
        projects=40,
        assets=30,
    ),
    "large": Size(
        suppliers=1_200,
        customers=2_200,
        employees=300,
        supplier_invoices=25_000,
        customer_invoices=20_000,
        payments=28_000,
        orders=4_000,
        others=1_000,
        projects=150,
        assets=80,
    ),
}


@dataclass(frozen=True, kw_only=True)
class Workload:
    """What one day brings."""

    supplier_invoices: int
    customer_invoices: int
    payments: int
    orders: int
    others: int


def _business_days(first: date, last: date) -> list[date]:
    days = (first + timedelta(days=n) for n in range((last - first).days + 1))
    return [day for day in days if day.weekday() < _SATURDAY]


def _next_business_day(day: date) -> date:
    return _business_days(day + timedelta(days=1), day + timedelta(days=4))[0]


def _share(total: int, part: int, parts: int) -> int:
    """Give what falls on one of many parts, so that all parts give the total."""
    return total * (part + 1) // parts - total * part // parts


def write_history(company: Company, size: Size, today: date) -> None:
    """Do all business from the founding to today, and publish it."""
    for _ in range(size.suppliers):
        company.take_on("Supplier")
    for _ in range(size.customers):
        company.take_on("Customer")
    for _ in range(size.employees):
        company.employ()
    begin(company, FIRST_DAY, size.projects, size.assets)
    days = _business_days(FIRST_DAY + timedelta(days=1), today)
    _open_day(company, days[0], size.supplier_invoices // len(days), 1)
    capital(company, days[0])
    for unit in _STRIKING_UNITS:
        _strike(company, PAYABLE, days[0], unit)
        _strike(company, RECEIVABLE, days[0], unit)
    for n, day in enumerate(days):
        work = Workload(
            supplier_invoices=_share(size.supplier_invoices, n, len(days)),
            customer_invoices=_share(size.customer_invoices, n, len(days)),
            payments=_share(size.payments, n, len(days)),
            orders=_share(size.orders, n, len(days)),
            others=_share(size.others, n, len(days)),
        )
        if n:
            _open_day(company, day, work.supplier_invoices, work.others)
        _do_business(company, day, work)
    for _ in range(4):
        _write_draft(company, days[-1])
    company.publish()


def trade_day(company: Company, size: Size, yesterday: date) -> date:
    """Do the business of the next business day, and publish it; gives the day.

    Whatever the size, something is created, settled, edited, deleted, posted late and changed.
    """
    day = _next_business_day(yesterday)
    days = len(_business_days(FIRST_DAY, yesterday))
    work = Workload(
        supplier_invoices=1 + size.supplier_invoices // days,
        customer_invoices=1 + size.customer_invoices // days,
        payments=1 + size.payments // days,
        orders=1 + size.orders // days,
        others=1 + size.others // days,
    )
    company.render_all()
    _open_day(company, day, work.supplier_invoices, work.others)
    edited = next(each for each in company.drafts if len(each.items) > 1)
    lose_a_line(company, edited)
    delete_draft(company, next(each for each in company.drafts if each is not edited))
    for side in (PAYABLE, RECEIVABLE):
        pay(company, side, day, forced=True)
    _do_business(company, day, work)
    _write_draft(company, day)
    _write_draft(company, day)
    if len(company.drafts) > _MOST_DRAFTS:
        release_draft(company, company.drafts[-3])
    last_month = day.replace(day=1) - timedelta(days=1)
    _invoice(company, PAYABLE, last_month)
    correct(company, last_month)
    revise(company)
    changed = company.rng.choice(company.suppliers)
    changed.phone = f"+47 {company.rng.randrange(10**8):08d}"
    changed.stamp = company.event()
    for path in SUPPLIER_LISTS:
        company.mark(path, changed)
    if company.rng.random() < 0.3:  # noqa: PLR2004 - a share
        company.take_on("Supplier")
        company.take_on("Customer")
    company.publish()
    return day


def _open_day(company: Company, day: date, invoices: int, others: int) -> None:
    """Begin a day at seven, with a pace at which all of it will be done in the evening."""
    company.now = max(company.now, stamps.of_day(day, _FIRST_HOUR))
    company.pace = _STEPS_PER_BUSINESS_DAY // (5 * invoices + 30 * others + 60)


def _do_business(company: Company, day: date, work: Workload) -> None:
    do_what_is_planned(company, day)
    for _ in range(work.orders):
        place_order(company, day)
    for _ in range(work.supplier_invoices):
        _trade(company, PAYABLE, day)
    for _ in range(work.customer_invoices):
        _trade(company, RECEIVABLE, day)
    for _ in range(work.payments):
        turn = int(company.number("payment turn", 0))
        made = pay(company, (PAYABLE, RECEIVABLE)[turn % 2], day)
        if made is not None and company.rng.random() < _VOID_SHARE:
            void(company, made, day)
    for _ in range(work.others):
        do_the_rest(company, day)
    if _next_business_day(day).month != day.month:
        end_month(company, day)
        close_month(company, day)
        correct(company, day)


def _party(company: Company, side: Side) -> Party:
    """Choose a party; the first ones do the most business."""
    members = company.suppliers if side is PAYABLE else company.customers
    return members[int(len(members) * company.rng.random() ** 2)]


def _invoice(company: Company, side: Side, day: date, status: str = "Open", lines: int = 0) -> None:
    rng, party = company.rng, _party(company, side)
    kind = "Invoice"
    if rng.random() < _ADJUSTMENT_SHARE:
        kind = next(k for k, sign in side.kinds.items() if sign > 0 and k != "Invoice")
    count = lines or rng.choice((1, 1, 2, 2, 3))
    texts = _BOUGHT if side is PAYABLE else _SOLD
    items = items_for(company, side, party, texts, count)
    write_document(company, side, party, day, items, kind=kind, status=status)


def _trade(company: Company, side: Side, day: date) -> None:
    """Write a document dated today or a few days ago; some stay drafts, some are credited."""
    rng = company.rng
    dated = max(day - timedelta(days=rng.choice((0, 0, 1, 2, 3))), FIRST_DAY)
    if rng.random() < _DRAFT_SHARE:
        _invoice(company, side, dated, status=rng.choice(("Hold", "Balanced")))
        return
    _invoice(company, side, dated)
    queue = company.due[side.module]
    if rng.random() < _CREDIT_SHARE and queue and queue[-1][2].status == "Open":
        credit(company, queue[-1][2], day)


def _write_draft(company: Company, day: date) -> None:
    _invoice(company, PAYABLE, day, status="Balanced", lines=3)


def _strike(company: Company, side: Side, day: date, unit: int) -> None:
    """Write a document over a striking amount, in the company's currency and without VAT."""
    members = company.suppliers if side is PAYABLE else company.customers
    party = next(each for each in members if each.currency == company.country.currency)
    item = items_for(company, side, party, _SOLD, 1)[0]
    plain = Item(item.account, item.subaccount, item.branch, item.text, _WHOLE, unit, 2)
    write_document(company, side, party, day, [plain])
