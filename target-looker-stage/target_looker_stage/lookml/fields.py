"""Fields that no column holds as such: signed amounts, ageing, segments, drill paths.

Rows of data; SQL in them names fields by reference. A row whose fields are not staged is left out.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from target_looker_stage.lookml import references, views, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_looker_stage.lookml.references import Views
    from target_looker_stage.lookml.tables import Options


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A field to add to the view of a stream; its name is its path too.

    Attributes:
        sql: With references between braces.
        more: LookML parameters besides.
    """

    stream: str
    name: str
    label: str
    sql: str
    kind: Literal["dimension", "total"] = "dimension"
    type: str = "string"
    more: Mapping[str, Any] = field(default_factory=dict)


# Document types whose open balance is owed the other way: to be paid by the supplier, or to the
# customer. All amounts in Visma's documents are positive.
_SUPPLIER_CREDITS = ("Check", "DebitAdj", "Payment", "Prepayment", "QuickCheck", "VoidCheck")
_CUSTOMER_CREDITS = ("CreditNote", "Payment", "Prepayment", "SmallBalanceWo", "VoidPayment")

_NOT_RELEASED = (
    "Balanced",
    "CcHold",
    "CreditHold",
    "Hold",
    "PendingApproval",
    "PendingEmail",
    "PendingPrint",
    "Printed",
    "Rejected",
    "Scheduled",
    "Voided",
)
"""States in which a document is a draft, a template or void. Visma gives a draft its whole amount
as balance, but nothing of it is in the ledger, so nothing of it is owed yet."""

_UNSIGNED = ("sum(balance)", "sum(balanceInCurrency)")
"""Totals of documents to which credits and drafts are added; `total_open_balance` is the right one,
so they are hidden where it is there."""

_HIDDEN = {"hidden": "yes"}
_BUCKETS = ("Not due", "1-30 days", "31-60 days", "61-90 days", "Over 90 days")
_LIMITS = (0, 30, 60, 90)


def _amount(stream: str) -> Iterator[Extra]:
    """Debit less credit, which adds up to nothing over a whole ledger."""
    yield Extra(
        stream=stream,
        name="net",
        label="Net amount",
        sql="COALESCE({debitAmount}, 0) - COALESCE({creditAmount}, 0)",
        type="number",
        more=_HIDDEN,
    )
    yield Extra(
        stream=stream,
        name="net_amount",
        label="Net amount",
        sql="{net}",
        kind="total",
        more={"description": "Debit less credit"},
    )


def _signed(column: str, credits_: tuple[str, ...], status: str = "status") -> str:
    """What a document counts for: nothing before it is released, a credit with a minus."""
    drafts, kinds = (", ".join(map(words.literal, each)) for each in (_NOT_RELEASED, credits_))
    return (
        f"CASE WHEN {{{status}}} IN ({drafts}) THEN 0 "
        f"WHEN {{documentType}} IN ({kinds}) THEN -{{{column}}} ELSE {{{column}}} END"
    )


def _cases(values: tuple[str, ...]) -> str:
    whens = [
        f"WHEN {{days_overdue}} <= {limit} THEN {value}"
        for limit, value in zip(_LIMITS, values[:-1], strict=True)
    ]
    return f"CASE WHEN {{days_overdue}} IS NULL THEN NULL {' '.join(whens)} ELSE {values[-1]} END"


def _ageing(stream: str, due: str, credits_: tuple[str, ...]) -> Iterator[Extra]:
    yield Extra(
        stream=stream,
        name="open_balance",
        label="Open balance",
        sql=_signed("balance", credits_),
        type="number",
        more=_HIDDEN,
    )
    yield Extra(
        stream=stream,
        name="total_open_balance",
        label="Total open balance",
        sql="{open_balance}",
        kind="total",
        more={"description": "What is still open of released documents; credits count against it"},
    )
    yield Extra(
        stream=stream,
        name="days_overdue",
        label="Days overdue",
        sql=f"CURRENT_DATE - {{{due}}}::date",
        type="number",
        more={"description": "Negative until the due date"},
    )
    order = tuple(str(number) for number in range(len(_BUCKETS)))
    yield Extra(
        stream=stream,
        name="ageing_order",
        label="Ageing order",
        sql=_cases(order),
        type="number",
        more=_HIDDEN,
    )
    yield Extra(
        stream=stream,
        name="ageing",
        label="Ageing",
        sql=_cases(tuple(words.literal(bucket) for bucket in _BUCKETS)),
        more={"order_by_field": "ageing_order"},
    )


def _spend(document: str, column: str, credits_: tuple[str, ...], name: str) -> Iterator[Extra]:
    stream = f"{document}_lines"
    yield Extra(
        stream=stream,
        name=f"signed_{name}",
        label=words.label(name),
        sql=_signed(column, credits_, f"{document}s/status"),
        type="number",
        more=_HIDDEN,
    )
    yield Extra(
        stream=stream,
        name=name,
        label=words.label(name),
        sql=f"{{signed_{name}}}",
        kind="total",
        more={"description": "Of released documents, without VAT; credits count against it"},
    )


