"""Payments: money against documents, credit notes against documents, and both undone."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from visma_sandbox.documents import (
    RECEIVABLE,
    Document,
    Item,
    Side,
    converted,
    line_up,
    show,
    write_document,
)
from visma_sandbox.ledger import ONE, Batch, Posting

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

_PARTIAL_SHARE = 0.1
_OVERPAID_SHARE = 0.04
_MOST_DOCUMENTS = 3


@dataclass(slots=True)
class Application:
    """A part of a payment that settles a document; negative where it was undone."""

    payment: Payment
    document: Document
    in_currency: int
    amount: int
    day: date
    balance_left: int
    """Of the document, in its currency, right after."""


@dataclass(slots=True, eq=False)
class Payment:
    """A payment, a credit note that is applied, or the voiding of a payment."""

    side: Side
    kind: str
    number: str
    party: Party
    branch: int
    day: date
    currency: str
    rate: int
    in_currency: int
    amount: int
    created: int
    stamp: int
    text: str
    status: str = "Closed"
    unapplied: int = 0
    """What is left of it in its currency."""
    batch: str = ""
    applications: list[Application] = field(default_factory=list)

    @property
    def period(self) -> str:
        """The financial period, YYYYMM."""
        return f"{self.day:%Y%m}"


def _apply(
    company: Company, payment: Payment, document: Document, in_currency: int, amount: int
) -> None:
    document.balance_in_currency -= in_currency
    document.balance -= amount
    application = Application(
        payment, document, in_currency, amount, payment.day, document.balance_in_currency
    )
    payment.applications.append(application)
    document.applications.append(application)
    key = (document.side.module, document.party.internal_id, document.currency)
    if document.balance_in_currency == 0:
        document.status = "Closed"
        document.closed_period = payment.period
        if document in company.open_documents[key]:
            company.open_documents[key].remove(document)
    elif document.status == "Closed":
        document.status, document.closed_period = "Open", None
        company.open_documents[key].append(document)
        line_up(company, document)
    document.stamp = payment.stamp
    show(company, document)


def _due_together(company: Company, side: Side, day: date, *, forced: bool) -> list[Document]:
    """Take the document that is due first, and up to two more of its party and currency."""
    queue = company.due[side.module]
    while queue and (forced or queue[0][0] <= day.toordinal()):
        document = heapq.heappop(queue)[2]
        if document.status != "Open":
            continue
        others = company.open_documents[side.module, document.party.internal_id, document.currency]
        wanted = company.rng.choice((1, 1, 1, 2, _MOST_DOCUMENTS))
        more = [each for each in others if each is not document and each.due <= day]
        return [document, *more[: wanted - 1]]
    return []


def pay(company: Company, side: Side, day: date, *, forced: bool = False) -> Payment | None:
    """Pay what is due; `forced` pays the next document in full, even before it is due.

    Gives None when nothing is to be paid.
    """
    documents = _due_together(company, side, day, forced=forced)
    if not documents:
        return None
    rng, first = company.rng, documents[0]
    at = company.event()
    is_domestic = first.currency == company.country.currency
    is_partial = not forced and len(documents) == 1 and rng.random() < _PARTIAL_SHARE
    parts = [(each, each.balance_in_currency, each.balance) for each in documents]
    if is_partial and first.balance_in_currency > 1:
        cents = first.balance_in_currency * 3 // 5
        parts = [(first, cents, first.balance * cents // first.balance_in_currency)]
        line_up(company, first)
    applied = sum(cents for _, cents, _ in parts)
    unapplied = 0
    if is_domestic and rng.random() < _OVERPAID_SHARE:
        unapplied = rng.randint(1, 500_000)
    rate = company.rate(first.currency)
    payment = Payment(
        side=side,
        kind="Payment",
        number=company.number(f"{side.module} payment", side.first_payment),
        party=first.party,
        branch=first.branch,
        day=day,
        currency=first.currency,
        rate=rate,
        in_currency=applied + unapplied,
        amount=converted(applied + unapplied, rate),
        created=at,
        stamp=at,
        text=f"Payment {first.party.name}",
        status="Open" if unapplied else "Closed",
        unapplied=unapplied,
    )
    for document, cents, amount in parts:
        _apply(company, payment, document, cents, amount)
    settled = sum(amount for _, _, amount in parts) + unapplied
    _post(company, payment, settled)
    company.mark(side.payment_path, payment)
    if unapplied and side is RECEIVABLE:
        company.holdings.overpaid.append(payment)
    return payment


def take_too_much(company: Company, customer: Party, day: date, cents: int) -> Payment:
    """Take a payment of a customer, in the company's currency, for which there is no document."""
    at = company.event()
    payment = Payment(
        side=RECEIVABLE,
        kind="Payment",
        number=company.number("AR payment", RECEIVABLE.first_payment),
        party=customer,
        branch=0,
        day=day,
        currency=customer.currency,
        rate=ONE,
        in_currency=cents,
        amount=cents,
        created=at,
        stamp=at,
        text=f"Payment {customer.name}",
        status="Open",
        unapplied=cents,
    )
    _post(company, payment, cents)
    company.mark(RECEIVABLE.payment_path, payment)
    return payment


