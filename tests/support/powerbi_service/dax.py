"""Of DAX what a loader asks: `EVALUATE ROW("name", COUNTROWS(...), "name", SUM(...), ...)`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_QUERY = re.compile(r"\s*EVALUATE\s+ROW\s*\((.*)\)\s*", re.DOTALL)
_COLUMN = r"'([^']+)'\[([^\]]+)\]"
_FILTERED = rf"FILTER\(\s*'([^']+)'\s*,\s*{_COLUMN}\s*=\s*\"([^\"]*)\"\s*\)"
_PART = re.compile(
    rf"\s*\"([^\"]+)\"\s*,\s*(?:COUNTROWS\(\s*(?:'([^']+)'|{_FILTERED})\s*\)|SUM\(\s*{_COLUMN}\s*\))"
    r"\s*(?:,|$)"
)


class QueryError(Exception):
    """The query is not one that is understood, or asks for what is not there."""


def evaluate(
    query: str,
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    columns: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    """The one row that a query gives; BLANK is null."""
    found = _QUERY.fullmatch(query)
    if not found:
        raise QueryError
    row: dict[str, Any] = {}
    end = 0
    while end < len(found[1]):
        part = _PART.match(found[1], end)
        if not part:
            raise QueryError
        end = part.end()
        name, counted, table, of, column, value, summed, added = part.groups()
        if summed:
            values = [each.get(added) for each in _of(tables, summed, added, columns)]
            present = [Decimal(each) for each in values if each is not None]
            row[f"[{name}]"] = sum(present, Decimal(0)) if present else None
        elif counted:
            row[f"[{name}]"] = len(_of(tables, counted, None, columns)) or None
        else:
            if of != table:
                raise QueryError
            rows = _of(tables, table, column, columns)
            row[f"[{name}]"] = sum(each.get(column) == value for each in rows) or None
    return row


def _of(
    tables: Mapping[str, Sequence[Mapping[str, Any]]],
    table: str,
    column: str | None,
    columns: Mapping[str, Mapping[str, str]],
) -> Sequence[Mapping[str, Any]]:
    if table not in tables or (column is not None and column not in columns[table]):
        raise QueryError
    return tables[table]
