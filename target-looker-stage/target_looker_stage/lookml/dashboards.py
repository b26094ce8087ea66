"""The dashboards: rows of data, and how Looker's YAML says them.

A tile names fields by reference, from its explore's stream. A tile whose fields are not all staged
is left out, and so is a dashboard without tiles.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import yaml

from target_looker_stage.lookml import audit, references
from target_looker_stage.lookml.joins import BUDGET

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_looker_stage.lookml.references import Views

_WIDTH, _HEIGHT = 24, 8
_LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """A tile, as wide as the board unless it is a single value.

    Attributes:
        stream: Of the explore that it asks.
        kind: Looker's visualisation.
        fields: Separated by blanks.
        pivots: Of the fields, those that become columns.
        sort: The field to sort by, with `desc` after it if the greatest comes first.
        filters: What is shown, by field.
    """

    title: str
    stream: str
    kind: str
    fields: str
    pivots: str = ""
    sort: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dashboard:
    """A dashboard.

    Attributes:
        filters: The field of each filter by its title; a tile whose stream has the field listens.
    """

    name: str
    title: str
    tiles: tuple[Tile, ...]
    filters: Mapping[str, str] = field(default_factory=dict)


def _ageing(name: str, title: str, stream: str, party: str) -> Dashboard:
    still_open = {"total_open_balance": "not 0"}
    return Dashboard(
        name=name,
        title=title,
        tiles=(
            Tile(
                title="Open balance",
                stream=stream,
                kind="single_value",
                fields="total_open_balance",
            ),
            Tile(
                title="Overdue",
                stream=stream,
                kind="single_value",
                fields="total_open_balance",
                filters={"days_overdue": ">0"},
            ),
            Tile(
                title="Open balance by age",
                stream=stream,
                kind="looker_column",
                fields="ageing total_open_balance",
                sort="ageing",
                filters=still_open,
            ),
            Tile(
                title=f"Open balance by {party} and age",
                stream=stream,
                kind="looker_grid",
                fields=f"company_id {party}.number {party}.name ageing total_open_balance",
                pivots="ageing",
                sort=f"{party}.name",
                filters=still_open,
            ),
        ),
        filters={"Company": "company_id", "Currency": "currencyId"},
    )


_GL, _LINES = "general_ledger_transactions", "supplier_invoice_lines"

DASHBOARDS: tuple[Dashboard, ...] = (
    Dashboard(
        name="general_ledger",
        title="General ledger",
        tiles=(
            Tile(title="Lines", stream=_GL, kind="single_value", fields="count"),
            Tile(title="Debit less credit", stream=_GL, kind="single_value", fields="net_amount"),
            Tile(
                title="By account class and period",
                stream=_GL,
                kind="looker_grid",
                fields="account_class period net_amount",
                pivots="period",
                sort="account_class",
            ),
            Tile(
                title="By account",
                stream=_GL,
                kind="looker_grid",
                fields="account_class account.number account.description sum(debitAmount) "
                "sum(creditAmount) net_amount",
                sort="account.number",
            ),
            Tile(
                title="By segment of the subaccount",
                stream=_GL,
                kind="looker_grid",
                fields="subaccounts/segment_1 subaccounts/segment_1_name net_amount",
                sort="subaccounts/segment_1",
            ),
        ),
        filters={"Company": "company_id", "Period": "period", "Ledger": "ledger.id"},
    ),
    _ageing("supplier_ageing", "Supplier ageing", "supplier_documents", "supplier"),
    _ageing("customer_ageing", "Customer ageing", "customer_documents", "customer"),
    Dashboard(
        name="spend_by_supplier",
        title="Spend by supplier",
        tiles=(
            Tile(title="Spend", stream=_LINES, kind="single_value", fields="spend"),
            Tile(
                title="By month",
                stream=_LINES,
                kind="looker_column",
                fields="supplier_invoices/date:month spend",
                sort="supplier_invoices/date:month",
            ),
            Tile(
                title="By supplier",
                stream=_LINES,
                kind="looker_grid",
                fields="company_id suppliers/number suppliers/name spend count",
                sort="spend desc",
            ),
            Tile(
                title="By account",
                stream=_LINES,
                kind="looker_grid",
                fields="account.number account.description spend",
                sort="spend desc",
            ),
        ),
        filters={"Company": "company_id", "Period": "supplier_invoices/financialPeriod"},
    ),
    Dashboard(
        name="budget_against_actual",
        title="Budget against actual",
        tiles=(
            Tile(
                title="By period",
                stream=BUDGET,
                kind="looker_column",
                fields="period sum(actual) sum(budget)",
                sort="period",
            ),
            Tile(
                title="By account",
                stream=BUDGET,
                kind="looker_grid",
                fields="account accounts/description sum(actual) sum(budget) difference",
                sort="account",
            ),
        ),
        filters={"Company": "company_id", "Period": "period", "Budget ledger": "budget_ledger"},
    ),
    Dashboard(
        name="loads",
        title="Loads of Visma.net",
        tiles=(
            Tile(
                title="Newest load",
                stream=audit.LOADS,
                kind="single_value",
                fields="newest_load",
            ),
            Tile(
                title="Loads",
                stream=audit.LOADS,
                kind="looker_grid",
                fields="load_id run_id status started_at:time committed_at:time looker_status "
                "looker_message looker_calls",
                sort="load_id desc",
            ),
            Tile(
                title="By stream",
                stream=audit.LOAD_STREAMS,
                kind="looker_grid",
                fields="load_id stream table_name sum(rows_received) sum(rows_merged) "
                "sum(rows_current) last_extracted_at:time",
                sort="load_id desc",
            ),
            Tile(
                title="Control totals",
                stream=audit.CONTROL_TOTALS,
                kind="looker_grid",
                fields="load_id stream period name sum(amount)",
                sort="load_id desc",
            ),
        ),
    ),
)


def dashboards(views: Views, model: str) -> dict[str, str]:
    """The text of each dashboard that has tiles, by its name.

    Args:
        views: All views by stream.
        model: The model that has the explores.
    """
    return {
        row.name: yaml.safe_dump([said], sort_keys=False, allow_unicode=True, width=100)
        for row in DASHBOARDS
        if (said := _dashboard(views, row, model))["elements"]
    }


def _dashboard(views: Views, row: Dashboard, model: str) -> dict[str, Any]:
    tiles = [tile for tile in row.tiles if _has_all(views, tile)]
    return {
        "dashboard": row.name,
        "title": row.title,
        "layout": "newspaper",
        "preferred_viewer": "dashboards-next",
        "elements": [
            _element(views, tile, row.filters, model) | place
            for tile, place in zip(tiles, _places(tiles), strict=True)
        ],
        "filters": [
            {"name": title, "title": title, "type": "field_filter", "default_value": ""}
            | {"model": model, "explore": views[tiles[0].stream].name, "field": found}
            for title, path in row.filters.items()
            if tiles and (found := references.full(views, tiles[0].stream, path))
        ],
    }


def _has_all(views: Views, tile: Tile) -> bool:
    wanted = (*tile.fields.split(), *tile.filters)
    return all(references.full(views, tile.stream, each) for each in wanted)


def _element(views: Views, tile: Tile, listens: Mapping[str, str], model: str) -> dict[str, Any]:
    def found(path: str) -> str:
        return references.full(views, tile.stream, path) or ""

    said: dict[str, Any] = {
        "name": tile.title,
        "title": tile.title,
        "model": model,
        "explore": views[tile.stream].name,
        "type": tile.kind,
        "fields": [found(each) for each in tile.fields.split()],
        "limit": _LIMIT,
    }
    if tile.pivots:
        said["pivots"] = [found(each) for each in tile.pivots.split()]
    if tile.sort:
        path, _, order = tile.sort.partition(" ")
        said["sorts"] = [f"{found(path)} {order}".strip()]
    if tile.filters:
        said["filters"] = {found(path): value for path, value in tile.filters.items()}
    heard = {title: found(path) for title, path in listens.items() if found(path)}
    return said | ({"listen": heard} if heard else {})


def _places(tiles: list[Tile]) -> list[dict[str, int]]:
    """Single values side by side in the first row, each other tile in one of its own."""
    single = [tile for tile in tiles if tile.kind == "single_value"]
    width = _WIDTH // max(1, len(single))
    top = _HEIGHT // 2 if single else 0
    places, row = [], top
    for tile in tiles:
        if tile in single:
            column = single.index(tile) * width
            places.append({"row": 0, "col": column, "width": width, "height": top})
        else:
            places.append({"row": row, "col": 0, "width": _WIDTH, "height": _HEIGHT})
            row += _HEIGHT
    return places
