"""The properties of every record, in the order of the API's own document.

A shape is a record in which nothing is known yet: text, numbers and nested records are null, a
word with `?` is false, a word with `[]` is an empty list. A render function states what it knows.
The `metadata` of a listed record is not here: the answer adds it.
"""

from __future__ import annotations

from typing import Final


def shape(words: str) -> dict[str, object]:
    """Give a record of these properties in which nothing is known yet."""
    empty: dict[str, object] = {}
    for word in words.split():
        if word.endswith("?"):
            empty[word[:-1]] = False
        elif word.endswith("[]"):
            empty[word[:-2]] = []
        else:
            empty[word] = None
    return empty


ACCOUNT: Final = shape("""
    accountID accountCD accountGroupCD accountClass type active? description
    accountClassDescription useDefaultSub? postOption currency taxCategory cashAccount?
    publicCode1 lastModifiedDateTime externalCode1Info externalCode2Info analisysCodeInfo
    controlAccountModule allowManualEntry? errorInfo timeStamp
""")
SEGMENT: Final = shape("""
    segmentId segmentDescription segmentValue segmentValueDescription
""")
SUBACCOUNT: Final = shape("""
    subaccountNumber subaccountId description lastModifiedDateTime active? segments[] errorInfo
    timeStamp
""")
LEDGER: Final = shape("""
    internalId number description balanceType currencyId consolidationSource? consolBranch
    branchAccounting? lastModifiedDateTime postInterCompany?
""")
ADDRESS: Final = shape("""
    addressId addressLine1 addressLine2 addressLine3 postalCode city country county
""")
CONTACT: Final = shape("""
    contactId name attention email web phone1 phone2 fax
""")
BANK_SETTINGS: Final = shape("""
    bankName bankAddress1 bankAddress2 bankAddress3 bankCountry iban bban bbaN2 bbaN3 bic
    creditorId
""")
BRANCH: Final = shape("""
    branchId number name organizationId isMainBranch? isActive? lastModifiedDateTime corporateId
    vatRegistrationId mainAddress mainContact deliveryAddress deliveryContact defaultCountry
    industryCode currency vatZone ledger bankSettings
""")
DIMENSION_VALUE: Final = shape("""
    internalId segmentId valueId description publicId active? timeStamp lastModified
    mappedSegValue
""")
DIMENSION_SEGMENT: Final = shape("""
    internalId segmentId description length publicId timeStamp lastModified validate?
    segmentValues[] isAutoNumber? consolNumChar consolOrder
""")
DIMENSION: Final = shape("""
    id length description segments[]
""")
FINANCIAL_PERIOD: Final = shape("""
    year period startDate endDate description active? closedInSupplierLedger?
    closedInCustomerLedger? closedInInventoryManagement? closedInGeneralLedger?
    closedInCashManagement? closedInFixedAssets?
""")
VAT_ZONE: Final = shape("""
    id description defaultVatCategory defaultTaxCategory errorInfo metadata
""")
SUPPLIER_ACCOUNTS: Final = shape("""
    supplierAccount supplierSubaccount expenseAccount expenseAccountNonTax expenseEUAccount
    expenseAccountImport expenseSubaccount
""")
SUPPLIER: Final = shape("""
    internalId number name status mainAddress mainContact accountReference parentRecord
    supplierClass creditTerms documentLanguage currencyId remitAddress remitContact
    paymentMethod cashAccount chargeBearer accountUsedForPayment paymentBy paymentLeadTime
    paymentRefDisplayMask paySeparately? supplierAddress supplierContact location
    vatRegistrationId corporateId vatZone glAccounts attributes[] lastModifiedDateTime
    supplierPaymentMethodDetails[] retainageApply? retainageCashAccountID retainagePct note
    numberOfEmployees naceCode landedCostSupplier? currencyOverride? currencyRateOverride?
    timeStamp errorInfo
""")
CUSTOMER_ACCOUNTS: Final = shape("""
    customerLedgerAccount customerLedgerSubaccount salesAccount salesNonTaxableAccount
    salesEuAccount salesExportAccount salesSubaccount discountAccount discountSubaccount
    freightAccount freightSubaccount cashDiscountAccount cashDiscountSubaccount
    prepaymentAccount prepaymentSubaccount
""")
CUSTOMER: Final = shape("""
    internalId number name status mainAddress mainContact accountReference parentRecord
    customerClass creditTerms currencyId creditVerification creditLimit creditDaysPastDue
    invoiceAddress invoiceContact printInvoices? acceptAutoInvoices? sendInvoicesByEmail?
    sendDunningLettersViaEMail? printDunningLetters? printStatements? sendStatementsByEmail?
    printMultiCurrencyStatements? statementType deliveryAddress deliveryContact
    vatRegistrationId corporateId gln vatZone location attributes[] lastModifiedDateTime
    createdDateTime directDebitLines[] priceClass glAccounts invoiceToDefaultLocation?
    eInvoiceContract paymentMethods[] defaultPaymentMethodId numberOfEmployees
    excludeDebtCollection? errorInfo timeStamp
""")
TAX_DETAIL: Final = shape("""
    taxId recordId vatId vatRate taxableAmount vatAmount
""")
SUPPLIER_INVOICE_LINE: Final = shape("""
    lineNumber inventoryNumber externalInventoryId stockItem? transactionDescription quantity
    uom unitCost unitCostInCurrency cost costInCurrency discountPercent discountAmount
    discountAmountInCurrency discountUnitCost discountUnitCostInCurrency manualDiscount? account
    subaccount prebookAccount prebookSubaccount deferralSchedule deferralScheduleNbr
    deferralCode vatCode poNumber poLineNr poReceiptNbr poReceiptLineNbr branchNumber note
    splitHierarchy project projectTask attachments[] retainagePct curyRetainageAmt termStartDate
    termEndDate
""")
SUPPLIER_INVOICE: Final = shape("""
    taxDetailLines[] attachments[] approvalDetails invoiceLines[] landedCosts[] hold?
    exchangeRate paymentRefNo creditTerms retainageApply? cashDiscountDate detailTotal
    detailTotalInCurrency discountTotal discountTotalInCurrency vatTaxableTotal
    vatTaxableTotalInCurrency vatExemptTotal vatExemptTotalInCurrency withholdingTax
    withholdingTaxInCurrency buyerReference roundingDiff roundingDiffInCurrency amount vatAmount
    taxCalculationMode supplierTaxZone paySelected? curyRetainageTotal
    curyRetainageUnreleasedAmt documentVersionNumber supplier documentType referenceNumber
    postPeriod financialPeriod date origInvoiceDate dueDate approvalStatus status currencyId
    balance balanceInCurrency cashDiscount cashDiscountInCurrency paymentMethod
    supplierReference description createdDateTime lastModifiedDateTime note
    closedFinancialPeriod location vatTotal vatTotalInCurrency branchNumber payDate
    paymentMessage cashAccount timeStamp errorInfo
""")
SUPPLIER_PAYMENT_LINE: Final = shape("""
    branch batchNumber docType invoiceRefNbr amountPaid cashDiscountTaken withholdingTax
    applicationPeriod date dueDate cashDiscountDate balance cashDiscountBalance description
    currency postPeriod supplierRef
""")
SUPPLIER_PAYMENT: Final = shape("""
    type documentType refNbr status hold? applicationDate applicationPeriod paymentRef supplier
    location paymentMethod cashAccount currency description paymentAmount financeCharges balance
    unappliedBalance appliedAmount released? lastModifiedDateTime branch paymentLines[]
    timeStamp errorInfo
""")
CUSTOMER_INVOICE_LINE: Final = shape("""
    termStartDate termEndDate isRotRutDeductible? itemType typeOfWork deductableAmount
    attachments[] projectTask lineType startDate endDate soShipmentNbr soOrderType soOrderNbr
    lineNumber inventoryNumber description quantity unitPrice unitPriceInCurrency manualAmount
    manualAmountInCurrency amount cost amountInCurrency account vatCode uom discountPercent
    discountAmount discountAmountInCurrency manualDiscount? subaccount salesperson seller
    deferralSchedule deferralCode discountCode note branchNumber externalLink
""")
APPLICATION: Final = shape("""
    docType customerCD refNbr amountPaid cashDiscountTaken balance pendingPPD? released? hold?
    voided? ppdCrMemoRefNbr paymentRef status applicationDate applicationPeriod invoiceText
""")
CUSTOMER_INVOICE: Final = shape("""
    creditTerms documentDueDate cashDiscountDate externalReference isRotRutDeductible?
    exchangeRate dunningLetterDate dunningLetterLevel contact attachments[] taxDetails[]
    invoiceLines[] sendToAutoInvoice? roundingDiff customerVatZone startDate endDate
    accountingCostRef originatorDocRef contractDocRef childRecord directDebitMandate
    excludeDebtCollection? debtCollection hold? discountTotal discountTotalInCurrency
    detailTotal detailTotalInCurrency vatTaxableTotal vatTaxableTotalInCurrency vatExemptTotal
    vatExemptTotalInCurrency salesPersonID salesPersonDescr salesPerson paymentReference
    invoiceAddress invoiceContact applications[] dontPrint? dontEmail? revoked? customer
    documentType referenceNumber postPeriod financialPeriod closedFinancialPeriod documentDate
    origInvoiceDate status currencyId amount amountInCurrency balance balanceInCurrency
    cashDiscount cashDiscountInCurrency paymentMethod customerRefNumber invoiceText
    lastModifiedDateTime createdDateTime note vatTotal vatTotalInCurrency location branchNumber
    cashAccount project account subaccount customerProject errorInfo timeStamp
""")
CUSTOMER_PAYMENT_LINE: Final = shape("""
    documentType refNbr amountPaid cashDiscountTaken balanceWriteOff writeOffReasonCode date
    dueDate cashDiscountDate balance cashDiscountBalance description currency postPeriod
    customerOrder crossRate
""")
CUSTOMER_PAYMENT: Final = shape("""
    type refNbr status hold? applicationDate applicationPeriod paymentRef customer location
    paymentMethod cashAccount currency paymentAmount invoiceText appliedToDocuments
    appliedToOrders availableBalance writeOffAmount financeCharges deductedCharges branch
    lastModifiedDateTime paymentLines[] ordersToApply[] financialDetails paymentAmountInCurrency
    availableBalanceInCurrency errorInfo timeStamp
""")
PURCHASE_ORDER_LINE: Final = shape("""
    lineNbr branch inventory lineType warehouse lineDescription uom orderQty baseOrderQty
    qtyOnReceipts unitCost unitCostInBaseCurrency extCost discountPercent discountAmount
    manualDiscount? discountCode amount receivedAmt alternateId minReceipt maxReceipt
    completeOn receiptAction taxCategory account sub project projectTask requested promised
    completed? canceled? orderType orderNumber note customStr1 customStr2 customStr3
    customStr4 customStr5 customDec1 customDec2 customInt1 customInt2 customDateTimeUTC1
""")
RECEIPT_OF_ORDER: Final = shape("""
    type receiptNumber status supplierName currency totalQty totalAmt
""")
PURCHASE_ORDER: Final = shape("""
    shippingDestinationType shipTo shippingLocation warehouse shippingContact shippingAddress
    fobPoint shipVia shipTerms remitContact remitAddress terms supplierVatZone discountDetails[]
    salesOrderType salesOrderNbr requisitionRefNbr paymentRefNbr workgroupID dontPrint? printed?
    dontEmail? emailed? openQuantity openBalance orderType orderNbr hold? status date promisedOn
    description supplier location owner currency supplierRef exchangeRate lineTotal
    lineTotalInBaseCurrency vatExemptTotal vatExemptTotalInBaseCurrency taxTotal
    taxTotalInBaseCurrency orderTotal orderTotalInBaseCurrency controlTotal
    controlTotalInBaseCurrency branch lines[] taxDetails[] purchaseReceipts[]
    lastModifiedDateTime note customStr1 customStr2 customStr3 customStr4 customStr5 customDec1
    customDec2 customInt1 customInt2 customDateTimeUTC1 timeStamp errorInfo
""")
RECEIPT_ALLOCATION: Final = shape("""
    lineNbr itemId location lotSerialNumber quantity uom expirationDate description
""")
RECEIPT_LINE: Final = shape("""
    allocations[] note lineNbr branch branchNumber inventory lineType warehouse location
    transactionDescription uom orderQty openQty receiptQty baseReceiptQty unitCost extCost
    discountPercent discountAmount manualDiscount? discountCode amount taxCategory account
    accountDescription sub actualAccount actualSub project projectTask expirationDate
    lotSerialNumber poOrderType poOrderNbr poOrderLineNbr transferOrderType transferOrderNbr
    transferOrderLineNbr completePoLine? customStr1 customStr2 customStr3 customStr4
    customStr5 customDec1 customDec2 customInt1 customInt2 customDateTimeUTC1
""")
PURCHASE_RECEIPT: Final = shape("""
    landedCost[] note timeStamp receiptType receiptNbr hold? status date postPeriod warehouse
    supplier location currency exchangeRate createBill? supplierRef totalQty controlQty
    vatExemptTotal vatTaxableTotal totalAmt controlTotal lastModifiedDateTime branchNumber
    lines[] dueDate customStr1 customStr2 customStr3 customStr4 customStr5 customDec1 customDec2
    customInt1 customInt2 customDateTimeUTC1 errorInfo
""")
JOURNAL_LINE: Final = shape("""
    lineNumber accountNumber description subaccount referenceNumber debitAmount
    debitAmountInCurrency creditAmount creditAmountInCurrency transactionDescription vatCode vat
    branch customerSupplier transactionType module uom project projectTask attachments[]
    quantity inventoryNumber note
""")
JOURNAL: Final = shape("""
    module batchNumber status hold? transactionDate postPeriod financialPeriod ledger
    ledgerDescription currencyId exchangeRate autoReversing? reversingEntry? description
    originalBatchNumber debitTotal debitTotalInCurrency creditTotal creditTotalInCurrency
    controlTotal controlTotalInCurrency createVatTransaction? skipVatAmountValidation?
    lastModifiedDateTime transactionCode transactionCodeDescription branch
    journalTransactionLines[] attachments[] errorInfo timeStamp
""")
BALANCE_ACCOUNT: Final = shape("""
    type externalCode1 externalCode2 externalCode1Info externalCode2Info glConsolAccountCD
    number description
""")
BALANCE: Final = shape("""
    branch ledger balanceType financialPeriod account subaccountId subAccountCd currencyId
    periodToDateDebit periodToDateCredit beginningBalance yearToDateBalance
    periodToDateDebitInCurrency periodToDateCreditInCurrency beginningBalanceInCurrency
    yearToDateBalanceInCurrency yearClosed? lastModifiedDateTime errorInfo
""")
EMPLOYEE_CONTACT: Final = shape("""
    employeeContact title firstName midName lastName phone3 contactId name attention email web
    phone1 phone2 fax
""")
EMPLOYEE: Final = shape("""
    employeeUserId employeeId employeeNumber employeeName status department contact address
    lastModifiedDateTime employeeClass branch calendarID employeeLogin workGroupDescription[]
    errorInfo timeStamp
""")
CREDIT_TERM: Final = shape("""
    termsId description visibleTo dueDateType moveDueDateIfOnTheWeekend dueDay1 dueDay1DayFrom1
    dueDay1DayTo1 dueDay2 dueDay2DayFrom1 dueDay2DayTo1 discountType discountDay discountPercent
    delayDays calculationType instalmentType numberOfInstalments instalmentFrequency
    instalmentMethod instalmentsSchedule[] createdDateTime lastModifiedDateTime
""")
