"""The lists of the API as data: one row for each, nothing here knows HTTP or the books.

The service has more lists than these. A new one is a row here, a shape, and a render function.
Page caps are documented for inventory (5000) and PurchaseReceipt (500) and were measured for
customer and customerinvoice (1000); the others are the sandbox's own choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox.endpoint import STAMP, Endpoint, Selector

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCUMENT_KEY: Final = ("documentType", "referenceNumber")
PAYMENT_KEY: Final = ("type", "refNbr")
_PERIOD: Final = (Selector("periodId", "financialPeriod"),)
_FROM_TO: Final = (
    Selector("fromFinPeriod", "fromFinPeriod", ">="),
    Selector("toFinPeriod", "toFinPeriod", "<="),
)


def _unpaged(path: str, *key: str, created_filter: bool = False) -> Endpoint:
    """Give a list that is neither paged nor carries metadata."""
    return Endpoint(
        path=path, key=key, page_cap=None, metadata=False, created_filter=created_filter
    )


def _unstamped(path: str, *key: str) -> Endpoint:
    """Give a list that is neither paged nor filtered by time."""
    return Endpoint(
        path=path,
        key=key,
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
    )


def _documents(path: str, *, late: bool = False) -> Endpoint:
    return Endpoint(
        path=path, key=DOCUMENT_KEY, order=DOCUMENT_KEY[::-1], created_filter=True, late=late
    )


def _period_balances(path: str, *key: str) -> Endpoint:
    return Endpoint(
        path=path,
        key=(*key, "fromFinPeriod"),
        modified_filter=None,
        modified_field=None,
        needs=("fromFinPeriod", "toFinPeriod"),
        selectors=_FROM_TO,
        late=True,
        periods_merge=True,
    )


def _reference() -> Iterator[Endpoint]:
    yield _unpaged("/v1/organization", "organizationCd")
    yield _unpaged("/v1/branch", "branchId")
    yield _unstamped("/v1/currency", "id")
    yield _unstamped("/v2/currencyrate", "id")
    yield Endpoint(path="/v1/account", key=("accountID",), order=("accountCD",), page_cap=None)
    yield Endpoint(path="/v1/subaccount", key=("subaccountId",))
    yield _unpaged("/v1/ledger", "internalId")
    yield Endpoint(
        path="/v1/dimension",
        key=("id",),
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
        envelope="texts",
        records_of="/v1/dimension/{dimensionId}",
    )
    yield Endpoint(
        path="/v1/dimension/{dimensionId}",
        key=("id",),
        page_cap=None,
        metadata=False,
        modified_filter=None,
        modified_field=None,
        envelope="single",
    )
    yield _unstamped("/v1/financialPeriod", "year", "period")
    yield _unpaged("/v1/department", "departmentId")
    yield Endpoint(path="/v1/attribute", key=("attributeID",), created_filter=True)
    yield Endpoint(
        path="/v1/creditTerm",
        key=("termsId",),
        metadata=False,
        created_filter=True,
        envelope="records",
    )
    yield Endpoint(
        path="/v1/paymentmethod",
        key=("paymentMethodID",),
        page_cap=None,
        metadata=False,
        modified_field=None,
    )
    yield _unpaged("/v1/vat", "vatId")
    yield _unpaged("/v1/vatCategory", "vatCategoryId", created_filter=True)
    yield Endpoint(path="/v1/vatZone", key=("id",), modified_filter=None, modified_field=None)
    yield _unpaged("/v1/cashaccount", "number")
    yield Endpoint(
        path="/v1/warehouse",
        key=("warehouseID",),
        metadata=False,
        modified_filter=None,
        modified_field=None,
    )
    yield Endpoint(
        path="/v1/inventory",
        key=("inventoryId",),
        order=("inventoryNumber",),
        page_cap=5000,
        created_filter=True,
    )


def _parties() -> Iterator[Endpoint]:
    yield Endpoint(path="/v1/supplier", key=("internalId",), order=("number",))
    yield Endpoint(path="/v1/supplierlocation", key=("baccount.number", "locationId"), late=True)
    yield Endpoint(path="/v1/customer", key=("internalId",), order=("number",), created_filter=True)
    yield _unpaged("/v1/customerContract", "contractId")
    yield _unpaged("/v1/contact", "contactId")
    yield Endpoint(path="/v1/employee", key=("employeeId",))
    yield Endpoint(path="/v1/project", key=("internalID",), created_filter=True)
    yield Endpoint(path="/v1/projecttask", key=("internalId",), metadata=False, created_filter=True)
    yield Endpoint(path="/v1/fixedAsset", key=("assetID",))


def _all_documents() -> Iterator[Endpoint]:
    yield Endpoint(
        path="/v1/purchaseorder", key=("orderType", "orderNbr"), order=("orderNbr", "orderType")
    )
    yield Endpoint(
        path="/v2/PurchaseReceipt",
        key=("receiptType", "receiptNbr"),
        order=("receiptNbr", "receiptType"),
        page_cap=500,
    )
    yield _documents("/v1/supplierInvoice")
    yield _documents("/v1/supplierdocument", late=True)
    yield Endpoint(path="/v1/supplierPayment", key=PAYMENT_KEY, order=PAYMENT_KEY[::-1])
    yield _documents("/v1/customerinvoice")
    yield _documents("/v1/customerCreditNote", late=True)
    yield _documents("/v1/customerDebitNote", late=True)
    yield _documents("/v1/customerOverdueCharge")
    yield _documents("/v1/customerCreditWriteOff")
    yield _documents("/v1/customerdocument", late=True)
    yield Endpoint(path="/v1/customerPayment", key=PAYMENT_KEY, order=PAYMENT_KEY[::-1])
    yield _documents("/v1/cashsale")
    yield Endpoint(
        path="/v1/cashTransaction",
        key=("tranType", "referenceNbr"),
        order=("referenceNbr", "tranType"),
        metadata=False,
    )
    yield Endpoint(path="/v1/shipment", key=("shipmentNumber",))
    yield Endpoint(
        path="/v1/expenseClaim",
        key=("refNbr",),
        needs_one_of=(STAMP, "status", "date", "customer", "departmentId"),
    )
    yield Endpoint(
        path="/v1/timeCard",
        key=("refNbr",),
        page_cap=None,
        needs_one_of=(STAMP, "status", "week", "type", "employeeCd"),
    )
    yield Endpoint(
        path="/v1/projecttransaction",
        key=("module", "refNbr"),
        created_filter=True,
        modified_field=None,
    )


def _ledgers() -> Iterator[Endpoint]:
    yield Endpoint(
        path="/v1/projectbudget",
        key=("projectID", "projectTaskID", "accountGroupID", "inventoryNumber"),
        modified_field=None,
    )
    yield Endpoint(path="/v1/fixedAssetTransaction", key=("refNo", "lineNo"))
    yield Endpoint(
        path="/v2/journaltransaction",
        key=("module", "batchNumber"),
        order=("batchNumber", "module"),
        page_cap=2000,
        page_unit="line",
        modified_filter="since",
        needs_one_of=("periodId", STAMP),
        lines_field="journalTransactionLines",
        selectors=_PERIOD,
    )
    yield Endpoint(
        path="/v1/GeneralLedgerTransactions",
        key=("module", "batchNumber", "lineNumber"),
        order=("batchNumber", "module", "lineNumber"),
        page_cap=2000,
        needs=("ledger",),
        selectors=(
            Selector("ledger", "ledger.id"),
            Selector("fromPeriod", "period", ">="),
            Selector("toPeriod", "period", "<="),
        ),
        late=True,
    )
    yield Endpoint(
        path="/v2/generalLedgerBalance",
        key=("branch.number", "ledger.id", "financialPeriod", "account.number", "subaccountId"),
        modified_filter="since",
        needs_one_of=("periodId", STAMP),
        selectors=_PERIOD,
    )
    yield Endpoint(
        path="/v1/budget",
        key=(
            "branchNumber.number",
            "ledger",
            "financialYear",
            "account.number",
            "subaccount.id",
        ),
        page_cap=None,
        metadata=False,
        needs=("branch", "ledger", "financialYear"),
        selectors=(
            Selector("branch", "branch"),
            Selector("ledger", "ledger"),
            Selector("financialYear", "financialYear"),
        ),
    )
    yield Endpoint(
        path="/v1/supplier/balance",
        key=("supplier.number",),
        page_cap=None,
        metadata=False,
        late=True,
    )
    yield Endpoint(
        path="/v1/customer/balance",
        key=("customer.number",),
        page_cap=None,
        metadata=False,
        modified_field="lastModified",
        late=True,
    )
    yield _period_balances("/v2/supplier/balance", "supplier.number", "branch")
    yield _period_balances("/v2/customer/balance", "customer.number", "branchNumber.number")


ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    *_reference(),
    *_parties(),
    *_all_documents(),
    *_ledgers(),
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
