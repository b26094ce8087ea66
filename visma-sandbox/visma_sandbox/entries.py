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


def _enter(
    company: Company,
    module: str,
    day: date,
    text: str,
    lines: list[Posting],
    *,
    status: str = "Posted",
) -> Batch:
    at = company.event()
    return company.ledger.enter(
        Batch(
            module=module,
            number="",
            day=day,
            period=f"{day:%Y%m}",
            currency=company.country.currency,
            rate=ONE,
            text=text,
            kind="Entry",
            lines=lines,
            status=status,
            stamp=at,
            created=at,
        )
    )


def _line(
    account: Account, amount: int, text: str, subaccount: int = 0, branch: int = 0
) -> Posting:
    return Posting(account, subaccount, branch, amount, amount, text)


def capital(company: Company, day: date) -> None:
    """Pay in the share capital: an amount of eleven digits."""
    country = company.country
    text = "Aksjekapital"
    lines = [
        _line(country.account("BANK"), _CAPITAL_CENTS, text),
        _line(country.account("EQUITY"), -_CAPITAL_CENTS, text),
    ]
    _enter(company, "GL", day, text, lines)


def close_month(company: Company, day: date) -> None:
    """Book payroll, a line for each employee, and the bank's fees."""
    country, rng = company.country, company.rng
    text = f"Lønn {day:%Y-%m}"
    gross = {employee: rng.randint(3_000_000, 9_000_000) for employee in company.employees}
    lines = [
        _line(
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
        _line(country.account("PAYROLLTAX"), social, text),
        _line(country.account("ACCRUAL"), -social, text),
        _line(country.account("TAX"), -tax, text),
        _line(country.account("WAGES"), tax - total, text),
    ]
    _enter(company, "GL", day, text, lines)
    fee = rng.randint(10, 900_00)
    _enter(
        company,
        "CA",
        day,
        "Bankgebyr",
        [
            _line(country.account("FEE"), fee, "Bankgebyr"),
            _line(country.account("BANK"), -fee, "Bankgebyr"),
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
        _line(account, amount, "Omføring", rng.randrange(1, len(company.subaccounts))),
        _line(account, -amount, "Omføring", 0),
    ]
    batch = _enter(company, "GL", day, "Omføring mellom avdelinger", lines, status="Unposted")
    company.waiting.append(batch)


def _post_next(company: Company) -> None:
    """Post the batch that has waited longest, into the period that it was written for."""
    batch = company.waiting.pop(0)
    batch.status = "Posted"
    batch.stamp = company.event()
    company.ledger.post(batch)
