"""Documents: invoices and credit notes of both sides, from draft to the ledger.

Both sides are one: accounts payable is accounts receivable with the signs turned.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

from visma_sandbox.ledger import ONE, Batch, Posting
from visma_sandbox.parties import TERMS

if TYPE_CHECKING:
    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party
    from visma_sandbox.payments import Application

UNRELEASED: Final = frozenset({"Hold", "Balanced"})
_INVOICED: Final = frozenset({"Invoice", "CreditAdj", "DebitNote"})
_CASH: Final = {"CashSale": 1, "CashReturn": -1}
_LISTS: Final = {
    "CashSale": ("/v1/cashsale",),
    "CashReturn": ("/v1/cashsale",),
    "CreditNote": ("/v1/customerinvoice", "/v1/customerCreditNote"),
    "DebitNote": ("/v1/customerinvoice", "/v1/customerDebitNote"),
    "FinCharge": ("/v1/customerOverdueCharge",),
    "SmallCreditWo": ("/v1/customerCreditWriteOff",),
}
"""Where documents are listed, if not with the invoices of their side."""


@dataclass(frozen=True, kw_only=True)
class Side:
    """Accounts payable or receivable."""

    module: str
    sign: int
    """Of an invoice on the control account: 1 is debit."""
    control: str
    vat: str
    kinds: dict[str, int]
    """Document types: 1 where the balance is owed as on an invoice, -1 where it is owed back."""
    credit_kind: str
    first_number: int
    first_payment: int
    path: str
    header_path: str
    payment_path: str


PAYABLE: Final = Side(
    module="AP",
    sign=-1,
    control="AP",
    vat="VATIN",
    kinds={"Invoice": 1, "CreditAdj": 1, "DebitAdj": -1},
    credit_kind="DebitAdj",
    first_number=300_001,
    first_payment=600_001,
    path="/v1/supplierInvoice",
    header_path="/v1/supplierdocument",
    payment_path="/v1/supplierPayment",
)
RECEIVABLE: Final = Side(
    module="AR",
    sign=1,
    control="AR",
    vat="VATOUT",
    kinds={"Invoice": 1, "DebitNote": 1, "CreditNote": -1, "FinCharge": 1, "SmallCreditWo": 1}
    | _CASH,
    credit_kind="CreditNote",
    first_number=100_001,
    first_payment=400_001,
    path="/v1/customerinvoice",
    header_path="/v1/customerdocument",
    payment_path="/v1/customerPayment",
)


@dataclass(slots=True)
class Item:
    """A line: quantity in hundredths, unit price in ten-thousandths, amounts in cents."""

    account: Account
    subaccount: int
    branch: int
    text: str
    quantity: int
    unit: int
    vat: int
    """Which of the country's VAT codes."""
    in_currency: int = 0
    amount: int = 0
    note: str | None = None
    order: str = ""
    order_line: int = 0
    receipt: str = ""
    inventory: str = ""


@dataclass(frozen=True, slots=True)
class Tax:
    """The VAT of one code: taxable amount and VAT, in currency and in company currency."""

    vat: int
    taxable_in_currency: int
    vat_in_currency: int
    taxable: int
    amount: int


@dataclass(slots=True, eq=False)
class Document:
    """An invoice, an adjustment or a credit note."""

    side: Side
    kind: str
    number: str
    party: Party
    branch: int
    day: date
    due: date
    currency: str
    rate: int
    items: list[Item]
    text: str
    reference: str
    created: int
    stamp: int
    status: str = "Balanced"
    note: str | None = None
    taxes: list[Tax] = field(default_factory=list)
    total_in_currency: int = 0
    total: int = 0
    balance_in_currency: int = 0
    balance: int = 0
    closed_period: str | None = None
    batch: str = ""
    applications: list[Application] = field(default_factory=list)

    @property
    def key(self) -> tuple[str, str]:
        """The key of the list."""
        return (self.kind, self.number)

    @property
    def paths(self) -> tuple[str, ...]:
        """The lists that it is in."""
        return (*_LISTS.get(self.kind, (self.side.path,)), self.side.header_path)

    @property
    def is_cash(self) -> bool:
        """Whether it was paid on the spot and owes nothing."""
        return self.kind in _CASH

    @property
    def period(self) -> str:
        """The financial period, YYYYMM."""
        return f"{self.day:%Y%m}"

    @property
    def sign(self) -> int:
        """Of its balance on the control account: 1 is debit."""
        return self.side.sign * self.side.kinds[self.kind]


def divided(amount: int, by: int) -> int:
    """Divide and round half away from zero, as money is rounded."""
    rounded = (2 * abs(amount) + by) // (2 * by)
    return rounded if amount >= 0 else -rounded


def converted(cents: int, rate: int) -> int:
    """Convert cents of a currency to cents of the company's."""
    return divided(cents * rate, ONE)


def _sum_up(company: Company, document: Document) -> None:
    """Set all totals from the lines; the last line takes the cents that rounding leaves."""
    items = document.items
    for item in items:
        item.in_currency = divided(item.quantity * item.unit, 10_000)
        item.amount = converted(item.in_currency, document.rate)
    taxable: dict[int, int] = {}
    for item in items:
        taxable[item.vat] = taxable.get(item.vat, 0) + item.in_currency
    vats = {n: divided(sum_ * company.country.vats[n].rate, 1000) for n, sum_ in taxable.items()}
    document.total_in_currency = sum(taxable.values()) + sum(vats.values())
    document.total = converted(document.total_in_currency, document.rate)
    vat_amounts = {n: converted(cents, document.rate) for n, cents in vats.items()}
    net = document.total - sum(vat_amounts.values())
    items[-1].amount += net - sum(item.amount for item in items)
    document.taxes = [
        Tax(
            n,
            taxable[n],
            vats[n],
            sum(item.amount for item in items if item.vat == n),
            vat_amounts[n],
        )
        for n in taxable
    ]
    document.balance_in_currency, document.balance = document.total_in_currency, document.total


