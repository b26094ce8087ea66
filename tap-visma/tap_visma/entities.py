"""The Visma.net ERP API as data: one row per list endpoint.

Knows paths, keys, filters and lists; knows neither HTTP nor Singer. Facts come from Visma's
OpenAPI description of 2025-05 unless a comment says otherwise. A new entity is one row here and
one file in `schemas/`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

STAMP = "lastModifiedDateTime"
"""The name of Visma's change stamp, in answers and as a filter: local time without a zone."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Lines:
    """A list inside a record that becomes a stream of its own, without extra calls.

    Attributes:
        name: The stream's name.
        path: The list, or the lists inside one another, that lead from the record to the line.
        key: Fields that tell the line from its siblings. Empty where Visma has none: the line's
            position in the list (column `line_position`, from 1) then takes their place.
        parent_columns: Columns in which the line carries its parent's key, where the parent's own
            field names are taken by fields of the line.
    """

    name: str
    path: tuple[str, ...]
    key: tuple[str, ...] = ("lineNumber",)
    parent_columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Parameter:
    """A parameter that an endpoint insists on; the list is read once for each of its values.

    Attributes:
        names: The parameters that take the value: in the path between braces, else in the query.
        values: Where the values come from: a row of `LOOKUPS`.
        column: Column in which records carry the value, where the answer does not repeat it.
    """

    names: tuple[str, ...]
    values: str
    column: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Lookup:
    """A list of a company's own from which parameters take their values.

    Attributes:
        path: The endpoint.
        fields: Fields whose values, put together, are the parameter's; none for a list of texts.
        widths: Digits to which numbers in them are filled up.

    Values whose `endDate` is before the start date are left out.
    """

    path: str
    fields: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()


