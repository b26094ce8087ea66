"""How the two warehouses write what verify asks for; all else in its SQL is the same in both.

Knows names, casts and types; knows no table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """A warehouse's way of writing SQL.

    Attributes:
        fold: A name of the tap's, as the loader's tables have it.
        quote: What stands around a name.
        text: The type of texts.
        decimal: The type into which a text is cast to be summed exactly.
        exact: Types whose sums are exact as they are.
        json: What makes text of a value of the type JSON; `{}` stands for it.
    """

    fold: Callable[[str], str]
    quote: str
    text: str
    decimal: str
    exact: frozenset[str]
    json: str

    def name(self, *names: str) -> str:
        """A name of one or more parts, quoted."""
        mark = self.quote
        return ".".join(mark + name.replace(mark, mark * 2) + mark for name in names)

    def column(self, name: str) -> str:
        """A column of the tap's, quoted."""
        return self.name(self.fold(name))

    def as_text(self, expression: str, kind: str = "") -> str:
        """An expression as text, digit for digit.

        Args:
            expression: SQL.
            kind: Its type, where it can be JSON.
        """
        if kind == "JSON":
            return self.json.format(expression)
        return f"CAST({expression} AS {self.text})"

    def sum(self, column: str, kind: str) -> str | None:
        """The exact sum of a column; `None` where its type has none, such as FLOAT.

        Both APIs write it as text, digit for digit. Each value is cast to what it is already, so
        that no engine takes a float in between.
        """
        base = kind.partition("(")[0]
        if base not in self.exact and base != self.text:
            return None
        own = self.decimal if base == self.text else kind
        return f"COALESCE(SUM(CAST({self.column(column)} AS {own})), 0)"


def _as_it_is(name: str) -> str:
    return name


SNOWFLAKE = Dialect(
    fold=str.upper,
    quote='"',
    text="TEXT",
    decimal="NUMBER(38,9)",
    exact=frozenset({"NUMBER"}),
    json="CAST({} AS TEXT)",
)
BIGQUERY = Dialect(
    fold=_as_it_is,
    quote="`",
    text="STRING",
    decimal="BIGNUMERIC",
    exact=frozenset({"NUMERIC", "BIGNUMERIC", "INTEGER", "INT64"}),
    json="TO_JSON_STRING({})",
)
