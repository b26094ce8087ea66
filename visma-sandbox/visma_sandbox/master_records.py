"""Records of what business is done with: accounts, parties, branches, periods."""

from __future__ import annotations

import calendar
import uuid
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import money
from visma_sandbox.parties import COST_CENTRES, DEPARTMENTS
from visma_sandbox.shapes import (
    ACCOUNT,
    BANK_SETTINGS,
    BRANCH,
    CREDIT_TERM,
    CUSTOMER,
    CUSTOMER_ACCOUNTS,
    DIMENSION,
    DIMENSION_SEGMENT,
    DIMENSION_VALUE,
    EMPLOYEE,
    EMPLOYEE_CONTACT,
    FINANCIAL_PERIOD,
    LEDGER,
    SUPPLIER,
    SUPPLIER_ACCOUNTS,
)

if TYPE_CHECKING:
    from visma_sandbox.charts import Account
    from visma_sandbox.company import Company, Fixed
    from visma_sandbox.parties import Branch, CreditTerm, Employee, Party, Period, Subaccount

_LEDGERS: Final = {"Actual": (1, "1", "Hovedbok"), "Budget": (2, "2", "Budsjett")}
_CONTROLS: Final = {"AP": "AP", "AR": "AR", "INVENTORY": "IN", "BANK": "CA"}
_SEGMENTS: Final = {
    "SUBACCOUNT": (("AVDELING", 2, DEPARTMENTS), ("KOSTNADSSTED", 3, COST_CENTRES)),
    "ACCOUNT": (("KONTO", 4, ()),),
}


def account(company: Company, fixed: Fixed[Account]) -> dict[str, object]:
    """Render an account of `/v1/account`."""
    of = fixed.thing
    control = _CONTROLS.get(of.account_class)
    return ACCOUNT | {
        "accountID": of.internal_id,
        "accountCD": of.number,
        "accountClass": of.account_class,
        "type": of.type,
        "active": True,
        "description": of.name,
        "useDefaultSub": control is not None,
        "postOption": "Detail",
        "cashAccount": of.account_class == "BANK",
        "currency": company.country.currency if of.account_class == "BANK" else None,
        "externalCode1Info": {"number": None, "description": None},
        "externalCode2Info": {"number": None, "description": None},
        "analisysCodeInfo": {"number": None, "description": None},
        "controlAccountModule": control,
        "allowManualEntry": control is None,
    }


def subaccount(_company: Company, fixed: Fixed[Subaccount]) -> dict[str, object]:
    """Render a subaccount of `/v1/subaccount`."""
    return fragments.subaccount_record(fixed.thing)


def ledger(company: Company, fixed: Fixed[str]) -> dict[str, object]:
    """Render a ledger of `/v1/ledger`."""
    internal_id, number, description = _LEDGERS[fixed.thing]
    return LEDGER | {
        "internalId": internal_id,
        "number": number,
        "description": description,
        "balanceType": fixed.thing,
        "currencyId": company.country.currency,
        "consolBranch": fragments.branch(company, 0),
        "branchAccounting": True,
    }


def branch(company: Company, fixed: Fixed[Branch]) -> dict[str, object]:
    """Render a branch of `/v1/branch`."""
    of = fixed.thing
    place = fragments.address(company, of.internal_id - 1, of.internal_id * 7, of.internal_id)
    person = fragments.contact(of.name, of.internal_id, None)
    return BRANCH | {
        "branchId": of.internal_id,
        "number": of.number,
        "name": of.name,
        "organizationId": 1,
        "isMainBranch": of.internal_id == 1,
        "isActive": True,
        "corporateId": f"9{int(company.company_id):08d}",
        "mainAddress": place,
        "mainContact": person,
        "deliveryAddress": place,
        "deliveryContact": person,
        "defaultCountry": fragments.country(company),
        "industryCode": {"id": "62.010", "description": None},
        "currency": {"id": company.country.currency, "description": None, "symbol": None},
        "vatZone": {"id": "01", "description": "Innland"},
        "ledger": {"id": "1", "description": "Hovedbok"},
        "bankSettings": BANK_SETTINGS
        | {"bankName": "Sandbanken", "bankCountry": company.country.code},
    }


def dimension(company: Company, fixed: Fixed[str]) -> dict[str, object]:
    """Render a dimension of `/v1/dimension/{dimensionId}`."""
    changed = stamps.text(fixed.stamp)

    def identity(*parts: object) -> str:
        return str(uuid.uuid5(uuid.UUID(company.tenant_id), f"{fixed.thing} {parts}"))

    def values(segment: int, of: tuple[tuple[str, str], ...]) -> list[dict[str, object]]:
        return [
            DIMENSION_VALUE
            | {
                "internalId": identity(segment, value),
                "segmentId": segment,
                "valueId": value,
                "description": description,
                "publicId": identity(segment, value, "public"),
                "active": True,
                "timeStamp": stamps.row_version(fixed.stamp),
                "lastModified": changed,
            }
            for value, description in of
        ]

    segments = _SEGMENTS[fixed.thing]
    return DIMENSION | {
        "id": fixed.thing,
        "length": sum(length for _, length, _ in segments),
        "description": fixed.thing.capitalize(),
        "segments": [
            DIMENSION_SEGMENT
            | {
                "internalId": identity(n),
                "segmentId": n,
                "description": description,
                "length": length,
                "publicId": identity(n, "public"),
                "timeStamp": stamps.row_version(fixed.stamp),
                "lastModified": changed,
                "validate": True,
                "segmentValues": values(n, of),
            }
            for n, (description, length, of) in enumerate(segments, start=1)
        ],
    }


