"""Visma's events as data: what each is about, and which streams it hints at.

Knows names of events, paths and streams; knows neither envelopes nor how events come. Events are
those that Visma lists for the publisher Visma Net Financial; there are none for ledger batches,
payments, receipts and time cards. Which resource an event names, and by which of its numbers, is
not documented, so nothing here looks at the record: an event hints at streams as a whole.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

DELETIONS = ("deleted", "delete")


@dataclass(frozen=True, slots=True)
class Subject:
    """What events are about.

    Attributes:
        names: How names of such events begin, letters only: `Account Deleted` is `accountdeleted`.
        paths: Parts of the address of such a resource, in lower case.
        streams: The entities whose lists show the change.
        deleted: Whether Visma sends events of deletions.
    """

    names: tuple[str, ...]
    paths: tuple[str, ...]
    streams: tuple[str, ...]
    deleted: bool = False


SUBJECTS: tuple[Subject, ...] = (
    Subject(("account",), ("account",), ("accounts",), deleted=True),
    Subject(("dimension",), ("dimension",), ("dimensions",)),
    Subject(("segment",), ("segment",), ("dimensions", "subaccounts")),
    Subject(("inventoryitem", "inventory"), ("inventory",), ("inventory_items",)),
    Subject(("employee",), ("employee",), ("employees",)),
    Subject(("supplier",), ("supplier",), ("suppliers", "supplier_locations")),
    Subject(("customer",), ("customer",), ("customers",)),
    Subject(("project", "pmproject"), ("project",), ("projects", "project_tasks")),
    Subject(("purchaseorder",), ("purchaseorder",), ("purchase_orders",)),
    Subject(
        ("apinvoice", "supplierinvoice"),
        ("supplierinvoice",),
        ("supplier_invoices", "supplier_documents"),
    ),
    Subject(
        ("arinvoice", "customerinvoice"),
        ("customerinvoice", "customercreditnote", "customerdebitnote"),
        (
            "customer_invoices",
            "customer_credit_notes",
            "customer_debit_notes",
            "customer_overdue_charges",
            "customer_documents",
        ),
    ),
    Subject(("shipment",), ("shipment",), ("shipments",), deleted=True),
)

REMEMBERED = frozenset(
    stream for subject in SUBJECTS if subject.deleted for stream in subject.streams
)
"""Entities of whose deletions Visma tells."""


def subject(kind: str | None, resource: str | None) -> Subject | None:
    """What an event is about: by its name, else by the address of its resource."""
    letters = _letters(kind)
    named = [(len(n), s) for s in SUBJECTS for n in s.names if letters.startswith(n)]
    if named:
        return max(named, key=lambda pair: pair[0])[1]
    parts = set(urlsplit(resource or "").path.lower().split("/"))
    return next((s for s in SUBJECTS if parts & {*s.paths}), None)


def is_deletion(kind: str | None) -> bool:
    """Whether an event tells that a record is gone."""
    return _letters(kind).endswith(DELETIONS)


def _letters(text: str | None) -> str:
    return re.sub("[^a-z]", "", (text or "").lower())
