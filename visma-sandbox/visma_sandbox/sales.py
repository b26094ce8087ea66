"""Sales beside invoices: cash sales, charges for late payment, and small credits written off."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox.documents import RECEIVABLE, Document, Item, write_document
from visma_sandbox.items import items_for
from visma_sandbox.payments import credit, settle_with, take_too_much

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party

_FREE_OF_VAT: Final = 2
_WHOLE: Final = 100
_QUEUE_LOOKED_AT: Final = 60
_RETURN_SHARE: Final = 0.2
_SOLD: Final = ("Kaffe", "Reservedel", "Kabel", "Gavekort", "Service, drop-in")


def domestic_customer(company: Company) -> Party:
    """Choose a customer who pays in the company's currency."""
    members = [each for each in company.customers if each.currency == company.country.currency]
    return company.rng.choice(members)


def sell_for_cash(company: Company, day: date) -> Document:
    """Sell something for money in the bank at once; now and then something comes back."""
    party = domestic_customer(company)
    items = items_for(company, RECEIVABLE, party, _SOLD, company.rng.choice((1, 1, 2)))
    kind = "CashReturn" if company.rng.random() < _RETURN_SHARE else "CashSale"
    return write_document(company, RECEIVABLE, party, day, items, kind=kind)


def _other_income(company: Company, text: str, cents: int, branch: int) -> Item:
    account = company.country.account("OTHERINC")
    return Item(account, 0, branch, text, _WHOLE, cents * _WHOLE, _FREE_OF_VAT)


def _open_invoices(company: Company) -> list[Document]:
    """Give some of the customers' open invoices, the ones due first among them."""
    queue = company.due[RECEIVABLE.module][:_QUEUE_LOOKED_AT]
    found = [each for _, _, each in queue if each.status == "Open" and each.kind == "Invoice"]
    return sorted(found, key=lambda each: (each.due, each.number))


def charge_for_delay(company: Company, day: date) -> None:
    """Charge interest on the open invoice that is due first, if there is one."""
    invoices = [
        each for each in _open_invoices(company) if each.currency == company.country.currency
    ]
    if not invoices:
        return
    late = company.rng.choice(invoices[:5])
    cents = max(35_00, late.balance // 50)
    item = _other_income(company, f"Forsinkelsesrente {late.number}", cents, late.branch)
    write_document(company, RECEIVABLE, late.party, day, [item], kind="FinCharge")


def credit_somebody(company: Company, day: date) -> None:
    """Write a credit note on one of the open invoices, if there is one."""
    invoices = _open_invoices(company)
    if invoices:
        credit(company, company.rng.choice(invoices[-5:]), day)


def debit_somebody(company: Company, day: date) -> None:
    """Write a debit note over something that was forgotten on an invoice."""
    party = domestic_customer(company)
    items = items_for(company, RECEIVABLE, party, ("Glemt på faktura",), 1)
    write_document(company, RECEIVABLE, party, day, items, kind="DebitNote")


def write_off_credit(company: Company, day: date) -> None:
    """Write off what is left of a customer's payment, as income."""
    waiting = company.holdings.overpaid
    while waiting and not waiting[0].unapplied:
        waiting.pop(0)
    if waiting:
        payment = waiting.pop(0)
    else:
        cents = company.rng.randint(1, 49_99)
        payment = take_too_much(company, domestic_customer(company), day, cents)
    text = f"Avskrevet {payment.number}"
    item = _other_income(company, text, payment.unapplied, payment.branch)
    document = write_document(company, RECEIVABLE, payment.party, day, [item], kind="SmallCreditWo")
    settle_with(company, payment, document)