def financial_period(_company: Company, period: Period) -> dict[str, object]:
    """Render a period of `/v1/financialPeriod`."""
    first = date(period.year, period.month, 1)
    last = first.replace(day=calendar.monthrange(period.year, period.month)[1])
    closed = {name: period.closed for name in FINANCIAL_PERIOD if name.startswith("closed")}
    return (
        FINANCIAL_PERIOD
        | closed
        | {
            "year": period.year,
            "period": f"{period.month:02d}",
            "startDate": stamps.day_text(first),
            "endDate": stamps.day_text(last),
            "description": f"Periode {period.month:02d}-{period.year}",
            "active": True,
        }
    )


def credit_term(_company: Company, term: CreditTerm) -> dict[str, object]:
    """Render a credit term of `/v1/creditTerm`."""
    return CREDIT_TERM | {
        "termsId": term.terms_id,
        "description": f"{term.days} dager netto",
        "visibleTo": "AL",
        "dueDateType": "N",
        "moveDueDateIfOnTheWeekend": "1",
        "dueDay1": term.days,
        "dueDay1DayFrom1": 0,
        "dueDay1DayTo1": 0,
        "dueDay2": 0,
        "dueDay2DayFrom1": 0,
        "dueDay2DayTo1": 0,
        "discountType": "N",
        "discountDay": 0,
        "discountPercent": money(0),
        "delayDays": 0,
        "calculationType": "G",
        "instalmentType": "S",
        "numberOfInstalments": 0,
        "instalmentFrequency": "M",
        "instalmentMethod": "E",
        "createdDateTime": stamps.text(term.created),
    }


def _party(company: Company, party: Party) -> dict[str, object]:
    """Give the fields that suppliers and customers name alike."""
    place = fragments.party_address(company, party)
    person = fragments.contact(party.name, party.internal_id, party.phone)
    return {
        "internalId": party.internal_id,
        "number": party.number,
        "name": party.name,
        "status": party.status,
        "mainAddress": place,
        "mainContact": person,
        "creditTerms": fragments.terms(party.terms),
        "currencyId": party.currency,
        "location": fragments.location(company),
        "vatRegistrationId": f"{company.country.code}{party.internal_id:09d}",
        "corporateId": f"{party.internal_id:09d}",
        "vatZone": fragments.vat_zone(company, party),
    }


def supplier(company: Company, party: Party) -> dict[str, object]:
    """Render a supplier of `/v1/supplier`."""
    common = _party(company, party)
    return (
        SUPPLIER
        | common
        | {
            "supplierClass": {"id": "1", "description": "Leverandører"},
            "remitAddress": common["mainAddress"],
            "remitContact": common["mainContact"],
            "supplierAddress": common["mainAddress"],
            "supplierContact": common["mainContact"],
            "paymentMethod": {"id": "1", "description": "Bank"},
            "cashAccount": company.country.account("BANK").number,
            "chargeBearer": "Payer",
            "accountUsedForPayment": "IBAN",
            "paymentBy": "DueDate",
            "paymentLeadTime": 0,
            "glAccounts": SUPPLIER_ACCOUNTS
            | {
                "supplierAccount": fragments.account(company.country.account("AP")),
                "supplierSubaccount": fragments.short_subaccount(company, 0),
                "expenseSubaccount": fragments.short_subaccount(company, 0),
            },
            "supplierPaymentMethodDetails": [
                {
                    "paymentMethodDetailDescription": "IBAN",
                    "paymentMethodDetailValue": f"{company.country.code}00{party.internal_id:011d}",
                    "paymentMethodDetailBankingDetailType": "IBAN",
                    "paymentMethodDetailID": "1",
                }
            ],
            "note": party.note,
            "numberOfEmployees": 0,
        }
    )


def customer(company: Company, party: Party) -> dict[str, object]:
    """Render a customer of `/v1/customer`."""
    common = _party(company, party)
    own = fragments.subaccount_record(company.subaccounts[0]) | {"metadata": None}
    return (
        CUSTOMER
        | common
        | {
            "customerClass": {"id": "1", "description": "Kunder"},
            "creditVerification": "Disabled",
            "creditLimit": money(0) if party.internal_id % 3 else Decimal("1000000.00"),
            "creditDaysPastDue": 0,
            "invoiceAddress": common["mainAddress"],
            "invoiceContact": common["mainContact"],
            "deliveryAddress": common["mainAddress"],
            "deliveryContact": common["mainContact"],
            "printInvoices": True,
            "statementType": "OpenItem",
            "createdDateTime": stamps.text(party.created),
            "glAccounts": CUSTOMER_ACCOUNTS
            | {
                "customerLedgerAccount": fragments.account(company.country.account("AR")),
                "customerLedgerSubaccount": own,
                "salesSubaccount": own,
            },
            "paymentMethods": [{"paymentMethodId": "1", "isDefault": True}],
            "defaultPaymentMethodId": "1",
        }
    )


def employee(company: Company, of: Employee) -> dict[str, object]:
    """Render an employee of `/v1/employee`."""
    name = f"Employee {of.number}"
    person = EMPLOYEE_CONTACT | fragments.contact(name, of.internal_id, None)
    return EMPLOYEE | {
        "employeeUserId": of.user_id,
        "employeeId": of.internal_id,
        "employeeNumber": of.number,
        "employeeName": name,
        "status": "Active",
        "department": company.subaccounts[of.subaccount].department[0],
        "contact": person | {"firstName": "Employee", "lastName": of.number},
        "address": fragments.employee_address(company, of),
        "employeeClass": {"id": "1", "description": "Ansatte"},
        "branch": fragments.branch(company, of.branch),
        "calendarID": "1",
    }
