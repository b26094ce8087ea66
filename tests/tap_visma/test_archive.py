"""What the archive keeps, whatever fails: whole pages, whole batches, and nothing in clear."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pyrage
import pytest

from archives import Kept, last_rows
from tap_runs import Run, Visma, of_entity, same_rows
from tap_visma import stores
from tap_visma.clock import Clock
from tap_visma.errors import ArchiveError
from tap_visma.stores import Folder

if TYPE_CHECKING:
    from pathlib import Path

SUPPLIERS = of_entity("suppliers")
INVOICES = of_entity("supplier_invoices")
STREAMS = INVOICES | SUPPLIERS
CAPS = {"/v1/supplierInvoice": 20, "/v1/supplier": 10}


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path / "archive")


@pytest.fixture
def paged(visma: Visma) -> Visma:
    """A company whose lists have several pages."""
    visma.control("settings", {"page_caps": CAPS, "calls_per_window": 100_000})
    return visma


class Later(Clock):
    """A clock that is ahead."""

    def __init__(self, **time: float) -> None:
        self._ahead = timedelta(**time)

    def now(self) -> datetime:
        return super().now() + self._ahead


# What is kept


def test_every_answer_is_kept_as_visma_sent_it(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)

    (place,) = kept.places("suppliers")
    manifest = kept.archive.manifest(place)
    bodies = [kept.archive.body(place, note) for note in manifest.pages]
    assert [note.params["pageNumber"] for note in manifest.pages] == ["1", "2", "3"]
    assert sum(note.records or 0 for note in manifest.pages) == len(paged.books("/v1/supplier"))
    for note, body in zip(manifest.pages, bodies, strict=True):
        assert body == paged.answer(note.path, note.params)


def test_pages_lie_by_company_stream_day_and_batch(paged: Visma, kept: Kept) -> None:
    run = paged.sync(streams=SUPPLIERS, archive_url=kept.url)

    (batch_id,) = {record["_batch_id"] for record in run.records("suppliers")}
    day = datetime.now(tz=UTC).date()
    folder = kept.folder / f"company={paged.company_id()}/stream=suppliers/date={day}/{batch_id}"
    names = ["000001.page", "000002.page", "000003.page", "manifest.jsonl"]
    assert sorted(path.name for path in folder.iterdir()) == names
    assert kept.left_open() == []


def test_a_page_can_be_opened_with_standard_tools(paged: Visma, kept: Kept) -> None:
    """Its first line says what it is; the rest is zstd."""
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)

    head, _, rest = kept.pages()[0].read_bytes().partition(b"\n")
    body = subprocess.run(["zstd", "-dc"], input=rest, capture_output=True, check=True).stdout

    said = json.loads(head)
    assert said["path"] == "/v1/supplier"
    assert said["bytes"] == len(body)
    assert len(json.loads(body)) == 10


def test_no_secret_and_no_token_is_kept(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=STREAMS, archive_url=kept.url)

    files = [path.read_bytes() for path in kept.folder.rglob("*") if path.is_file()]
    secrets = [paged.config["client_secret"], paged.config["client_id"], "Bearer"]
    assert len(files) > 10
    assert not [file for file in files for secret in secrets if secret.encode() in file]


def test_only_its_owner_reads_the_archive(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)

    modes = {stat.filemode(path.stat().st_mode) for path in (kept.folder, *kept.folder.rglob("*"))}
    assert modes == {"drwx------", "-rw-------"}


def test_pages_are_encrypted_for_their_recipients(paged: Visma, kept: Kept) -> None:
    key = pyrage.x25519.Identity.generate()
    to = [str(key.to_public())]
    run = paged.sync(streams=SUPPLIERS, archive_url=kept.url, archive_recipients=to)
    (batch_id,) = {record["_batch_id"] for record in run.records("suppliers")}

    _, _, rest = kept.pages()[0].read_bytes().partition(b"\n")
    assert rest.startswith(b"age-encryption.org/v1")
    assert pyrage.decrypt(rest, [key])

    def replay(identity: str | None) -> Run:
        return paged.sync(
            streams=SUPPLIERS,
            archive_url=kept.url,
            replay_batch_id=batch_id,
            archive_identity=identity,
        )

    assert replay(str(key)).rows("suppliers") == run.rows("suppliers")
    (failure,) = replay(None).failures
    assert "is encrypted. Set 'archive_identity' to open it" in failure
    (failure,) = replay(str(pyrage.x25519.Identity.generate())).failures
    assert "is encrypted for other keys than 'archive_identity'" in failure


def test_batches_older_than_archive_days_are_removed(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=STREAMS, archive_url=kept.url, archive_days=30)
    old = kept.places()

    paged.sync(streams=STREAMS, archive_url=kept.url, archive_days=30, clock=Later(days=29))
    assert {*old} < {*kept.places()}

    paged.sync(streams=SUPPLIERS, archive_url=kept.url, archive_days=30, clock=Later(days=31))
    assert {place.stream for place in old if place in kept.places()} == {"supplier_invoices"}


# First loads that begin again


def call_pages(visma: Visma) -> list[str]:
    return [call["params"]["pageNumber"] for call in visma.calls()]


def test_a_first_load_whose_state_was_lost_reads_its_last_page_alone_again(
    paged: Visma, kept: Kept
) -> None:
    first = paged.sync(streams=INVOICES, archive_url=kept.url)
    pages = call_pages(paged)
    paged.forget_calls()

    again = paged.sync(streams=INVOICES, archive_url=kept.url)

    assert len(pages) > 5
    assert call_pages(paged) == pages[-1:]
    assert same_rows(again, first, INVOICES)
    assert again.bookmark("supplier_invoices") == first.bookmark("supplier_invoices")


def test_records_from_the_archive_keep_their_batch_which_is_told_as_replayed(
    paged: Visma, kept: Kept
) -> None:
    first = paged.sync(streams=STREAMS, archive_url=kept.url)

    again = paged.sync(streams=INVOICES | {"sync_batches"}, archive_url=kept.url)

    (batch,) = {record["_batch_id"] for record in first.records("supplier_invoices")}
    replayed, own = last_rows(again)
    assert (replayed["_batch_id"], replayed["status"], replayed["calls"]) == (batch, "replayed", 0)
    assert (own["status"], own["calls"], own["pages"]) == ("complete", 1, 1)
    of_batch = [r for r in again.records("supplier_invoices") if r["_batch_id"] == batch]
    assert of_batch == first.records("supplier_invoices")


def test_what_changed_since_the_lost_attempt_is_read(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=INVOICES, archive_url=kept.url)
    paged.control("advance", {"days": 1})

    again = paged.sync(streams=INVOICES, archive_url=kept.url)
    then = paged.sync(again.state, streams=INVOICES, archive_url=kept.url)

    fresh = paged.sync(streams=INVOICES)
    both = {**again.own_rows("supplier_invoices"), **then.own_rows("supplier_invoices")}
    # A row that was deleted meanwhile is still there, as after any incremental sync
    now = fresh.own_rows("supplier_invoices")
    assert {key: again.own_rows("supplier_invoices").get(key) for key in now} != now
    assert {key: both.get(key) for key in now} == now


@pytest.mark.parametrize(
    ("settings", "clock"),
    [
        ({"archive_reuse_hours": 0}, Clock()),
        ({}, Later(hours=13)),
        ({"page_size": 19}, Clock()),
        ({"start_date": "2024-01-01"}, Clock()),
    ],
    ids=["not wanted", "too old", "other pages", "other filter"],
)
def test_a_first_load_reads_all_from_visma(
    paged: Visma, kept: Kept, settings: dict[str, Any], clock: Clock
) -> None:
    paged.sync(streams=INVOICES, archive_url=kept.url)
    paged.forget_calls()

    paged.sync(streams=INVOICES, archive_url=kept.url, clock=clock, **settings)

    assert len(call_pages(paged)) > 5
    assert call_pages(paged)[0] == "1"


def test_a_list_without_stamps_is_read_from_visma_each_time(paged: Visma, kept: Kept) -> None:
    """Nothing would tell what changed in it since."""
    paged.control("settings", {"page_caps": {"/v1/projecttransaction": 20}})
    streams = of_entity("project_transactions")
    paged.sync(streams=streams, archive_url=kept.url)
    pages = call_pages(paged)

    paged.sync(streams=streams, archive_url=kept.url)

    assert call_pages(paged) == pages + pages


def test_an_entity_without_a_list_to_read_is_read_again_without_one(
    visma: Visma, kept: Kept
) -> None:
    """No ledger is chosen, so there is nothing to ask for, and nothing in the archive."""
    settings: dict[str, Any] = {"archive_url": kept.url, "ledgers": []}
    streams = of_entity("budgets")

    for _ in range(2):
        assert visma.sync(streams=streams, **settings).failures == []
    assert kept.pages() == []
    assert len(kept.manifests()) == 2


# What fails


def test_an_archive_that_cannot_be_written_ends_the_run_before_the_first_call(
    visma: Visma, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(ArchiveError, match=r"cannot be written .*'archive_url'"):
        visma.sync(streams=SUPPLIERS, archive_url=str(tmp_path / "file" / "archive"))

    assert visma.calls() == []
    assert visma.token_calls() == []


def test_a_run_that_does_not_need_its_archive_goes_on_without(
    visma: Visma, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    streams = SUPPLIERS | {"sync_batches"}

    run = visma.sync(streams=streams, archive_url=f"{tmp_path}/file/x", archive_required=False)

    assert run.failures == []
    assert run.counts["suppliers"] == len(visma.books("/v1/supplier"))
    assert [row["archived"] for row in last_rows(run)] == [False]
    assert "goes on without an archive" in caplog.text


def test_a_driver_that_is_not_there_is_named(visma: Visma) -> None:
    with pytest.raises(ArchiveError, match=r"no driver for archive_url with gs://.*extra s3, gcs"):
        visma.sync(streams=SUPPLIERS, archive_url="gs://bucket/archive")


class FullDisk(Folder):
    """A folder on a disk that is full for its n-th write, and from then on."""

    left: int

    def put(self, name: str, data: bytes) -> None:
        type(self).left -= 1
        if self.left < 0:
            raise ArchiveError("the archive cannot be written (No space left on device)", "Mend it")
        super().put(name, data)


@pytest.mark.parametrize("required", [True, False], ids=["required", "not required"])
def test_wherever_the_disk_is_full_no_row_is_lost_and_nothing_half_counts(
    paged: Visma, kept: Kept, monkeypatch: pytest.MonkeyPatch, *, required: bool
) -> None:
    undisturbed = paged.sync(streams=STREAMS)
    endings = []
    for writes in range(100):
        monkeypatch.setattr(FullDisk, "left", writes, raising=False)
        monkeypatch.setattr(stores, "Folder", FullDisk)
        settings = {"archive_url": f"{kept.url}-{writes}", "archive_required": required}
        failed, run = run_to_its_end(paged, settings)
        endings.append(failed)

        monkeypatch.setattr(stores, "Folder", Folder)
        then = paged.sync(
            run.states[-1] if run.states else {},
            streams=STREAMS,
            archive_url=f"{kept.url}-{writes}",
        )

        for stream in STREAMS:
            rows = {**run.own_rows(stream), **then.own_rows(stream)}
            assert rows == undisturbed.own_rows(stream)
        left = FullDisk.left
        if left >= 0:
            break
    assert left >= 0  # the last run had no full disk
    assert endings == [required] * (len(endings) - 1) + [False]
    assert len(endings) > 10


def run_to_its_end(visma: Visma, settings: dict[str, Any]) -> tuple[bool, Run]:
    """Run, and say whether it failed; what it wrote until then counts."""
    lines: list[bytes] = []
    try:
        return False, visma.sync(streams=STREAMS, into=lines, **settings)
    except ArchiveError:
        return True, Run(lines)


@pytest.mark.process
def test_a_real_disk_full_ends_with_a_message(paged: Visma, kept: Kept, tmp_path: Path) -> None:
    """Files may not grow over a limit, which the system says as it says that a disk is full."""
    config, catalog = tmp_path / "config.json", tmp_path / "catalog.json"
    config.write_text(json.dumps(paged.config | {"archive_url": kept.url}))
    catalog.write_text(json.dumps(paged.catalog(INVOICES)))
    limited = "import resource as r; r.setrlimit(r.RLIMIT_FSIZE, (2000, 2000));"
    limited += "from tap_visma.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", limited, "--config", str(config), "--catalog", str(catalog)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert "the archive cannot be written (File too large)" in done.stderr
    assert "Traceback" not in done.stderr
    assert kept.pages() == []
    assert not list(kept.folder.rglob("*.tmp"))


def test_a_damaged_page_is_not_replayed(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)
    (place,) = kept.places()
    flip(kept.pages()[1], -20)

    run = paged.sync(streams=SUPPLIERS, archive_url=kept.url, replay_batch_id=place.batch_id)

    (failure,) = run.failures
    assert f"{place}/000002.page in the archive is damaged. Restore it from a copy" in failure
    assert run.counts["suppliers"] == 10  # those of the first page


def flip(path: Path, position: int) -> None:
    """Turn over one bit of a file."""
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    path.write_bytes(data)


def test_a_batch_that_was_not_committed_is_not_replayed(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)
    (place,) = kept.places()
    kept.manifests()[0].unlink()

    (failure,) = paged.sync(
        streams=SUPPLIERS, archive_url=kept.url, replay_batch_id=place.batch_id
    ).failures

    assert f"batch {place.batch_id} was never committed" in failure


def test_an_archive_of_a_later_format_is_refused_by_name(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)
    (manifest,) = kept.manifests()
    manifest.write_bytes(manifest.read_bytes().replace(b'"format":1', b'"format":2'))

    with pytest.raises(ArchiveError, match="has format 2, this tap knows 1"):
        kept.archive.manifest(kept.places()[0])


def test_a_size_that_is_damaged_takes_no_memory(paged: Visma, kept: Kept) -> None:
    paged.sync(streams=SUPPLIERS, archive_url=kept.url)
    (place,) = kept.places()
    note = kept.archive.manifest(place).pages[0]
    head, _, rest = kept.pages()[0].read_bytes().partition(b"\n")
    claims_a_terabyte = rest[:4] + b"\xe0" + (1 << 40).to_bytes(8, "little") + rest[7:]
    kept.pages()[0].write_bytes(head + b"\n" + claims_a_terabyte)

    with pytest.raises(ArchiveError, match="is damaged"):
        kept.archive.body(place, note)
