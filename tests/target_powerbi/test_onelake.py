"""Delta tables of the mapping: no commit without a change, conflicts, faults, what follows."""

from __future__ import annotations

import logging
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from deltalake import DeltaTable

from lake_loads import LakeBooks, LakeLoader
from loader_core import DestinationError, Outcome, SchemaError
from loader_core.durable import Disk
from loader_core.samples import (
    STAMPS,
    Batches,
    keyed_table,
    lines_table,
    log_table,
    replacing_table,
    row,
    table_of,
)
from loader_runs import (
    AMOUNT,
    AUDITED,
    KEY,
    TEXT_OR_NULL,
    PatientClock,
    activate,
    audited,
    lines,
    schema,
    state,
)
from target_powerbi import mapping
from target_powerbi.framing import FILE, Framing
from target_powerbi.lake import BATCH, Place, folder, onelake
from target_powerbi.mapping import Column, Mapping, TableMap

if TYPE_CHECKING:
    from collections.abc import Callable

INVOICES = """
[[table]]
stream = "invoices"
name = "documents"
kind = "fact"
columns = [
  { name = "document_key", field = "{company_id}:{supplier.number}", type = "String" },
  { name = "amount", field = "amount", type = "Decimal" },
  { name = "changed_at", field = "lastModifiedDateTime", type = "DateTime" },
]
"""
SCHEMA = schema(
    "invoices",
    AUDITED | {"supplier": {"type": ["object", "null"]}, "amount": AMOUNT, "note": TEXT_OR_NULL},
    KEY,
)


@pytest.fixture
def loader(tmp_path: Path) -> LakeLoader:
    path = tmp_path / "mapping.toml"
    path.write_text(INVOICES)
    return LakeLoader(tmp_path, path)


@pytest.fixture
def books(tmp_path: Path) -> LakeBooks:
    return LakeBooks(folder(tmp_path / "lake"))


def invoice(number: str, stamp: str, amount: float | str, read: int = 1) -> dict[str, Any]:
    return audited(
        "invoices", number, stamp, read, supplier={"number": f"S{number}"}, amount=amount
    )


def test_a_mapped_stream_has_its_columns_and_those_that_lead_back(loader: LakeLoader) -> None:
    run = loader.load(lines([SCHEMA, invoice("1", "10:00", "0.123456789"), state({})]))

    assert run.error is None
    (found,) = loader.books.rows("documents")
    assert found["document_key"] == "no:S1"
    assert found["amount"] == Decimal("0.123456789")
    assert found["changed_at"] == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert found["_audit_id"] == "batch/1/1"
    assert "lastModifiedDateTime" not in found  # `changed_at` is it


def test_every_reader_of_delta_tables_can_read_them(loader: LakeLoader) -> None:
    loader.load(lines([SCHEMA, invoice("1", "10:00", 1), state({})]))

    found = DeltaTable(loader.books.place.table("documents"))

    assert (found.protocol().min_reader_version, found.protocol().min_writer_version) == (1, 2)


def test_each_commit_names_its_batch(books: LakeBooks, tmp_path: Path) -> None:
    batches, writer = Batches(tmp_path), books.writer()
    written = [
        batches.of(keyed_table(), [row("1", "a", "10:00", 1)]),
        batches.of(log_table(), [{"text": "a"}]),
    ]
    for batch in written:
        writer.prepare(batch.table)
        writer.write(batch)

    newest = [DeltaTable(books.place.table(name)).history(1)[0] for name in ("keyed", "log")]

    assert [commit[BATCH] for commit in newest] == [batch.key for batch in written]


def test_a_replay_makes_no_commit_and_no_refresh(loader: LakeLoader) -> None:
    night = lines([SCHEMA, invoice("1", "10:00", 1), invoice("2", "10:00", 2), state({})])
    loader.load(night)
    before = loader.books.version("documents"), loader.books.rows("documents")

    loader.load(night)

    assert (loader.books.version("documents"), loader.books.rows("documents")) == before
    assert loader.refreshes == 1


