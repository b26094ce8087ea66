"""After a run: whether the warehouse holds what the ledger of sync batches says was read.

Two queries for each table: rows and sums by batch, and keys that are there twice. Changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING

from warehouse_checks import ledger
from warehouse_checks.comparison import Batch, Found, compare
from warehouse_checks.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from warehouse_checks.comparison import Report
    from warehouse_checks.ledger import Entry, Ledger
    from warehouse_checks.tables import Tables


@dataclass(frozen=True, slots=True)
class Scope:
    """What is to be compared; `None` for all.

    Attributes:
        companies: Ids of companies.
        streams: Names of streams.
    """

    companies: Sequence[str] | None = None
    streams: Sequence[str] | None = None

    def has(self, company_id: str, stream: str) -> bool:
        """Whether a company's rows of a stream are to be compared."""
        return (self.companies is None or company_id in self.companies) and (
            self.streams is None or stream in self.streams
        )


class Verification:
    """Compares the tables of a schema with its ledger.

    Args:
        tables: The tables.
        scope: Which of them, and of which companies.
    """

    def __init__(self, tables: Tables, scope: Scope) -> None:
        self._tables = tables
        self._dialect = tables.dialect
        self._scope = scope

    def reports(self) -> Iterator[Report]:
        """A report for each company and stream, by stream.

        Raises:
            CheckError: The ledger is not there, or the warehouse cannot be asked.
        """
        read = self._ledger()
        for stream in sorted({stream for _company, stream in read}):
            if self._scope.streams is None or stream in self._scope.streams:
                yield from self._of_stream(stream, read)

    def _of_stream(self, stream: str, read: Ledger) -> Iterator[Report]:
        expected = {
            company_id: entries for (company_id, of), entries in read.items() if of == stream
        }
        found = self._found(stream, expected)
        for company_id in sorted({*expected, *found}):
            if self._scope.has(company_id, stream):
                entries = expected.get(company_id, [])
                yield compare(company_id, stream, entries, found.get(company_id, Found()))

    def _ledger(self) -> Ledger:
        columns = self._tables.columns(ledger.STREAM)
        column, fold = self._dialect.column, self._dialect.fold
        missing = [name for name in ledger.COLUMNS if fold(name) not in columns]
        if missing:
            raise SettingsError(
                f"the warehouse has no table '{ledger.STREAM}' with {', '.join(missing)}",
                f"Select the stream {ledger.STREAM} in the tap, and load once",
            )
        wanted = ", ".join(
            f"{self._dialect.as_text(column(name), columns[fold(name)])} AS {column(name)}"
            for name in ledger.COLUMNS
        )
        table = self._tables.name(ledger.STREAM)
        return ledger.read(self._tables.rows(f"SELECT {wanted} FROM {table}"))  # noqa: S608 - names are quoted

    def _found(self, stream: str, expected: dict[str, list[Entry]]) -> dict[str, Found]:
        """What the table of a stream holds, by company; nothing if there is no table."""
        columns = self._tables.columns(stream)
        if not columns:
            return {}
        fold = self._dialect.fold
        wanted = {
            column
            for entries in expected.values()
            for entry in entries
            for column in entry.sums or ()
        }
        there = sorted(column for column in wanted if fold(column) in columns)
        sums = {column: self._dialect.sum(column, columns[fold(column)]) for column in there}
        inexact = {column: columns[fold(column)] for column in there if sums[column] is None}
        exact = {column: sql for column, sql in sums.items() if sql}
        batches = self._batches(stream, exact)
        doubled = self._doubled(stream)
        return {
            company_id: Found(of_company, doubled.get(company_id, 0), inexact)
            for company_id, of_company in batches.items()
        }

    def _batches(self, stream: str, sums: dict[str, str]) -> dict[str, dict[str, Batch]]:
        """Rows and sums by company and batch."""
        column, name = self._dialect.column, self._dialect.name
        company, batch = column("company_id"), column("_batch_id")
        parts = [
            f"{company} AS {name('company')}",
            f"{batch} AS {name('batch')}",
            f"COUNT(*) AS {name('row_count')}",
            *(f"{sql} AS {name(f'sum_{number}')}" for number, sql in enumerate(sums.values())),
        ]
        table = self._tables.name(stream)
        found: dict[str, dict[str, Batch]] = {}
        for row in self._tables.rows(
            f"SELECT {', '.join(parts)} FROM {table} GROUP BY {company}, {batch}"  # noqa: S608 - names are quoted
        ):
            of_columns = {
                each: Decimal(text)
                for number, each in enumerate(sums)
                if (text := row[f"sum_{number}"]) is not None
            }
            own = found.setdefault(row["company"] or "", {})
            own[row["batch"] or ""] = Batch(int(row["row_count"] or 0), of_columns)
        return found

    def _doubled(self, stream: str) -> dict[str, int]:
        """Rows whose key is that of another, by company."""
        column, name = self._dialect.column, self._dialect.name
        company, key = column("company_id"), column("record_id")
        more = f"COUNT(*) - COUNT(DISTINCT {key})"
        rows = self._tables.rows(
            f"SELECT {company} AS {name('company')}, "  # noqa: S608 - names are quoted
            f"{more} AS {name('doubled')} "
            f"FROM {self._tables.name(stream)} GROUP BY {company} HAVING {more} > 0"
        )
        return {row["company"] or "": int(row["doubled"] or 0) for row in rows}
