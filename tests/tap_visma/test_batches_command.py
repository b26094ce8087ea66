"""`tap-visma-batches`: list, show and verify."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyrage
import pytest
import zstandard

from archives import Kept, command, last_rows
from tap_runs import Run, Visma, of_entity, visma_with
from tap_visma.archive import Header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    CapFd = pytest.CaptureFixture[bytes]

STREAMS = of_entity("supplier_invoices") | of_entity("dimensions") | {"suppliers", "sync_batches"}


class Nights:
    """Three nights of two companies, archived once for all tests."""

    def __init__(self, visma: Visma, kept: Kept) -> None:
        self.kept = kept
        self.visma = visma
        self.runs: list[Run] = []
        state: dict[str, Any] = {}
        for _ in range(3):
            self.runs.append(visma.sync(state, streams=STREAMS, archive_url=kept.url))
            state = self.runs[-1].state
            visma.control("advance", {"days": 1})

    def rows(self) -> list[dict[str, Any]]:
        return [row for run in self.runs for row in last_rows(run)]


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nights]:
    with visma_with(companies="NO,SE") as visma:
        visma.control("settings", {"page_caps": {"/v1/supplierInvoice": 50}})
        yield Nights(visma, Kept(tmp_path_factory.mktemp("nights") / "archive"))


@pytest.fixture
def copy(nights: Nights, tmp_path: Path) -> Kept:
    """A copy of the archive, for a test that damages it."""
    return Kept(shutil.copytree(nights.kept.folder, tmp_path / "archive"))


def batch_of(nights: Nights, stream: str, night: int = 0) -> dict[str, Any]:
    return next(row for row in last_rows(nights.runs[night]) if row["stream"] == stream)


def test_list_shows_all_batches_oldest_first(nights: Nights, capfdbinary: CapFd) -> None:
    code, out, _ = command(capfdbinary, nights.kept.folder, "list", "--format", "json")

    listed = json.loads(out)
    assert code == 0
    assert [row["batch_id"] for row in listed] == sorted(r["_batch_id"] for r in nights.rows())
    ledger = {row["_batch_id"]: row for row in nights.rows()}
    for row in listed:
        assert all(ledger[row["batch_id"]][name] == row[name] for name in row if name != "batch_id")


@pytest.mark.parametrize(
    ("arguments", "count"),
    [
        (["--stream", "suppliers"], 6),
        (["--stream", "suppliers", "--company", "NO"], 3),
        (["--status", "complete"], 18),
        (["--status", "failed"], 0),
        (["--until", "2000-01-01"], 0),
        (["--from", "2000-01-01"], 18),
        (["--company", "nobody"], 0),
    ],
)
def test_list_filters(nights: Nights, capfdbinary: CapFd, arguments: list[str], count: int) -> None:
    arguments = [nights.visma.company_id() if a == "NO" else a for a in arguments]

    code, out, _ = command(capfdbinary, nights.kept.folder, "list", *arguments)

    head, *lines = out.decode().splitlines()
    assert code == 0
    assert head.split()[:3] == ["started_at", "company_id", "stream"]
    assert len(lines) == count


def test_show_tells_of_a_batch_and_its_pages(nights: Nights, capfdbinary: CapFd) -> None:
    batch = batch_of(nights, "supplier_invoices")

    code, out, _ = command(capfdbinary, nights.kept.folder, "show", batch["_batch_id"])

    text = out.decode()
    assert code == 0
    assert f"records            {batch['records']}\n" in text
    assert f"row_hash           {batch['row_hash']}\n" in text
    pages = text.split("\n\n")[1].splitlines()
    assert len(pages) == 1 + batch["pages"]
    assert pages[1].endswith("/v1/supplierInvoice?pageNumber=1&pageSize=5000")


@pytest.mark.parametrize("stream", sorted(STREAMS - {"sync_batches"}))
def test_show_prints_a_record_as_visma_sent_it(
    nights: Nights, capfdbinary: CapFd, stream: str
) -> None:
    record = nights.runs[0].records(stream)[-1]
    audit_id = record["_audit_id"]

    code, out, _ = command(capfdbinary, nights.kept.folder, "show", "--audit-id", audit_id)

    bodies = map(body_of, nights.kept.pages())
    assert code == 0
    assert out.endswith(b"}\n")
    assert any(out.rstrip(b"\n") in body for body in bodies)
    assert (
        json.loads(out, parse_float=Decimal).items() >= {KEY[stream]: record[KEY[stream]]}.items()
    )


KEY = {
    "dimensions": "id",
    "dimension_values": "valueId",
    "suppliers": "internalId",
    "supplier_invoices": "referenceNumber",
    "supplier_invoice_lines": "lineNumber",
}


def body_of(page: Path) -> bytes:
    _, _, rest = page.read_bytes().partition(b"\n")
    return zstandard.ZstdDecompressor().decompress(rest)


@pytest.mark.parametrize(
    ("audit_id", "message"),
    [
        ("nonsense", "that is no audit id"),
        ("nonsense/1/1", "that is no batch id"),
        ("01a1fbf6-5d87-7706-80fe-2f11d3f64ae4/1/1", "the archive holds no batch"),
        ("BATCH/1/9999", "has no such record"),
        ("BATCH/77/1", "the archive lacks"),
    ],
)
def test_show_names_what_it_does_not_find(
    nights: Nights, capfdbinary: CapFd, audit_id: str, message: str
) -> None:
    audit_id = audit_id.replace("BATCH", batch_of(nights, "suppliers")["_batch_id"])

    code, out, err = command(capfdbinary, nights.kept.folder, "show", "--audit-id", audit_id)

    assert (code, out) == (1, b"")
    assert message in err


def test_verify_finds_nothing_in_a_whole_archive(nights: Nights, capfdbinary: CapFd) -> None:
    code, out, err = command(capfdbinary, nights.kept.folder, "verify")

    rows = nights.rows()
    size = f"{sum(row['bytes'] for row in rows):,}"
    pages = sum(row["pages"] for row in rows)
    assert (code, err) == (0, "")
    assert out.decode() == f"18 batches, {pages} pages, {size} bytes: no batches differ\n"


@pytest.mark.parametrize("where", [0.0, 0.1, 0.2, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("file", ["page", "manifest"])
def test_verify_finds_a_flipped_bit(
    copy: Kept, capfdbinary: CapFd, file: str, where: float
) -> None:
    path = (copy.pages() if file == "page" else copy.manifests())[0]
    data = bytearray(path.read_bytes())
    data[round(where * (len(data) - 1))] ^= 1
    path.write_bytes(data)

    code, out, _ = command(capfdbinary, copy.folder, "verify")

    assert code == 1
    assert path.parent.name in out.decode()
    assert out.endswith((b": 1 batches differ\n", b": 2 batches differ\n"))  # and the next one


def test_verify_finds_a_missing_page(copy: Kept, capfdbinary: CapFd) -> None:
    copy.pages()[0].unlink()

    code, out, _ = command(capfdbinary, copy.folder, "verify")

    assert code == 1
    assert b"000001.page" in out


def test_verify_finds_a_missing_batch(nights: Nights, copy: Kept, capfdbinary: CapFd) -> None:
    batch = batch_of(nights, "suppliers", night=1)
    (folder,) = copy.folder.rglob(batch["_batch_id"])
    shutil.rmtree(folder)

    code, out, _ = command(capfdbinary, copy.folder, "verify")

    assert code == 1
    assert f"batch {batch['_batch_id']}, which came before it, is missing" in out.decode()


def test_verify_finds_a_row_that_was_changed_and_sealed_anew(
    nights: Nights, copy: Kept, capfdbinary: CapFd
) -> None:
    batch = batch_of(nights, "suppliers", night=1)
    (manifest,) = (path for path in copy.manifests() if path.parent.name == batch["_batch_id"])
    archive = copy.archive
    held = archive.manifest(archive.find(manifest.parent.name))
    held.batch.records += 1
    archive.commit(Header(batch=held.batch, version=held.version), held.pages)

    code, out, _ = command(capfdbinary, copy.folder, "verify")

    assert code == 1
    assert f"batch {batch['_batch_id']}, which came before it, was changed" in out.decode()


def test_verify_tells_a_lost_manifest_from_a_batch_that_is_open(
    copy: Kept, capfdbinary: CapFd
) -> None:
    manifest = copy.manifests()[-1]
    marker = copy.folder / "open" / f"{manifest.parent.name}.json"
    marker.write_bytes(manifest.read_bytes().partition(b"\n")[0])
    manifest.unlink()

    code, out, _ = command(capfdbinary, copy.folder, "verify")
    assert (code, b"not committed" in out) == (0, True)

    marker.unlink()
    code, out, _ = command(capfdbinary, copy.folder, "verify")
    assert (code, b"it has pages, but no manifest" in out) == (1, True)


def test_verify_of_one_batch_looks_at_it_alone(
    nights: Nights, copy: Kept, capfdbinary: CapFd
) -> None:
    batch = batch_of(nights, "suppliers")
    for page in copy.pages():
        if page.parent.name != batch["_batch_id"]:
            page.unlink()

    code, out, _ = command(capfdbinary, copy.folder, "verify", batch["_batch_id"])

    assert (code, out[:17]) == (0, b"1 batches, 1 page")


def test_an_encrypted_archive_is_verified_with_its_key_only(
    visma: Visma, tmp_path: Path, capfdbinary: CapFd
) -> None:
    key = pyrage.x25519.Identity.generate()
    folder = tmp_path / "archive"
    to = [str(key.to_public())]
    visma.sync(streams={"suppliers"}, archive_url=str(folder), archive_recipients=to)

    code, _, err = command(capfdbinary, folder, "verify")
    assert (code, "is encrypted. Set 'archive_identity'" in err) == (1, True)

    code, _, _ = command(capfdbinary, folder, "verify", archive_identity=str(key))
    assert code == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"archive_url": ""}, "Setting 'archive_url' is missing"),
        ({"archive_identity": "s3cret"}, "Setting 'archive_identity' must be a secret key of age"),
        ({"archive_recipients": ["age1x"]}, "Setting 'archive_recipients[0]' must be a public key"),
    ],
)
def test_wrong_settings_are_named_without_their_values(
    tmp_path: Path, capfdbinary: CapFd, settings: dict[str, Any], message: str
) -> None:
    code, _, err = command(capfdbinary, tmp_path / "archive", "list", **settings)

    assert code == 2
    assert message in err
    assert "s3cret" not in err
