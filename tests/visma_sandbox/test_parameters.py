"""Parameters that a list needs, and those that pick among its rows."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest

from sandbox_client import Client, Json
from visma_sandbox.endpoints import ENDPOINTS

if TYPE_CHECKING:
    from visma_sandbox.endpoint import Endpoint

LEDGER = "/v1/GeneralLedgerTransactions"
NEEDY = [each for each in ENDPOINTS if each.needs or each.needs_one_of]


@pytest.mark.parametrize("endpoint", NEEDY, ids=lambda endpoint: endpoint.path)
def test_without_what_it_needs_a_list_answers_400(reader: Client, endpoint: Endpoint) -> None:
    assert reader.get(endpoint.path, pageNumber=1, pageSize=10).status_code == 400
    whole: Json = reader.needed(endpoint)[0]
    assert reader.get(endpoint.path, **whole).status_code == 200
    for name in endpoint.needs:
        rest: Json = {each: value for each, value in whole.items() if each != name}
        assert reader.get(endpoint.path, **rest).status_code == 400
        assert reader.get(endpoint.path, **(rest | {name: ""})).status_code == 400


@pytest.mark.parametrize("path", ["/v1/expenseClaim", "/v1/timeCard"])
def test_any_filter_will_do_where_one_is_needed(reader: Client, path: str) -> None:
    assert reader.read(path, status="Released")


def test_ledger_transactions_belong_to_the_ledger_that_was_asked_for(reader: Client) -> None:
    numbers = [each["number"] for each in reader.books("/v1/ledger")]
    rows = {number: reader.read(LEDGER, ledger=number) for number in numbers}
    assert rows["1"]
    assert rows["2"] == []
    assert {row["ledger"]["id"] for row in rows["1"]} == {"1"}


def test_ledger_transactions_are_picked_from_period_to_period(reader: Client) -> None:
    books = reader.books(LEDGER)

    def count(**params: str) -> int:
        return len(reader.walk(LEDGER, pageSize=2000, ledger="1", **params))

    for first, last in (("202502", "202502"), ("202511", "202602")):
        inside = [row for row in books if first <= row["period"] <= last]
        assert count(fromPeriod=first, toPeriod=last) == len(inside) > 0
    assert count(fromPeriod="202602") == sum(row["period"] >= "202602" for row in books)
    assert count(toPeriod="202501") == sum(row["period"] <= "202501" for row in books)


@pytest.mark.parametrize("path", ["/v2/journaltransaction", "/v2/generalLedgerBalance"])
def test_each_period_holds_its_own_rows(reader: Client, path: str) -> None:
    books = reader.books(path)
    for period in sorted({each["financialPeriod"] for each in books})[:3]:
        found = reader.walk(path, periodId=period, pageSize=2000)
        keys = {str(each.get("batchNumber")) for each in found}
        inside = [each for each in books if each["financialPeriod"] == period]
        assert keys == {str(each.get("batchNumber")) for each in inside}
        assert {each["financialPeriod"] for each in found} == {period}


def test_a_budget_is_there_for_the_budget_ledger_alone(reader: Client) -> None:
    asked = {"branch": "1", "financialYear": "2026"}
    assert reader.read("/v1/budget", ledger="1", **asked) == []
    rows = reader.read("/v1/budget", ledger="2", **asked)
    assert {(row["branchNumber"]["number"], row["financialYear"]) for row in rows} == {
        ("1", "2026")
    }
    assert all("ledger" not in row and "__parameters" not in row for row in rows)


@pytest.mark.parametrize("party", ["supplier", "customer"])
def test_balances_of_several_periods_are_one_row_for_each_party_and_branch(
    reader: Client, party: str
) -> None:
    path = f"/v2/{party}/balance"

    def rows(first: str, last: str) -> dict[tuple[str, str], dict[str, object]]:
        found = reader.walk(path, pageSize=1000, fromFinPeriod=first, toFinPeriod=last)
        keyed = {
            (row[party]["number"], str(row.get("branch") or row["branchNumber"]["number"])): row
            for row in found
        }
        assert len(keyed) == len(found) > 0
        return keyed

    january, february = rows("202601", "202601"), rows("202602", "202602")
    both = rows("202601", "202602")
    assert both.keys() == january.keys() | february.keys()
    for key in january.keys() & february.keys():
        assert both[key]["beginBalance"] == january[key]["beginBalance"]
        assert both[key]["yearToDateBalance"] == february[key]["yearToDateBalance"]
        name = "paymentsAndPrepayments"
        assert both[key][name] == january[key][name] + february[key][name]  # type: ignore[operator]


def statuses_of_two_at_once(client: Client) -> list[int]:
    """Two calls of one company, the second while the first is being answered."""
    found: list[int] = []
    other = Client(client.sandbox, token=client.token)
    first = threading.Thread(target=lambda: found.append(other.get("/v1/ledger").status_code))
    first.start()
    time.sleep(0.1)
    answer = client.get("/v1/ledger")
    assert "Retry-After" not in answer.headers
    first.join()
    other.session.close()
    return [*found, answer.status_code]


def test_a_second_call_at_once_is_refused_when_that_is_set(setter: Client) -> None:
    setter.control("POST", "settings", {"latency_ms": 250})
    assert statuses_of_two_at_once(setter) == [200, 200]
    setter.control("POST", "settings", {"require_one_request_at_a_time": True})
    assert statuses_of_two_at_once(setter) == [200, 429]
    setter.control("POST", "settings", {"latency_ms": 0})
    assert [setter.get("/v1/ledger").status_code for _ in range(20)] == [200] * 20


def test_each_answer_is_as_late_as_is_set(setter: Client) -> None:
    setter.control("POST", "settings", {"latency_ms": 80})
    begun = time.monotonic()
    setter.get("/v1/ledger")
    assert time.monotonic() - begun >= 0.08
