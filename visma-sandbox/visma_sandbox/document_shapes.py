"""The properties of further documents, as in `shapes`."""

from __future__ import annotations

from typing import Final

from visma_sandbox.shapes import shape

SUPPLIER_DOCUMENT: Final = shape("""
    account subaccount amount amountInCurrency branch supplier documentType referenceNumber
    postPeriod financialPeriod date origInvoiceDate dueDate approvalStatus status currencyId
    balance balanceInCurrency cashDiscount cashDiscountInCurrency paymentMethod
    supplierReference description createdDateTime lastModifiedDateTime note
    closedFinancialPeriod location vatTotal vatTotalInCurrency branchNumber payDate
    paymentMessage cashAccount timeStamp errorInfo
""")
CUSTOMER_DOCUMENT: Final = shape("""
    documentDueDate branch customer documentType referenceNumber postPeriod financialPeriod
    closedFinancialPeriod documentDate origInvoiceDate status currencyId amount
    amountInCurrency balance balanceInCurrency cashDiscount cashDiscountInCurrency
    paymentMethod customerRefNumber invoiceText lastModifiedDateTime createdDateTime note
    vatTotal vatTotalInCurrency location branchNumber cashAccount project account subaccount
    customerProject errorInfo
""")
CREDIT_NOTE: Final = shape("""
    creditTerms documentDueDate cashDiscountDate externalReference isRotRutDeductible?
    exchangeRate dunningLetterDate dunningLetterLevel contact attachments[] taxDetails[]
    lines[] roundingDiff customerVatZone sendToAutoInvoice? childRecord hold? discountTotal
    discountTotalInCurrency detailTotal detailTotalInCurrency vatTaxableTotal
    vatTaxableTotalInCurrency vatExemptTotal vatExemptTotalInCurrency salesPersonID
    salesPersonDescr salesPerson paymentReference invoiceAddress invoiceContact
    applications[] dontPrint? dontEmail? revoked? customer documentType referenceNumber
    postPeriod financialPeriod closedFinancialPeriod documentDate origInvoiceDate status
    currencyId amount amountInCurrency balance balanceInCurrency cashDiscount
    cashDiscountInCurrency paymentMethod customerRefNumber invoiceText lastModifiedDateTime
    createdDateTime note vatTotal vatTotalInCurrency location branchNumber cashAccount
    project account subaccount customerProject errorInfo timeStamp
""")
CREDIT_NOTE_LINE: Final = shape("""
    termStartDate termEndDate isRotRutDeductible? itemType typeOfWork deductableAmount
    soShipmentNbr soOrderType soOrderNbr attachments[] projectTask lineNumber
    inventoryNumber description quantity unitPrice unitPriceInCurrency manualAmount
    manualAmountInCurrency amount cost amountInCurrency account vatCode uom discountPercent
    discountAmount discountAmountInCurrency manualDiscount? subaccount salesperson seller
    deferralSchedule deferralCode discountCode note branchNumber externalLink
""")
DEBIT_NOTE: Final = shape("""
    creditTerms documentDueDate cashDiscountDate externalReference isRotRutDeductible?
    exchangeRate dunningLetterDate dunningLetterLevel contact attachments[] taxDetails[]
    lines[] roundingDiff customerVatZone childRecord hold? discountTotal
    discountTotalInCurrency detailTotal detailTotalInCurrency vatTaxableTotal
    vatTaxableTotalInCurrency vatExemptTotal vatExemptTotalInCurrency salesPersonID
    salesPersonDescr salesPerson paymentReference invoiceAddress invoiceContact
    applications[] dontPrint? dontEmail? revoked? customer documentType referenceNumber
    postPeriod financialPeriod closedFinancialPeriod documentDate origInvoiceDate status
    currencyId amount amountInCurrency balance balanceInCurrency cashDiscount
    cashDiscountInCurrency paymentMethod customerRefNumber invoiceText lastModifiedDateTime
    createdDateTime note vatTotal vatTotalInCurrency location branchNumber cashAccount
    project account subaccount customerProject errorInfo timeStamp
""")
DEBIT_NOTE_LINE: Final = {
    name: value for name, value in CREDIT_NOTE_LINE.items() if name != "projectTask"
}
OVERDUE_CHARGE: Final = shape("""
    creditTerms documentDueDate cashDiscountDate externalReference exchangeRate
    dunningLetterDate dunningLetterLevel contact attachments[] taxDetails[] lines[]
    roundingDiff customerVatZone hold? discountTotal discountTotalInCurrency detailTotal
    detailTotalInCurrency vatTaxableTotal vatTaxableTotalInCurrency vatExemptTotal
    vatExemptTotalInCurrency salesPersonID salesPersonDescr salesPerson paymentReference
    invoiceAddress invoiceContact applications[] dontPrint? dontEmail? revoked? customer
    documentType referenceNumber postPeriod financialPeriod closedFinancialPeriod
    documentDate origInvoiceDate status currencyId amount amountInCurrency balance
    balanceInCurrency cashDiscount cashDiscountInCurrency paymentMethod customerRefNumber
    invoiceText lastModifiedDateTime createdDateTime note vatTotal vatTotalInCurrency
    location branchNumber cashAccount project account subaccount customerProject errorInfo
    timeStamp
""")
OVERDUE_CHARGE_LINE: Final = shape("""
    attachments[] lineNumber inventoryNumber description quantity unitPrice
    unitPriceInCurrency manualAmount manualAmountInCurrency amount cost amountInCurrency
    account vatCode uom discountPercent discountAmount discountAmountInCurrency
    manualDiscount? subaccount salesperson seller deferralSchedule deferralCode discountCode
    note branchNumber externalLink
""")
CREDIT_WRITE_OFF: Final = shape("""
    hold? roundingDiff customerVatZone customer documentType referenceNumber postPeriod
    financialPeriod closedFinancialPeriod documentDate origInvoiceDate status currencyId
    amount amountInCurrency balance balanceInCurrency cashDiscount cashDiscountInCurrency
    paymentMethod customerRefNumber invoiceText lastModifiedDateTime createdDateTime note
    vatTotal vatTotalInCurrency location branchNumber cashAccount project account subaccount
    customerProject errorInfo timeStamp
""")
CASH_SALE: Final = shape("""
    creditTerms cashSaleLines[] hold? discountTotal discountTotalInCurrency detailTotal
    detailTotalInCurrency vatTaxableTotal vatTaxableTotalInCurrency vatExemptTotal
    vatExemptTotalInCurrency salesPersonID salesPersonDescr salesPerson paymentReference
    invoiceAddress invoiceContact applications[] dontPrint? dontEmail? revoked? customer
    documentType referenceNumber postPeriod financialPeriod closedFinancialPeriod
    documentDate origInvoiceDate status currencyId amount amountInCurrency balance
    balanceInCurrency cashDiscount cashDiscountInCurrency paymentMethod customerRefNumber
    invoiceText lastModifiedDateTime createdDateTime note vatTotal vatTotalInCurrency
    location branchNumber cashAccount project account subaccount customerProject errorInfo
    timeStamp
""")
CASH_SALE_LINE: Final = shape("""
    lineNumber inventoryNumber description quantity unitPrice unitPriceInCurrency
    manualAmount manualAmountInCurrency amount cost amountInCurrency account vatCode uom
    discountPercent discountAmount discountAmountInCurrency manualDiscount? subaccount
    salesperson seller deferralSchedule deferralCode discountCode note branchNumber
    externalLink
""")
CASH_TRANSACTION: Final = shape("""
    tranType referenceNbr status hold? tranDate finPeriod financialPeriod cashAccount
    currency entryType disbReceipt documentRef owner description amount vatTaxableTotal
    vatExemptTotal taxTotal controlTotal taxAmount lastModifiedDateTime transactionDetails[]
    taxDetails[] financialsDetail timeStamp
""")
CASH_TRANSACTION_LINE: Final = shape("""
    lineNumber branch item description quantity uom price amount offsetCashAccount
    offsetAccount offsetSubAccount taxCategory nonBillable? project projectTask
""")
CASH_TRANSACTION_TAX: Final = shape("""
    tax taxRate taxableAmount taxAmount deductibleTaxRate expenseAmount
    includeInVatExemptTotal? pendingVat? statisticalVat? reverseVat? taxType
""")
CASH_TRANSACTION_FINANCIALS: Final = shape("""
    batchNumber branch cleared? clearDate taxZone taxCalcMode
""")
SHIPMENT: Final = shape("""
    timeStamp shipmentNumber shipmentType status hold? operation shipmentDate customer
    location fromWarehouse toWarehouse currencyId owner shippedQuantity shippedWeight
    shippedVolume packages packagesWeight packagesVolume controlQuantity deliveryAddress
    deliveryContact shipVia fobPoint shippingTerms shippingZone residentialDelivery?
    saturdayDelivery? useCustomerAccount? insurance? freightCost freightAmt transactionType
    modeOfTrasport container? shipmentDetailLines[] shipmentOrderLines[]
    shipmentPackageLines[] lastModifiedDateTime note customStr1 customStr2 customStr3
    customStr4 customStr5 customDec1 customDec2 customInt1 customInt2 customDateTimeUTC1
    errorInfo
""")
SHIPMENT_LINE: Final = shape("""
    lineNumber orderType orderNbr inventoryNumber freeItem? warehouse location uom
    shippedQty orderedQty openQty lotSerialNbr expirationDate reasonCode description
    allocations[] orderLineNbr note externalLink alternateID customStr1 customStr2
    customStr3 customStr4 customStr5 customDec1 customDec2 customInt1 customInt2
    customDateTimeUTC1
""")
SHIPMENT_ORDER: Final = shape("""
    orderType orderNbr shippedQty shippedWeight shippedVolume invoiceType invoiceNbr
    inventoryDocType inventoryRefNbr note
""")
SHIPMENT_PACKAGE: Final = shape("""
    lineNumber confirmed? boxId type description weight uom volume volumeUOM declaredValue
    coDAmount trackingNumber customRefNbr1 customRefNbr2
""")
