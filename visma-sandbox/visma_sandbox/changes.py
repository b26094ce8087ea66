"""Changes that a test asks for: rows touched, inserted or deleted right now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from visma_sandbox import stamps
from visma_sandbox.table import PARAMETERS, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from visma_sandbox.table import Key, Table

_FAR: Final = 100_000
_DIGITS_OF_A_SERIES: Final = 5


def _given_keys(wanted: Mapping[str, object]) -> list[Key]:
    given = wanted.get("keys") or []
    if not isinstance(given, list) or not all(isinstance(key, list) for key in given):
        raise ValueError("keys must be a list of lists of texts")
    return [tuple(str(part) for part in key) for key in given]


def _count(wanted: Mapping[str, object]) -> int:
    count = wanted.get("count", 1)
    if not isinstance(count, int) or count < 1:
        raise ValueError("count must be a whole number of at least 1")
    return count


def _later_number(value: object, by: int) -> int | str:
    """Give a later number in the same form."""
    if isinstance(value, int):
        return value + by
    stem = str(value).rstrip("0123456789")
    digits = str(value)[len(stem) :]
    return f"{stem}{int(digits or 0) + by:0{len(digits)}d}"


def _distance(value: object) -> int:
    """Give how far a made-up number is from the last: beyond what later business days will use."""
    return _FAR if len(str(value)) >= _DIGITS_OF_A_SERIES else 1


def _holder(record: dict[str, object], dotted: str) -> tuple[dict[str, object], str]:
    """Find the nested record that holds a dotted field, and the field's own name."""
    *parents, name = dotted.split(".")
    if not parents and name not in record:
        parents = [PARAMETERS]
    for parent in parents:
        inner = record[parent]
        if not isinstance(inner, dict):
            raise ValueError(f"{dotted} cannot be set")  # noqa: TRY004 - input
        record = inner
    return record, name


def _insert(table: Table, stamp: int, wished: Key | None) -> Key:
    """Copy the last record under a new key: the given one, or the next free number."""
    record = decode(table.rows()[-1].whole())
    places = [_holder(record, dotted) for dotted in table.endpoint.key]
    if wished is not None:
        for (holder, name), part in zip(places, wished, strict=True):
            holder[name] = int(part) if isinstance(holder[name], int) else part
    else:
        holder, name = places[-1]
        holder[name] = _later_number(holder[name], _distance(holder[name]))
        while tuple(str(each[field]) for each, field in places) in table:
            holder[name] = _later_number(holder[name], 1)
    key = tuple(str(each[field]) for each, field in places)
    if key in table:
        raise ValueError(f"there is already a record {list(key)}")
    parameters = record.get(PARAMETERS)
    if isinstance(parameters, dict) and table.endpoint.periods_merge:
        parameters["toFinPeriod"] = parameters["fromFinPeriod"]
    if "createdDateTime" in record:
        record["createdDateTime"] = stamps.text(stamp)
    return table.put(record, stamp)[0]


def change_rows(
    table: Table, wanted: Mapping[str, object], next_stamp: Callable[[], int]
) -> list[list[str]]:
    """Carry out one change: `operation` touch, insert or delete on `keys`, or on `count` rows.

    Rows that share one change share one stamp: `stamp` if given, else the next of the clock.

    Raises:
        KeyError: A key does not exist.
        ValueError: The change cannot be understood.
    """
    operation = wanted.get("operation")
    stamp = stamps.of_text(str(wanted["stamp"])) if wanted.get("stamp") else next_stamp()
    fields = wanted.get("fields", {})
    if not isinstance(fields, dict) or set(fields) & {
        name.split(".")[0] for name in table.endpoint.key
    }:
        raise ValueError("fields must be an object, without fields of the key")
    given = _given_keys(wanted)
    if operation == "insert":
        if given:
            return [list(_insert(table, stamp, key)) for key in given]
        return [list(_insert(table, stamp, None)) for _ in range(_count(wanted))]
    rows = [table[key] for key in given] or table.rows()[: _count(wanted)]
    for each in rows:
        if operation == "touch":
            table.touch(each.key, stamp, fields)
        elif operation == "delete":
            table.delete(each.key)
        else:
            raise ValueError("operation must be touch, insert or delete")
    return [list(each.key) for each in rows]
