"""The outbox: what is closed is not lost, and what is not as it was left is refused."""

from __future__ import annotations

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

import pyarrow as pa
import pytest

from loader_core.clock import Clock
from loader_core.durable import Disk
from loader_core.errors import DestinationError, OutboxBusyError, OutboxError
from loader_core.outbox import TRANSITIONS, Outbox, State
from loader_core.samples import log_table
from loader_runs import Loader, comparable, record, schema, state
from loader_sqlite import SqliteTarget, SqliteWriter

if TYPE_CHECKING:
    from loader_core import Batch, Outcome, Writer

THINGS = schema("things", {"id": {"type": "integer"}, "text": {"type": ["string", "null"]}})
MESSAGES = [
    THINGS,
    record("things", {"id": 1, "text": "a"}),
    record("things", {"id": 2, "text": 5}),  # is rejected
    state(1),
    record("things", {"id": 3, "text": "too long"}),  # is refused by the destination
    record("things", {"id": 4, "text": "b"}),
    state(2),
]


class FullDisk(Disk):
    """Fails at the n-th operation, once."""

    def __init__(self, fails_at: int, code: int) -> None:
        self.left = fails_at
        self._code = code

    def _operate(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(self._code, os.strerror(self._code))

    def mkdir(self, path: Path) -> None:
        self._operate()
        super().mkdir(path)

    def put(self, file: BinaryIO, data: bytes | memoryview) -> None:
        super().put(file, data[: len(data) // 2])
        self._operate()
        super().put(file, data[len(data) // 2 :])

    def sync(self, file: BinaryIO) -> None:
        self._operate()
        super().sync(file)

    def replace(self, source: Path, target: Path) -> None:
        self._operate()
        super().replace(source, target)

    def unlink(self, path: Path) -> None:
        self._operate()
        super().unlink(path)

    def sync_folder(self, path: Path) -> None:
        self._operate()
        super().sync_folder(path)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["disk full", "disk broken"])
def test_whichever_file_operation_fails_the_next_run_ends_as_an_undisturbed_one(
    tmp_path: Path, code: int
) -> None:
    undisturbed = Loader(tmp_path / "undisturbed")
    undisturbed.folder.mkdir()
    undisturbed.load(MESSAGES, batch_size_rows=2, max_text=5)
    wanted = comparable(undisturbed.rows("things"))
    for fails_at in range(1, 200):
        loader = Loader(tmp_path / str(fails_at))
        loader.folder.mkdir()
        disk = FullDisk(fails_at, code)

        run = loader.load(MESSAGES, disk=disk, batch_size_rows=2, max_text=5)

        if disk.left > 0:
            break
        assert isinstance(run.error, OutboxError), f"operation {fails_at} failed in silence"
        assert os.strerror(code) in str(run.error)
        sent = {None: 1, 1: 4, 2: 7}[run.last_state]
        loader.load([THINGS, *MESSAGES[sent:]], batch_size_rows=2, max_text=5)
        assert comparable(loader.rows("things")) == wanted
        assert {reject["trace"]["id"] for reject in loader.rejects()} == {2, 3}
    assert 40 < fails_at < 199


class DownWriter(SqliteWriter):
    """A destination that is down."""

    def write(self, batch: Batch) -> Outcome:
        del batch
        raise DestinationError("it is down", "Run again")


class DownTarget(SqliteTarget):
    def make_writer(self) -> Writer:
        return DownWriter(self.config["path"])


def open_outbox(loader: Loader) -> Outbox:
    return Outbox(loader.outbox, "books", Disk(), Clock())


def test_batches_for_one_destination_are_never_written_to_another(loader: Loader) -> None:
    other = str(loader.folder / "other.sqlite")
    Loader(loader.folder, DownTarget).load(MESSAGES[:2])

    refused = loader.load([], path=other)
    loader.load([])  # now it is empty
    allowed = loader.load(MESSAGES[:2], path=other)

    assert isinstance(refused.error, OutboxError)
    assert "another destination" in str(refused.error)
    assert allowed.error is None
    assert len(loader.rows("things")) == 1


def test_what_a_destination_did_not_take_is_written_first_by_the_next_run(loader: Loader) -> None:
    down = Loader(loader.folder, DownTarget).load([*MESSAGES[:2], state(1)])
    waiting = loader.waiting()

    run = loader.load([])

    assert "stream 'things', batch '" in str(down.error)
    assert down.states == []
    assert waiting == ["unknown"]
    assert loader.current("things") == [{"id": 1, "text": "a"}]
    assert (run.states, run.error, loader.waiting()) == ([], None, [])


def test_of_a_refused_batch_only_the_part_that_can_be_taken_is_left(loader: Loader) -> None:
    table = log_table()
    rows = pa.Table.from_pylist([{"text": "a"}, {"text": "b"}], schema=table.schema)
    outbox = open_outbox(loader)
    refused = outbox.add(table, rows, outbox.next_sequence())
    outbox.move(refused, State.UNKNOWN)
    part = outbox.add(table, rows.slice(1), outbox.next_sequence(), replaces=refused)
    outbox.close()  # as a crash would, before the first one is noted as rejected

    outbox = open_outbox(loader)
    left = outbox.left()
    outbox.close()

    assert [entry.name for entry in left] == [part.name]
    assert left[0].batch.read().to_pylist() == [{"text": "b"}]
    assert loader.waiting() == ["pending"]


def test_a_second_run_on_the_same_outbox_is_refused(loader: Loader) -> None:
    outbox = open_outbox(loader)

    refused = loader.load(MESSAGES[:2])
    outbox.close()
    allowed = loader.load(MESSAGES[:2])

    assert isinstance(refused.error, OutboxBusyError)
    assert "another run" in str(refused.error)
    assert allowed.error is None


@pytest.mark.parametrize("name", ["format", "journal"])
def test_a_format_of_another_version_is_refused_by_name(loader: Loader, name: str) -> None:
    Loader(loader.folder, DownTarget).load(MESSAGES[:2])
    (journal,) = (loader.outbox / "batches").glob("*.json")
    path = loader.outbox / "format" if name == "format" else journal
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format": 99}))

    run = loader.load([])

    assert isinstance(run.error, OutboxError)
    assert f"{path} has format 99, and this version reads format 1" in str(run.error)


def damage_data(data: Path, journal: Path) -> Path:
    del journal
    data.write_bytes(data.read_bytes()[:-1] + b"?")
    return data


def lose_data(data: Path, journal: Path) -> Path:
    del journal
    data.unlink()
    return data


def damage_journal(data: Path, journal: Path) -> Path:
    del data
    journal.write_text(journal.read_text()[:-10])
    return journal


@pytest.mark.parametrize("damage", [damage_data, lose_data, damage_journal])
def test_a_batch_that_is_not_as_it_was_written_is_refused_by_name(
    loader: Loader, damage: Any
) -> None:
    Loader(loader.folder, DownTarget).load(MESSAGES[:2])
    (journal,) = (loader.outbox / "batches").glob("*.json")
    path = damage(journal.with_suffix(".parquet"), journal)

    run = loader.load([])

    assert f"not as it was written: {path}" in str(run.error)
    assert loader.rows("things") == []


def test_only_the_owner_reads_the_outbox(loader: Loader) -> None:
    Loader(loader.folder, DownTarget).load(MESSAGES[:3])

    files = [path for path in loader.outbox.rglob("*") if path.is_file() and path.name != "lock"]

    assert len(files) == 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in [*files, loader.outbox / "batches"])


def test_the_page_shows_the_transitions_of_the_code() -> None:
    page = Path(__file__).parents[2] / "loader-core" / "docs" / "outbox.md"
    _, table, _ = page.read_text().split("states, compared with the code by a test -->")
    rows = [row.strip("| ").split(" | ") for row in table.splitlines() if row.startswith("| ")]

    shown = {(old, new): when for old, new, when in rows[2:]}

    assert shown == {
        (str(old or "outside"), str(new or "outside")): when
        for (old, new), when in TRANSITIONS.items()
    }
