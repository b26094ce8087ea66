"""Entries: what is booked by hand or by routine: capital, payroll, bank fees, corrections."""

from __future__ import annotations

from typing import TYPE_CHECKING

from visma_sandbox.ledger import ONE, Batch, Posting

if TYPE_CHECKING:
    from datetime import date

    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company

_CAPITAL_CENTS = 98_765_432_101_25
_NET_SHARE = 68
_TAX_SHARE = 14


def enter_batch(
    company: Company,
    module: str,
    day: date,
    text: str,
    lines: list[Posting],
    *,
    kind: str = "Entry",
    status: str = "Posted",
    at: int | None = None,
) -> Batch:
    """Enter a batch in the company's currency, at a stamp or right now."""
    at = company.event() if at is None else at
    return company.ledger.enter(
        Batch(
            module=module,
            number="",
            day=day,
            period=f"{day:%Y%m}",
            currency=company.country.currency,
            rate=ONE,
            text=text,
            kind=kind,
            lines=lines,
            status=status,
            stamp=at,
            created=at,
        )
    )


def plain_line(
    account: Account,
    amount: int,
    text: str,
    subaccount: int = 0,
    branch: int = 0,
    *,
    reference: str = "",
    party: str = "",
) -> Posting:
    """Give a line in the company's currency, debit positive."""
    return Posting(account, subaccount, branch, amount, amount, text, reference, party)


def capital(company: Company, day: date) -> None:
    """Pay in the share capital: an amount of eleven digits."""
    country = company.country
    text = "Aksjekapital"
    lines = [
        plain_line(country.account("BANK"), _CAPITAL_CENTS, text),
        plain_line(country.account("EQUITY"), -_CAPITAL_CENTS, text),
    ]
    enter_batch(company, "GL", day, text, lines)


def close_month(company: Company, day: date) -> None:
    """Book payroll, a line for each employee, and the bank's fees."""
    country, rng = company.country, company.rng
    text = f"Lønn {day:%Y-%m}"
    gross = {employee: rng.randint(3_000_000, 9_000_000) for employee in company.employees}
    lines = [
        plain_line(
            country.account("PAYROLL"),
            amount,
            f"{text}, ansatt {employee.number}",
            employee.subaccount,
            employee.branch,
        )
        for employee, amount in gross.items()
    ]
    total = sum(gross.values())
    social, tax = total * _TAX_SHARE // 100, total * (100 - _NET_SHARE) // 100
    lines += [
        plain_line(country.account("PAYROLLTAX"), social, text),
        plain_line(country.account("ACCRUAL"), -social, text),
        plain_line(country.account("TAX"), -tax, text),
        plain_line(country.account("WAGES"), tax - total, text),
    ]
    enter_batch(company, "GL", day, text, lines)
    fee = rng.randint(10, 900_00)
    enter_batch(
        company,
        "CA",
        day,
        "Bankgebyr",
        [
            plain_line(country.account("FEE"), fee, "Bankgebyr"),
            plain_line(country.account("BANK"), -fee, "Bankgebyr"),
        ],
    )


def correct(company: Company, day: date) -> None:
    """Write a correction between cost centres; it waits until the next one is written."""
    if company.waiting:
        _post_next(company)
    rng = company.rng
    account = company.country.account("EXPENSE")
    amount = rng.randint(1_00, 50_000_00)
    lines = [
        plain_line(account, amount, "Omføring", rng.randrange(1, len(company.subaccounts))),
        plain_line(account, -amount, "Omføring", 0),
    ]
    batch = enter_batch(company, "GL", day, "Omføring mellom avdelinger", lines, status="Unposted")
    company.waiting.append(batch)


def _post_next(company: Company) -> None:
    """Post the batch that has waited longest, into the period that it was written for."""
    batch = company.waiting.pop(0)
    batch.status = "Posted"
    batch.stamp = company.event()
    company.ledger.post(batch)
