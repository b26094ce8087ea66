"""The properties of further reference data, as in `shapes`."""

from __future__ import annotations

from typing import Final

from visma_sandbox.shapes import shape

ORGANIZATION: Final = shape("""
    organizationCd name organizationType fileTaxByBranches? baseCurrency mainAddress
    mainContact deliveryAddress deliveryContact corporateId vatRegistrationId defaultCountry
    industryCode currency vatZone lastModifiedDateTime ledger bankSettings branches[]
    timeStamp
""")
CURRENCY: Final = shape("""
    id description symbol isBaseCurrency? decimalPrecision isUsedForAccounting?
""")
CURRENCY_RATE: Final = shape("""
    id fromCurrencyId toCurrencyId rateType rate effectiveDate multDiv rateReciprocal
    timeStamp
""")
DEPARTMENT: Final = shape("""
    departmentId publicId description expenseAccount expenseSubaccount lastModifiedDateTime
    timeStamp
""")
ATTRIBUTE: Final = shape("""
    attributeID description controlType internal? entryMask regExp details[] createdDateTime
    lastModifiedDateTime errorInfo
""")
ATTRIBUTE_VALUE: Final = shape("""
    valueId description sortOrder disabled? errorInfo metadata
""")
PAYMENT_METHOD: Final = shape("""
    paymentMethodID active? meansOfPayment description useInAP? details[]
""")
VAT: Final = shape("""
    vatCategoryId vatId description type deductibleVat? reverseVat? statisticalVat?
    pendingVat? includeinVatExemptTotal? includeinVatTotal? enterFromVatInvoice? calculateOn
    cashDiscount vatAgencyId notValidAfter euReportCode documentText defaultNonStockItem
    vismaXmlVatType lastModifiedDateTime glAccounts schedules[] categories[] zones[]
""")
VAT_SCHEDULE: Final = shape("""
    startDate vatRate minTaxableAmt maxTaxableAmt reportingGroup deductibleVatRate groupType
""")
VAT_CATEGORY: Final = shape("""
    vatCategoryId description active? excludeListedTaxes? lastModifiedDateTime
    vatCategoryLines[]
""")
VAT_CATEGORY_LINE: Final = shape("""
    vatId description type calculateOn cashDiscount vatRates[] vendorCd
""")
CASH_ACCOUNT: Final = shape("""
    lastModifiedDateTime entryTypes[] currency number description account subaccount
""")
ENTRY_TYPE: Final = shape("""
    entryTypeId disableReceipt module defaultOffsetAccountBranch defaultOffsetAccount
    defaultOffsetSubaccount reclasificationAccount businessAccount description
    useForPaymentsReclasification? reclasificationAccountOverride offsetAccountOverride
    offsetSubaccountOverride offsetAccountBranch vatZone taxCalculationMode
    lastModifiedDateTime
""")
WAREHOUSE: Final = shape("""
    warehouseID branch replenishmentClass active? lockSitePICountEntry? description
    locationEntry avgDefaultCost fifoDefaultCost receiptLocation shipLocation returnLocation
    dropShipLocation contact address locations[] timestamp
""")
WAREHOUSE_ADDRESS: Final = shape("""
    addressId addressType validated? addressLine1 addressLine2 city country county
    postalCode
""")
WAREHOUSE_LOCATION: Final = shape("""
    locationId description active? inclQtyAvail? isCosted? salesValid? receiptsValid?
    transfersValid? assemblyValid? primaryItemValid primaryItem primaryItemClass project
    projectTask
""")
INVENTORY: Final = shape("""
    inventoryId inventoryNumber status type description body itemClass postingClass vatCode
    lotSerialClass defaultPrice pendingCost pendingCostDate currentCost effectiveDate
    lastCost lastModifiedDateTime baseUnit salesUnit purchaseUnit stockItem? kitItem?
    accountInformation costPriceStatistics crossReferences[] attachments[] attributes[]
    warehouseDetails[] inventoryUnits[] defaultWarehouse defaultIssueFrom defaultReceiptTo
    supplierDetails[] salesCategories[] packaging intrastat recommendedPrice priceManagerID
    priceManager priceClass priceWorkgroupID priceClassID note timestamp errorInfo
""")
INVENTORY_ACCOUNTS: Final = shape("""
    expenseAccrualAccount inventoryAccount expenseAccount cogsAccount
    expenseNonTaxableAccount expenseEuAccount expenseImportAccount expenseSubaccount
    cogsSubaccount salesAccount salesNonTaxableAccount salesEuAccount salesExportAccount
    salesSubaccount
""")
ITEM_CLASS: Final = shape("""
    type attributes[] id description errorInfo
""")
CROSS_REFERENCE: Final = shape("""
    alternateType bAccount alternateID description uom timestamp
""")
INVENTORY_UNIT: Final = shape("""
    unitType itemClass inventoryID toUnit sampleToUnit fromUnit unitMultDiv unitRate
    priceAdjustmentMultiplier recordID
""")
SUPPLIER_DETAIL: Final = shape("""
    active? default? supplierId supplierName location warehouse purchaseUnit supplierItemId
    shipmentLeadTime leadTime minOrderFreq minOrderQty maxOrderQty lotSize eoq currencyId
    lastSupplierPrice override?
""")
BUSINESS_CONTACT: Final = shape("""
    displayName active? title firstName lastName position businessAccount
    businessAccountType sameAsAccount? address email web phone1 phone2 phone3 fax
    contactMethod doNotCall? doNotFax? doNotEmail? doNotMail? noMassMail? noMarketing?
    lastModifiedDateTime contactId timeStamp errorInfo
""")
SUPPLIER_LOCATION: Final = shape("""
    baccount locationId locationName active? address contact vatRegistrationId vatZone
    ediCode gln corporateId lastModifiedDateTime supplierPaymentMethodDetails[] timeStamp
    errorInfo
""")
CONTRACT: Final = shape("""
    contractId contractTemplate status customer location description balance
    lastModifiedDateTime summary details attributes[]
""")
CONTRACT_SUMMARY: Final = shape("""
    setupDate activationDate expirationDate terminationDate massRenewal? renewalPoint
    gracePeriod currency invoicingScheduleStartsOn invoicingPeriod lastInvoicingDate
    nextInvoicingDate invoiceTo invoiceAccount invoiceLocation owner salesPerson
    caseCountItem
""")
CONTRACT_DETAILS: Final = shape("""
    effectiveFrom promoCode pendingSetup pendingRecurring pendingRenewal totalPending
    currentSetup currentRecurring currentRenewal lines[]
""")
CONTRACT_LINE: Final = shape("""
    contractDetailId itemCode description included difference setupPrice setupDiscount
    recurringPrice extraUsagePrice recurringDiscount renewalPrice renewalDiscount
    invoiceType
""")
