"""Counts and sums of both modes, and of what the batches brought, side by side.

Knows the mapping and how each side is asked; changes nothing. Sums are of additive columns, with
four digits after the point, as mode push has them: each value of the lakehouse is rounded as it is
there. Rows of tables loaded by `reversal` are not counted in the model: it has one more for each
change, and the sums are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from loader_core.tables import DELETED_AT
from loader_core.type_table import PRECISION
from target_powerbi import conversions, queries
from target_powerbi.mapping import TableMap

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from target_powerbi.client import Client
    from target_powerbi.lake import Lake
    from target_powerbi.mapping import Mapping as Tables
    from target_powerbi.store import Store

Side: TypeAlias = Callable[[TableMap], Mapping[str, Decimal | None]]
"""Gives a table's figures: `rows`, and the sum of each additive column."""
ROWS = "rows"
_ZERO = Decimal(0).scaleb(-conversions.PUSH_SCALE)
_DECODER: Any = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(frozen=True, slots=True)
class Line:
    """One figure on all sides.

    Attributes:
        table: The table.
        figure: `rows`, or the column that is added up.
        values: By side; `None` where a side cannot be compared.
    """

    table: str
    figure: str
    values: tuple[Decimal | None, ...]

    @property
    def equal(self) -> bool:
        """All sides that can be compared say the same."""
        return len({value for value in self.values if value is not None}) <= 1


def compare(tables: Tables, sides: Sequence[Side]) -> Iterator[Line]:
    """All figures of all tables, of all sides."""
    for table in tables.tables:
        found = [side(table) for side in sides]
        for figure in (ROWS, *added_up(table)):
            yield Line(table.name, figure, tuple(each.get(figure) for each in found))


def added_up(table: TableMap) -> list[str]:
    """The columns of a table that are added up: the exact ones."""
    return [column.name for column in table.columns if column.additive and column.type != "Double"]


def in_lake(lake: Lake) -> Side:
    """The side of mode onelake: rows that are not marked as deleted."""

    def figures(table: TableMap) -> Mapping[str, Decimal | None]:
        there = lake.open(lake.place.table(table.name))
        sums = dict.fromkeys((ROWS, *added_up(table)), _ZERO)
        if there is None:
            return sums
        names = {field.name for field in there.schema().fields}
        left = f' WHERE "{DELETED_AT}" IS NULL' if DELETED_AT in names else ""
        columns = [name for name in added_up(table) if name in names]
        selected = ", ".join(['1 AS "_"', *(f'"{name}"' for name in columns)])
        for part in lake.parts(f"SELECT {selected} FROM t{left}", t=there):  # noqa: S608 - quoted names
            sums[ROWS] += part.num_rows
            for name in columns:
                sums[name] += _sum(part[name])
        return sums

    return figures


def in_model(client: Client, dataset_id: str) -> Side:
    """The side of mode push, as Power BI adds it up.

    Args:
        client: Power BI.
        dataset_id: The push semantic model.
    """

    def figures(table: TableMap) -> Mapping[str, Decimal | None]:
        names = added_up(table)
        sums = ", ".join(f"\"{name}\", SUM('{table.name}'[{name}])" for name in names)
        query = f"EVALUATE ROW(\"{ROWS}\", COUNTROWS('{table.name}'){', ' if sums else ''}{sums})"
        row = queries.row(client, f"datasets/{dataset_id}", query, f"adding up '{table.name}'")
        found = {name: _exact(row.get(f"[{name}]")) for name in (ROWS, *names)}
        return found if table.load_method != "reversal" else found | {ROWS: None}

    return figures


def in_batches(store: Store) -> Side:
    """What the batches brought, row by row, as it is kept beside the outbox in mode push."""

    def figures(table: TableMap) -> Mapping[str, Decimal | None]:
        names, count = added_up(table), 0
        sums = dict.fromkeys(names, _ZERO)
        for _, _, data in store.rows(table.name):
            row = _DECODER.decode(data)
            count += 1
            for name in names:
                sums[name] += _exact(row.get(name))
        return {ROWS: Decimal(count), **sums}

    return figures


def shown(lines: Iterable[Line], sides: Sequence[str]) -> str:
    """The lines as a table for a terminal; those that differ are marked."""
    head = ("table", "figure", *sides, "")
    body = [
        (
            line.table,
            line.figure,
            *(_shown(value, line.figure) for value in line.values),
            "" if line.equal else "differs",
        )
        for line in lines
    ]
    widths = [max(len(row[place]) for row in (head, *body)) for place in range(len(head))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if place < 2 else text.rjust(width)  # noqa: PLR2004 - names
            for place, (text, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in (head, *body)
    )


def _shown(value: Decimal | None, figure: str) -> str:
    if value is None:
        return "-"
    return f"{value:,.0f}" if figure == ROWS else f"{value:,.4f}"


def _sum(values: pa.Array) -> Decimal:
    column = pa.chunked_array([values])
    if pa.types.is_decimal(column.type):
        column, _ = conversions.at_push_scale(column)
        column = column.cast(pa.decimal128(PRECISION, column.type.scale))
    return _exact(pc.sum(column).as_py())


def _exact(value: Any) -> Decimal:  # noqa: ANN401 - a number of JSON or Arrow, or nothing
    return _ZERO if value is None else Decimal(value) + _ZERO