LOOKUPS: Mapping[str, Lookup] = {
    "branches": Lookup(path="/v1/branch", fields=("number",)),
    "dimensions": Lookup(path="/v1/dimension"),
    "financial_periods": Lookup(
        path="/v1/financialPeriod", fields=("year", "period"), widths=(4, 2)
    ),
    "financial_years": Lookup(path="/v1/financialPeriod", fields=("year",), widths=(4,)),
    "ledgers": Lookup(path="/v1/ledger", fields=("number",)),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entity:
    """A list endpoint and the streams that it feeds.

    Attributes:
        name: The stream's name.
        path: The endpoint, as Visma's API description spells it.
        key: Fields that identify a record within its company; dots lead into nested objects.
            Columns of `parameters` can be part of it.
        stamp: The field with the time of the last change, `None` where records have none.
        since: How the endpoint filters by `lastModifiedDateTime`: with a condition, without one
            ("modified since"), or not at all (also where records have no stamp to go on from).
        always_since: The endpoint refuses a call without the filter.
        paged: Whether the endpoint knows `pageNumber` and `pageSize`.
        counts: What a page holds and `metadata.totalCount` counts: the records, or the lines of
            one of their lists (its name), in which case a record can be split over pages.
        periods: The query parameters that pick a financial period, in ledgers into whose past
            periods later postings go.
        parameters: Parameters without which the endpoint gives nothing.
        params: Query parameters that every call carries.
        lists: The lists that become streams.
        by_default: Whether the stream is selected where the user does not say.
    """

    name: str
    path: str
    key: tuple[str, ...]
    stamp: str | None = STAMP
    since: Literal["condition", "plain"] | None = "condition"
    always_since: bool = False
    paged: bool = True
    counts: str | None = None
    periods: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    params: Mapping[str, str] = field(default_factory=dict)
    lists: tuple[Lines, ...] = ()
    by_default: bool = True

    @property
    def one_record(self) -> bool:
        """Whether an answer is a single record, named in the path, and no list."""
        return "{" in self.path

    @property
    def added_columns(self) -> tuple[str, ...]:
        """Columns of parameters that the answer does not repeat."""
        return tuple(parameter.column for parameter in self.parameters if parameter.column)


def _customer_document(name: str, path: str, lines: str | None = None) -> Entity:
    """Invoices, notes and the like: the same endpoint five times over."""
    return Entity(
        name=name,
        path=path,
        key=("documentType", "referenceNumber"),
        params={"expandApplications": "true", "expandTaxDetails": "true"},
        lists=(Lines(name=f"{name[:-1]}_lines", path=(lines,)),) if lines else (),
    )


_FROM_TO_PERIOD = Parameter(
    names=("fromFinPeriod", "toFinPeriod"), values="financial_periods", column="financialPeriod"
)

# In the order in which they are read: reference data, parties, documents, their payments, ledgers,
# so that a row never arrives long before the rows that it points at.
ENTITIES: tuple[Entity, ...] = (
    # Reference data
    Entity(name="organizations", path="/v1/organization", key=("organizationCd",), paged=False),
    Entity(name="branches", path="/v1/branch", key=("branchId",), paged=False),
    Entity(
        name="currencies",
        path="/v1/currency",
        key=("id",),
        stamp=None,
        since=None,
        paged=False,
    ),
    Entity(
        name="currency_rates",
        path="/v2/currencyrate",
        key=("id",),
        stamp=None,
        since=None,
        paged=False,
    ),
    Entity(
        name="accounts",
        path="/v1/account",
        key=("accountID",),  # accountCD, the visible number, can be changed by the user
        paged=False,
        params={"includeAccountClassDescription": "true"},
    ),
    Entity(name="subaccounts", path="/v1/subaccount", key=("subaccountId",)),
    Entity(name="ledgers", path="/v1/ledger", key=("internalId",), paged=False),
    Entity(
        name="financial_periods",
        path="/v1/financialPeriod",
        key=("year", "period"),
        stamp=None,
        since=None,
        paged=False,
    ),
    Entity(
        name="dimensions",
        path="/v1/dimension/{dimensionId}",
        key=("id",),
        stamp=None,  # values carry a stamp of their own, the dimension has none
        since=None,
        paged=False,
        parameters=(Parameter(names=("dimensionId",), values="dimensions"),),
        lists=(
            Lines(
                name="dimension_values",
                path=("segments", "segmentValues"),
                key=("segmentId", "valueId"),
                parent_columns=("dimensionId",),
            ),
        ),
    ),
    Entity(name="departments", path="/v1/department", key=("departmentId",), paged=False),
    Entity(name="attributes", path="/v1/attribute", key=("attributeID",)),
    Entity(name="credit_terms", path="/v1/creditTerm", key=("termsId",)),
    Entity(
        name="payment_methods",
        path="/v1/paymentmethod",
        key=("paymentMethodID",),
        stamp=None,  # it can be filtered, but rows carry no stamp to go on from
        since=None,
        paged=False,
    ),
    Entity(name="vat_codes", path="/v1/vat", key=("vatId",), paged=False),
    Entity(name="vat_categories", path="/v1/vatCategory", key=("vatCategoryId",), paged=False),
    Entity(name="vat_zones", path="/v1/vatZone", key=("id",), stamp=None, since=None),
    Entity(name="cash_accounts", path="/v1/cashaccount", key=("number",), paged=False),
    Entity(name="warehouses", path="/v1/warehouse", key=("warehouseID",), stamp=None, since=None),
    Entity(
        name="inventory_items",
        path="/v1/inventory",
        key=("inventoryId",),
        # True where not said, today; Visma announces that this will change
        params={
            "expandCrossReference": "true",
            "expandAttachment": "false",
            "expandAttribute": "true",
            "expandWarehouseDetail": "true",
            "expandAccountInformation": "true",
            "expandInventoryUnits": "true",
            "expandSupplierDetails": "true",
            "expandSalesCategories": "true",
        },
    ),
    # People and parties
    Entity(name="employees", path="/v1/employee", key=("employeeId",)),
    Entity(name="contacts", path="/v1/contact", key=("contactId",), paged=False),
    Entity(name="suppliers", path="/v1/supplier", key=("internalId",)),
    Entity(
        name="supplier_locations",
        path="/v1/supplierlocation",
        key=("baccount.number", "locationId"),
    ),
    Entity(name="customers", path="/v1/customer", key=("internalId",)),
    Entity(
        name="customer_contracts",
        path="/v1/customerContract",
        key=("contractId",),
        paged=False,
        params={"expandSummary": "true", "expandDetails": "true", "expandAttributes": "true"},
    ),
    Entity(name="projects", path="/v1/project", key=("internalID",)),
    Entity(name="project_tasks", path="/v1/projecttask", key=("internalId",)),
    Entity(
        name="fixed_assets",
        path="/v1/fixedAsset",
        key=("assetID",),
        params={"expandAccounts": "true"},
    ),
    # Documents
    Entity(
        name="purchase_orders",
        path="/v1/purchaseorder",
        key=("orderType", "orderNbr"),
        lists=(
            Lines(
                name="purchase_order_lines",
                path=("lines",),
                key=("lineNbr",),
                parent_columns=("poOrderType", "poOrderNbr"),
            ),
        ),
    ),
    Entity(
        name="purchase_receipts",
        path="/v2/PurchaseReceipt",
        key=("receiptType", "receiptNbr"),
        lists=(Lines(name="purchase_receipt_lines", path=("lines",), key=("lineNbr",)),),
    ),
    Entity(
        name="supplier_invoices",
        path="/v1/supplierInvoice",
        key=("documentType", "referenceNumber"),
        lists=(Lines(name="supplier_invoice_lines", path=("invoiceLines",)),),
    ),
    Entity(
        name="supplier_documents",
        path="/v1/supplierdocument",
        key=("documentType", "referenceNumber"),
    ),
    _customer_document("customer_invoices", "/v1/customerinvoice", "invoiceLines"),
    _customer_document("customer_credit_notes", "/v1/customerCreditNote", "lines"),
    _customer_document("customer_debit_notes", "/v1/customerDebitNote", "lines"),
    _customer_document("customer_overdue_charges", "/v1/customerOverdueCharge", "lines"),
    _customer_document("customer_credit_write_offs", "/v1/customerCreditWriteOff"),
    _customer_document("customer_documents", "/v1/customerdocument"),
    _customer_document("cash_sales", "/v1/cashsale", "cashSaleLines"),
    Entity(
        name="cash_transactions",
        path="/v1/cashTransaction",
        key=("tranType", "referenceNbr"),
        lists=(Lines(name="cash_transaction_lines", path=("transactionDetails",)),),
    ),
    Entity(
        name="shipments",
        path="/v1/shipment",
        key=("shipmentNumber",),
        lists=(Lines(name="shipment_lines", path=("shipmentDetailLines",)),),
    ),
    Entity(
        name="expense_claims",
        path="/v1/expenseClaim",
        key=("refNbr",),
        always_since=True,  # "a filter needs to be specified"
        lists=(
            Lines(
                name="expense_claim_lines",
                path=("details",),
                key=("claimDetailId",),
                parent_columns=("claimRefNbr",),
            ),
        ),
    ),
    Entity(
        name="time_cards",
        path="/v1/timeCard",
        key=("refNbr",),
        always_since=True,  # as above
        paged=False,
        lists=(Lines(name="time_card_lines", path=("summary",), parent_columns=("cardRefNbr",)),),
    ),
    # Payments
    Entity(
        name="supplier_payments",
        path="/v1/supplierPayment",
        key=("type", "refNbr"),
        lists=(
            Lines(
                name="supplier_payment_lines",
                path=("paymentLines",),
                key=(),  # a voided and applied-again document stands in the list more than once
                parent_columns=("paymentType", "paymentRefNbr"),
            ),
        ),
    ),
    Entity(
        name="customer_payments",
        path="/v1/customerPayment",
        key=("type", "refNbr"),
        lists=(
            Lines(
                name="customer_payment_lines",
                path=("paymentLines",),
                key=(),  # as above
                parent_columns=("paymentType", "paymentRefNbr"),
            ),
        ),
    ),
    # Ledgers and balances
    Entity(
        name="project_transactions",
        path="/v1/projecttransaction",
        key=("module", "refNbr"),
        stamp=None,  # it can be filtered, but documents carry no stamp to go on from
        since=None,
        lists=(Lines(name="project_transaction_lines", path=("lines",), key=("tranId",)),),
    ),
    Entity(
        name="project_budgets",
        path="/v1/projectbudget",
        key=("projectID", "projectTaskID", "accountGroupID", "inventoryNumber"),
        stamp=None,  # as above
        since=None,
    ),
    Entity(
        name="fixed_asset_transactions", path="/v1/fixedAssetTransaction", key=("refNo", "lineNo")
    ),
    Entity(
        name="journal_transactions",
        path="/v2/journaltransaction",
        key=("module", "batchNumber"),  # numbers repeat from module to module
        since="plain",
        always_since=True,
        counts="journalTransactionLines",
        periods=("periodId",),
        lists=(
            Lines(
                name="journal_transaction_lines",
                path=("journalTransactionLines",),
                parent_columns=("batchModule", "batchNumber"),
            ),
        ),
    ),
    Entity(
        name="general_ledger_transactions",
        path="/v1/GeneralLedgerTransactions",
        key=("module", "batchNumber", "lineNumber"),
        periods=("fromPeriod", "toPeriod"),
        parameters=(Parameter(names=("ledger",), values="ledgers"),),
        params={"expandAccountInfo": "true", "expandBranchInfo": "true"},
    ),
    Entity(
        name="general_ledger_balances",
        path="/v2/generalLedgerBalance",
        key=("branch.number", "ledger.id", "financialPeriod", "account.number", "subaccountId"),
        since="plain",
        always_since=True,
        periods=("periodId",),
    ),
    Entity(
        name="budgets",
        path="/v1/budget",
        key=("branchNumber.number", "ledger", "financialYear", "account.number", "subaccount.id"),
        paged=False,
        parameters=(
            Parameter(names=("branch",), values="branches"),
            Parameter(names=("ledger",), values="ledgers", column="ledger"),
            Parameter(names=("financialYear",), values="financial_years"),
        ),
        lists=(
            Lines(
                name="budget_periods",
                path=("periods",),
                key=("periodId",),
                parent_columns=("branch", "ledger", "financialYear", "account", "subaccount"),
            ),
        ),
    ),
    Entity(
        name="supplier_balances", path="/v1/supplier/balance", key=("supplier.number",), paged=False
    ),
    Entity(
        name="customer_balances",
        path="/v1/customer/balance",
        key=("customer.number",),
        stamp="lastModified",
        paged=False,
    ),
    # A call and more per financial period in each run, since these rows carry no stamp
    Entity(
        name="supplier_period_balances",
        path="/v2/supplier/balance",
        key=("supplier.number", "branch", "financialPeriod"),
        stamp=None,
        since=None,
        parameters=(_FROM_TO_PERIOD,),
        by_default=False,
    ),
    Entity(
        name="customer_period_balances",
        path="/v2/customer/balance",
        key=("customer.number", "branchNumber.number", "financialPeriod"),
        stamp=None,
        since=None,
        parameters=(_FROM_TO_PERIOD,),
        by_default=False,
    ),
)
