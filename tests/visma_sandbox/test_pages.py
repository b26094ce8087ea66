"""Pages: caps, metadata, lists that are not paged, and batches that are cut between pages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sandbox_client import PARAMETERS
from visma_sandbox.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from sandbox_client import Client, Json
    from visma_sandbox.endpoint import Endpoint


LISTS = [each for each in ENDPOINTS if each.envelope == "array"]
PAGED = [each for each in LISTS if each.page_cap is not None]
BY_RECORD = [each for each in PAGED if each.page_unit == "record"]
UNPAGED = [each for each in LISTS if each.page_cap is None]
JOURNALS = "/v2/journaltransaction"


def by_path(endpoint: Endpoint) -> str:
    return endpoint.path


def bare(record: Json) -> Json:
    return {name: value for name, value in record.items() if name not in {"metadata", PARAMETERS}}


def books(client: Client, endpoint: Endpoint, params: dict[str, str]) -> list[Json]:
    """The records that a call with these parameters has to give."""
    return [
        bare(record)
        for record in client.books(endpoint.path)
        if params.items() <= record.get(PARAMETERS, params).items() or endpoint.needs_one_of
    ]


@pytest.mark.parametrize("endpoint", BY_RECORD, ids=by_path)
def test_a_walk_gives_the_books_in_their_order(reader: Client, endpoint: Endpoint) -> None:
    for params in reader.needed(endpoint):
        records = reader.walk(endpoint.path, pageSize=37, **params)
        assert [bare(record) for record in records] == books(reader, endpoint, params)


@pytest.mark.parametrize("endpoint", PAGED, ids=by_path)
def test_a_greater_page_than_the_cap_is_silently_cut(setter: Client, endpoint: Endpoint) -> None:
    setter.control("POST", "settings", {"page_caps": {endpoint.path: 2}})
    page = setter.read(endpoint.path, pageNumber=1, pageSize=5000, **setter.needed(endpoint)[-1])
    if endpoint.page_unit == "line":
        page = [line for record in page for line in record["journalTransactionLines"]]
    assert len(page) == 2


@pytest.mark.parametrize("endpoint", PAGED, ids=by_path)
def test_without_a_page_size_a_page_is_smaller_than_the_cap(
    setter: Client, endpoint: Endpoint
) -> None:
    setter.control("POST", "settings", {"page_caps": {endpoint.path: 6}})
    page = setter.read(endpoint.path, **setter.needed(endpoint)[-1])
    if endpoint.page_unit == "line":
        page = [line for record in page for line in record["journalTransactionLines"]]
    assert len(page) == 3


@pytest.mark.parametrize("endpoint", PAGED, ids=by_path)
def test_a_page_past_the_end_is_empty(reader: Client, endpoint: Endpoint) -> None:
    params = reader.needed(endpoint)[0]
    assert reader.read(endpoint.path, pageNumber=999, pageSize=500, **params) == []


@pytest.mark.parametrize("endpoint", UNPAGED, ids=by_path)
def test_an_unpaged_list_gives_everything_on_every_page(reader: Client, endpoint: Endpoint) -> None:
    for params in reader.needed(endpoint):
        first = reader.read(endpoint.path, pageNumber=1, pageSize=1, **params)
        assert first == reader.read(endpoint.path, pageNumber=2, pageSize=1, **params)
        assert [bare(record) for record in first] == books(reader, endpoint, params)


@pytest.mark.parametrize("endpoint", LISTS, ids=by_path)
def test_metadata_is_on_each_record_or_on_none(reader: Client, endpoint: Endpoint) -> None:
    params = reader.needed(endpoint)[0]
    for record in reader.read(endpoint.path, pageNumber=1, pageSize=3, **params):
        assert ("metadata" in record) == endpoint.metadata
        if endpoint.metadata and endpoint.page_unit == "record":
            assert record["metadata"]["totalCount"] == len(books(reader, endpoint, params))
            assert record["metadata"]["maxPageSize"] == (endpoint.page_cap or 1000)


def test_the_known_caps_are_the_real_ones() -> None:
    caps = {each.path: each.page_cap for each in ENDPOINTS}
    assert caps["/v1/customer"] == caps["/v1/customerinvoice"] == 1000
    assert caps["/v2/PurchaseReceipt"] == 500


def test_a_batch_is_split_over_pages_by_its_lines(reader: Client) -> None:
    pieces = reader.walk(JOURNALS, pageSize=7, lastModifiedDateTime="2000-01-01")
    merged: dict[tuple[str, str], Any] = {}
    for piece in pieces:
        key = (piece["module"], piece["batchNumber"])
        lines = piece["journalTransactionLines"]
        if key in merged:
            merged[key]["journalTransactionLines"] += lines
        else:
            merged[key] = bare(piece)
    assert len(pieces) > len(merged)
    assert list(merged.values()) == reader.books(JOURNALS)


def test_the_total_of_journals_counts_lines(reader: Client) -> None:
    page = reader.read(JOURNALS, pageNumber=1, pageSize=10, lastModifiedDateTime="2000-01-01")
    lines = sum(len(batch["journalTransactionLines"]) for batch in reader.books(JOURNALS))
    assert {batch["metadata"]["totalCount"] for batch in page} == {lines}
    assert sum(len(batch["journalTransactionLines"]) for batch in page) == 10


def test_dimensions_are_texts_and_each_has_details(reader: Client) -> None:
    names = reader.read("/v1/dimension")
    details = [reader.read(f"/v1/dimension/{name.lower()}") for name in names]
    assert [each["id"] for each in details] == names
    assert details == reader.books("/v1/dimension")
    assert reader.get("/v1/dimension/NONE").status_code == 404


def test_credit_terms_come_in_an_envelope(reader: Client) -> None:
    page = reader.read("/v1/creditTerm", pageNumber=2, pageSize=3)
    assert (page["pageNumber"], page["pageSize"], page["totalCount"]) == (2, 3, 4)
    assert page["records"] == reader.books("/v1/creditTerm")[3:]
    assert reader.read("/v1/creditTerm", pageNumber=3, pageSize=3)["records"] == []


def test_paths_do_not_care_for_case_and_unknown_ones_do_not_exist(reader: Client) -> None:
    assert reader.read("/V1/SUPPLIER", pageSize=3) == reader.read("/v1/supplier", pageSize=3)
    assert reader.get("/erp/service/v1/supplier").status_code == 404


@pytest.mark.parametrize("params", [{"skip": "50"}, {"customerNumber": "1"}, {"numberToRead": "1"}])
def test_unknown_parameters_change_nothing(reader: Client, params: dict[str, str]) -> None:
    assert reader.read("/v1/customer", **params) == reader.read("/v1/customer")


def test_rows_move_between_pages_when_one_is_inserted_before_them(client: Client) -> None:
    fields = ("documentType", "referenceNumber")
    books = [client.key_of(record, fields) for record in client.books("/v1/supplierInvoice")]
    first = client.read("/v1/supplierInvoice", pageNumber=1, pageSize=10)
    client.change("/v1/supplierInvoice", "insert", keys=[["Invoice", "000001"]])
    second = client.read("/v1/supplierInvoice", pageNumber=2, pageSize=10)
    assert [client.key_of(record, fields) for record in first] == books[:10]
    assert [client.key_of(record, fields) for record in second] == books[9:19]
