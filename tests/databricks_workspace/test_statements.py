"""The Statement Execution API: what is refused, what waits and is polled, and how results come."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from databricks_workspace.client import STATEMENTS

if TYPE_CHECKING:
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process


def refusal(client: Client, statement: str = "SELECT 1", **changed: Any) -> tuple[int, str]:
    answer = client.call("POST", STATEMENTS, json=client.order(statement, **changed))
    return answer.status_code, answer.json().get("error_code", "")


@pytest.mark.parametrize("wait", ["1s", "4s", "51s", "5", "-5s"])
def test_a_wait_outside_its_bounds_is_refused(client: Client, wait: str) -> None:
    assert refusal(client, wait_timeout=wait) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize("wait", ["5s", "50s"])
def test_a_wait_within_its_bounds_is_taken(client: Client, wait: str) -> None:
    assert client.run("SELECT 1", wait_timeout=wait) == [["1"]]


def test_256_parameters_are_taken_and_257_refused(client: Client) -> None:
    parameters = [{"name": f"p{n}", "value": str(n), "type": "INT"} for n in range(257)]
    total = "SELECT " + " + ".join(f":p{n}" for n in range(256))
    assert client.run(total, parameters=parameters[:256]) == [[str(sum(range(256)))]]
    assert refusal(client, total, parameters=parameters) == (400, "INVALID_PARAMETER_VALUE")


def test_a_text_of_more_than_16_mib_is_refused(client: Client) -> None:
    text = "SELECT '" + "x" * 16 * 1024 * 1024 + "'"
    assert refusal(client, text) == (400, "INVALID_PARAMETER_VALUE")


@pytest.mark.parametrize(
    ("changed", "refused"),
    [
        ({"warehouse_id": "another"}, (404, "RESOURCE_DOES_NOT_EXIST")),
        ({"statement": 1}, (400, "INVALID_PARAMETER_VALUE")),
        ({"timeout": "5s"}, (400, "INVALID_PARAMETER_VALUE")),
        ({"format": "CSV"}, (400, "INVALID_PARAMETER_VALUE")),
        ({"disposition": "EXTERNAL_LINKS"}, (501, "NOT_IMPLEMENTED")),
        ({"parameters": [{"value": "1"}]}, (400, "INVALID_PARAMETER_VALUE")),
    ],
    ids=str,
)
def test_an_order_that_is_wrong_is_refused(
    client: Client, changed: dict[str, Any], refused: tuple[int, str]
) -> None:
    assert refusal(client, **changed) == refused


def test_parameters_are_values_and_never_sql(client: Client) -> None:
    nasty = "O'Brien \\ ' OR 1=1 -- :other"
    parameters = [
        {"name": "text", "value": nasty},
        {"name": "sum", "value": "1.5", "type": "DECIMAL(38,9)"},
        {"name": "day", "value": "2026-01-31", "type": "DATE"},
        {"name": "none", "type": "TIMESTAMP"},
    ]
    found = client.run("SELECT :text, :sum, :day, :none, ':text'", parameters=parameters)
    assert found == [[nasty, "1.500000000", "2026-01-31", None, ":text"]]


@pytest.mark.parametrize("statement", ["SELECT :missing", "SELECT ?"])
def test_a_marker_without_a_value_fails(client: Client, statement: str) -> None:
    assert client.failure(statement).startswith("[UNBOUND_SQL_PARAMETER]")


def test_a_failed_statement_is_a_successful_call(client: Client) -> None:
    told = client.send("SELECT * FROM nowhere")
    assert told["status"]["state"] == "FAILED"
    assert told["status"]["error"]["error_code"] == "BAD_REQUEST"
    assert told["status"]["error"]["message"].startswith("[TABLE_OR_VIEW_NOT_FOUND]")
    assert told["status"]["sql_state"] == "42P01"
    assert not {"result", "manifest"} & set(told)


def test_values_are_texts_and_the_manifest_tells_their_types(client: Client) -> None:
    told = client.send(
        "SELECT CAST('12345678901234567890123456789.123456789' AS DECIMAL(38,9)) AS money, "
        "TIMESTAMP'2026-01-01T01:02:03.123456+01:00' AS at, true AS yes, CAST(7 AS BIGINT) AS n, "
        "DATE'2026-01-01' AS day, NULL AS nothing"
    )
    (row,) = told["result"]["data_array"]
    money, *others = row
    assert money == "12345678901234567890123456789.123456789"
    assert others == ["2026-01-01T00:02:03.123Z", "true", "7", "2026-01-01", None]
    types = [column["type_text"] for column in told["manifest"]["schema"]["columns"]]
    assert types == ["DECIMAL(38,9)", "TIMESTAMP", "BOOLEAN", "BIGINT", "DATE", "VOID"]


def test_no_rows_are_no_array(client: Client) -> None:
    told = client.send("SELECT 1 AS n WHERE 1 = 0")
    assert told["manifest"]["total_row_count"] == 0
    assert told["result"] == {}


def test_a_result_comes_in_chunks_that_lead_on(client: Client) -> None:
    client.workspace.control("POST", "settings", {"rows_per_chunk": 2})
    told = client.send("SELECT * FROM VALUES (1), (2), (3), (4), (5) AS v(n) ORDER BY n")
    chunks = [told["result"]]
    while "next_chunk_internal_link" in chunks[-1]:
        chunks.append(client.call("GET", chunks[-1]["next_chunk_internal_link"]).json())
    assert [chunk["data_array"] for chunk in chunks] == [[["1"], ["2"]], [["3"], ["4"]], [["5"]]]
    assert told["manifest"]["total_chunk_count"] == 3
    missing = f"{STATEMENTS}/{told['statement_id']}/result/chunks/3"
    assert client.call("GET", missing).status_code == 404


def test_a_row_limit_cuts_and_says_so(client: Client) -> None:
    told = client.send("SELECT * FROM VALUES (1), (2), (3) AS v(n) ORDER BY n", row_limit=2)
    assert told["result"]["data_array"] == [["1"], ["2"]]
    assert told["manifest"]["truncated"] is True


def test_a_call_that_does_not_wait_is_polled_to_the_end(client: Client) -> None:
    told = client.send("SELECT 41 + 1", wait_timeout="0s")
    assert told["status"] == {"state": "PENDING"}
    states = [client.poll(told["statement_id"]) for _ in range(3)]
    assert states[-1] == "SUCCEEDED"


def test_a_stopped_warehouse_is_started_by_a_statement_which_waits_for_it(client: Client) -> None:
    settings = {"polls_to_start": 2, "warehouse_state": "STOPPED"}
    client.workspace.control("POST", "settings", settings)
    told = client.send("SELECT 1")
    assert told["status"]["state"] == "PENDING"
    states = [client.poll(told["statement_id"]) for _ in range(3)]
    assert states == ["PENDING", "PENDING", "SUCCEEDED"]


def test_a_warehouse_is_started_and_stopped_by_calls(client: Client) -> None:
    path = f"/api/2.0/sql/warehouses/{client.workspace.warehouse_id}"
    client.workspace.control("POST", "settings", {"polls_to_start": 1})
    client.call("POST", f"{path}/stop")
    seen = [client.call("GET", path).json()["state"]]
    client.call("POST", f"{path}/start")
    seen += [client.call("GET", path).json()["state"] for _ in range(2)]
    assert seen == ["STOPPED", "STARTING", "RUNNING"]
    listed = client.call("GET", "/api/2.0/sql/warehouses").json()["warehouses"]
    assert [each["id"] for each in listed] == [client.workspace.warehouse_id]


def test_a_wait_that_ends_first_cancels_if_told_so(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"pending": 5}, statement="INSERT")
    told = client.send("INSERT INTO t VALUES (1)", on_wait_timeout="CANCEL")
    assert told["status"] == {"state": "CANCELED"}
    assert client.poll(told["statement_id"]) == "CANCELED"
    assert client.rows("t") == []


def test_a_statement_that_is_held_back_can_be_cancelled(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"running": 5}, statement="INSERT")
    sent = client.send("INSERT INTO t VALUES (1)")["statement_id"]
    assert client.poll(sent) == "RUNNING"
    client.call("POST", f"{STATEMENTS}/{sent}/cancel")
    assert client.poll(sent) == "CANCELED"
    assert client.rows("t") == []


def test_a_cancel_that_comes_too_late_changes_nothing(client: Client) -> None:
    sent = client.send("SELECT 1")["statement_id"]
    assert client.call("POST", f"{STATEMENTS}/{sent}/cancel").status_code == 200
    assert client.poll(sent) == "SUCCEEDED"


def test_what_nobody_polls_any_more_still_runs_in_the_end(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault({"pending": 9}, statement="INSERT")
    client.send("INSERT INTO t VALUES (1)")
    assert client.rows("t") == []
    assert client.workspace.control("POST", "settle") == {"statements": 1}
    assert client.rows("t") == [{"n": 1}]


def test_an_unknown_statement_is_not_found(client: Client) -> None:
    assert client.call("GET", f"{STATEMENTS}/unknown").status_code == 404
