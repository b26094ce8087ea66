"""One row per key, the newest, whatever comes late or again."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import pyarrow as pa
import pytest

from loader_core.batches import last_per_key
from loader_core.samples import READ_AT, STAMP, keyed_table, row
from loader_runs import AUDITED, KEY, Loader, audited, record, schema
from loader_sqlite import SqliteTarget

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core import Batch, Outcome, Writer

TEXT = {"text": {"type": "string"}}
INVOICES = schema("invoices", AUDITED | TEXT, KEY)


def test_of_rows_with_one_key_the_greatest_version_then_the_last_read_stays(
    loader: Loader,
) -> None:
    loader.load(
        [
            INVOICES,
            audited("invoices", "1", "10:00", 1, text="older"),
            audited("invoices", "1", "11:00", 3, text="newest"),
            audited("invoices", "1", "11:00", 2, text="read before"),
            audited("invoices", "2", "10:00", 1, text="first"),
            audited("invoices", "2", "10:00", 1, text="last of equals"),
        ]
    )

    assert [row["text"] for row in loader.current("invoices")] == ["newest", "last of equals"]


def test_without_version_and_time_the_last_in_the_stream_stays(loader: Loader) -> None:
    things = schema("things", {"id": {"type": "integer"}} | TEXT)

    loader.load([things, *(record("things", {"id": 1, "text": text}) for text in "abc")])
    loader.load([things, record("things", {"id": 1, "text": "next run"})])

    assert loader.current("things") == [{"id": 1, "text": "next run"}]


def test_without_a_key_every_row_stays(loader: Loader) -> None:
    loader.load([schema("log", TEXT, ()), *(record("log", {"text": text}) for text in "aab")])

    assert [row["text"] for row in loader.current("log")] == ["a", "a", "b"]


def test_append_only_keeps_every_row_of_a_key(loader: Loader) -> None:
    rows = [audited("invoices", "1", "10:00", read, text=str(read)) for read in (1, 2)]

    loader.load([INVOICES, *rows], load_method="append-only")

    assert [row["text"] for row in loader.current("invoices")] == ["1", "2"]


def test_an_older_version_that_comes_later_changes_nothing(loader: Loader) -> None:
    loader.load([INVOICES, audited("invoices", "1", "11:00", 1, text="newer")])
    loader.load([INVOICES, audited("invoices", "1", "10:00", 2, text="older")])

    assert [row["text"] for row in loader.current("invoices")] == ["newer"]


@pytest.mark.parametrize("count", [1, 1000])
def test_the_order_of_the_rows_that_stay_is_that_in_which_they_came(count: int) -> None:
    table = keyed_table()
    rows = [row(str(number), "", "10:00", 1) for number in range(count)]
    rows += [row(str(number), "again", "10:00", 2) for number in reversed(range(count))]

    last = last_per_key(pa.Table.from_pylist(rows, schema=table.schema), table)

    assert last["id"].to_pylist() == [str(number) for number in reversed(range(count))]
    assert set(last["text"].to_pylist()) == {"again"}
    assert table.order == (STAMP, READ_AT)


class NotingTarget(SqliteTarget):
    """Notes in which order batches are written."""

    written: ClassVar[list[str]] = []

    def make_writer(self) -> Writer:
        writer = super().make_writer()
        write = writer.write

        def noted(batch: Batch) -> Outcome:
            self.written.append(batch.table.name)
            return write(batch)

        vars(writer)["write"] = noted
        return writer


def test_what_ended_before_a_batch_began_lands_before_it(tmp_path: Path) -> None:
    """So accounts and suppliers are there before the documents that name them."""
    suppliers = schema("suppliers", AUDITED | TEXT, KEY)
    lines = schema("lines", AUDITED | TEXT, KEY)
    documents = [
        audited(stream, f"{number}:{stream}:{line}", "10:00", text="")
        for number in range(4)
        for line, stream in enumerate(("invoices", "lines", "lines"))
    ]
    messages = [suppliers, audited("suppliers", "1", "10:00", text=""), INVOICES, lines, *documents]
    NotingTarget.written.clear()

    Loader(tmp_path, NotingTarget).load(messages, batch_size_rows=4)

    # Streams that still go on do not have to, so documents are not cut into batches of a few
    assert NotingTarget.written == ["suppliers", "lines", "invoices", "lines"]
