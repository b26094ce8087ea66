"""A batch of before is looked for, and sent again where it is not; never is a row there twice."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader_runs import AMOUNT, AUDITED, KEY, audited, schema, state

if TYPE_CHECKING:
    from powerbi_loads import Workspace

INVOICES = schema("invoices", AUDITED | {"amount": AMOUNT}, KEY)


def invoice(number: int, amount: int = 10, stamp: str = "10:00", read: int = 1) -> dict[str, Any]:
    return audited("invoices", str(number), stamp, read, amount=amount)


def keys(workspace: Workspace) -> list[Any]:
    return [row["invoice_key"] for row in workspace.rows("invoices")]


def test_a_batch_of_before_is_looked_for_and_sent_again_where_it_is_not(
    workspace: Workspace,
) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.load([INVOICES, invoice(2), state({"at": 2})])
    batch = workspace.last_batch()

    there = workspace.load([], replayed=batch[:12])
    before = keys(workspace)
    workspace.service.set(forget={"dataset": workspace.dataset, "table": "invoices"})
    gone = workspace.load([], replayed=batch[:12])
    unknown = workspace.load([], replayed="no such batch")

    assert there.error is None
    assert before == ["no:1", "no:2"]
    assert gone.error is None
    assert keys(workspace) == ["no:2"]
    assert "is not known" in str(unknown.error)


def test_a_batch_whose_table_was_sent_whole_since_is_not_added_to_it(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.load([INVOICES, invoice(2), state({"at": 2})])
    batch = workspace.last_batch()
    workspace.service.fault("/rows$", method="POST", drop=True, commit=True, part=1)
    workspace.load([INVOICES, invoice(3), invoice(4), state({"at": 3})])  # came in part

    again = workspace.load([], replayed=batch)

    assert again.error is None
    assert keys(workspace) == ["no:1", "no:2", "no:3", "no:4"]


def test_a_batch_of_the_first_load_or_no_longer_kept_comes_with_its_whole_table(
    workspace: Workspace,
) -> None:
    settings = {"keep_sent_days": 0}
    workspace.load([INVOICES, invoice(1), state({"at": 1})], **settings)
    first = workspace.batch_of("no:1")
    workspace.load([INVOICES, invoice(2), state({"at": 2})], **settings)

    for batch in (first, workspace.last_batch()):
        workspace.service.set(forget={"dataset": workspace.dataset, "table": "invoices"})
        assert workspace.load([], replayed=batch, **settings).error is None
        assert keys(workspace) == ["no:1", "no:2"]


def test_rows_that_are_looked_for_count_once_towards_the_limits(workspace: Workspace) -> None:
    workspace.load([INVOICES, invoice(1), state({"at": 1})])
    workspace.load([INVOICES, invoice(2), state({"at": 2})])

    run = workspace.load([], replayed=workspace.last_batch())

    assert run.error is None
    assert workspace.asked("SELECT rows FROM held WHERE place = 'invoices'") == 2