def test_one_refresh_follows_all_tables_and_only_a_change(loader: LakeLoader) -> None:
    loader.load(lines([SCHEMA, invoice("1", "10:00", 1), state({})]), batch_size_rows=1)
    loader.load(lines([SCHEMA, invoice("1", "11:00", 2, 2), state({})]))
    loader.load(lines([SCHEMA, invoice("1", "11:00", 2, 2), state({})]))

    assert loader.refreshes == 2


def test_fields_that_go_nowhere_and_columns_that_stay_empty_are_said(
    loader: LakeLoader, caplog: pytest.LogCaptureFixture
) -> None:
    without = schema("invoices", AUDITED | {"amount": AMOUNT, "note": TEXT_OR_NULL}, KEY)
    with caplog.at_level(logging.INFO):
        loader.load(lines([without, audited("invoices", "1", "10:00", amount=1), state({})]))

    assert "Stream 'invoices': not mapped: note" in caplog.text
    assert "has no fields for document_key, which stay empty" in caplog.text


def test_rows_whose_key_the_mapping_names_otherwise_are_not_doubled(loader: LakeLoader) -> None:
    loader.load(lines([SCHEMA, invoice("1", "10:00", 1), state({})]))
    named = '{ name = "invoice_key", field = "record_id", type = "String" },'
    assert loader.mapping
    loader.mapping.write_text(INVOICES.replace("columns = [", f"columns = [ {named}"))
    changed = lines([SCHEMA, invoice("1", "11:00", 2, 2), activate("invoices", 1), state({})])

    refused = loader.load(changed).error
    replaced = loader.load(changed, load_method="overwrite").error

    assert "have no invoice_key, by which" in str(refused)
    assert replaced is None
    assert [found["invoice_key"] for found in loader.books.rows("documents")] == ["no:1"]
    assert loader.load(changed).error is None


def test_a_generation_that_somebody_removes_replaces_nothing(
    books: LakeBooks, tmp_path: Path
) -> None:
    batches, (table, new) = Batches(tmp_path), (keyed_table(), replacing_table(1))
    writer = books.writer()
    for each in (table, new):
        writer.prepare(each)
        writer.write(batches.of(each, [row("1", "a", "10:00", 1)]))
    books.lake.unstage("keyed", "1")

    for last in (lambda: writer.write(batches.of(new, [])), lambda: writer.replace(new)):
        with pytest.raises(DestinationError, match="removed while it was being loaded"):
            last()

    assert len(books.rows("keyed")) == 1


def test_a_stream_without_a_table_is_left_out_and_said(
    loader: LakeLoader, caplog: pytest.LogCaptureFixture
) -> None:
    other = schema("projects", AUDITED, KEY)

    run = loader.load(lines([other, audited("projects", "1", "10:00"), state({"at": 1})]))

    assert run.last_state == {"at": 1}
    assert "Stream 'projects' is not in the mapping" in caplog.text
    assert loader.books.read("projects") is None


def test_a_value_that_does_not_fit_is_rejected_and_the_others_are_loaded(tmp_path: Path) -> None:
    path = tmp_path / "mapping.toml"
    was, number = (
        '"{company_id}:{supplier.number}", type = "String"',
        '"supplier.number", type = "Int64"',
    )
    assert was in INVOICES
    path.write_text(INVOICES.replace(was, number))
    loader = LakeLoader(tmp_path, path)
    good = audited("invoices", "1", "10:00", supplier={"number": "7"}, amount=1)

    run = loader.load(lines([SCHEMA, good, invoice("2", "10:00", 2), state({})]))

    assert "1 rows could not be loaded" in str(run.error)
    assert [row["document_key"] for row in loader.books.rows("documents")] == [7]