def settle_with(company: Company, payment: Payment, document: Document) -> None:
    """Settle a document with all that is left of a payment, which must be exactly as much."""
    payment.stamp = document.stamp
    _apply(company, payment, document, payment.unapplied, payment.unapplied)
    document.closed_period = document.period
    payment.unapplied, payment.status = 0, "Closed"
    company.mark(payment.side.payment_path, payment)


def _post(company: Company, payment: Payment, settled: int, *, undone: int = 1) -> None:
    """Post money to the bank and what it settles to the control account, the rest is exchange."""
    side, country = payment.side, company.country
    sign = side.sign * undone
    exchange = sign * (settled - abs(payment.amount))
    amounts = [
        (country.account("BANK"), sign * abs(payment.in_currency), sign * abs(payment.amount)),
        (country.account(side.control), -sign * abs(payment.in_currency), -sign * settled),
        (country.account("FXLOSS" if exchange > 0 else "FXGAIN"), 0, exchange),
    ]
    lines = [
        Posting(
            account=account,
            subaccount=0,
            branch=payment.branch,
            in_currency=cents,
            amount=amount,
            text=payment.text,
            reference=payment.number,
            party=payment.party.number,
        )
        for account, cents, amount in amounts
        if cents or amount
    ]
    batch = Batch(
        module=side.module,
        number="",
        day=payment.day,
        period=payment.period,
        currency=payment.currency,
        rate=payment.rate,
        text=payment.text,
        kind=payment.kind,
        lines=lines,
        status="Posted",
        stamp=payment.stamp,
        created=payment.stamp,
    )
    payment.batch = company.ledger.enter(batch).number
    account = company.subledger.account(side.module, payment.party, payment.stamp)
    company.subledger.move(account, payment.branch, payment.period, "paid", undone * settled)


def void(company: Company, payment: Payment, day: date) -> Payment:
    """Undo a payment: a VoidPayment of the same number, and its documents are open again."""
    at = company.event()
    undoing = Payment(
        side=payment.side,
        kind="VoidPayment",
        number=payment.number,
        party=payment.party,
        branch=payment.branch,
        day=day,
        currency=payment.currency,
        rate=payment.rate,
        in_currency=-payment.in_currency,
        amount=-payment.amount,
        created=at,
        stamp=at,
        text=f"Void of {payment.text}",
    )
    settled = sum(each.amount for each in payment.applications) + payment.unapplied
    for each in tuple(payment.applications):
        _apply(company, undoing, each.document, -each.in_currency, -each.amount)
    payment.applications.extend(undoing.applications)
    payment.status, payment.unapplied, payment.stamp = "Voided", 0, at
    company.mark(payment.side.payment_path, payment)
    _post(company, undoing, settled, undone=-1)
    company.mark(undoing.side.payment_path, undoing)
    return undoing


def credit(company: Company, document: Document, day: date) -> Payment | None:
    """Write a credit note over a part of an open document and apply it at once.

    Gives None when so little is open that no credit note fits in, and for goods that were ordered.
    """
    first = document.items[0]
    share = company.rng.randint(5, 40)
    unit = document.balance_in_currency * share
    if unit < 100 * 100 or first.order:
        return None
    item = Item(
        account=first.account,
        subaccount=first.subaccount,
        branch=first.branch,
        text=f"Credit of {document.number}",
        quantity=100,
        unit=unit,
        vat=first.vat,
    )
    side = document.side
    note = write_document(
        company,
        side,
        document.party,
        day,
        [item],
        kind=side.credit_kind,
        rate=document.rate,
    )
    applied = Payment(
        side=side,
        kind=side.credit_kind,
        number=note.number,
        party=note.party,
        branch=note.branch,
        day=day,
        currency=note.currency,
        rate=note.rate,
        in_currency=note.total_in_currency,
        amount=note.total,
        created=note.stamp,
        stamp=note.stamp,
        text=note.text,
        batch=note.batch,
    )
    _apply(company, applied, document, note.total_in_currency, note.total)
    note.balance_in_currency = note.balance = 0
    note.status, note.closed_period = "Closed", applied.period
    company.mark(side.payment_path, applied)
    return applied