def show(company: Company, document: Document) -> None:
    """Publish a document in all lists that it is in."""
    for path in document.paths:
        company.mark(path, document)


def _count_draft(company: Company, draft: Document, sign: int) -> None:
    """Add a draft to what its supplier's balance says of drafts, or take it away."""
    account = company.subledger.account(draft.side.module, draft.party, draft.stamp)
    sign *= draft.side.kinds[draft.kind]
    account.drafts_net += sign * sum(item.amount for item in draft.items)
    account.drafts_gross += sign * draft.total


def write_document(
    company: Company,
    side: Side,
    party: Party,
    day: date,
    items: list[Item],
    *,
    kind: str = "Invoice",
    rate: int | None = None,
    status: str = "Open",
) -> Document:
    """Write a document and, unless its status is one of the unreleased, release it."""
    at = company.event()
    document = Document(
        side=side,
        kind=kind,
        number=company.number(f"{side.module} {kind}", side.first_number),
        party=party,
        branch=items[0].branch,
        day=day,
        due=day + timedelta(days=TERMS[party.terms]),
        currency=party.currency,
        rate=company.rate(party.currency) if rate is None else rate,
        items=items,
        text=f"{items[0].text} ({party.name})",
        reference=f"{company.rng.randrange(10**9):09d}",
        created=at,
        stamp=at,
        status=status,
        note=company.note(),
    )
    _sum_up(company, document)
    show(company, document)
    if status in UNRELEASED:
        if side is PAYABLE:
            company.drafts.append(document)
            _count_draft(company, document, 1)
    else:
        _release(company, document)
    return document


def _release(company: Company, document: Document) -> None:
    document.status = "Open"
    side, sign = document.side, document.sign

    def posting(account: Account, item: Item | None, cents: tuple[int, int], vat: str) -> Posting:
        return Posting(
            account=account,
            subaccount=item.subaccount if item else 0,
            branch=item.branch if item else document.branch,
            in_currency=cents[0],
            amount=cents[1],
            text=item.text if item else document.text,
            reference=document.number,
            party=document.party.number,
            vat_code=vat,
            note=item.note if item else None,
        )

    vats = company.country.vats
    control = company.country.account("BANK" if document.is_cash else side.control)
    total = (sign * document.total_in_currency, sign * document.total)
    lines = [posting(control, None, total, "")]
    lines.extend(
        posting(
            item.account, item, (-sign * item.in_currency, -sign * item.amount), vats[item.vat].code
        )
        for item in document.items
    )
    vat_account = company.country.account(side.vat)
    lines.extend(
        posting(
            vat_account, None, (-sign * tax.vat_in_currency, -sign * tax.amount), vats[tax.vat].code
        )
        for tax in document.taxes
        if tax.vat_in_currency
    )
    batch = Batch(
        module=side.module,
        number="",
        day=document.day,
        period=document.period,
        currency=document.currency,
        rate=document.rate,
        text=document.text,
        kind=document.kind,
        lines=lines,
        status="Posted",
        stamp=document.stamp,
        created=document.stamp,
    )
    document.batch = company.ledger.enter(batch).number
    if document.is_cash:
        document.balance_in_currency = document.balance = 0
        document.status, document.closed_period = "Closed", document.period
        return
    _owe(company, document)
    if side.kinds[document.kind] > 0:
        key = (side.module, document.party.internal_id, document.currency)
        company.open_documents[key].append(document)
        line_up(company, document)


def _owe(company: Company, document: Document) -> None:
    """Tell the party's account of a released document."""
    account = company.subledger.account(document.side.module, document.party, document.stamp)
    amount, branch, period = document.total, document.branch, document.period
    if document.kind == "FinCharge":
        company.subledger.move(account, branch, period, "charged", amount)
    elif document.kind in _INVOICED:
        company.subledger.move(account, branch, period, "invoiced", amount)
        net = sum(item.amount for item in document.items)
        account.net_by_period[period] = account.net_by_period.get(period, 0) + net
        account.gross_by_period[period] = account.gross_by_period.get(period, 0) + amount
    else:
        sign = -document.side.kinds[document.kind]
        company.subledger.move(account, branch, period, "adjusted", sign * amount)


def release_draft(company: Company, draft: Document) -> None:
    """Release a draft: it is owed and posted from now on."""
    company.drafts.remove(draft)
    draft.stamp = company.event()
    _count_draft(company, draft, -1)
    _release(company, draft)
    show(company, draft)


def line_up(company: Company, document: Document) -> None:
    """Put an open document among those that will be paid, by the day it is due."""
    entry = (document.due.toordinal(), int(company.number("queue", 1)), document)
    heapq.heappush(company.due[document.side.module], entry)


def lose_a_line(company: Company, draft: Document) -> None:
    """Edit a draft so that it has a line less."""
    _count_draft(company, draft, -1)
    draft.items.pop()
    _sum_up(company, draft)
    draft.stamp = company.event()
    _count_draft(company, draft, 1)
    show(company, draft)


def delete_draft(company: Company, draft: Document) -> None:
    """Delete a draft; nothing tells of it."""
    company.drafts.remove(draft)
    draft.stamp = company.event()
    _count_draft(company, draft, -1)
    for path in draft.paths:
        company.withdraw(path, draft.key, draft)
