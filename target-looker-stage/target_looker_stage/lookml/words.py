"""Names, labels and quoting in LookML."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Container

_NOT_IN_NAMES = re.compile(r"[^a-z0-9_]+")
_TIME_ENDINGS = ("_date_time", "_date", "_at")
_NOT_ADDED_UP = re.compile(
    r"(^|_)(rate|pct|percent|price|unit_cost|(beg|beginning|ending)_balance|year_to_date)(_|$)"
)
_CAPITALS = {"ap", "ar", "cd", "gl", "id", "sdc", "uom", "vat"}


def field_name(column: str) -> str:
    """The name of a column's field: no capitals, no underscore at either end."""
    return _NOT_IN_NAMES.sub("_", column.lower()).strip("_") or "field"


def group_name(column: str) -> str:
    """The name of a time's dimension group, to which Looker appends the timeframe."""
    name = field_name(column)
    for ending in _TIME_ENDINGS:
        if name.endswith(ending) and name != ending.strip("_"):
            return name.removesuffix(ending)
    return name


def can_be_added_up(column: str) -> bool:
    """Whether a decimal is an amount or a quantity, not a rate, a price or a running balance."""
    return not _NOT_ADDED_UP.search(field_name(column))


def free(name: str, taken: Container[str]) -> str:
    """The name itself, or with the first number that makes it one of its own."""
    number, found = 2, name
    while found in taken:
        found, number = f"{name}_{number}", number + 1
    return found


def label(name: str) -> str:
    """A name as a person reads it, such as `VAT code`."""
    words = name.strip("_").replace("_", " ").split()
    shown = [word.upper() if word in _CAPITALS else word for word in words]
    text = " ".join(shown)
    return text[:1].upper() + text[1:]


def plain(text: str) -> str:
    """A text that stays the same between the quotes of LookML, and that Liquid leaves alone.

    A quote that is escaped once more each time a file is read and written, so quotes are
    replaced.
    """
    text = " ".join(text.split()).replace('"', "'").replace("\\", "/")
    return text.replace("{{", "{ {").replace("{%", "{ %")


def quoted(identifier: str) -> str:
    """An identifier of SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text of SQL."""
    return "'" + text.replace("'", "''") + "'"
