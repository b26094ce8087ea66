"""Changes: a business day, and rows that a test touches, inserts or deletes."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from sandbox_client import PARAMETERS
from visma_sandbox.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from sandbox_client import Client
    from visma_sandbox.endpoint import Endpoint


INVOICES = "/v1/supplierInvoice"
TABLES = [each for each in ENDPOINTS if not each.records_of]


def records(client: Client, endpoint: Endpoint) -> dict[tuple[str, ...], Any]:
    return {client.key_of(record, endpoint.key): record for record in client.books(endpoint.path)}


def snapshot(client: Client) -> dict[str, dict[tuple[str, ...], Any]]:
    return {each.path: records(client, each) for each in TABLES}


def differences(before: dict[str, Any], after: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found = {}
    for path, old in before.items():
        new = after[path]
        lists = {
            "created": sorted(list(key) for key in new.keys() - old.keys()),
            "changed": sorted(list(k) for k in new.keys() & old.keys() if new[k] != old[k]),
            "deleted": sorted(list(key) for key in old.keys() - new.keys()),
        }
        if any(lists.values()):
            found[path] = lists
    return found


@pytest.mark.parametrize("days", [1, 5])
def test_the_report_of_a_day_is_the_difference_of_the_books(client: Client, days: int) -> None:
    before = snapshot(client)
    report = client.control("POST", "advance", {"days": days}).json()[client.company_id]
    reported = {
        path: {kind: sorted(keys) for kind, keys in lists.items()} for path, lists in report.items()
    }
    assert reported == differences(before, snapshot(client))


def test_every_day_brings_all_that_makes_increments_hard(client: Client) -> None:
    (invoices,) = (each for each in TABLES if each.path == INVOICES)
    before = records(client, invoices)
    for _ in range(12):
        report = client.control("POST", "advance").json()[client.company_id]
        after = records(client, invoices)
        changed = [tuple(key) for key in report[INVOICES]["changed"]]
        assert any(len(after[k]["invoiceLines"]) < len(before[k]["invoiceLines"]) for k in changed)
        settled = [after[k] for k in changed if after[k]["balance"] < before[k]["balance"]]
        assert "Closed" in {each["status"] for each in settled}
        (gone,) = report[INVOICES]["deleted"]
        assert before[tuple(gone)]["status"] in {"Hold", "Balanced"}
        for path in ("/v1/supplierPayment", "/v1/customerPayment"):
            assert report[path]["created"]
        for path in ("/v1/supplier", "/v2/journaltransaction", "/v2/generalLedgerBalance"):
            assert report[path]["changed"]
        before = after


CREATED_DAILY = [
    "/v1/supplierdocument",
    "/v1/customerdocument",
    "/v1/customerCreditNote",
    "/v1/customerDebitNote",
    "/v1/customerOverdueCharge",
    "/v1/customerCreditWriteOff",
    "/v1/cashsale",
    "/v1/cashTransaction",
    "/v1/shipment",
    "/v1/expenseClaim",
    "/v1/timeCard",
    "/v1/projecttransaction",
    "/v1/GeneralLedgerTransactions",
]
CHANGED_DAILY = [
    "/v1/supplierdocument",
    "/v1/customerdocument",
    "/v1/shipment",
    "/v1/expenseClaim",
    "/v1/timeCard",
    "/v1/project",
    "/v1/projectbudget",
    "/v1/budget",
    "/v1/inventory",
    "/v1/customerContract",
    "/v1/contact",
    "/v1/supplierlocation",
    "/v1/supplier/balance",
    "/v1/customer/balance",
]


def test_every_day_brings_further_documents_and_changes_earlier_ones(client: Client) -> None:
    for _ in range(5):
        report = client.control("POST", "advance").json()[client.company_id]
        assert [path for path in CREATED_DAILY if not report[path]["created"]] == []
        assert [path for path in CHANGED_DAILY if not report[path]["changed"]] == []


def test_the_end_of_a_month_depreciates_and_brings_rates(client: Client) -> None:
    report = client.control("POST", "advance", {"days": 22}).json()[client.company_id]
    assert len(report["/v2/currencyrate"]["created"]) == 4
    assert report["/v1/fixedAsset"]["changed"]
    assert report["/v1/fixedAssetTransaction"]["created"]


def test_a_late_posting_moves_the_balances_that_follow(client: Client) -> None:
    report = client.control("POST", "advance").json()[client.company_id]
    periods = {key[2] for key in report["/v2/generalLedgerBalance"]["changed"]}
    assert {"202603"} < periods | {"202604"}
    batches = snapshot(client)["/v2/journaltransaction"]
    late = [batches[tuple(k)] for k in report["/v2/journaltransaction"]["created"]]
    assert any(batch["financialPeriod"] == "202603" for batch in late)


def test_what_changed_in_a_day_is_found_by_its_stamp(client: Client) -> None:
    evening = client.control("GET", "").json()["clock"]
    report = client.control("POST", "advance").json()[client.company_id]
    for path, lists in report.items():
        (endpoint,) = (each for each in TABLES if each.path == path)
        params = {"lastModifiedDateTime": evening, "lastModifiedDateTimeCondition": ">="}
        if endpoint.modified_filter is None:
            continue
        found = {
            client.key_of(record | {PARAMETERS: needed}, endpoint.key)
            for needed in client.needed(endpoint)
            for record in client.walk(path, pageSize=1000, **(needed | params))
        }
        assert found == {tuple(key) for key in lists["created"] + lists["changed"]}


def test_the_books_balance_after_many_days(client: Client) -> None:
    client.control("POST", "advance", {"days": 45})
    batches = client.books("/v2/journaltransaction")
    for batch in batches:
        lines = batch["journalTransactionLines"]
        assert sum(each["debitAmount"] - each["creditAmount"] for each in lines) == 0
    posted = sum(b["debitTotal"] for b in batches if b["status"] == "Posted")
    balances = client.books("/v2/generalLedgerBalance")
    assert posted == sum(row["periodToDateDebit"] for row in balances)
    assert posted == sum(row["periodToDateCredit"] for row in balances)


def test_the_clock_stands_still_but_for_days_and_changes(client: Client) -> None:
    def clock() -> str:
        return str(client.control("GET", "").json()["clock"])

    assert clock() == "2026-03-31T18:00:00"
    client.change(INVOICES, "touch")
    assert "2026-03-31T18:00:00" < clock() < "2026-03-31T18:00:01"
    client.control("POST", "advance", {"days": 4})
    assert clock() == "2026-04-06T18:00:00"


@pytest.mark.parametrize("endpoint", TABLES, ids=lambda endpoint: endpoint.path)
def test_a_touched_row_has_a_new_stamp_and_otherwise_what_it_had(
    changing: Client, endpoint: Endpoint
) -> None:
    before = records(changing, endpoint)
    (key,) = changing.change(endpoint.path, "touch", stamp="2026-04-01T07:00:00.123")
    after = records(changing, endpoint)
    moved = {"lastModifiedDateTime", "lastModified", "timeStamp"}
    old, new = before.pop(tuple(key)), after.pop(tuple(key))
    assert after == before
    assert {n: v for n, v in new.items() if n not in moved} == {
        n: v for n, v in old.items() if n not in moved
    }
    assert new.get("lastModifiedDateTime", "2026-04-01T07:00:00.123") == "2026-04-01T07:00:00.123"


@pytest.mark.parametrize("endpoint", TABLES, ids=lambda endpoint: endpoint.path)
def test_a_row_can_be_inserted_and_deleted_again(changing: Client, endpoint: Endpoint) -> None:
    before = records(changing, endpoint)
    keys = changing.change(endpoint.path, "insert", count=2)
    after = records(changing, endpoint)
    assert [list(key) for key in sorted(after.keys() - before.keys())] == sorted(keys)
    changing.change(endpoint.path, "delete", keys=keys)
    assert records(changing, endpoint) == before


def test_a_touched_field_keeps_its_value_and_its_digits(changing: Client) -> None:
    key = ["Invoice", "300002"]
    changing.change(INVOICES, "touch", keys=[key], fields={"description": "æ"})
    url = f"{changing.sandbox.url}/__sandbox/change"
    body = f'{{"company_id": "{changing.company_id}", "path": "{INVOICES}", "operation": "touch",'
    body += ' "keys": [["Invoice", "300002"]], "fields": {"balance": 0.10}}'
    assert changing.session.post(url, data=body, timeout=10).status_code == 200
    (record,) = (
        each
        for each in changing.books(INVOICES)
        if [each["documentType"], each["referenceNumber"]] == key
    )
    assert (record["description"], str(record["balance"])) == ("æ", "0.10")
    assert isinstance(record["balance"], Decimal)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"operation": "touch", "path": "/v1/nothing"}, 404),
        ({"operation": "touch", "path": INVOICES, "keys": [["Invoice", "0"]]}, 404),
        ({"operation": "explode", "path": INVOICES}, 400),
        ({"operation": "touch", "path": INVOICES, "fields": {"documentType": "x"}}, 400),
        ({"operation": "touch", "path": INVOICES, "stamp": "2026-01-01Z"}, 400),
        ({"operation": "insert", "path": INVOICES, "keys": [["Invoice", "300002"]]}, 400),
    ],
)
def test_a_change_that_cannot_be_done_is_refused_and_changes_nothing(
    changing: Client, body: dict[str, Any], status: int
) -> None:
    before = changing.books(INVOICES)
    url = f"{changing.sandbox.url}/__sandbox/change"
    answer = changing.session.post(url, json={"company_id": changing.company_id} | body, timeout=10)
    assert answer.status_code == status
    assert changing.books(INVOICES) == before


def test_later_days_neither_bring_back_what_was_deleted_nor_touch_what_was_inserted(
    client: Client,
) -> None:
    deleted = [record for record in client.books(INVOICES) if record["status"] == "Open"]
    keys = [[record["documentType"], record["referenceNumber"]] for record in deleted]
    client.change(INVOICES, "delete", keys=keys)
    inserted = client.change(INVOICES, "insert", count=3)
    report = client.control("POST", "advance", {"days": 20}).json()[client.company_id]
    seen = [
        [record["documentType"], record["referenceNumber"]] for record in client.books(INVOICES)
    ]
    assert keys
    assert not [key for key in keys if key in seen]
    assert all(key in seen for key in inserted)
    assert not [key for key in inserted if key in report[INVOICES]["changed"]]
