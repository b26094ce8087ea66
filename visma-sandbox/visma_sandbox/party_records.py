"""Records of what belongs to parties: contacts, locations of suppliers, contracts of customers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import money
from visma_sandbox.parties import Party
from visma_sandbox.reference_shapes import (
    BUSINESS_CONTACT,
    CONTRACT,
    CONTRACT_DETAILS,
    CONTRACT_LINE,
    CONTRACT_SUMMARY,
    SUPPLIER_LOCATION,
)

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.contracts import Contract
    from visma_sandbox.parties import Employee

_ZERO: Final = money(0)
_SECOND_LOCATION_EVERY: Final = 3
_FIRST_CUSTOMER: Final = 70_000


def contact(company: Company, of: Party | Employee) -> dict[str, object]:
    """Render a contact of `/v1/contact`: a role at a supplier or customer, or an employee."""
    is_party = isinstance(of, Party)
    if isinstance(of, Party):
        name, phone = f"Regnskap {of.number}", of.phone
        address = fragments.party_address(company, of)
        kind = "Customer" if of.internal_id > _FIRST_CUSTOMER else "Supplier"
    else:
        name, phone = f"Employee {of.number}", None
        address = fragments.employee_address(company, of)
        kind = "Employee"
    return BUSINESS_CONTACT | {
        "displayName": name,
        "active": True,
        "lastName": name,
        "position": "Regnskap" if is_party else None,
        "businessAccount": of.number,
        "businessAccountType": kind,
        "sameAsAccount": is_party,
        "address": address,
        "email": f"post{of.internal_id}@example.com",
        "phone1": phone,
        "contactMethod": "Email",
        "contactId": of.internal_id,
    }


def supplier_locations(company: Company, party: Party) -> list[dict[str, object]]:
    """Render the locations of a supplier of `/v1/supplierlocation`: every third has two."""
    locations = [("MAIN", "Primary location")]
    if party.internal_id % _SECOND_LOCATION_EVERY == 0:
        locations.append(("LAGER", "Lager"))
    return [
        SUPPLIER_LOCATION
        | {
            "baccount": {
                "internalId": party.internal_id,
                "number": party.number,
                "name": party.name,
            },
            "locationId": location,
            "locationName": name,
            "active": True,
            "address": fragments.party_address(company, party),
            "contact": fragments.contact(party.name, party.internal_id, party.phone),
            "vatRegistrationId": f"{company.country.code}{party.internal_id:09d}",
            "vatZone": fragments.vat_zone(company, party),
            "corporateId": f"{party.internal_id:09d}",
        }
        for location, name in locations
    ]


def contract(company: Company, of: Contract) -> dict[str, object]:
    """Render a contract of `/v1/customerContract`."""
    customer = {"number": of.party.number, "name": of.party.name}
    location = {"id": "MAIN", "description": "Primary location"}
    started, price = stamps.day_text(of.start), money(of.price)
    line = CONTRACT_LINE | {
        "contractDetailId": int(of.number[1:]),
        "itemCode": "TJE-0001",
        "description": "Serviceavtale",
        "included": money(100),
        "setupPrice": _ZERO,
        "recurringPrice": price,
        "renewalPrice": _ZERO,
        "invoiceType": "Prepaid",
    }
    return CONTRACT | {
        "contractId": of.number,
        "contractTemplate": {"id": "SERVICE", "description": "Serviceavtale"},
        "status": of.status,
        "customer": customer,
        "location": location,
        "description": f"Serviceavtale {of.party.name}",
        "balance": _ZERO,
        "summary": CONTRACT_SUMMARY
        | {
            "setupDate": started,
            "activationDate": started,
            "currency": of.party.currency,
            "invoicingScheduleStartsOn": started,
            "invoicingPeriod": "Monthly",
            "invoiceTo": "CustomerAccount",
            "invoiceAccount": customer,
            "invoiceLocation": location,
            "owner": fragments.owner(company),
        },
        "details": CONTRACT_DETAILS
        | {
            "effectiveFrom": started,
            "currentRecurring": price,
            "totalPending": _ZERO,
            "lines": [line],
        },
        "attributes": [{"id": "REGION", "value": "ØST", "description": "Region"}],
    }
