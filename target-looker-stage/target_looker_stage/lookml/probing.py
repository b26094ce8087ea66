"""Statements that show whether the warehouse can answer what the LookML asks.

Each selects all fields of a view, or of an explore with its joins, and no row: a column that is
missing, a grant that is missing or a sum over a text fails there, and not before a user.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from target_looker_stage.lookml import reading, words

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from target_looker_stage.lookml.views import Node

_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_CONDITION = re.compile(r"\{% condition \w+ %\}(.*?)\{% endcondition %\}")
_AGGREGATES = {
    "sum": "SUM({})",
    "max": "MAX({})",
    "min": "MIN({})",
    "average": "AVG({})",
    "count_distinct": "COUNT(DISTINCT {})",
    "number": "{}",
}


def probes(files: Mapping[str, str]) -> dict[str, str]:
    """The statements of a project that has no faults.

    Args:
        files: Texts by paths.

    Returns:
        SQL by `view name` and `explore name`.
    """
    project = reading.read(files)
    views = {view["name"]: view for view in project.views}
    found = {
        f"view {name}": _select([view], views, f"FROM {_place(view)}")
        for name, view in views.items()
    }
    for explore in project.explores:
        joined = [
            views[explore["name"]],
            *(views[each["name"]] for each in explore.get("joins", ())),
        ]
        found[f"explore {explore['name']}"] = _select(joined, views, _from(explore, views))
    return found


def _place(view: Node) -> str:
    name = words.quoted(view["name"])
    if "derived_table" in view:
        sql = _CONDITION.sub(r"(\1 = '')", view["derived_table"]["sql"])
        return f"({sql}) AS {name}"
    return f"{view['sql_table_name']} AS {name}"


def _from(explore: Node, views: Mapping[str, Node]) -> str:
    lines = [f"FROM {_place(views[explore['name']])}"]
    for join in explore.get("joins", ()):
        on = _plain(join["sql_on"], explore["name"], views)
        lines.append(f"LEFT JOIN {_place(views[join['name']])} ON {on}")
    if "sql_always_where" in explore:
        lines.append(f"WHERE {_plain(explore['sql_always_where'], explore['name'], views)}")
    return "\n".join(lines)


def _select(shown: Sequence[Node], views: Mapping[str, Node], source: str) -> str:
    """All fields of some views; one that needs yet another view is left to the explore with it."""
    there = {view["name"] for view in shown}
    grouped: list[str] = []
    added_up: list[str] = []
    for view in shown:
        for kind, node in reading.fields_of(view):
            if kind == "filter" or not _needs(node, view["name"], views) <= there:
                continue
            sql = _field(kind, node, view["name"], views)
            (added_up if kind == "measure" else grouped).append(sql)
    numbers = ", ".join(str(number) for number in range(1, len(grouped) + 1))
    columns = ",\n  ".join((*grouped, *added_up))
    return f"SELECT\n  {columns}\n{source}\nGROUP BY {numbers}\nLIMIT 0"


def _field(kind: str, node: Node, view: str, views: Mapping[str, Node]) -> str:
    """A field's SQL, put to a use that only its type allows."""
    if kind == "measure":
        return _aggregate(node, view, views)
    sql = _plain(node["sql"], view, views)
    if kind == "dimension_group":
        return f"DATE_TRUNC('day', {sql})"
    if node.get("type") == "yesno":
        return f"CASE WHEN {sql} THEN 1 END"
    return f"({sql}) + 0" if node.get("type") == "number" else f"({sql})"


def _aggregate(node: Node, view: str, views: Mapping[str, Node]) -> str:
    if node["type"] == "count":
        return "COUNT(*)"
    return _AGGREGATES[node["type"]].format(_plain(node["sql"], view, views))


def _plain(sql: str, view: str, views: Mapping[str, Node]) -> str:
    """SQL with all references in it followed to columns."""

    def column(match: re.Match[str]) -> str:
        if match[1] == "TABLE":
            return words.quoted(view)
        of, kind, node = _found(match[1], view, views)
        if kind == "measure":
            return _aggregate(node, of, views)
        return f"({_plain(node['sql'], of, views)})"

    return _REFERENCE.sub(column, sql)


def _needs(node: Node, view: str, views: Mapping[str, Node]) -> set[str]:
    """The views that a field reads."""
    needed = {view}
    for reference in _REFERENCE.findall(node.get("sql", "")):
        if reference != "TABLE":
            of, _, other = _found(reference, view, views)
            needed |= _needs(other, of, views)
    return needed


def _found(reference: str, view: str, views: Mapping[str, Node]) -> tuple[str, str, Node]:
    of, _, name = reference.rpartition(".")
    of = of or view
    return next((of, kind, node) for kind, node in _named(views[of], name))


def _named(view: Node, name: str) -> Iterator[tuple[str, Node]]:
    for kind, node in reading.fields_of(view):
        if name in reading.names_of(kind, node):
            yield kind, node
