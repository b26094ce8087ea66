"""An archive in an object store: S3 as moto's server speaks it, over a socket."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import boto3
import pytest
from moto.server import ThreadedMotoServer

from archives import last_rows, told
from tap_runs import Visma, of_entity
from tap_visma import audit
from tap_visma.archive import Archive
from tap_visma.errors import ArchiveError
from tap_visma.stores import at

if TYPE_CHECKING:
    from collections.abc import Iterator

STREAMS = of_entity("supplier_invoices") | {"sync_batches"}
URL = "s3://books/archive"


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def store(endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket, and the environment in which a driver finds it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-north-1")
    where = {"LocationConstraint": "eu-north-1"}
    client = boto3.client("s3")
    if not client.list_buckets()["Buckets"]:
        client.create_bucket(Bucket="books", CreateBucketConfiguration=where)


@pytest.mark.usefixtures("store")
def test_a_sync_is_archived_replayed_and_verified_in_an_object_store(visma: Visma) -> None:
    visma.control("settings", {"page_caps": {"/v1/supplierInvoice": 20}})

    run = visma.sync(streams=STREAMS, archive_url=URL)

    (row,) = last_rows(run)
    replay = visma.sync(streams=STREAMS, archive_url=URL, replay_batch_id=row["_batch_id"])
    archive = Archive(at(URL))
    assert row["archived"]
    assert told(replay, STREAMS - {"sync_batches"}) == told(run, STREAMS - {"sync_batches"})
    (finding,) = audit.verify(archive, archive.places(), chains=True)
    assert (finding.pages, finding.differences) == (row["pages"], [])
    assert archive.left_open() == []


@pytest.mark.usefixtures("store")
def test_old_batches_are_removed_from_an_object_store(visma: Visma) -> None:
    url = f"{URL}-pruned"
    run = visma.sync(streams=STREAMS, archive_url=url)
    archive = Archive(at(url))
    (place,) = archive.places()
    day = datetime.fromisoformat(last_rows(run)[0]["started_at"]).date()

    archive.prune(place.company_id, place.stream, before=day)
    assert archive.places() == [place]

    archive.prune(place.company_id, place.stream, before=day + timedelta(days=1))
    assert archive.places() == []


@pytest.mark.usefixtures("store")
def test_a_bucket_that_is_not_there_ends_the_run_before_the_first_call(visma: Visma) -> None:
    with pytest.raises(ArchiveError, match=r"cannot be written .*Error.* names a place that exis"):
        visma.sync(streams=STREAMS, archive_url="s3://nowhere/archive")

    assert visma.calls() == []


def test_a_store_that_does_not_answer_ends_the_run_before_the_first_call(
    visma: Visma, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    with pytest.raises(ArchiveError, match=r"cannot be written .*Error") as caught:
        visma.sync(streams=STREAMS, archive_url="s3://elsewhere/archive")

    assert "s3cret" not in str(caught.value)
    assert visma.calls() == []
