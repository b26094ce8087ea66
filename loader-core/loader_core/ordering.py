"""Which of two rows with one key is the newer one, as SQL.

Knows the rule of `Writer.write`; its words are those that every dialect has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def stored_is_newer(
    order: Sequence[str],
    quoted: Callable[[str], str],
    *,
    mark: str | None = None,
    stored: str = "t",
    new: str = "s",
) -> str:
    """Whether a stored row is newer: by the last column where those before are equal or null.

    A row that was marked as deleted is newer than the very same row unmarked: its batch has come
    again. Read anew it has a later time, and is back.

    Args:
        order: The columns of `Table.order`, by their names at the destination.
        quoted: Quotes an identifier.
        mark: The column that marks a row as deleted, if the table has one.
        stored: What the statement calls the stored row.
        new: What it calls the other one.
    """
    *versions, read_at = map(quoted, order)
    newer = f"coalesce({stored}.{read_at} > {new}.{read_at}, false)"
    if mark is not None:
        newer += (
            f" OR (coalesce({stored}.{read_at} = {new}.{read_at}, false) "
            f"AND {stored}.{quoted(mark)} IS NOT NULL AND {new}.{quoted(mark)} IS NULL)"
        )
    for name in reversed(versions):
        newer = (
            f"coalesce({stored}.{name} > {new}.{name}, false) "
            f"OR (coalesce({stored}.{name} = {new}.{name}, true) AND ({newer}))"
        )
    return f"({newer})"
