"""The lists of the API as data: one row for each, nothing here knows HTTP or the books.

The service has more lists than these. A new one is a row here, a shape, and a render function.
Page caps are documented for inventory (5000) and PurchaseReceipt (500) and were measured for
customer and customerinvoice (1000); the others are the sandbox's own choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

ORDINARY_CAP: Final = 1000


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """One list: how it is addressed, keyed, paged and filtered."""

    path: str
    key: tuple[str, ...]
    """Fields that identify a record, dotted where they are nested."""
    order: tuple[str, ...] = ()
    """Fields that the list is sorted by; empty means the key."""
    page_cap: int | None = ORDINARY_CAP
    """The greatest page, which a greater `pageSize` is silently cut to; None: never paged."""
    page_unit: Literal["record", "line"] = "record"
    metadata: bool = True
    """Whether each record repeats `metadata: {totalCount, maxPageSize}`."""
    modified_filter: Literal["condition", "since"] | None = "condition"
    """`condition`: with `lastModifiedDateTimeCondition`; `since`: no condition, inclusive."""
    created_filter: bool = False
    needs_one_of: tuple[str, ...] = ()
    """Parameters of which one must be given; without any the answer is 400."""
    envelope: Literal["array", "records", "single", "texts"] = "array"
    """`records`: within `{pageNumber, pageSize, totalCount, records}`; `single`: one record by the
    last part of its path; `texts`: the first key part of each record, nothing else."""
    modified_field: str | None = "lastModifiedDateTime"
    lines_field: str | None = None
    """The list that pages are counted in, when the page unit is the line."""
    records_of: str = ""
    """The path whose records this list is about, when it has none of its own."""
    period_field: str | None = None
    """The field that `periodId` selects on."""


DOCUMENT_KEY: Final = ("documentType", "referenceNumber")
PAYMENT_KEY: Final = ("type", "refNbr")

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint(path="/v1/account", key=("accountID",), order=("accountCD",), page_cap=None),
    Endpoint(path="/v1/subaccount", key=("subaccountId",)),
    Endpoint(path="/v1/ledger", key=("internalId",), page_cap=None, metadata=False),
    Endpoint(path="/v1/branch", key=("branchId",), page_cap=None, metadata=False),
    Endpoint(
        path="/v1/dimension",
        key=("id",),
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
        envelope="texts",
        records_of="/v1/dimension/{dimensionId}",
    ),
    Endpoint(
        path="/v1/dimension/{dimensionId}",
        key=("id",),
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
        envelope="single",
    ),
    Endpoint(
        path="/v1/financialPeriod",
        key=("year", "period"),
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
    ),
    Endpoint(
        path="/v1/creditTerm",
        key=("termsId",),
        metadata=False,
        created_filter=True,
        envelope="records",
    ),
    Endpoint(path="/v1/supplier", key=("internalId",), order=("number",)),
    Endpoint(path="/v1/customer", key=("internalId",), order=("number",), created_filter=True),
    Endpoint(path="/v1/employee", key=("employeeId",)),
    Endpoint(
        path="/v1/supplierInvoice",
        key=DOCUMENT_KEY,
        order=DOCUMENT_KEY[::-1],
        created_filter=True,
    ),
    Endpoint(path="/v1/supplierPayment", key=PAYMENT_KEY, order=PAYMENT_KEY[::-1]),
    Endpoint(
        path="/v1/customerinvoice",
        key=DOCUMENT_KEY,
        order=DOCUMENT_KEY[::-1],
        created_filter=True,
    ),
    Endpoint(path="/v1/customerPayment", key=PAYMENT_KEY, order=PAYMENT_KEY[::-1]),
    Endpoint(
        path="/v1/purchaseorder", key=("orderType", "orderNbr"), order=("orderNbr", "orderType")
    ),
    Endpoint(
        path="/v2/PurchaseReceipt",
        key=("receiptType", "receiptNbr"),
        order=("receiptNbr", "receiptType"),
        page_cap=500,
    ),
    Endpoint(
        path="/v2/journaltransaction",
        key=("module", "batchNumber"),
        order=("batchNumber", "module"),
        page_cap=2000,
        page_unit="line",
        modified_filter="since",
        needs_one_of=("periodId", "lastModifiedDateTime"),
        lines_field="journalTransactionLines",
        period_field="financialPeriod",
    ),
    Endpoint(
        path="/v2/generalLedgerBalance",
        key=(
            "branch.number",
            "ledger.id",
            "financialPeriod",
            "account.number",
            "subaccountId",
        ),
        modified_filter="since",
        needs_one_of=("periodId", "lastModifiedDateTime"),
        period_field="financialPeriod",
    ),
)

BY_PATH: Final = {endpoint.path.casefold(): endpoint for endpoint in ENDPOINTS}


def route(path: str) -> tuple[Endpoint, str] | None:
    """Find the list of a request path, and the id at its end if it asks for a single record.

    Case does not matter. Gives None when there is no such path.
    """
    endpoint = BY_PATH.get(path.casefold())
    if endpoint is not None and endpoint.envelope != "single":
        return endpoint, ""
    parent, _, wanted = path.rpartition("/")
    for candidate in ENDPOINTS:
        if candidate.envelope == "single" and wanted and not wanted.startswith("{"):
            stem = candidate.path.rpartition("/")[0]
            if stem.casefold() == parent.casefold():
                return candidate, wanted
    return None