def test_a_change_is_made_anew_when_another_writer_was_first(
    books: LakeBooks, tmp_path: Path
) -> None:
    batches, table = Batches(tmp_path), keyed_table()
    writer = books.writer()
    writer.prepare(table)
    writer.write(batches.of(table, [row("1", "a", "10:00", 1)]))
    original = books.lake.open
    done: list[DeltaTable | None] = []

    def meddled(address: str) -> DeltaTable | None:
        found = original(address)
        if not done:
            done.append(found)
            other = books.writer()
            other.write(batches.of(table, [row("1", "theirs", "12:00", 3)]))
        return found

    writer._lake.open = meddled  # type: ignore[method-assign] # noqa: SLF001 - between its reading and its commit
    writer.write(batches.of(table, [row("1", "ours", "11:00", 2), row("2", "b", "10:00", 1)]))

    assert {each["id"]: each["text"] for each in books.rows("keyed")} == {"1": "theirs", "2": "b"}
    assert isinstance(books.clock, PatientClock)
    assert len(books.clock.slept) == 1


def test_a_batch_whose_first_commit_comes_late_is_there_once(
    books: LakeBooks, tmp_path: Path
) -> None:
    batch, writer = (
        Batches(tmp_path).of(log_table(), [{"text": "a"}, {"text": "b"}]),
        books.writer(),
    )
    writer.prepare(batch.table)
    original = books.lake.query
    done: list[Outcome] = []

    def overtaken(sql: str, **tables: DeltaTable) -> Any:
        found = original(sql, **tables)
        if not done:
            done.append(books.writer().write(batch))
        return found

    writer._lake.query = overtaken  # type: ignore[method-assign] # noqa: SLF001 - between its reading and its commit
    writer.write(batch)

    assert [each["text"] for each in books.rows("log")] == ["a", "b"]


def test_without_an_end_of_conflicts_the_run_ends(books: LakeBooks, tmp_path: Path) -> None:
    table, batches = keyed_table(), Batches(tmp_path)
    writer = books.writer()
    writer.prepare(table)
    writer.write(batches.of(table, [row("1", "a", "10:00", 1)]))
    stale = books.lake.open(books.place.table("keyed"))
    writer.write(batches.of(table, [row("1", "b", "11:00", 2)]))
    writer._lake.open = {books.place.table("keyed"): stale}.get  # type: ignore[method-assign,assignment] # noqa: SLF001 - never sees the newest

    with pytest.raises(DestinationError, match="other writers were first 8 times"):
        writer.write(batches.of(table, [row("1", "c", "12:00", 3)]))


@pytest.mark.parametrize("field", ["text", "document"])
def test_documents_that_cannot_be_told_apart_are_a_named_fault(
    books: LakeBooks, field: str
) -> None:
    columns = (Column(name="number", field=field, type="Int64"),)  # 7, where the other has "007"
    books.mapping = Mapping(
        tables=tuple(
            TableMap(stream=name, name=name, kind="fact", columns=columns)
            for name in ("lines", "documents")
        )
    )
    parent = table_of("documents", ["id", "document", *STAMPS], key=["id"])

    with pytest.raises(SchemaError, match="'documents' has no column for document"):
        books.writer().trim(lines_table(hard=False), parent)


def test_small_files_are_put_together_when_maintenance_is_due(
    books: LakeBooks, tmp_path: Path
) -> None:
    table, batches = keyed_table(), Batches(tmp_path)
    writer = books.writer()
    writer.prepare(table)
    for number in range(4):
        writer.write(batches.of(table, [row(str(number), "a", "10:00", 1)]))
    refreshed: list[int] = []
    clock = MovedClock()
    after = framing(books, tmp_path, clock, lambda: refreshed.append(1))
    after(["keyed"])
    files = len(books_files(books))

    clock.days = 8
    after(["keyed"])
    after(["keyed"])

    assert (files, len(books_files(books))) == (4, 1)
    assert len(books.rows("keyed")) == 4
    assert len(refreshed) == 2


