"""A view of each staged table: its columns as dimensions, groups of timeframes and measures.

Knows types, labels and LookML's words; knows no stream. Fields are found by `path`: the column as
Visma names it, `column.part` for a part of a JSON column, `sum(column)` for its total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

from target_looker_stage.lookml import nested, words
from target_looker_stage.lookml.tables import DELETED_AT

if TYPE_CHECKING:
    from target_looker_stage.lookml.tables import Column, Kind, Options, StagedTable

Node: TypeAlias = dict[str, Any]
"""A piece of LookML as `lkml` reads and writes it."""

DETAIL = "detail"
DRILL = [f"{DETAIL}*"]
_DETAIL_FIELDS, _DETAIL_DATES = 8, 2
_DAYS = ("raw", "date", "week", "month", "quarter", "year")
_FISCAL = ("fiscal_month_num", "fiscal_quarter", "fiscal_year")
_HOURS = ("raw", "time", "date", "week", "month", "quarter", "year")
_TIMES: frozenset[Kind] = frozenset({"date", "timestamp", "local_timestamp"})
_TYPES: dict[Kind, str] = {"integer": "number", "decimal": "number", "boolean": "yesno"}
_AUDIT_LABELS = {
    "_extracted_at": "Read from Visma",
    "_sdc_extracted_at": "Read from Visma",
    "_sdc_batched_at": "Staged for Looker",
    DELETED_AT: "Deleted",
}


@dataclass(slots=True)
class View:
    """A view on its way to a file.

    Attributes:
        fields: The field of each path; that of a time is the name of its group.
        times: Paths whose fields are groups.
        filters: Fields that only choose: SQL of the view names them in conditions.
    """

    name: str
    label: str
    source: Node
    dimensions: list[Node] = field(default_factory=list)
    groups: list[Node] = field(default_factory=list)
    measures: list[Node] = field(default_factory=list)
    filters: list[Node] = field(default_factory=list)
    detail: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)
    times: set[str] = field(default_factory=set)

    @property
    def taken(self) -> set[str]:
        """The names of all fields and groups."""
        every = (*self.dimensions, *self.groups, *self.measures, *self.filters)
        return {each["name"] for each in every}

    def find(self, path: str) -> str | None:
        """The field at a path, `path:month` for a timeframe of a time; `None` if there is none."""
        path, _, frame = path.partition(":")
        name = self.fields.get(path)
        if name is None or path not in self.times:
            return name
        return f"{name}_{frame or 'raw'}"

    def node(self) -> Node:
        """The view as `lkml` writes it."""
        return {
            "name": self.name,
            "label": self.label,
            **self.source,
            **({"filters": self.filters} if self.filters else {}),  # lkml takes no empty ones
            "dimensions": self.dimensions,
            "dimension_groups": self.groups,
            "measures": self.measures,
            "sets": [{"name": DETAIL, "fields": self.detail}],
        }


def of_table(table: StagedTable, options: Options) -> View:
    """The view of a table, named as the table is, without underscores at its ends.

    Visma says no zone with its times, so only those that the tap and the target add are moments.
    """
    name = words.field_name(table.name)
    place = f"{words.quoted(table.schema)}.{words.quoted(table.name)}"
    view = View(name, words.label(name), {"sql_table_name": place})
    for column in table.columns:
        if column.kind in _TIMES:
            of_ours = _is_audit(column) or table.name.startswith("_")
            is_moment = of_ours and column.kind == "timestamp"
            _add_time(view, column, options, is_moment=is_moment)
        else:
            _add_column(view, column, table.key)
    add_measure(
        view,
        "count",
        {"name": "count", "type": "count", "label": "Count", "drill_fields": DRILL},
    )
    view.detail = _first_fields(view)
    return view


def add_dimension(view: View, path: str, node: Node) -> Node:
    """Add a dimension under a name of its own, and make it known at its path."""
    return _add(view, view.dimensions, path, node)


def add_measure(view: View, path: str, node: Node) -> Node:
    """Add a measure in the same way."""
    return _add(view, view.measures, path, node)


def add_filter(view: View, path: str, node: Node) -> Node:
    """Add a field that only chooses."""
    return _add(view, view.filters, path, node)


def _add(view: View, among: list[Node], path: str, node: Node) -> Node:
    named = {**node, "name": words.free(node["name"], view.taken)}
    among.append(named)
    view.fields[path] = named["name"]
    return named


def _add_column(view: View, column: Column, key: str) -> None:
    node = _described(column, words.field_name(column.name))
    node["type"] = _TYPES.get(column.kind, "string")
    if column.name == key:
        node["primary_key"] = "yes"
    is_added_up = column.kind == "decimal" and words.can_be_added_up(column.name)
    if column.name == key or column.kind == "json" or is_added_up:
        node["hidden"] = "yes"
    added = add_dimension(view, column.source, node)
    if "__" in column.source:  # what a flattened stream calls a part
        view.fields.setdefault(column.source.replace("__", "."), added["name"])
    if is_added_up:
        _add_total(view, column, added["name"])
    if column.kind == "json":
        _add_parts(view, column)


def _add_total(view: View, column: Column, dimension: str) -> None:
    path = f"sum({column.source})"
    node = total(dimension, f"Total {_lowered(_label(column))}")
    if column.source.endswith("InCurrency"):
        node["description"] = "Adds up whatever currencies there are: choose one of them"
    add_measure(view, path, node | ({"group_label": "Audit"} if _is_audit(column) else {}))


def total(dimension: str, label: str) -> Node:
    """The measure that adds up a dimension."""
    return {
        "name": f"total_{dimension}",
        "label": label,
        "type": "sum",
        "sql": f"${{{dimension}}}",
        "value_format_name": "decimal_2",
        "drill_fields": DRILL,
    }


def _add_parts(view: View, column: Column) -> None:
    for part in nested.PARTS.get(column.source, ()):
        ending = {"subaccountNumber": "number"}.get(part, part)
        name = f"{words.field_name(column.name)}_{ending}"
        node = {
            "name": name,
            "label": f"{_label(column)} {words.label(ending).lower()}",
            "type": "string",
            "sql": f"({_of(column)} ->> {words.literal(part)})",
        }
        add_dimension(view, f"{column.source}.{part}", node)


def _add_time(view: View, column: Column, options: Options, *, is_moment: bool) -> None:
    """Add a group of timeframes.

    Args:
        view: To it.
        column: The column.
        options: For the fiscal year.
        is_moment: Whether it is a moment in UTC, which Looker shows in the user's zone. All others
            are days or local times, whose digits stay, whatever type the warehouse has for them.
    """
    name = words.group_name(column.name)
    has_hours = is_moment or column.source.lower().endswith(("datetime", "modified"))
    frames = _HOURS if has_hours else _DAYS
    if options.fiscal_month_offset and not has_hours:
        frames = (*frames, *_FISCAL)
    node = _described(column, name) | {
        "label": _label(column, name),
        "type": "time",
        "timeframes": list(frames),
        "datatype": "date" if column.kind == "date" else "timestamp",
    }
    if not is_moment:
        node["convert_tz"] = "no"
        if column.kind == "timestamp":  # else the session's zone would move its digits
            node["sql"] = f"({_of(column)} AT TIME ZONE 'UTC')"
    view.times.add(column.source)
    _add(view, view.groups, column.source, node)


def _described(column: Column, name: str) -> Node:
    node: Node = {"name": name, "label": _label(column)}
    if column.description:
        node["description"] = words.plain(column.description)
    if _is_audit(column):
        node["group_label"] = "Audit"
        if column.name not in _AUDIT_LABELS and column.name.startswith("_sdc_"):
            node["hidden"] = "yes"
    return node | {"sql": _of(column)}


def _of(column: Column) -> str:
    return f"${{TABLE}}.{words.quoted(column.name)}"


def _is_audit(column: Column) -> bool:
    return column.name.startswith("_")


def _label(column: Column, name: str = "") -> str:
    """What is said of the column, or else its name as words."""
    said = _AUDIT_LABELS.get(column.name) or words.plain(column.title)
    return said or words.label(name or words.field_name(column.name))


def _lowered(text: str) -> str:
    """A label inside another: `Total amount`, but `Total VAT`."""
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def _first_fields(view: View) -> list[str]:
    """What a drill shows where nothing better is said: what stands first and is seen."""
    shown = [
        each["name"]
        for each in view.dimensions
        if "hidden" not in each and "group_label" not in each
    ]
    dates = [f"{each['name']}_date" for each in view.groups if "group_label" not in each]
    first_dates = dates[:_DETAIL_DATES]
    return [*shown[: _DETAIL_FIELDS - len(first_dates)], *first_dates, view.fields["count"]]
