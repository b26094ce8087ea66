"""Filters: naive local time in steps of 1/300 second, and refusals with a message."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import pytest

from visma_sandbox import stamps
from visma_sandbox.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from sandbox_client import Client
    from visma_sandbox.endpoint import Endpoint


INVOICES = "/v1/supplierInvoice"
STAMPED = [e for e in ENDPOINTS if e.modified_filter and e.modified_field and e.envelope == "array"]
UNFILTERED = [e for e in ENDPOINTS if not e.modified_filter and e.envelope == "array"]


def by_path(endpoint: Endpoint) -> str:
    return endpoint.path


@pytest.mark.parametrize("endpoint", STAMPED, ids=by_path)
@pytest.mark.parametrize("condition", [">", ">=", "<", "<="])
def test_a_condition_selects_by_the_stamp_of_the_record(
    reader: Client, endpoint: Endpoint, condition: str
) -> None:
    field = endpoint.modified_field
    assert field is not None
    if endpoint.modified_filter == "since":
        condition = ">="
    params = reader.needed(endpoint)[0]
    books = reader.walk(endpoint.path, pageSize=2000, **params)
    every = sorted(record[field] for record in books)
    middle = every[len(every) // 2]
    params |= {"lastModifiedDateTime": middle, "lastModifiedDateTimeCondition": condition}
    found = reader.walk(endpoint.path, pageSize=2000, **params)
    compare = {">": "__gt__", ">=": "__ge__", "<": "__lt__", "<=": "__le__"}[condition]
    limit = stamps.of_text(middle)
    expected = [b for b in books if getattr(stamps.of_text(b[field]), compare)(limit)]
    assert [{**record, "metadata": 0} for record in found] == [
        {**record, "metadata": 0} for record in expected
    ]


@pytest.mark.parametrize("endpoint", UNFILTERED, ids=by_path)
def test_lists_without_the_filter_ignore_it(reader: Client, endpoint: Endpoint) -> None:
    params = {"lastModifiedDateTime": "2999-01-01Z", "lastModifiedDateTimeCondition": ">"}
    needed = reader.needed(endpoint)[0]
    assert reader.read(endpoint.path, **needed, **params) == reader.read(endpoint.path, **needed)


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01",
        "2026-01-01 00:00:00",
        "2026-01-01T00:00:00",
        "2026-01-01 00:00:00.5",
        "2026-01-01T00:00:00.123",
    ],
)
def test_naive_times_are_read_with_space_or_t(reader: Client, value: str) -> None:
    found = reader.read(
        INVOICES, pageSize=1000, lastModifiedDateTime=value, lastModifiedDateTimeCondition=">="
    )
    assert 0 < len(found) < len(reader.books(INVOICES))


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-01T00:00:00Z",
        "2026-01-01T00:00:00+01:00",
        "2026-01-01T00:00:00.1234",
        "01.02.2026",
        "2026-13-01",
    ],
)
def test_other_times_are_refused_with_a_visma_id(reader: Client, value: str) -> None:
    answer = reader.get(INVOICES, lastModifiedDateTime=value, lastModifiedDateTimeCondition=">=")
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("VismaId: ")


def test_a_condition_that_was_encoded_twice_is_refused(reader: Client) -> None:
    answer = reader.get(
        INVOICES, lastModifiedDateTime="2026-01-01", lastModifiedDateTimeCondition="%3E%3D"
    )
    assert answer.status_code == 400


def test_a_time_without_condition_means_since_and_a_condition_without_time_nothing(
    reader: Client,
) -> None:
    since = {"lastModifiedDateTime": "2026-02-01"}
    both = since | {"lastModifiedDateTimeCondition": ">="}
    assert reader.read(INVOICES, **since) == reader.read(INVOICES, **both)
    alone = reader.read(INVOICES, lastModifiedDateTimeCondition=">")
    assert alone == reader.read(INVOICES)


def test_creation_is_filtered_apart_from_change(reader: Client) -> None:
    found = reader.walk(
        INVOICES, pageSize=1000, createdDateTime="2026-03-01", createdDateTimeCondition="<"
    )
    expected = [r for r in reader.books(INVOICES) if r["createdDateTime"] < "2026-03-01"]
    assert len(found) == len(expected) < len(reader.books(INVOICES))
    assert any(record["lastModifiedDateTime"] > "2026-03-01" for record in expected)


@pytest.mark.parametrize("path", ["/v2/journaltransaction", "/v2/generalLedgerBalance"])
def test_ledger_lists_want_a_period_or_a_time(reader: Client, path: str) -> None:
    assert reader.get(path, pageNumber=1, pageSize=10).status_code == 400
    found = reader.read(path, periodId="202502", pageSize=2000)
    assert {record["financialPeriod"] for record in found} == {"202502"}
    both = reader.read(path, periodId="202502", lastModifiedDateTime="2025-02-20", pageSize=2000)
    assert 0 < len(both) < len(found)


def test_the_filter_is_rounded_to_the_steps_of_the_stamps_so_greater_than_loses_rows(
    client: Client,
) -> None:
    client.change(INVOICES, "touch", count=1, stamp="2026-04-01T08:00:00.003")
    greater = {
        "lastModifiedDateTime": "2026-04-01T08:00:00.002",
        "lastModifiedDateTimeCondition": ">",
    }
    assert client.read(INVOICES, **greater) == []
    equal = greater | {"lastModifiedDateTimeCondition": ">="}
    assert len(client.read(INVOICES, **equal)) == 1


def test_stamps_have_up_to_three_digits_that_end_in_0_3_or_7(reader: Client) -> None:
    texts = {record["lastModifiedDateTime"] for record in reader.books(INVOICES)}
    fractions = [text.partition(".")[2] for text in texts]
    assert {len(each) for each in fractions} >= {2, 3}
    assert all(each.ljust(3, "0")[-1] in "037" for each in fractions)


@pytest.mark.parametrize(
    "text", ["2026-03-20T06:35:22.153", "2024-12-02T14:14:59.74", "2026-01-01T00:00:00"]
)
def test_a_stamp_is_read_and_written_without_a_change(text: str) -> None:
    assert stamps.text(stamps.of_text(text)) == text


def test_rows_of_one_posting_share_a_stamp(reader: Client) -> None:
    batches = {b["lastModifiedDateTime"] for b in reader.books("/v2/journaltransaction")}
    balances = [b["lastModifiedDateTime"] for b in reader.books("/v2/generalLedgerBalance")]
    assert set(balances) <= batches
    assert len(set(balances)) < len(balances)


def test_the_date_header_is_the_clock_of_the_books_in_utc(client: Client) -> None:
    answer = client.get("/v1/supplier")
    assert answer.headers["Date"] == "Tue, 31 Mar 2026 16:00:00 GMT"
    client.control("POST", "settings", {"clock": "2026-01-15T12:00:00"})
    assert client.get("/v1/supplier").headers["Date"] == "Thu, 15 Jan 2026 11:00:00 GMT"
    last = max(r["lastModifiedDateTime"] for r in client.books(INVOICES))
    assert datetime.fromisoformat(last) < datetime(2026, 3, 31, 18)  # noqa: DTZ001 - naive
