"""Records of goods, warehouses and shipments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.document_shapes import SHIPMENT, SHIPMENT_LINE, SHIPMENT_ORDER, SHIPMENT_PACKAGE
from visma_sandbox.fragments import fine, money
from visma_sandbox.purchases import WAREHOUSE
from visma_sandbox.reference_shapes import (
    CROSS_REFERENCE,
    INVENTORY,
    INVENTORY_ACCOUNTS,
    INVENTORY_UNIT,
    ITEM_CLASS,
    SUPPLIER_DETAIL,
    WAREHOUSE_ADDRESS,
    WAREHOUSE_LOCATION,
)
from visma_sandbox.reference_shapes import WAREHOUSE as WAREHOUSE_SHAPE

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.reference import Named
    from visma_sandbox.stock import Shipment, StockItem

_ZERO: Final = money(0)
_MAIN: Final = {"id": WAREHOUSE[0], "description": WAREHOUSE[1]}
_SHELF: Final = {"id": "1", "description": "Hylle 1"}


def warehouse(company: Company, of: Named) -> dict[str, object]:
    """Render a warehouse of `/v1/warehouse`."""
    place = fragments.address(company, 0, 12, 60 + int(of.number))
    known = {name: value for name, value in place.items() if name in WAREHOUSE_ADDRESS}
    return WAREHOUSE_SHAPE | {
        "warehouseID": of.number,
        "branch": fragments.branch(company, 0),
        "active": True,
        "description": of.name,
        "locationEntry": "NoValidate",
        "avgDefaultCost": "AverageCost",
        "fifoDefaultCost": "AverageCost",
        "receiptLocation": _SHELF,
        "shipLocation": _SHELF,
        "returnLocation": _SHELF,
        "address": WAREHOUSE_ADDRESS | known,
        "locations": [
            WAREHOUSE_LOCATION
            | {
                "locationId": str(n),
                "description": f"Hylle {n}",
                "active": True,
                "inclQtyAvail": True,
                "salesValid": True,
                "receiptsValid": True,
                "primaryItemValid": "PrimaryNothing",
            }
            for n in (1, 2, 3)
        ],
        "timestamp": stamps.row_version(of.stamp),
    }


def inventory(company: Company, of: StockItem) -> dict[str, object]:
    """Render an item of `/v1/inventory`.

    What lies in the warehouse is not told by the books: it is the same made-up number always.
    """
    country, vat = company.country, company.country.vats[0]
    unit = "STK" if of.is_stock else "TIME"
    return INVENTORY | {
        "inventoryId": of.internal_id,
        "inventoryNumber": of.number,
        "status": of.status,
        "type": of.kind,
        "description": of.text,
        "itemClass": ITEM_CLASS | {"type": of.kind, "id": of.kind[:6], "description": of.kind},
        "postingClass": {"id": "1", "description": "Varer"},
        "vatCode": {"id": vat.code, "description": vat.name},
        "defaultPrice": fine(of.price),
        "pendingCost": fine(0),
        "currentCost": fine(of.cost),
        "lastCost": fine(of.cost),
        "baseUnit": unit,
        "salesUnit": unit,
        "purchaseUnit": unit,
        "stockItem": of.is_stock,
        "accountInformation": INVENTORY_ACCOUNTS
        | {
            "inventoryAccount": fragments.account(country.account("INVENTORY")),
            "cogsAccount": fragments.account(country.account("COGS")),
            "expenseAccount": fragments.account(country.account("EXPENSE")),
            "expenseSubaccount": fragments.short_subaccount(company, 0),
            "salesAccount": fragments.account(country.account("SALES")),
            "salesSubaccount": fragments.short_subaccount(company, 0),
        },
        "crossReferences": [
            CROSS_REFERENCE
            | {
                "alternateType": "Barcode",
                "alternateID": f"70{of.internal_id:010d}",
                "uom": unit,
                "timestamp": stamps.row_version(of.created),
            }
        ],
        "attributes": [{"id": "KOMMENTAR", "value": "", "description": "Kommentar"}],
        "warehouseDetails": [_lying(of)] if of.is_stock else [],
        "inventoryUnits": [
            INVENTORY_UNIT
            | {
                "unitType": 1,
                "inventoryID": of.internal_id,
                "toUnit": unit,
                "sampleToUnit": unit,
                "fromUnit": "PAKKE",
                "unitMultDiv": "Multiply",
                "unitRate": money(12_00),
                "priceAdjustmentMultiplier": money(1_00),
                "recordID": of.internal_id,
            }
        ],
        "defaultWarehouse": _MAIN if of.is_stock else None,
        "supplierDetails": [_supplied(company, of, unit)] if of.is_stock else [],
        "recommendedPrice": fine(of.price),
        "timestamp": stamps.row_version(of.stamp),
    }


def _lying(of: StockItem) -> dict[str, object]:
    quantity = money(of.internal_id % 7 * 10_00 + 25_00)
    return {
        "isDefault": True,
        "warehouse": WAREHOUSE[0],
        "quantityOnHand": quantity,
        "available": quantity,
        "availableForShipment": quantity,
        "lastModifiedDateTime": stamps.text(of.created),
    }


def _supplied(company: Company, of: StockItem, unit: str) -> dict[str, object]:
    supplier = company.suppliers[of.internal_id % len(company.suppliers)]
    return SUPPLIER_DETAIL | {
        "active": True,
        "default": True,
        "supplierId": supplier.number,
        "supplierName": supplier.name,
        "location": "MAIN",
        "warehouse": WAREHOUSE[0],
        "purchaseUnit": unit,
        "leadTime": 7,
        "currencyId": supplier.currency,
        "lastSupplierPrice": fine(of.cost),
    }


def shipment(company: Company, of: Shipment) -> dict[str, object]:
    """Render a shipment of `/v1/shipment`."""
    party = of.party
    shipped = money(sum(quantity for _, quantity in of.lines))
    order = {"orderType": "SO", "orderNbr": of.order}
    return SHIPMENT | {
        "shipmentNumber": of.number,
        "shipmentType": "Issue",
        "status": of.status,
        "operation": "Issue",
        "shipmentDate": stamps.day_text(of.day),
        "customer": {
            "internalId": party.internal_id,
            "number": party.number,
            "name": party.name,
        },
        "location": fragments.location(company),
        "fromWarehouse": _MAIN,
        "currencyId": party.currency,
        "shippedQuantity": shipped,
        "shippedWeight": _ZERO,
        "shippedVolume": _ZERO,
        "packages": 1,
        "packagesWeight": _ZERO,
        "packagesVolume": _ZERO,
        "controlQuantity": shipped,
        "deliveryAddress": {"overrideAddress": False} | fragments.party_address(company, party),
        "deliveryContact": {"overrideContact": False}
        | fragments.contact(party.name, party.internal_id, party.phone),
        "freightCost": _ZERO,
        "freightAmt": _ZERO,
        "shipmentDetailLines": [
            SHIPMENT_LINE
            | order
            | {
                "lineNumber": n,
                "inventoryNumber": item.number,
                "warehouse": _MAIN,
                "uom": "STK",
                "shippedQty": money(quantity),
                "orderedQty": money(quantity),
                "openQty": _ZERO,
                "description": item.text,
                "orderLineNbr": n,
            }
            for n, (item, quantity) in enumerate(of.lines, start=1)
        ],
        "shipmentOrderLines": [SHIPMENT_ORDER | order | {"shippedQty": shipped}],
        "shipmentPackageLines": [
            SHIPMENT_PACKAGE
            | {
                "lineNumber": 1,
                "confirmed": of.status != "Open",
                "boxId": "STOR",
                "type": "Manual",
                "weight": _ZERO,
                "trackingNumber": f"37073500{of.number}",
            }
        ],
        "note": of.note,
    }
