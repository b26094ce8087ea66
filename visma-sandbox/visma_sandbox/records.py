"""Which render function makes the records of which list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import document_records as documents
from visma_sandbox import ledger_records as ledgers
from visma_sandbox import master_records as masters
from visma_sandbox import payment_records as payments
from visma_sandbox import purchase_records as purchases

if TYPE_CHECKING:
    from collections.abc import Callable

RENDERERS: Final[dict[str, Callable[..., dict[str, object]]]] = {
    "/v1/account": masters.account,
    "/v1/subaccount": masters.subaccount,
    "/v1/ledger": masters.ledger,
    "/v1/branch": masters.branch,
    "/v1/dimension/{dimensionId}": masters.dimension,
    "/v1/financialPeriod": masters.financial_period,
    "/v1/creditTerm": masters.credit_term,
    "/v1/supplier": masters.supplier,
    "/v1/customer": masters.customer,
    "/v1/employee": masters.employee,
    "/v1/supplierInvoice": documents.supplier_invoice,
    "/v1/supplierPayment": payments.supplier_payment,
    "/v1/customerinvoice": documents.customer_invoice,
    "/v1/customerPayment": payments.customer_payment,
    "/v1/purchaseorder": purchases.purchase_order,
    "/v2/PurchaseReceipt": purchases.purchase_receipt,
    "/v2/journaltransaction": ledgers.journal,
    "/v2/generalLedgerBalance": ledgers.balance,
}
