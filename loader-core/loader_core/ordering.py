"""Which of two rows with one key is the newer one, as SQL.

Knows the rule of `Writer.write`; its words are those that every dialect has.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def stored_is_newer(order: Sequence[str], quoted: Callable[[str], str], new: str = "s") -> str:
    """Whether a stored row `t` is newer: by the last column where those before are equal or null.

    Args:
        order: The columns of `Table.order`, by their names at the destination.
        quoted: Quotes an identifier.
        new: What the statement calls the new row.
    """
    *versions, read_at = map(quoted, order)
    newer = f"coalesce(t.{read_at} > {new}.{read_at}, false)"
    for name in reversed(versions):
        newer = (
            f"coalesce(t.{name} > {new}.{name}, false) "
            f"OR (coalesce(t.{name} = {new}.{name}, true) AND ({newer}))"
        )
    return f"({newer})"
