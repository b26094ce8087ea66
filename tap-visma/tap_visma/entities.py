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
class Entity:
    """A list endpoint and the streams that it feeds.

    Attributes:
        name: The stream's name.
        path: The endpoint, as Visma's API description spells it.
        key: Fields that identify a record within its company; dots lead into nested objects.
        stamp: The field with the time of the last change, `None` where records have none.
        since: How the endpoint filters by `lastModifiedDateTime`: with a condition, without one
            ("modified since"), or not at all.
        always_since: The endpoint refuses a call without the filter.
        paged: Whether the endpoint knows `pageNumber` and `pageSize`.
        counts: What a page holds and `metadata.totalCount` counts: the records, or the lines of
            one of their lists (its name), in which case a record can be split over pages.
        each: The parameter in `path`, and the list of strings that gives its values.
        params: Query parameters that every call carries.
        lists: The lists that become streams.
    """

    name: str
    path: str
    key: tuple[str, ...]
    stamp: str | None = STAMP
    since: Literal["condition", "plain"] | None = "condition"
    always_since: bool = False
    paged: bool = True
    counts: str | None = None
    each: tuple[str, str] | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    lists: tuple[Lines, ...] = ()


# In the order in which they are read: reference data, parties, documents, their payments, ledgers,
# so that a row never arrives long before the rows that it points at.
ENTITIES: tuple[Entity, ...] = (
    Entity(
        name="accounts",
        path="/v1/account",
        key=("accountID",),  # accountCD, the visible number, can be changed by the user
        paged=False,
        params={"includeAccountClassDescription": "true"},
    ),
    Entity(name="subaccounts", path="/v1/subaccount", key=("subaccountId",)),
    Entity(name="ledgers", path="/v1/ledger", key=("internalId",), paged=False),
    Entity(name="branches", path="/v1/branch", key=("branchId",), paged=False),
    Entity(
        name="dimensions",
        path="/v1/dimension/{dimensionId}",
        key=("id",),
        stamp=None,  # values carry a stamp of their own, the dimension has none
        since=None,
        paged=False,
        each=("dimensionId", "/v1/dimension"),
        lists=(
            Lines(
                name="dimension_values",
                path=("segments", "segmentValues"),
                key=("segmentId", "valueId"),
                parent_columns=("dimensionId",),
            ),
        ),
    ),
    Entity(
        name="financial_periods",
        path="/v1/financialPeriod",
        key=("year", "period"),
        stamp=None,
        since=None,
        paged=False,
    ),
    Entity(name="employees", path="/v1/employee", key=("employeeId",)),
    Entity(name="suppliers", path="/v1/supplier", key=("internalId",)),
    Entity(name="customers", path="/v1/customer", key=("internalId",)),
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
        name="customer_invoices",
        path="/v1/customerinvoice",
        key=("documentType", "referenceNumber"),
        lists=(Lines(name="customer_invoice_lines", path=("invoiceLines",)),),
    ),
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
    Entity(
        name="journal_transactions",
        path="/v2/journaltransaction",
        key=("module", "batchNumber"),  # numbers repeat from module to module
        since="plain",
        always_since=True,
        counts="journalTransactionLines",
        lists=(
            Lines(
                name="journal_transaction_lines",
                path=("journalTransactionLines",),
                parent_columns=("batchModule", "batchNumber"),
            ),
        ),
    ),
    Entity(
        name="general_ledger_balances",
        path="/v2/generalLedgerBalance",
        key=("branch.number", "ledger.id", "financialPeriod", "account.number", "subaccountId"),
        since="plain",
        always_since=True,
    ),
)
