"""Which render function makes the records of which list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from visma_sandbox import asset_records as assets
from visma_sandbox import balance_records as balances
from visma_sandbox import customer_records as customers
from visma_sandbox import document_records as documents
from visma_sandbox import ledger_records as ledgers
from visma_sandbox import master_records as masters
from visma_sandbox import party_records as parties
from visma_sandbox import payment_records as payments
from visma_sandbox import project_records as projects
from visma_sandbox import purchase_records as purchases
from visma_sandbox import reference_records as reference
from visma_sandbox import staff_records as staff
from visma_sandbox import stock_records as stock

if TYPE_CHECKING:
    from collections.abc import Callable

Rendered: TypeAlias = dict[str, object] | list[dict[str, object]]
"""One record, or several where a thing makes several."""

RENDERERS: Final[dict[str, Callable[..., Rendered]]] = {
    "/v1/organization": reference.organization,
    "/v1/branch": masters.branch,
    "/v1/currency": reference.currency,
    "/v2/currencyrate": reference.currency_rate,
    "/v1/account": masters.account,
    "/v1/subaccount": masters.subaccount,
    "/v1/ledger": masters.ledger,
    "/v1/dimension/{dimensionId}": masters.dimension,
    "/v1/financialPeriod": masters.financial_period,
    "/v1/department": reference.department,
    "/v1/attribute": reference.attribute,
    "/v1/creditTerm": masters.credit_term,
    "/v1/paymentmethod": reference.payment_method,
    "/v1/vat": reference.vat,
    "/v1/vatCategory": reference.vat_category,
    "/v1/vatZone": reference.vat_zone,
    "/v1/cashaccount": reference.cash_account,
    "/v1/warehouse": stock.warehouse,
    "/v1/inventory": stock.inventory,
    "/v1/supplier": masters.supplier,
    "/v1/supplierlocation": parties.supplier_locations,
    "/v1/customer": masters.customer,
    "/v1/customerContract": parties.contract,
    "/v1/contact": parties.contact,
    "/v1/employee": masters.employee,
    "/v1/project": projects.project,
    "/v1/projecttask": projects.task,
    "/v1/fixedAsset": assets.asset,
    "/v1/purchaseorder": purchases.purchase_order,
    "/v2/PurchaseReceipt": purchases.purchase_receipt,
    "/v1/supplierInvoice": documents.supplier_invoice,
    "/v1/supplierdocument": documents.supplier_document,
    "/v1/supplierPayment": payments.supplier_payment,
    "/v1/customerinvoice": customers.customer_invoice,
    "/v1/customerCreditNote": customers.credit_note,
    "/v1/customerDebitNote": customers.debit_note,
    "/v1/customerOverdueCharge": customers.overdue_charge,
    "/v1/customerCreditWriteOff": customers.credit_write_off,
    "/v1/customerdocument": customers.customer_document,
    "/v1/customerPayment": payments.customer_payment,
    "/v1/cashsale": customers.cash_sale,
    "/v1/cashTransaction": assets.cash_transaction,
    "/v1/shipment": stock.shipment,
    "/v1/expenseClaim": staff.claim,
    "/v1/timeCard": staff.time_card,
    "/v1/projecttransaction": projects.transaction,
    "/v1/projectbudget": projects.budget,
    "/v1/fixedAssetTransaction": assets.asset_transaction,
    "/v2/journaltransaction": ledgers.journal,
    "/v1/GeneralLedgerTransactions": ledgers.transactions,
    "/v2/generalLedgerBalance": ledgers.balance,
    "/v1/budget": balances.budget,
    "/v1/supplier/balance": balances.supplier_balance,
    "/v1/customer/balance": balances.customer_balance,
    "/v2/supplier/balance": balances.supplier_period,
    "/v2/customer/balance": balances.customer_period,
}
