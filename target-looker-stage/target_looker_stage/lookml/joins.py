"""The explores: which finest grain is looked at, and what each of its rows points at.

Rows of data. Every join is many-to-one, on the company and the keys of the record that is pointed
at, so that no sum is ever doubled. Records that are gone are not pointed at: their number may be
another's by now. A join, or an explore, whose streams or columns are not staged is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from target_looker_stage.lookml import references
from target_looker_stage.lookml.tables import DELETED_AT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from target_looker_stage.lookml.references import Views
    from target_looker_stage.lookml.views import Node

_COMPANY = ("company_id", "company_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """Each row points at one of another stream.

    Attributes:
        to: The stream that is pointed at.
        on: Pairs of references: in the pointing stream, and in `to`.
        of: The pointing stream, if it is not the explore's own but one joined before.
        by_company: Whether the company is compared besides.
    """

    to: str
    on: tuple[tuple[str, str], ...]
    of: str | None = None
    by_company: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Explore:
    """What a user begins from; named as its stream's view is.

    Attributes:
        stream: Its finest grain.
    """

    stream: str
    label: str
    description: str
    joins: tuple[Join, ...]
    group: str = "Visma.net"


def _account(path: str = "account.number") -> Join:
    return Join(to="accounts", on=((path, "accountCD"),))


def _subaccount(path: str) -> Join:
    return Join(to="subaccounts", on=((path, "subaccountNumber"),))


def _period(path: str, of: str | None = None) -> Join:
    return Join(to="financial_periods", on=((path, "period_id"),), of=of)


def _branch(path: str, of: str | None = None) -> Join:
    return Join(to="branches", on=((path, "number"),), of=of)


def _supplier(of: str | None = None) -> Join:
    return Join(to="suppliers", on=(("supplier.number", "number"),), of=of)


def _customer(of: str | None = None) -> Join:
    return Join(to="customers", on=(("customer.number", "number"),), of=of)


def _document(to: str) -> Join:
    keys = ("documentType", "referenceNumber")
    return Join(to=to, on=tuple((key, key) for key in keys))


_LINE_SUBACCOUNT = _subaccount("subaccount.subaccountNumber")

BUDGET = "budget_against_actual"
"""The stream name under which the view of `budget.py` is found."""

EXPLORES: tuple[Explore, ...] = (
    Explore(
        stream="general_ledger_transactions",
        label="General ledger",
        description="Every ledger line with its account and class, subaccount and segments, period",
        joins=(
            _account(),
            _subaccount("subaccount"),
            _period("period"),
            _branch("branch.number"),
            Join(to="ledgers", on=(("ledger.id", "number"),)),
        ),
    ),
    Explore(
        stream="general_ledger_balances",
        label="Ledger balances",
        description="Balances by account, subaccount, branch and period",
        joins=(
            _account(),
            _subaccount("subAccountCd"),
            _period("financialPeriod"),
            _branch("branch.number"),
        ),
    ),
    Explore(
        stream="journal_transaction_lines",
        label="Journal",
        description="Every journal line with its batch, account and subaccount",
        joins=(
            Join(
                to="journal_transactions",
                on=(("batchModule", "module"), ("batchNumber", "batchNumber")),
            ),
            _account("accountNumber"),
            _LINE_SUBACCOUNT,
            _period("financialPeriod", of="journal_transactions"),
            _branch("branch"),
        ),
    ),
    Explore(
        stream=BUDGET,
        label="Budget against actual",
        description="Both by account, subaccount, branch and period; of several budgets choose one",
        joins=(
            _account("account"),
            _subaccount("subaccount"),
            _period("period"),
            _branch("branch"),
        ),
    ),
    Explore(
        stream="supplier_documents",
        label="Supplier documents",
        description="Everything owed to suppliers, with its age",
        joins=(_supplier(), _period("financialPeriod"), _branch("branchNumber.number")),
    ),
    Explore(
        stream="supplier_invoice_lines",
        label="Supplier invoice lines",
        description="What was bought, from whom, on which account",
        joins=(
            _document("supplier_invoices"),
            _supplier(of="supplier_invoices"),
            _account(),
            _LINE_SUBACCOUNT,
            _period("financialPeriod", of="supplier_invoices"),
        ),
    ),
    Explore(
        stream="customer_documents",
        label="Customer documents",
        description="Everything that customers owe, with its age",
        joins=(_customer(), _period("financialPeriod"), _branch("branchNumber.number")),
    ),
    Explore(
        stream="customer_invoice_lines",
        label="Customer invoice lines",
        description="What was sold, to whom, on which account",
        joins=(
            _document("customer_invoices"),
            _customer(of="customer_invoices"),
            _account(),
            _LINE_SUBACCOUNT,
            _period("financialPeriod", of="customer_invoices"),
        ),
    ),
    Explore(
        stream="purchase_order_lines",
        label="Purchase orders",
        description="Every line ordered, with its order and supplier",
        joins=(
            Join(
                to="purchase_orders",
                on=(("poOrderType", "orderType"), ("poOrderNbr", "orderNbr")),
            ),
            _supplier(of="purchase_orders"),
            _account(),
            _subaccount("sub.subaccountNumber"),
        ),
    ),
    Explore(
        stream="purchase_receipt_lines",
        label="Purchase receipts",
        description="Every line received, with the order line that it came from",
        joins=(
            Join(
                to="purchase_receipts",
                on=(("receiptType", "receiptType"), ("receiptNbr", "receiptNbr")),
            ),
            _supplier(of="purchase_receipts"),
            Join(
                to="purchase_order_lines",
                on=(
                    ("poOrderType", "poOrderType"),
                    ("poOrderNbr", "poOrderNbr"),
                    ("poOrderLineNbr", "lineNbr"),
                ),
            ),
        ),
    ),
)


def explores(views: Views, rows: Iterable[Explore]) -> Iterator[Node]:
    """The explores of what is staged, as `lkml` writes them.

    A stream that none of the rows leads to gets an explore of its own.

    Args:
        views: All views by stream.
        rows: Such as `EXPLORES`.
    """
    reached: set[str] = set()
    for row in rows:
        if row.stream in views:
            joined, nodes = _joins(views, row)
            reached |= {row.stream, *joined}
            yield _explore(views, row, nodes)
    for stream, view in views.items():
        if stream not in reached:
            rest = Explore(
                stream=stream,
                label=view.label,
                description="One table as it is",
                joins=(),
                group="Visma.net, other tables",
            )
            yield _explore(views, rest, [])


def _explore(views: Views, row: Explore, joins: list[Node]) -> Node:
    node: dict[str, Any] = {
        "name": views[row.stream].name,
        "label": row.label,
        "group_label": row.group,
        "description": row.description,
    }
    deleted = references.full(views, row.stream, DELETED_AT)
    if deleted:
        node["sql_always_where"] = f"${{{deleted}}} IS NULL"
    return node | {"joins": joins}


def _joins(views: Views, row: Explore) -> tuple[set[str], list[Node]]:
    joined, nodes = {row.stream}, []
    for join in row.joins:
        of = join.of or row.stream
        pairs = [
            (references.full(views, of, left), references.full(views, join.to, right))
            for left, right in (*((_COMPANY,) if join.by_company else ()), *join.on)
        ]
        if of not in joined or not all(left and right for left, right in pairs):
            continue
        joined.add(join.to)
        conditions = [f"${{{left}}} = ${{{right}}}" for left, right in pairs]
        if deleted := references.full(views, join.to, DELETED_AT):
            conditions.append(f"${{{deleted}}} IS NULL")
        nodes.append(
            {
                "name": views[join.to].name,
                "type": "left_outer",
                "relationship": "many_to_one",
                "sql_on": " AND ".join(conditions),
            }
        )
    return joined, nodes