def test_files_of_before_stay_until_the_model_shows_what_is_there(
    books: LakeBooks, tmp_path: Path
) -> None:
    table, batches = keyed_table(), Batches(tmp_path)
    writer, clock = books.writer(), MovedClock()
    writer.prepare(table)
    framing(books, tmp_path, clock, lambda: None)(["keyed"])
    writer.write(batches.of(table, [row("1", "a", "10:00", 1)]))
    left = left_behind(books, days=8)
    clock.days = 8

    with pytest.raises(DestinationError):
        framing(books, tmp_path, clock, fails)(["keyed"])
    before = left.exists()
    framing(books, tmp_path, clock, lambda: None)(["keyed"])

    assert (before, left.exists()) == (True, False)


def test_files_stay_as_long_as_the_table_itself_says(books: LakeBooks, tmp_path: Path) -> None:
    books.writer().prepare(keyed_table())
    there, clock = DeltaTable(books.place.table("keyed")), MovedClock()
    there.alter.set_table_properties({"delta.deletedFileRetentionDuration": "interval 30 days"})
    younger, older = (left_behind(books, days) for days in (29, 31))
    after = framing(books, tmp_path, clock, lambda: None)
    after(["keyed"])
    clock.days = 8

    after(["keyed"])

    assert (younger.exists(), older.exists()) == (True, False)


def test_a_refresh_that_failed_is_asked_for_again(books: LakeBooks, tmp_path: Path) -> None:
    table = keyed_table()
    writer = books.writer()
    writer.prepare(table)
    writer.write(Batches(tmp_path).of(table, [row("1", "a", "10:00", 1)]))

    with pytest.raises(DestinationError):
        framing(books, tmp_path, PatientClock(), fails)(["keyed"])
    refreshed: list[int] = []
    for _ in range(2):
        framing(books, tmp_path, PatientClock(), lambda: refreshed.append(1))(["keyed"])

    assert refreshed == [1]


def test_the_address_of_onelake_has_ids_and_a_token_is_asked_for_each_time() -> None:
    tokens = iter(["first", "second"])

    url = "https://onelake.dfs.fabric.microsoft.com"
    place = onelake(url, "ws", "lh", "dbo", lambda: next(tokens))

    assert place.table("t") == "abfss://ws@onelake.dfs.fabric.microsoft.com/lh/Tables/dbo/t"
    assert [place.storage_options()["bearer_token"] for _ in range(2)] == ["first", "second"]
    assert "first" not in repr(place)


def test_a_fault_of_the_storage_says_what_to_do_and_nothing_of_its_message() -> None:
    place = Place("abfss://ws@127.0.0.1/lh")
    refused = OSError("403 Forbidden: https://x/?sig=secret")
    unknown = OSError("broken pipe at https://x/40312345?sig=secret")

    told, rest = (str(LakeBooks(place).lake.fault("opening", each)) for each in (refused, unknown))

    assert "Contributor" in told
    assert "Contributor" not in rest
    assert "secret" not in told + rest


def fails() -> None:
    """As a model whose refresh is refused."""
    raise DestinationError("refused", "Wait")


class MovedClock(PatientClock):
    days = 0

    def now(self) -> datetime:
        return super().now() + timedelta(days=self.days)


def framing(
    books: LakeBooks, path: Path, clock: PatientClock, refresh: Callable[[], None]
) -> Framing:
    return Framing(
        books.lake,
        mapping.Mapping(tables=()),
        Disk(),
        path / FILE,
        clock,
        maintain_after_days=7,
        refresh=refresh,
    )


def left_behind(books: LakeBooks, days: int) -> Path:
    """A file of a commit that was never made."""
    path = Path(books.place.table("keyed"), f"part-of-{days}-days-ago.parquet")
    path.touch()
    at = (datetime.now(UTC) - timedelta(days=days)).timestamp()
    os.utime(path, (at, at))
    return path


def books_files(books: LakeBooks) -> list[str]:
    return list(DeltaTable(books.place.table("keyed")).file_uris())
