"""Records of purchase orders and receipts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import fragments, stamps
from visma_sandbox.document_records import nested_subaccount
from visma_sandbox.fragments import fine, money
from visma_sandbox.purchases import WAREHOUSE
from visma_sandbox.shapes import (
    PURCHASE_ORDER,
    PURCHASE_ORDER_LINE,
    PURCHASE_RECEIPT,
    RECEIPT_ALLOCATION,
    RECEIPT_LINE,
    RECEIPT_OF_ORDER,
    TAX_DETAIL,
)

if TYPE_CHECKING:
    from visma_sandbox.company import Company
    from visma_sandbox.parties import Party
    from visma_sandbox.purchases import Order, OrderLine, Receipt

_ZERO = money(0)
_WAREHOUSE: Final = {"id": WAREHOUSE[0], "description": WAREHOUSE[1]}
_RATE: Final = fragments.rate(1_000_000)


def _supplier(party: Party) -> dict[str, object]:
    return {"internalId": party.internal_id, "number": party.number, "name": party.name}


def _order_line(company: Company, order: Order, line: OrderLine) -> dict[str, object]:
    cost = money(line.cost(line.quantity))
    vat = company.country.vats[0]
    return PURCHASE_ORDER_LINE | {
        "lineNbr": line.number,
        "branch": fragments.branch(company, order.branch),
        "inventory": {"number": line.inventory, "description": line.text},
        "lineType": "GoodsForInventory",
        "warehouse": _WAREHOUSE,
        "lineDescription": line.text,
        "uom": "STK",
        "orderQty": money(line.quantity),
        "baseOrderQty": money(line.quantity),
        "qtyOnReceipts": money(line.received),
        "unitCost": fine(line.unit),
        "unitCostInBaseCurrency": fine(line.unit),
        "extCost": cost,
        "discountPercent": _ZERO,
        "discountAmount": _ZERO,
        "amount": cost,
        "receivedAmt": money(line.cost(line.received)),
        "minReceipt": _ZERO,
        "maxReceipt": money(10_000),
        "completeOn": money(10_000),
        "receiptAction": "AcceptButWarn",
        "taxCategory": {"number": vat.code, "description": vat.name},
        "account": fragments.account(company.country.account("INVENTORY")),
        "sub": nested_subaccount(company, line.subaccount),
        "requested": stamps.day_text(order.day),
        "promised": stamps.day_text(order.promised),
        "completed": line.received == line.quantity,
        "orderType": "RegularOrder",
        "orderNumber": order.number,
    }


def _receipt_total(receipt: Receipt) -> int:
    return sum(line.cost(quantity) for line, quantity in receipt.lines)


def _receipt_of_order(company: Company, receipt: Receipt) -> dict[str, object]:
    return RECEIPT_OF_ORDER | {
        "type": "PoReceipt",
        "receiptNumber": receipt.number,
        "status": "Released",
        "supplierName": receipt.order.party.name,
        "currency": company.country.currency,
        "totalQty": money(sum(quantity for _, quantity in receipt.lines)),
        "totalAmt": money(_receipt_total(receipt)),
    }


def purchase_order(company: Company, order: Order) -> dict[str, object]:
    """Render an order of `/v1/purchaseorder`."""
    party, vat = order.party, company.country.vats[0]
    net = sum(line.cost(line.quantity) for line in order.lines)
    tax = (net * vat.rate + 500) // 1000
    still_open = [(line, line.quantity - line.received) for line in order.lines]
    place = fragments.party_address(company, party)
    person = fragments.contact(party.name, party.internal_id, party.phone)
    own_place = fragments.address(company, order.branch, 7 * (order.branch + 1), order.branch + 1)
    own_person = fragments.contact(company.branches[order.branch].name, order.branch + 1, None)
    amounts = {"lineTotal": net, "vatExemptTotal": 0, "taxTotal": tax, "orderTotal": net + tax}
    amounts["controlTotal"] = net + tax
    return (
        PURCHASE_ORDER
        | {name: money(cents) for name, cents in amounts.items()}
        | {f"{name}InBaseCurrency": money(cents) for name, cents in amounts.items()}
        | {
            "shippingDestinationType": "CompanyLocation",
            "shippingLocation": {"id": 1, "name": "MAIN"},
            "warehouse": _WAREHOUSE,
            "shippingContact": {"overrideContact": False} | own_person,
            "shippingAddress": {"overrideAddress": False} | own_place,
            "remitContact": {"overrideContact": False} | person,
            "remitAddress": {"overrideAddress": False} | place,
            "terms": fragments.terms(party.terms),
            "supplierVatZone": fragments.vat_zone(company, party),
            "openQuantity": money(sum(quantity for _, quantity in still_open)),
            "openBalance": money(sum(line.cost(quantity) for line, quantity in still_open)),
            "orderType": "RegularOrder",
            "orderNbr": order.number,
            "status": order.status,
            "date": stamps.day_text(order.day),
            "promisedOn": stamps.day_text(order.promised),
            "description": order.lines[0].text,
            "supplier": _supplier(party),
            "location": {"id": 1, "name": "MAIN"},
            "currency": company.country.currency,
            "exchangeRate": _RATE,
            "branch": fragments.branch(company, order.branch),
            "lines": [_order_line(company, order, line) for line in order.lines],
            "taxDetails": [
                TAX_DETAIL
                | {
                    "taxId": vat.code,
                    "recordId": 1,
                    "vatId": {"number": vat.code, "description": vat.name},
                    "vatRate": fragments.percent(vat.rate),
                    "taxableAmount": money(net),
                    "vatAmount": money(tax),
                }
            ],
            "purchaseReceipts": [_receipt_of_order(company, each) for each in order.receipts],
            "note": order.note,
        }
    )


def _receipt_line(
    company: Company, receipt: Receipt, line: OrderLine, quantity: int
) -> dict[str, object]:
    order = receipt.order
    cost = money(line.cost(quantity))
    vat = company.country.vats[0]
    inventory = company.country.account("INVENTORY")
    transit = company.country.account("TRANSIT")
    subaccount = fragments.short_subaccount(company, line.subaccount)
    return RECEIPT_LINE | {
        "allocations": [
            RECEIPT_ALLOCATION
            | {
                "lineNbr": line.number,
                "location": fragments.location(company),
                "quantity": money(quantity),
                "uom": "STK",
            }
        ],
        "lineNbr": line.number,
        "branch": fragments.branch(company, order.branch),
        "branchNumber": fragments.branch(company, order.branch),
        "inventory": {"number": line.inventory, "description": line.text},
        "lineType": "GoodsForInventory",
        "warehouse": _WAREHOUSE,
        "location": fragments.location(company),
        "transactionDescription": line.text,
        "uom": "STK",
        "orderQty": money(line.quantity),
        "openQty": money(line.quantity - line.received),
        "receiptQty": money(quantity),
        "baseReceiptQty": money(quantity),
        "unitCost": fine(line.unit),
        "extCost": cost,
        "discountPercent": _ZERO,
        "discountAmount": _ZERO,
        "amount": cost,
        "taxCategory": {"number": vat.code, "description": vat.name},
        "account": fragments.account(inventory),
        "accountDescription": inventory.name,
        "sub": subaccount,
        "actualAccount": fragments.account(transit),
        "actualSub": subaccount,
        "poOrderType": "RegularOrder",
        "poOrderNbr": order.number,
        "poOrderLineNbr": line.number,
        "completePoLine": line.received == line.quantity,
    }


def purchase_receipt(company: Company, receipt: Receipt) -> dict[str, object]:
    """Render a receipt of `/v2/PurchaseReceipt`."""
    order = receipt.order
    quantity = money(sum(quantity for _, quantity in receipt.lines))
    total = money(_receipt_total(receipt))
    return PURCHASE_RECEIPT | {
        "receiptType": "PoReceipt",
        "receiptNbr": receipt.number,
        "status": "Released",
        "date": stamps.day_text(receipt.day),
        "postPeriod": f"{receipt.day:%Y%m}",
        "warehouse": _WAREHOUSE,
        "supplier": _supplier(order.party),
        "location": fragments.location(company),
        "currency": company.country.currency,
        "exchangeRate": _RATE,
        "createBill": receipt.billed,
        "totalQty": quantity,
        "controlQty": quantity,
        "vatExemptTotal": _ZERO,
        "vatTaxableTotal": total,
        "totalAmt": total,
        "controlTotal": total,
        "branchNumber": fragments.branch(company, order.branch),
        "lines": [
            _receipt_line(company, receipt, line, quantity) for line, quantity in receipt.lines
        ],
    }
