"""The properties of projects, of what is booked on them, and of fixed assets, as in `shapes`."""

from __future__ import annotations

from typing import Final

from visma_sandbox.shapes import shape

PROJECT: Final = shape("""
    internalID projectID customer hold? status template description assets liability income
    expenses startDate endDate projectManager restrictEmployees? restrictEquipment?
    visibility defAccount defSub defAccrualAccount defAccrualSub billingPeriod
    nextBillingDate lastBillingDate customerLocation allocationRule billingRule branch
    rateTable autoAllocate? automaticReleaseAr? lastModifiedDateTime tasks[] employees[]
    publicId systemTemplate? attributes[] errorInfo timeStamp note
""")
PROJECT_TASK_OF_PROJECT: Final = shape("""
    taskId description plannedStart plannedEnd startDate endDate branch rateTable status
    restrictEmployees? visibility employees[] attributes[] timeStamp
""")
VISIBILITY: Final = shape("""
    visibleInGl? visibleInAp? visibleInAr? visibleInSo? visibleInPo? visibleInEa?
    visibleInTa? visibleInIn? visibleInCa? visibleInCr?
""")
PROJECT_TASK: Final = shape("""
    internalId projectInternalId defAccount defSub defAccrualAccount defAccrualSub
    taxCategory lastModifiedDateTime createdDateTime taskId description plannedStart
    plannedEnd startDate endDate branch rateTable status restrictEmployees? visibility
    employees[] attributes[] timeStamp
""")
PROJECT_TRANSACTION: Final = shape("""
    refNbr description origDocNbr status module origDocType note lines[] errorInfo timeStamp
""")
PROJECT_TRANSACTION_LINE: Final = shape("""
    tranId date inventoryId description uom quantity unitRate amount billable? released?
    allocated? billableQuantity financialPeriod batchNbr useBillableQty? startDate endDate
    lastModifiedDateTime earningType overtimeMultiplier project projectTask debitAccount
    debitSubaccount creditAccount creditSubaccount branch employee customerVendor
    accountGroup debitAccountGroup creditAccountGroup location note errorInfo metadata
""")
PROJECT_BUDGET: Final = shape("""
    projectID projectTaskID accountGroupID inventoryNumber description uom rate
    originalBudgetQty originalBudgetAmount revisedBudgetQty revisedBudgetAmount actualQty
    actualAmount type committedQty committedAmount committedOpenQty committedOpenAmount
    committedReceivedQty committedInvoicedQty committedInvoicedAmount errorInfo
""")
EXPENSE_CLAIM: Final = shape("""
    refNbr status approvalStatus date description claimedBy claimTotal vatTaxableTotal
    vatExemptTotal customer currency approvalDate department location lastModifiedDateTime
    details[] approvalStatusText errorInfo timeStamp
""")
EXPENSE_CLAIM_LINE: Final = shape("""
    claimDetailId lineId date expenseItem description quantity uom unitCost currency
    totalAmount invoiceable? claimAmount amountInClaimCurr project projectTask
    expenseAccount expenseSubaccount branch taxCategory refNbr salesAccount salesSubaccount
    employeePart customer location arReferenceNbr approvalStatus approvalStatusText approver
    attachments[]
""")
EARNING_TYPE: Final = shape("""
    code description isOvertime? isBillable? isActive? overtimeMultiplier
    lastModifiedDateTime
""")
TIME_CARD: Final = shape("""
    refNbr status approvalStatus week employee type origRefNbr timeSpent invoiceable
    overtimeSpent invoiceableOvertime totalTimeSpent invoiceableTotalTime
    lastModifiedDateTime summary[] materials[] approvalStatusText errorInfo timeStamp
""")
TIME_CARD_LINE: Final = shape("""
    lineNumber lineId earningType project mon tue wed thu fri sat sun invoiceable?
    projectTask timeSpent description approvalStatus approver approvalStatusText
    lastModifiedDateTime
""")
FIXED_ASSET: Final = shape("""
    assetID recordType parentAssetID description classID isTangible? quantity depreciable?
    usefulLife accounts details bookBalance location propertyTax type lastModifiedDateTime
    errorInfo
""")
ASSET_ACCOUNTS: Final = shape("""
    accountID subAccountID accrualAccountID accrualSubAccountID
    accumulatedDepreciationAccountID accumulatedDepreciationSubAccountID
    depreciatedExpenseAccountID depreciatedExpenseSubAccountID disposalAccountID
    disposalSubAccountID gainAccountID gainSubAccountID lossAccountID lossSubAccountID
    debitAccountID debitSubAccountID creditAccountID creditSubAccountID
""")
ASSET_DETAILS: Final = shape("""
    propertyType status receiptDate depreciateFromDate acquisitionCost salvageAmount
    disposalDate disposalPeriodID disposalMethodID saleAmount billNumber serialNumber
    disposalMethod leaseAndRentInfo
""")
ASSET_BOOK: Final = shape("""
    acquisitionCost depreciationMethodID depreciationFromDate depreciationFromPeriod
    depreciationToPeriod lastDepreciationPeriod salvageAmount usefulLife book
""")
ASSET_TRANSACTION: Final = shape("""
    refNo lineNo branchID origin assetID transactionDescription bookID transactionType
    accounts transactionAmount batchNo transactionPeriodID transactionDate register
    lastModifiedDateTime errorInfo
""")
