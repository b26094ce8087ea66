"""Fragments: the small records that larger ones contain, and how numbers are written."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import TYPE_CHECKING

from visma_sandbox import stamps
from visma_sandbox.ledger import ONE
from visma_sandbox.shapes import ADDRESS, CONTACT, SEGMENT, SUBACCOUNT, VAT_ZONE

if TYPE_CHECKING:
    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Employee, Party, Subaccount


def filled(shape: dict[str, object], known: dict[str, object]) -> dict[str, object]:
    """Give a record of a shape, with what is known of its properties and nothing else."""
    return shape | {name: value for name, value in known.items() if name in shape}


def public_id(company: Company, what: str) -> str:
    """Give the UUID of something of a company, always the same."""
    return str(uuid.uuid5(uuid.UUID(company.tenant_id), what))


def money(cents: int) -> Decimal:
    """Write cents with two digits."""
    return Decimal(cents).scaleb(-2)


def fine(value: int) -> Decimal:
    """Write ten-thousandths with four digits."""
    return Decimal(value).scaleb(-4)


def rate(millionths: int) -> Decimal:
    """Write a rate; the company's own currency is 1.0, others have four to six digits."""
    if millionths == ONE:
        return Decimal("1.0")
    return Decimal(f"{millionths // ONE}.{millionths % ONE:06d}".removesuffix("00"))


def percent(rate_in_thousandths: int) -> Decimal:
    """Write a VAT rate in percent."""
    return Decimal(rate_in_thousandths).scaleb(-1)


def country(company: Company) -> dict[str, object]:
    """Give the country of a company as a nested record."""
    nation = company.country
    return {"id": nation.code, "name": nation.name, "errorInfo": None, "metadata": None}


def address(company: Company, place: int, number: int, internal_id: int) -> dict[str, object]:
    """Give an address in one of the country's cities."""
    postal_code, city = company.country.cities[place]
    return ADDRESS | {
        "addressId": internal_id,
        "addressLine1": f"Lagerveien {number}",
        "addressLine2": "c/o Mottak" if number % 5 == 0 else None,
        "postalCode": postal_code,
        "city": city,
        "country": country(company),
        "county": {"id": None, "name": None},
    }


def party_address(company: Company, party: Party) -> dict[str, object]:
    """Give the address of a supplier or customer."""
    return address(company, party.place, party.street_number, party.internal_id * 2)


def contact(name: str, internal_id: int, phone: str | None) -> dict[str, object]:
    """Give a contact that names a role, no person."""
    return CONTACT | {
        "contactId": internal_id,
        "name": name,
        "attention": "Regnskap",
        "email": f"post{internal_id}@example.com",
        "phone1": phone,
    }


def owner(company: Company) -> dict[str, object]:
    """Give the first employee as one who is responsible."""
    first = company.employees[0]
    return {
        "internalId": first.user_id,
        "number": first.number,
        "name": f"Employee {first.number}",
    }


def employee_address(company: Company, employee: Employee) -> dict[str, object]:
    """Give the address of an employee."""
    return address(company, 0, employee.internal_id % 90 + 1, employee.internal_id * 3)


def segments(subaccount: Subaccount) -> list[dict[str, object]]:
    """Give both segments of a subaccount."""
    named = (("AVDELING", subaccount.department), ("KOSTNADSSTED", subaccount.cost_centre))
    return [
        SEGMENT
        | {
            "segmentId": n,
            "segmentDescription": name,
            "segmentValue": value,
            "segmentValueDescription": description,
        }
        for n, (name, (value, description)) in enumerate(named, start=1)
    ]


def subaccount_record(subaccount: Subaccount) -> dict[str, object]:
    """Give a subaccount as its own list shows it."""
    return SUBACCOUNT | {
        "subaccountNumber": subaccount.number,
        "subaccountId": subaccount.internal_id,
        "description": subaccount.description,
        "lastModifiedDateTime": stamps.text(subaccount.stamp),
        "active": True,
        "segments": segments(subaccount),
        "timeStamp": stamps.row_version(subaccount.stamp),
    }


def short_subaccount(company: Company, which: int) -> dict[str, object]:
    """Give a subaccount as `{active, id, description}`."""
    subaccount = company.subaccounts[which]
    return {"active": True, "id": subaccount.number, "description": subaccount.description}


def account(of: Account) -> dict[str, object]:
    """Give an account as `{type, number, description}`."""
    return {"type": of.type, "number": of.number, "description": of.name}


def full_account(of: Account) -> dict[str, object]:
    """Give an account as document lines show it."""
    return {
        "type": of.type,
        "externalCode1": None,
        "externalCode2": None,
        "active": True,
        "number": of.number,
        "description": of.name,
    }


def branch(company: Company, which: int) -> dict[str, object]:
    """Give a branch as `{number, name}`."""
    of = company.branches[which]
    return {"number": of.number, "name": of.name}


def location(company: Company) -> dict[str, object]:
    """Give the main location of a party."""
    return {"countryId": company.country.code, "id": "MAIN", "name": "Primary location"}


def vat_zone(company: Company, party: Party) -> dict[str, object]:
    """Give the VAT zone of a party."""
    is_domestic = party.currency == company.country.currency
    return VAT_ZONE | {
        "id": "01" if is_domestic else "02",
        "description": "Innland" if is_domestic else "Utland",
        "defaultVatCategory": company.country.vats[0 if is_domestic else 2].code,
        "metadata": None,
    }


def terms(of: str) -> dict[str, object]:
    """Give credit terms as `{id, description}`."""
    return {"id": of, "description": f"{of} dager netto"}
