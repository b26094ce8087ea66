"""Records of reference data: organization, currencies, VAT, ways to pay, departments."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.fragments import fine
from visma_sandbox.ledger import ONE
from visma_sandbox.reference_shapes import (
    ATTRIBUTE,
    ATTRIBUTE_VALUE,
    CASH_ACCOUNT,
    CURRENCY,
    CURRENCY_RATE,
    DEPARTMENT,
    ENTRY_TYPE,
    ORGANIZATION,
    PAYMENT_METHOD,
    VAT,
    VAT_CATEGORY,
    VAT_CATEGORY_LINE,
    VAT_SCHEDULE,
)
from visma_sandbox.shapes import BANK_SETTINGS, VAT_ZONE

if TYPE_CHECKING:
    from visma_sandbox.charts import Vat
    from visma_sandbox.company import Company
    from visma_sandbox.reference import CurrencyRate, Named

_SYMBOLS: Final = {"EUR": "€", "USD": "$"}
_ATTRIBUTE_VALUES: Final = {
    "REGION": ("Nord", "Sør", "Øst", "Vest"),
    "KILDE": ("Messe", "Nettside", "Anbefaling"),
}
_NO_RATE: Final = Decimal("0.0")
_SINCE: Final = stamps.day_text(date(2005, 1, 1))


def organization(company: Company, of: Named) -> dict[str, object]:
    """Render the organization of `/v1/organization`."""
    place = fragments.address(company, 0, 7, 1)
    person = fragments.contact(of.name, 1, None)
    own = company.country.currency
    return ORGANIZATION | {
        "organizationCd": of.number,
        "name": of.name,
        "organizationType": "WithBranchesBalancing",
        "baseCurrency": own,
        "mainAddress": place,
        "mainContact": person,
        "deliveryAddress": place,
        "deliveryContact": person,
        "corporateId": f"9{int(company.company_id):08d}",
        "vatRegistrationId": f"{company.country.code}9{int(company.company_id):08d}",
        "defaultCountry": fragments.country(company),
        "industryCode": {"id": "62.010", "description": None},
        "currency": {"id": own} | _currency_facts(company, own),
        "vatZone": _zone(company, "01", "Innland") | {"metadata": None},
        "ledger": {"id": "1", "description": "Hovedbok"},
        "bankSettings": BANK_SETTINGS
        | {"bankName": "Sandbanken", "bankCountry": company.country.code},
        "branches": [fragments.branch(company, n) for n in range(len(company.branches))],
    }


def _currency_facts(company: Company, currency: str) -> dict[str, object]:
    return {
        "description": None,
        "symbol": _SYMBOLS.get(currency, "kr"),
        "isBaseCurrency": currency == company.country.currency,
        "decimalPrecision": 2,
        "isUsedForAccounting": True,
    }


def currency(company: Company, of: Named) -> dict[str, object]:
    """Render a currency of `/v1/currency`."""
    known = _currency_facts(company, of.number)
    return CURRENCY | known | {"id": of.number, "description": of.name}


def currency_rate(company: Company, of: CurrencyRate) -> dict[str, object]:
    """Render a rate of `/v2/currencyrate`."""
    return CURRENCY_RATE | {
        "id": of.internal_id,
        "fromCurrencyId": of.currency,
        "toCurrencyId": company.country.currency,
        "rateType": "SPOT",
        "rate": Decimal(of.rate).scaleb(-6),
        "effectiveDate": stamps.day_text(of.day),
        "multDiv": "M",
        "rateReciprocal": (Decimal(ONE) / Decimal(of.rate)).quantize(Decimal("0.00000001")),
    }


def department(company: Company, of: Named) -> dict[str, object]:
    """Render a department of `/v1/department`."""
    which = next(n for n, each in enumerate(company.subaccounts) if each.department[0] == of.number)
    return DEPARTMENT | {
        "departmentId": of.number,
        "publicId": fragments.public_id(company, f"department {of.number}"),
        "description": of.name,
        "expenseAccount": fragments.full_account(company.country.account("EXPENSE")),
        "expenseSubaccount": fragments.short_subaccount(company, which),
    }


def attribute(_company: Company, of: Named) -> dict[str, object]:
    """Render an attribute of `/v1/attribute`; one is a free text without values."""
    values = _ATTRIBUTE_VALUES.get(of.number, ())
    return ATTRIBUTE | {
        "attributeID": of.number,
        "description": of.name,
        "controlType": "Combo" if values else "Text",
        "details": [
            ATTRIBUTE_VALUE
            | {"valueId": value[:3].upper(), "description": value, "sortOrder": n, "metadata": None}
            for n, value in enumerate(values, start=1)
        ],
        "createdDateTime": stamps.text(of.created),
    }


def payment_method(_company: Company, of: Named) -> dict[str, object]:
    """Render a way to pay of `/v1/paymentmethod`."""
    return PAYMENT_METHOD | {
        "paymentMethodID": of.number,
        "active": True,
        "meansOfPayment": "DirectDeposit" if of.number == "1" else "CashOrCheck",
        "description": of.name,
        "useInAP": of.number == "1",
        "details": [
            {"detailID": "1", "description": "IBAN", "bankingDetailType": "IBAN"},
            {"detailID": "2", "description": "BIC", "bankingDetailType": "BIC"},
        ],
    }


def _vat_of(company: Company, code: str) -> Vat:
    return next(each for each in company.country.vats if each.code == code)


def vat(company: Company, of: Named) -> dict[str, object]:
    """Render a VAT code of `/v1/vat`."""
    rate = fragments.percent(_vat_of(company, of.number).rate)
    country = company.country
    return VAT | {
        "vatCategoryId": of.number,
        "vatId": of.number,
        "description": of.name,
        "type": "Vat",
        "includeinVatTotal": True,
        "calculateOn": "ItemAmount",
        "cashDiscount": "NoAdjust",
        "vismaXmlVatType": "VatTypeHigh" if rate else "VatTypeZero",
        "glAccounts": {
            "vatPayableAccount": fragments.full_account(country.account("VATOUT")),
            "vatPayableSubaccount": fragments.short_subaccount(company, 0),
            "vatClaimableAccount": fragments.full_account(country.account("VATIN")),
            "vatClaimableSubccount": fragments.short_subaccount(company, 0),
        },
        "schedules": [
            VAT_SCHEDULE
            | {
                "startDate": _SINCE,
                "vatRate": rate,
                "minTaxableAmt": fine(0),
                "maxTaxableAmt": fine(0),
                "deductibleVatRate": Decimal("100.0"),
                "groupType": group,
            }
            for group in ("Output", "Input")
        ],
        "categories": [vat_category(company, of)],
        "zones": [_zone(company, "01", "Innland") | {"metadata": None}],
    }


def vat_category(company: Company, of: Named) -> dict[str, object]:
    """Render a VAT category of `/v1/vatCategory`: it has one code, its own."""
    rate = fragments.percent(_vat_of(company, of.number).rate)
    line = VAT_CATEGORY_LINE | {
        "vatId": of.number,
        "description": of.name,
        "type": "Vat",
        "calculateOn": "ItemAmount",
        "cashDiscount": "NoAdjust",
        "vatRates": [
            {"revisionID": "1", "vatRate": rate, "startDate": _SINCE, "groupType": "Output"}
        ],
    }
    return VAT_CATEGORY | {
        "vatCategoryId": of.number,
        "description": of.name,
        "active": True,
        "lastModifiedDateTime": stamps.text(of.stamp),
        "vatCategoryLines": [line],
    }


def _zone(company: Company, number: str, name: str) -> dict[str, object]:
    category = company.country.vats[0 if number == "01" else 2]
    return VAT_ZONE | {
        "id": number,
        "description": name,
        "defaultVatCategory": category.code,
        "defaultTaxCategory": {"number": category.code, "description": category.name},
    }


def vat_zone(company: Company, of: Named) -> dict[str, object]:
    """Render a VAT zone of `/v1/vatZone`."""
    record = _zone(company, of.number, of.name)
    del record["metadata"]
    return record


def cash_account(company: Company, of: Named) -> dict[str, object]:
    """Render a cash account of `/v1/cashaccount`."""
    country = company.country
    account = next(each for each in country.accounts if each.number == of.number)
    return CASH_ACCOUNT | {
        "entryTypes": [
            ENTRY_TYPE
            | {
                "entryTypeId": name,
                "disableReceipt": direction,
                "module": "CA",
                "defaultOffsetAccountBranch": fragments.branch(company, 0),
                "defaultOffsetAccount": fragments.full_account(country.account(role)),
                "defaultOffsetSubaccount": fragments.short_subaccount(company, 0),
                "description": text,
                "taxCalculationMode": "TaxSetting",
                "lastModifiedDateTime": stamps.text(of.stamp),
            }
            for name, direction, role, text in (
                ("GEBYR", "Disbursement", "FEE", "Gebyr"),
                ("RENTE", "Receipt", "OTHERINC", "Rente"),
            )
        ],
        "currency": country.currency,
        "number": of.number,
        "description": of.name,
        "account": fragments.account(account),
        "subaccount": fragments.subaccount_record(company.subaccounts[0]),
    }