def _segments(labels: tuple[str, ...]) -> Iterator[Extra]:
    for number, label in enumerate(labels, start=1):
        found = f"jsonb_path_query_first({{segments}}, '$[*] ? (@.segmentId == {number})')"
        names = (("", "segmentValue", label), ("_name", "segmentValueDescription", f"{label} name"))
        for ending, part, shown in names:
            yield Extra(
                stream="subaccounts",
                name=f"segment_{number}{ending}",
                label=words.plain(shown),
                sql=f"({found} ->> '{part}')",
            )


def _extras(options: Options) -> Iterator[Extra]:
    yield from _segments(options.segments)
    yield Extra(
        stream="financial_periods",
        name="period_id",
        label="Financial period",
        sql="{year}::text || LPAD({period}, 2, '0')",
        more={"description": "As documents and ledgers name it: YYYYMM"},
    )
    yield from _amount("general_ledger_transactions")
    yield Extra(
        stream="general_ledger_transactions",
        name="account_class",
        label="Account class",
        sql="{accounts/accountClass}",
    )
    yield from _amount("journal_transaction_lines")
    for stream in ("supplier_documents", "supplier_invoices"):
        yield from _ageing(stream, "dueDate", _SUPPLIER_CREDITS)
    for stream in ("customer_documents", "customer_invoices"):
        yield from _ageing(stream, "documentDueDate", _CUSTOMER_CREDITS)
    yield from _spend("supplier_invoice", "cost", _SUPPLIER_CREDITS, "spend")
    yield from _spend("customer_invoice", "amount", _CUSTOMER_CREDITS, "sales")


DRILLS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "general_ledger_transactions": {
        "account_class": ("account.number", "account.description"),
        "account.number": ("subaccount", "subaccounts/segment_1", "subaccounts/segment_2"),
        "subaccount": ("detail*",),
    },
    "accounts": {"accountClass": ("accountCD", "description")},
    "suppliers": {"supplierClass.id": ("number", "name")},
    "customers": {"customerClass.id": ("number", "name")},
}
"""What a click on a dimension leads to, from the coarse to the single line."""

DETAILS: Mapping[str, str] = {
    "general_ledger_transactions": (
        "company_id tranDate:date period module batchNumber lineNumber account.number "
        "account.description subaccount description refNumber sum(debitAmount) "
        "sum(creditAmount) net_amount"
    ),
    "journal_transaction_lines": (
        "company_id batchModule batchNumber lineNumber accountNumber subaccount.subaccountNumber "
        "transactionDescription referenceNumber sum(debitAmount) sum(creditAmount)"
    ),
    "supplier_documents": (
        "company_id supplier.number supplier.name documentType referenceNumber date:date "
        "dueDate:date status days_overdue total_open_balance"
    ),
    "customer_documents": (
        "company_id customer.number customer.name documentType referenceNumber documentDate:date "
        "documentDueDate:date status days_overdue total_open_balance"
    ),
    "supplier_invoice_lines": (
        "company_id documentType referenceNumber lineNumber transactionDescription account.number "
        "quantity spend"
    ),
    "customer_invoice_lines": (
        "company_id documentType referenceNumber lineNumber description account.number quantity "
        "sales"
    ),
    "purchase_order_lines": (
        "company_id poOrderType poOrderNbr lineNbr inventory.number lineDescription "
        "sum(orderQty) sum(qtyOnReceipts) sum(extCost)"
    ),
}
"""What a drill shows of the records of a stream, where that is not what stands first: references,
separated by blanks."""


def add(all_views: Views, options: Options) -> None:
    """Add these fields, drills and details to the views whose streams have what they need."""
    for extra in _extras(options):
        sql = references.in_sql(all_views, extra.stream, extra.sql)
        if extra.stream in all_views and sql:
            _add(all_views[extra.stream], extra, sql)
    for view in all_views.values():
        if "total_open_balance" in view.fields:
            _hide(view, {view.fields[path] for path in _UNSIGNED if path in view.fields})
    for stream, drills in DRILLS.items():
        for path, leads in drills.items():
            _drill(all_views, stream, path, leads)
    for stream, paths in DETAILS.items():
        shown = references.known(all_views, stream, paths.split())
        if shown:
            all_views[stream].detail = shown


def _add(view: views.View, extra: Extra, sql: str) -> None:
    node = {"name": extra.name, "label": extra.label, **extra.more}
    if extra.kind == "total":
        views.add_measure(view, extra.name, views.total("", extra.label) | node | {"sql": sql})
        return
    order = node.get("order_by_field")
    if order:
        node["order_by_field"] = view.fields[order]
    views.add_dimension(view, extra.name, node | {"type": extra.type, "sql": sql})


def _hide(view: views.View, names: set[str]) -> None:
    for measure in view.measures:
        if measure["name"] in names:
            measure.update(_HIDDEN)


def _drill(all_views: Views, stream: str, path: str, leads: tuple[str, ...]) -> None:
    name = references.find(all_views, stream, path)
    shown = references.known(all_views, stream, leads)
    if name and shown:
        view = all_views[stream]
        next(each for each in view.dimensions if each["name"] == name)["drill_fields"] = shown
