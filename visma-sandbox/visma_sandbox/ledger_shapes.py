"""The properties of ledger rows, budgets and party balances, as in `shapes`."""

from __future__ import annotations

from typing import Final

from visma_sandbox.shapes import shape

LEDGER_TRANSACTION: Final = shape("""
    lineNumber module batchNumber tranDate period description refNumber branch account
    ledger subaccount begBalance debitAmount creditAmount endingBalance currency
    currBegBalance currDebitAmount currCreditAmount currEndingBalance lastModifiedDateTime
    errorInfo
""")
LEDGER_TRANSACTION_ACCOUNT: Final = shape("""
    type externalCode1 externalCode2 externalCode1Info externalCode2Info glConsolAccountCD
    number description
""")
BUDGET: Final = shape("""
    financialYear released? releasedAmount account subaccount description amount
    distributedAmount periods[] lastModifiedDateTime branchNumber timeStamp
""")
SUPPLIER_BALANCE: Final = shape("""
    supplier balance unreleasedPurchasesNotInApproval totalSentForApproval
    totalPurchaseInvoicePeriod totalPurchaseInvoiceYear lastModifiedDateTime branchNumber
""")
CUSTOMER_BALANCE: Final = shape("""
    customer balance totalOrder totalLoan totalSalePeriod totalSaleYear totalDiscountPeriod
    totalDiscountYear lastModified
""")
SUPPLIER_PERIOD_BALANCE: Final = shape("""
    branch supplier beginBalance purchases paymentsAndPrepayments adjustmentsAndDiscounts
    yearToDateBalance
""")
CUSTOMER_PERIOD_BALANCE: Final = shape("""
    branchNumber customer beginBalance sales paymentsAndPrepayments adjustmentsAndDiscounts
    overdueCharges yearToDateBalance
""")
