"""Which parts of JSON columns become fields of their own.

Visma gives what a record points at as an object with a number or id and a name. Rows name the
column as Visma does; a part that an object does not have reads as null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_NUMBERED = ("number", "name")
_DESCRIBED = ("number", "description")
_CODED = ("id", "description")
_ACCOUNT = ("number", "description", "type")
_SUBACCOUNT = ("subaccountNumber", "description")

PARTS: Mapping[str, tuple[str, ...]] = {
    "account": _ACCOUNT,
    "actualAccount": _ACCOUNT,
    "actualSub": _CODED,
    "branch": _NUMBERED,
    "branchNumber": _NUMBERED,
    "creditTerms": _CODED,
    "customer": _NUMBERED,
    "customerClass": _CODED,
    "inventory": _DESCRIBED,
    "ledger": _CODED,
    "location": ("id", "name"),
    "owner": ("id",),
    "paymentMethod": _CODED,
    "project": _CODED,
    "projectTask": _CODED,
    "sub": _SUBACCOUNT,
    "subaccount": _SUBACCOUNT,
    "supplier": _NUMBERED,
    "supplierClass": _CODED,
    "terms": _CODED,
    "vatCode": _CODED,
    "vatZone": _CODED,
    "warehouse": _CODED,
}
