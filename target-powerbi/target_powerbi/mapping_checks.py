"""What can be wrong with a mapping that reads well: names, limits, references and paths.

Knows what Power BI and Delta tables refuse, each with the fault that a person reads; a mapping
that passes can be made in both modes.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from target_powerbi.fields import parse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sized

    from target_powerbi.mapping import Column, Mapping, Relationship, TableMap

MOST_TABLES = MOST_COLUMNS = MOST_RELATIONSHIPS = 75
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,99}")
_MEASURE_NAME = re.compile(r"[^\[\]\x00-\x1f]{1,100}")
_REFERENCE = re.compile(r"'([^']+)'\[([^\]]+)\]")
_BAD_TABLES = frozenset({"date"})
"""Names under which Power BI does not make a push table, though its rules allow them."""


class Fault(Exception):  # noqa: N818 - becomes a SettingsError
    """What is wrong, as a clause without a full stop."""


def check(mapping: Mapping) -> None:
    """See that a mapping can be made in both modes.

    Raises:
        Fault: The first thing that is wrong.
    """
    for fault in _faults(mapping):
        raise Fault(fault)


def _faults(mapping: Mapping) -> Iterator[str]:
    tables = mapping.tables
    if not tables:
        yield "the mapping file has no [[table]]"
    yield from _too_many("tables", tables, MOST_TABLES)
    for twice in _twice(table.name for table in tables):
        yield f"two tables are named '{twice}'"
    for twice in _twice(table.stream for table in tables):
        yield f"the stream '{twice}' has two tables"
    for table in tables:
        for fault in _table_faults(table, mapping):
            yield f"table '{table.name}': {fault}"
    for twice in _twice(each.name for table in tables for each in table.measures):
        yield f"two measures are named '{twice}'"
    yield from _all_relationship_faults(mapping)
    yield from _path_faults(mapping)


def _too_many(kind: str, found: Sized, most: int) -> Iterator[str]:
    if len(found) > most:
        yield f"{len(found)} {kind} are more than the {most} that a push dataset takes"


def _table_faults(table: TableMap, mapping: Mapping) -> Iterator[str]:
    if not _NAME.fullmatch(table.name) or table.name.lower() in _BAD_TABLES:
        yield "a table's name has letters, digits and _, begins with a letter and is not 'date'"
    if not table.columns:
        yield "it has no columns"
    yield from _too_many("columns", table.columns, MOST_COLUMNS)
    for twice in _twice(column.name for column in table.columns):
        yield f"two columns are named '{twice}'"
    for column in table.columns:
        for fault in _column_faults(column, table):
            yield f"column '{column.name}': {fault}"
    if table.kind == "dimension" and table.load_method == "reversal":
        yield "rows of a dimension cannot be taken back by 'reversal'; use 'replace'"
    for measure in table.measures:
        for fault in _measure_faults(measure.name, measure.expression, table, mapping):
            yield f"measure '{measure.name}': {fault}"


def _column_faults(column: Column, table: TableMap) -> Iterator[str]:
    if not _NAME.fullmatch(column.name):
        yield "a column's name has letters, digits and _, and begins with a letter"
    try:
        parse(column.field)
    except ValueError as error:
        yield str(error)
    if column.sort_by is not None and table.column(column.sort_by) in (None, column):
        yield f"it is sorted by '{column.sort_by}', no other column"
    if column.type == "String" and column.summary in {"sum", "average"}:
        yield f"a text has no {column.summary}"


def _measure_faults(name: str, expression: str, table: TableMap, mapping: Mapping) -> Iterator[str]:
    if not _MEASURE_NAME.fullmatch(name):
        yield "a measure's name has 1 to 100 characters, and no brackets"
    if name.lower() in {column.name.lower() for column in table.columns}:
        yield "a column has the same name"
    if not expression.strip():
        yield "it has no expression"
    for of, column in _REFERENCE.findall(expression):
        found = mapping.table(of)
        if found is None or found.column(column) is None:
            yield f"there is no column '{of}'[{column}]"


def _all_relationship_faults(mapping: Mapping) -> Iterator[str]:
    yield from _too_many("relationships", mapping.relationships, MOST_RELATIONSHIPS)
    for twice in _twice(each.name for each in mapping.relationships):
        yield f"'{twice.replace(' ', '.')}' has two relationships"
    for each in mapping.relationships:
        for fault in _relationship_faults(each, mapping):
            yield f"relationship from '{each.from_table}.{each.from_column}': {fault}"


def _relationship_faults(each: Relationship, mapping: Mapping) -> Iterator[str]:
    ends = []
    for of, name in (
        (each.from_table, each.from_column),
        (each.to_table, each.to_column),
    ):
        table = mapping.table(of)
        column = table.column(name) if table else None
        if table is None or column is None:
            yield f"there is no column '{of}.{name}'"
            return
        ends.append((table, column))
    (_, many), (target, one) = ends
    if each.from_table == each.to_table:
        yield "it leads to its own table"
    if many.type != one.type:
        yield f"'{each.to_table}.{each.to_column}' is {one.type}, and it is {many.type}"
    if target.load_method != "replace":
        yield (
            f"'{each.to_table}' can hold two rows with one key, since it is loaded by "
            f"'{target.load_method}'; use 'replace'"
        )


def _path_faults(mapping: Mapping) -> Iterator[str]:
    """Two ways from one table to another: Power BI would not know which of them filters.

    A relationship leads from the many to the one; where the many filter the one, back too.
    """
    leads: dict[str, list[tuple[str, Relationship]]] = {}
    for each in mapping.relationships:
        leads.setdefault(each.from_table, []).append((each.to_table, each))
        if each.cross_filter == "BothDirections":
            leads.setdefault(each.to_table, []).append((each.from_table, each))
    for table in mapping.tables:
        reached = {table.name}
        waiting = list(leads.get(table.name, ()))
        while waiting:
            name, by = waiting.pop()
            if name in reached:
                yield f"table '{table.name}': two ways of relationships lead to '{name}'"
                return
            reached.add(name)
            waiting += [way for way in leads.get(name, ()) if way[1] is not by]


def _twice(names: Iterable[str]) -> list[str]:
    counts = Counter(name.lower() for name in names)
    return [name for name, count in counts.items() if count > 1]
