"""The lint: what would not stand before Looker's validator, or would make a sum wrong.

Looker itself cannot be asked offline, and a parser passes anything that is well-formed. So every
name that is used must be known, every type one of Looker's, every view keyed by one field, and
every join many-to-one.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from target_looker_stage.lookml import reading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from target_looker_stage.lookml.views import Node

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_CONDITION = re.compile(r"\{% condition (\w+) %\}")
_TYPES = {
    "dimension": frozenset({"string", "number", "yesno", "date", "tier", "zipcode"}),
    "dimension_group": frozenset({"time", "duration"}),
    "measure": frozenset(
        {"sum", "count", "count_distinct", "average", "max", "min", "number", "median", "date"}
    ),
    "filter": frozenset({"string"}),
}
_FRAMES = frozenset({"raw", "time", "date", "week", "month", "quarter", "year"}) | {
    "fiscal_month_num",
    "fiscal_quarter",
    "fiscal_year",
}
_DATATYPES = frozenset({"date", "timestamp", "datetime"})
_VISUALISATIONS = frozenset({"single_value", "looker_grid", "looker_column", "looker_line"})


class _Names:
    """Which fields and sets each view has."""

    def __init__(self, views: Iterable[Node]) -> None:
        self.fields: dict[str, set[str]] = {}
        self.sets: dict[str, set[str]] = {}
        for view in views:
            self.fields[view["name"]] = {
                name
                for kind, node in reading.fields_of(view)
                for name in reading.names_of(kind, node)
            }
            self.sets[view["name"]] = {each["name"] for each in view.get("sets", ())}

    def has(self, reference: str, view: str | None = None) -> bool:
        """Whether there is the field, of a view named in the reference or of the one it is in."""
        other, _, name = reference.rpartition(".")
        of = other or view or ""
        if name.endswith("*"):
            return name[:-1] in self.sets.get(of, ())
        return name in self.fields.get(of, ())


def faults(files: Mapping[str, str]) -> list[str]:
    """What is wrong with the files of a project; nothing if they are good.

    Args:
        files: Texts by paths.

    Returns:
        One sentence for each fault, which begins with where it is.
    """
    project = reading.read(files)
    names = _Names(project.views)
    found = list(project.faults)
    found += _twice("view", project.views) + _twice("explore", project.explores)
    for view in project.views:
        found += _of_view(view, names)
    for explore in project.explores:
        found += _of_explore(explore, names)
    for model in project.models:
        found += _of_model(model, project)
    for dashboard in project.dashboards:
        found += _of_dashboard(dashboard, project, names)
    return found


def _twice(what: str, nodes: Iterable[Node]) -> list[str]:
    counted = Counter(each["name"] for each in nodes)
    return [
        f"{what} {name}: is there {count} times" for name, count in counted.items() if count > 1
    ]


def _of_view(view: Node, names: _Names) -> Iterator[str]:
    where = f"view {view['name']}"
    if ("sql_table_name" in view) == ("derived_table" in view):
        yield f"{where}: needs a table, and only one"
    for name in _CONDITION.findall(view.get("derived_table", {}).get("sql", "")):
        if not names.has(name, view["name"]):
            yield f"{where}: no filter {name}"
    keys = sum(each.get("primary_key") == "yes" for each in view.get("dimensions", ()))
    if keys != 1:
        yield f"{where}: has {keys} primary keys, needs one"
    counted = Counter(
        name for kind, node in reading.fields_of(view) for name in reading.names_of(kind, node)
    )
    yield from (f"{where}.{name}: is there twice" for name, n in counted.items() if n > 1)
    for kind, node in reading.fields_of(view):
        for fault in _of_field(kind, node, view["name"], names):
            yield f"{where}.{node['name']}: {fault}"
    for each in view.get("sets", ()):
        for member in each.get("fields", ()):
            if not names.has(member, view["name"]):
                yield f"{where}, set {each['name']}: no field {member}"


def _of_field(kind: str, node: Node, view: str, names: _Names) -> Iterator[str]:
    type_ = node.get("type", "string")
    if type_ not in _TYPES[kind]:
        yield f"no type {type_} of a {kind}"
    if "sql" not in node and type_ != "count" and kind != "filter":
        yield "has no SQL"
    for reference in _REFERENCE.findall(node.get("sql", "")):
        if reference != "TABLE" and not names.has(reference, view):
            yield f"no field {reference}"
    for member in (*node.get("drill_fields", ()), *_others(node)):
        if not names.has(member, view):
            yield f"no field {member} to lead to"
    if kind == "dimension_group":
        for frame in set(node.get("timeframes", ())) - _FRAMES:
            yield f"no timeframe {frame}"
        if node.get("datatype") not in _DATATYPES:
            yield f"no datatype {node.get('datatype')}"


def _others(node: Node) -> list[str]:
    """The fields that a field is sorted by, or gets its choices from."""
    return [node[word] for word in ("order_by_field", "suggest_dimension") if word in node]


def _of_explore(explore: Node, names: _Names) -> Iterator[str]:
    where = f"explore {explore['name']}"
    if explore["name"] not in names.fields:
        yield f"{where}: no view of its name"
    joined = {explore["name"]}
    yield from _unknown(where, explore.get("sql_always_where", ""), joined, names)
    for join in explore.get("joins", ()):
        there = f"{where}, join {join['name']}"
        if join["name"] not in names.fields:
            yield f"{there}: no view of its name"
        if join["name"] in joined:
            yield f"{there}: is joined twice"
        joined.add(join["name"])
        if join.get("relationship") != "many_to_one":
            yield f"{there}: is {join.get('relationship')}, must be many_to_one"
        if join.get("type") != "left_outer":
            yield f"{there}: is {join.get('type')}, must be left_outer"
        yield from _unknown(there, join.get("sql_on", ""), joined, names)
        if f"= ${{{join['name']}." not in join.get("sql_on", ""):
            yield f"{there}: its condition does not name it"


def _unknown(where: str, sql: str, joined: set[str], names: _Names) -> Iterator[str]:
    for reference in _REFERENCE.findall(sql):
        view = reference.partition(".")[0]
        if not names.has(reference):
            yield f"{where}: no field {reference}"
        elif view not in joined:
            yield f"{where}: {view} is not joined yet"


def _of_model(model: Node, project: reading.Project) -> Iterator[str]:
    if not model.get("connection"):
        yield "model: has no connection"
    if model.get("persist_with") not in {each["name"] for each in project.datagroups}:
        yield f"model: no datagroup {model.get('persist_with')}"


def _of_dashboard(
    dashboard: dict[str, Any], project: reading.Project, names: _Names
) -> Iterator[str]:
    explores = {
        each["name"]: {each["name"], *(join["name"] for join in each.get("joins", ()))}
        for each in project.explores
    }
    where = f"dashboard {dashboard['dashboard']}"
    filters = {each["name"] for each in dashboard.get("filters", ())}
    for element in (*dashboard["elements"], *dashboard.get("filters", ())):
        there = f"{where}, {element['name']}"
        if element["explore"] not in explores:
            yield f"{there}: no explore {element['explore']}"
        for used in _used(element):
            if used.partition(".")[0] not in explores.get(element["explore"], ()):
                yield f"{there}: {used} is not in its explore"
            elif not names.has(used):
                yield f"{there}: no field {used}"
        for heard in element.get("listen", {}).keys() - filters:
            yield f"{there}: no filter {heard}"
    for element in dashboard["elements"]:
        if element["type"] not in _VISUALISATIONS:
            yield f"{where}, {element['name']}: no visualisation {element['type']}"


def _used(element: Mapping[str, Any]) -> Iterator[str]:
    """All fields that a tile or a filter names."""
    yield from element.get("fields", ())
    yield from element.get("pivots", ())
    yield from (each.partition(" ")[0] for each in element.get("sorts", ()))
    yield from element.get("filters", ())
    yield from element.get("listen", {}).values()
    if "field" in element:
        yield element["field"]
