"""The contract of `Writer` as tests that every target runs over its own.

A target's tests subclass `WriterContract`, whose one fixture gives a `Destination`. Needs pytest,
so only tests import it.
"""
# Assertions are what tests do:
# ruff: noqa: S101

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from loader_core.errors import SchemaError
from loader_core.samples import (
    EDGES,
    STAMPS,
    Batches,
    keyed_table,
    line,
    lines_table,
    log_table,
    replacing_table,
    row,
    table_of,
)
from loader_core.tables import DELETED_AT, VERSION
from loader_core.writer import Outcome, Writer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from loader_core.batches import Batch


class Destination(ABC):
    """A destination, empty at first, as the tests need it."""

    @abstractmethod
    def connect(self) -> Writer:
        """A new writer to the same destination, as a new run has it."""

    @abstractmethod
    def rows(self, table: str) -> list[dict[str, Any]]:
        """What a reader sees of a table: none, if it is not there.

        Values are as Arrow gives them: decimals exact, times with the zone UTC or with none.
        """


class WriterContract:
    """The tests. A subclass gives the fixture `destination`.

    Attributes:
        upserts: The destination can change rows; else only what appending promises is tested.
        marks: It marks rows that are gone, if it is not told to delete them.
    """

    upserts = True
    marks = True

    @pytest.fixture
    def destination(self) -> Destination:
        """An empty destination."""
        raise NotImplementedError

    @pytest.fixture
    def batches(self, tmp_path: Path) -> Batches:
        """A maker of batches."""
        return Batches(tmp_path)

    def test_every_type_comes_back_as_it_went_in(
        self, destination: Destination, batches: Batches
    ) -> None:
        """No digit, letter or microsecond is changed."""
        fields = [pa.field("id", pa.int64(), nullable=False)]
        fields += [pa.field(name, of) for name, (of, _) in EDGES.items()]
        table = table_of("edges", fields, load_method="append-only")
        values = zip(*(edge for _, edge in EDGES.values()), strict=True)
        rows = [
            {"id": number, **dict(zip(EDGES, of, strict=True))} for number, of in enumerate(values)
        ]

        deliver(destination, [batches.of(table, rows)])

        assert sorted(destination.rows("edges"), key=lambda row: row["id"]) == rows

    def test_the_same_batch_twice_is_there_once(
        self, destination: Destination, batches: Batches
    ) -> None:
        """As after a lost answer, within a run and in the next one."""
        batch = batches.of(log_table(), [{"text": "a"}, {"text": "b"}, {"text": "a"}])

        deliver(destination, [batch, batch])
        deliver(destination, [replace(batch, data=None)])

        assert texts(destination, "log") == ["a", "a", "b"]

    def test_settling_and_then_writing_what_is_absent_ends_well(
        self, destination: Destination, batches: Batches
    ) -> None:
        """Whether the batch had arrived or not."""
        arrived = batches.of(log_table(), [{"text": "arrived"}])
        lost = batches.of(log_table(), [{"text": "lost"}])
        deliver(destination, [arrived])

        writer = destination.connect()
        writer.prepare(log_table())
        for batch in (arrived, lost):
            if writer.settle(batch) is Outcome.ABSENT:
                writer.write(batch)
        writer.finish()
        writer.close()

        assert texts(destination, "log") == ["arrived", "lost"]

    def test_what_is_staged_is_not_seen_and_what_is_acknowledged_is(
        self, destination: Destination, batches: Batches
    ) -> None:
        """The outcome of a write is true."""
        writer = destination.connect()
        writer.prepare(log_table())
        outcome = writer.write(batches.of(log_table(), [{"text": "a"}]))
        seen = [] if outcome is Outcome.STAGED else texts(destination, "log")
        writer.finish()
        writer.close()

        assert outcome in {Outcome.STAGED, Outcome.ACKNOWLEDGED}
        assert seen == ([] if outcome is Outcome.STAGED else ["a"])
        assert texts(destination, "log") == ["a"]

    def test_columns_are_added_and_never_dropped(
        self, destination: Destination, batches: Batches
    ) -> None:
        """Rows of before have null in new columns, rows of after in columns that are gone."""
        wider = table_of("log", ["text", "more"], load_method="append-only")
        narrower = table_of("log", ["more"], load_method="append-only")

        deliver(destination, [batches.of(log_table(), [{"text": "a"}])])
        deliver(
            destination,
            [
                batches.of(wider, [{"text": "b", "more": "B"}]),
                batches.of(narrower, [{"more": "C"}]),
            ],
        )

        found = {(row["text"], row["more"]) for row in destination.rows("log")}
        assert found == {("a", None), ("b", "B"), (None, "C")}

    def test_a_column_of_another_type_is_an_error_that_names_it(
        self, destination: Destination, batches: Batches
    ) -> None:
        """The table stays as it is."""
        deliver(destination, [batches.of(log_table(), [{"text": "a"}])])
        other = table_of("log", [pa.field("text", pa.int64())], load_method="append-only")

        writer = destination.connect()
        with pytest.raises(SchemaError, match="'text'"):
            writer.prepare(other)
        writer.close()

        assert texts(destination, "log") == ["a"]

    def test_a_row_takes_the_place_of_an_older_one_and_never_of_a_newer_one(
        self, destination: Destination, batches: Batches
    ) -> None:
        """In whatever order batches come, and however often."""
        self._needs_upserts()
        table = keyed_table()
        of = [
            batches.of(table, [row("1", "v1", "10:00", 1), row("2", "v1", "10:00", 1)]),
            batches.of(table, [row("1", "v2", "11:00", 2)]),
            batches.of(table, [row("1", "v2 again", "11:00", 3)]),
        ]

        for order in itertools.permutations(of):
            deliver(destination, [*order, *order])

        assert by_id(destination, "keyed") == {"1": "v2 again", "2": "v1"}

    def test_where_a_version_is_null_the_row_that_was_read_later_stays(
        self, destination: Destination, batches: Batches
    ) -> None:
        """Null is neither newer nor older."""
        self._needs_upserts()
        table = keyed_table()

        deliver(
            destination,
            [
                batches.of(table, [row("1", "first", None, 1), row("2", "first", "10:00", 1)]),
                batches.of(table, [row("1", "second", "10:00", 2), row("2", "second", None, 2)]),
                batches.of(table, [row("1", "late", None, 1), row("2", "late", None, 1)]),
            ],
        )

        assert by_id(destination, "keyed") == {"1": "second", "2": "second"}

    @pytest.mark.parametrize("hard", [False, True], ids=["marked", "deleted"])
    def test_activating_a_version_removes_rows_of_older_ones(
        self, destination: Destination, batches: Batches, *, hard: bool
    ) -> None:
        """And does so once."""
        self._needs_upserts()
        table = keyed_table(VERSION, hard=hard)
        rows = [{**row(str(n), "a", "10:00", 1), VERSION: n or None} for n in range(3)]

        writer = destination.connect()
        writer.prepare(table)
        writer.write(batches.of(table, rows))
        for _ in range(2):
            writer.activate(table, 2)
        writer.finish()
        writer.close()

        assert by_id(destination, "keyed") == {"2": "a"}
        assert len(destination.rows("keyed")) == (1 if hard or not self.marks else 3)

    @pytest.mark.parametrize("hard", [False, True], ids=["marked", "deleted"])
    def test_lines_that_are_gone_from_a_newer_document_do_not_stay(
        self, destination: Destination, batches: Batches, *, hard: bool
    ) -> None:
        """Not even if their batch comes late; lines of one version may come in two batches."""
        self._needs_upserts()
        table = lines_table(hard=hard)
        first = batches.of(table, [line("A", n, "10:00", 1) for n in (1, 2, 3)])
        other = batches.of(table, [line("B", 1, "09:00", 1), line("C", 1, None, 1)])
        second = [batches.of(table, [line("A", n, "11:00", 2)]) for n in (1, 4)]

        deliver(destination, [first, other, *second, first])

        assert sorted(by_id(destination, "lines")) == ["A:1", "A:4", "B:1", "C:1"]

    def test_what_is_gone_stays_gone_when_its_batch_comes_again(
        self, destination: Destination, batches: Batches
    ) -> None:
        """As when an old batch is loaded again. Read anew it is back."""
        self._needs_upserts()
        keyed, lines = keyed_table(VERSION), lines_table(hard=False)
        gone, stays = ({**row(name, "a", "10:00", 1), VERSION: int(name)} for name in "12")
        old_lines = [line("A", number, "10:00", 1) for number in (1, 2)]
        writer = destination.connect()
        for table in (keyed, lines):
            writer.prepare(table)
        writer.write(batches.of(keyed, [gone]))
        writer.write(batches.of(lines, old_lines))
        writer.write(batches.of(lines, [line("A", 1, "11:00", 2)]))
        writer.activate(keyed, 2)
        writer.finish()
        writer.close()

        deliver(destination, [batches.of(keyed, [gone, stays]), batches.of(lines, old_lines)])
        left = by_id(destination, "keyed"), by_id(destination, "lines")
        deliver(destination, [batches.of(keyed, [{**row("1", "a", "10:00", 2), VERSION: 3}])])

        assert left == ({"2": "a"}, {"A:1": ""})
        assert by_id(destination, "keyed") == {"1": "a", "2": "a"}

    def test_lines_of_a_document_that_has_none_left_do_not_stay(
        self, destination: Destination, batches: Batches
    ) -> None:
        """Its own row, in the table of documents, is newer than they are."""
        self._needs_upserts()
        table = lines_table(hard=False)
        parent = table_of("documents", ["id", "document", *STAMPS], key=["id"])
        documents = [
            {**row("A", "", "11:00", 2), "document": "A"},
            {**row("B", "", "10:00", 1), "document": "B"},
        ]
        for document in documents:
            del document["text"]
        writer = destination.connect()
        for of in (table, parent):
            writer.prepare(of)
        writer.write(batches.of(table, [line(name, 1, "10:00", 1) for name in "AB"]))
        writer.write(batches.of(parent, documents))

        writer.trim(table, parent)
        writer.finish()
        writer.close()

        assert sorted(by_id(destination, "lines")) == ["B:1"]

    def test_a_table_is_replaced_in_one_step_and_not_before(
        self, destination: Destination, batches: Batches
    ) -> None:
        """What an earlier run left of a replacement is not in it."""
        self._needs_upserts()
        given_up, table = (replacing_table(generation) for generation in (1, 2))
        deliver(destination, [batches.of(keyed_table(), [row("1", "old", "10:00", 1)])])
        deliver(destination, [batches.of(given_up, [row("2", "given up", "10:00", 1)])])
        assert by_id(destination, "keyed") == {"1": "old"}

        writer = destination.connect()
        writer.prepare(table)
        writer.write(batches.of(table, [row("3", "new", "09:00", 2)]))
        before = by_id(destination, "keyed")
        writer.replace(table)
        writer.finish()
        writer.close()

        assert before == {"1": "old"}
        assert by_id(destination, "keyed") == {"3": "new"}

    def test_names_with_quotes_blanks_and_capitals_are_only_names(
        self, destination: Destination, batches: Batches
    ) -> None:
        """Of tables and of columns."""
        name = "The \"Log\" of 'it'"
        table = table_of(name, ["text", 'a "b" c', "Select"], load_method="append-only")

        deliver(destination, [batches.of(table, [{"text": "x", 'a "b" c': "1", "Select": "2"}])])

        (found,) = destination.rows(name)
        assert found['a "b" c'] == "1"
        assert found["Select"] == "2"

    def _needs_upserts(self) -> None:
        if not self.upserts:
            pytest.skip("the destination only appends")


def deliver(destination: Destination, batches: Iterable[Batch]) -> None:
    """Write batches as one run does."""
    writer = destination.connect()
    for batch in batches:
        writer.prepare(batch.table)
        writer.write(batch)
    writer.finish()
    writer.close()


def texts(destination: Destination, table: str) -> list[str]:
    """The texts of a table's rows, sorted."""
    return sorted(row["text"] for row in destination.rows(table))


def by_id(destination: Destination, table: str) -> dict[str, str]:
    """The texts of a table's rows that are not marked as deleted, by key."""
    return {
        row["id"]: row["text"] for row in destination.rows(table) if row.get(DELETED_AT) is None
    }
