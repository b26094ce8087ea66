"""Merging: the balances of several periods as one record for each party and branch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox.table import Row, decode, row

if TYPE_CHECKING:
    from visma_sandbox.endpoint import Endpoint
    from visma_sandbox.table import Key

_AT_THE_BEGINNING: Final = "beginBalance"
_AT_THE_END: Final = "yearToDateBalance"


def _add(whole: dict[str, object], part: dict[str, object]) -> None:
    """Add a later period: its movements are added up, it tells the balance at the end."""
    for name, value in part.items():
        before = whole[name]
        if name == _AT_THE_END:
            whole[name] = value
        elif name != _AT_THE_BEGINNING and not isinstance(value, str | dict | None):
            whole[name] = before + value  # type: ignore[operator] # both are numbers


def merged(endpoint: Endpoint, rows: list[Row]) -> list[Row]:
    """Merge rows that differ by their period alone; rows come in the order of their keys."""
    by_party: dict[Key, list[Row]] = {}
    for each in rows:
        by_party.setdefault(each.key[:-1], []).append(each)
    if all(len(parts) == 1 for parts in by_party.values()):
        return rows
    records = []
    for parts in by_party.values():
        whole = decode(parts[0].whole())
        for each in parts[1:]:
            _add(whole, decode(each.text() + b"}"))
        records.append(row(endpoint, whole, parts[-1].stamp, parts[0].created))
    return records
