"""Suppliers, customers, employees, branches and subaccounts: who and where, no money."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

TERMS: Final = {"14": 14, "30": 30, "45": 45, "60": 60}
DEPARTMENTS: Final = (
    ("10", "Ledelse"),
    ("20", "Salg"),
    ("30", "Drift"),
    ("40", "Økonomi"),
    ("50", "Støtte"),
)
COST_CENTRES: Final = (("000", "Felles"), ("100", "Nord"), ("200", "Sør"), ("300", "Øst"))
NOTES: Final = (
    None,
    None,
    None,
    "Levert på døren, åpent til kl. 16.",
    'Merket "HASTER", se vedlegg',
    "Sti: C:\\bilag\\2026\\ny",
    "Kolonne A\tKolonne B\nlinje to",
    "Grüße från Umeå, café № 5",
    "Godkjent 👍",
    "  blanke foran og bak  ",
    "<b>ikke HTML</b> & ikke annet",
)


@dataclass(frozen=True, slots=True)
class Branch:
    """A branch; the first is the main one."""

    internal_id: int
    number: str
    name: str
    stamp: int


@dataclass(frozen=True, slots=True)
class Subaccount:
    """A subaccount of two segments: department and cost centre."""

    internal_id: int
    department: tuple[str, str]
    cost_centre: tuple[str, str]
    stamp: int

    @property
    def number(self) -> str:
        """The number as users see it."""
        return f"{self.department[0]}-{self.cost_centre[0]}"

    @property
    def description(self) -> str:
        """The names of both segments."""
        return f"{self.department[1]} - {self.cost_centre[1]}"


@dataclass(slots=True, eq=False)
class Party:
    """A supplier or a customer."""

    internal_id: int
    number: str
    name: str
    currency: str
    terms: str
    place: int
    street_number: int
    account: str
    """The account that its invoice lines go to."""
    created: int
    stamp: int
    status: str = "Active"
    phone: str = "+47 00 00 00 00"
    note: str | None = None


@dataclass(slots=True, eq=False)
class Employee:
    """An employee, by number and role, with nobody's name."""

    internal_id: int
    number: str
    subaccount: int
    branch: int
    user_id: str
    created: int
    stamp: int


@dataclass(slots=True, eq=False)
class CreditTerm:
    """A credit term: so many days after the invoice."""

    terms_id: str
    days: int
    created: int
    stamp: int


@dataclass(slots=True, eq=False)
class Period:
    """A financial period: a month."""

    year: int
    month: int
    closed: bool
    created: int = 0
    stamp: int = field(default=0)
