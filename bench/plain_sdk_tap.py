"""The same list through a Singer tap written the usual way with the Meltano SDK.

One stream, its fields declared one by one, pages by number, everything else the SDK's default.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk import RESTStream, Tap
from singer_sdk import typing as th
from singer_sdk.pagination import PageNumberPaginator

if TYPE_CHECKING:
    from singer_sdk.helpers.types import Context

MONEY = """
    exchangeRate detailTotal detailTotalInCurrency discountTotal discountTotalInCurrency
    vatTaxableTotal vatTaxableTotalInCurrency vatExemptTotal vatExemptTotalInCurrency
    withholdingTax withholdingTaxInCurrency roundingDiff roundingDiffInCurrency amount vatAmount
    curyRetainageTotal curyRetainageUnreleasedAmt balance balanceInCurrency cashDiscount
    cashDiscountInCurrency vatTotal vatTotalInCurrency
"""
TEXT = """
    paymentRefNo buyerReference taxCalculationMode documentType referenceNumber postPeriod
    financialPeriod approvalStatus status currencyId supplierReference description note
    closedFinancialPeriod paymentMessage cashAccount timeStamp errorInfo
"""
MOMENTS = """
    cashDiscountDate date origInvoiceDate dueDate createdDateTime lastModifiedDateTime payDate
"""
FLAGS = "hold retainageApply paySelected"

LINE_MONEY = """
    quantity unitCost unitCostInCurrency cost costInCurrency discountPercent discountAmount
    discountAmountInCurrency discountUnitCost discountUnitCostInCurrency retainagePct
    curyRetainageAmt
"""
LINE_TEXT = """
    inventoryNumber externalInventoryId transactionDescription uom deferralScheduleNbr
    deferralCode poNumber poReceiptNbr note splitHierarchy
"""


def properties(names: str, kind: type[th.JSONTypeHelper[Any]]) -> list[th.Property[Any]]:
    """Fields of one type."""
    return [th.Property(name, kind) for name in names.split()]


def texts(names: str) -> th.ObjectType:
    """A nested object of texts."""
    return th.ObjectType(*properties(names, th.StringType))


ACCOUNT = th.ObjectType(
    *properties("type externalCode1 externalCode2 number description", th.StringType),
    th.Property("active", th.BooleanType),
)
LINE = th.ObjectType(
    *properties("lineNumber deferralSchedule poLineNr poReceiptLineNbr", th.IntegerType),
    *properties("stockItem manualDiscount", th.BooleanType),
    *properties("termStartDate termEndDate", th.DateTimeType),
    *properties(LINE_MONEY, th.NumberType),
    *properties(LINE_TEXT, th.StringType),
    th.Property("account", ACCOUNT),
    th.Property("vatCode", texts("id description")),
    th.Property("branchNumber", texts("number name")),
)
TAX_DETAIL = th.ObjectType(
    th.Property("taxId", th.StringType),
    th.Property("recordId", th.IntegerType),
    th.Property("vatId", texts("number description")),
    *properties("vatRate taxableAmount vatAmount", th.NumberType),
)
ATTACHMENT = th.ObjectType(*properties("name id", th.StringType))
SUPPLIER = th.ObjectType(
    th.Property("internalId", th.IntegerType), *properties("number name", th.StringType)
)


class SupplierInvoices(RESTStream[int]):
    """Supplier invoices, their lines nested in them."""

    name = "supplier_invoices"
    path = "/v1/supplierInvoice"
    primary_keys = ("documentType", "referenceNumber")
    replication_key = "lastModifiedDateTime"
    records_jsonpath = "$[*]"
    schema = th.PropertiesList(
        *properties(MONEY, th.NumberType),
        *properties(TEXT, th.StringType),
        *properties(MOMENTS, th.DateTimeType),
        *properties(FLAGS, th.BooleanType),
        th.Property("documentVersionNumber", th.IntegerType),
        th.Property("supplier", SUPPLIER),
        th.Property("creditTerms", texts("id description")),
        th.Property("paymentMethod", texts("id description")),
        th.Property("supplierTaxZone", texts("id description")),
        th.Property("location", texts("countryId id name")),
        th.Property("branchNumber", texts("number name")),
        th.Property("approvalDetails", texts("attachmentID comment")),
        th.Property("attachments", th.ArrayType(ATTACHMENT)),
        th.Property("landedCosts", th.ArrayType(texts("landedCostCodeId description"))),
        th.Property("taxDetailLines", th.ArrayType(TAX_DETAIL)),
        th.Property("invoiceLines", th.ArrayType(LINE)),
    ).to_dict()

    @property
    def url_base(self) -> str:
        """The address of the API."""
        return str(self.config["api_url"])

    def get_new_paginator(self) -> PageNumberPaginator:
        """Pages are numbered from 1; the SDK stops at an empty one."""
        return PageNumberPaginator(1)

    def get_url_params(
        self,
        context: Context | None,  # noqa: ARG002 - the SDK passes it
        next_page_token: int | None,
    ) -> dict[str, Any]:
        """Ask for as many records as the API gives."""
        return {"pageNumber": next_page_token, "pageSize": 5000}


class PlainTap(Tap):
    """The tap around the stream."""

    name = "tap-plain"
    config_jsonschema = th.PropertiesList(
        th.Property("api_url", th.StringType, required=True)
    ).to_dict()

    def discover_streams(self) -> list[SupplierInvoices]:
        """The only stream."""
        return [SupplierInvoices(self)]


if __name__ == "__main__":
    PlainTap.cli()
