"""Changing rows: MERGE as a loader uses it, and the counts that it answers."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
import requests

from databricks_workspace.client import Client

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.process
COLUMNS = "record_id STRING NOT NULL, amount DECIMAL(38,9), changed TIMESTAMP"
SCHEMA = pa.schema(
    [
        ("record_id", pa.string()),
        ("amount", pa.decimal128(38, 9)),
        ("changed", pa.timestamp("us", tz="UTC")),
    ]
)
UPSERT = """MERGE INTO `main`.`{schema}`.`t` AS t
USING (SELECT CAST(`record_id` AS STRING) AS `record_id`,
    CAST(`amount` AS DECIMAL(38,9)) AS `amount`, CAST(`changed` AS TIMESTAMP) AS `changed`
    FROM read_files('{path}', format => 'parquet')) AS s
ON t.`record_id` = s.`record_id`
WHEN MATCHED AND (s.`changed` > t.`changed` OR t.`changed` IS NULL)
    THEN UPDATE SET t.`amount` = s.`amount`, t.`changed` = s.`changed`
WHEN NOT MATCHED THEN INSERT (`record_id`, `amount`, `changed`)
    VALUES (s.`record_id`, s.`amount`, s.`changed`)"""

MERGE_OF_ALL_KINDS = """MERGE INTO t USING (SELECT * FROM VALUES {values} AS x(k, v)) AS s
ON t.k = s.k
WHEN MATCHED AND s.v > t.v THEN UPDATE SET v = s.v
WHEN MATCHED AND s.v = 0 THEN DELETE
WHEN NOT MATCHED AND s.v <> 3 THEN INSERT (k, v) VALUES (s.k, s.v)"""


def batch(day: int, amounts: dict[str, str]) -> pa.Table:
    at = datetime(2026, 1, day, 12, tzinfo=UTC)
    rows = [
        {"record_id": key, "amount": Decimal(amount), "changed": at}
        for key, amount in amounts.items()
    ]
    return pa.Table.from_pylist(rows, schema=SCHEMA)


def upsert(client: Client, name: str, rows: pa.Table) -> list[int]:
    """Stage rows and merge them; gives affected, updated, deleted and inserted rows."""
    path = client.stage(name, rows)
    (counts,) = client.run(UPSERT.format(schema=client.schema, path=path))
    return [int(str(count)) for count in counts]


def amounts(client: Client) -> dict[str, str]:
    return {row["record_id"]: row["amount"] for row in client.rows("t")}


def test_a_merge_inserts_updates_and_counts(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS}) USING DELTA CLUSTER BY (record_id)")
    assert upsert(client, "a.parquet", batch(1, {"a": "1", "b": "2"})) == [2, 0, 0, 2]
    assert upsert(client, "b.parquet", batch(2, {"b": "3", "c": "4"})) == [2, 1, 0, 1]
    assert amounts(client) == {"a": "1.000000000", "b": "3.000000000", "c": "4.000000000"}


def test_the_same_merge_again_changes_nothing(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS})")
    upsert(client, "a.parquet", batch(1, {"a": "1", "b": "2"}))
    before = amounts(client)
    assert upsert(client, "a.parquet", batch(1, {"a": "1", "b": "2"})) == [0, 0, 0, 0]
    assert amounts(client) == before


def test_a_late_older_batch_does_not_win(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS})")
    upsert(client, "new.parquet", batch(2, {"a": "2"}))
    assert upsert(client, "old.parquet", batch(1, {"a": "1", "b": "1"})) == [1, 0, 0, 1]
    assert amounts(client) == {"a": "2.000000000", "b": "1.000000000"}


def test_money_keeps_all_its_38_digits(client: Client) -> None:
    largest = "99999999999999999999999999999.999999999"
    client.run(f"CREATE TABLE t ({COLUMNS})")
    upsert(client, "a.parquet", batch(1, {"a": largest, "b": f"-{largest}", "c": "0.000000001"}))
    assert amounts(client) == {"a": largest, "b": f"-{largest}", "c": "0.000000001"}
    assert client.run("SELECT amount FROM t WHERE record_id = 'a'") == [[largest]]


def test_times_keep_their_microseconds_in_the_table(client: Client) -> None:
    client.run("CREATE TABLE t (at TIMESTAMP, seen TIMESTAMP_NTZ)")
    client.run(
        "INSERT INTO t VALUES (TIMESTAMP'2026-03-29T01:30:00.123456+01:00', "
        "TIMESTAMP_NTZ'2026-03-29T01:30:00.654321')"
    )
    (row,) = client.rows("t")
    assert row["at"] == "2026-03-29T00:30:00.123456+00:00"
    assert row["seen"] == "2026-03-29T01:30:00.654321"


@pytest.mark.parametrize(
    ("value", "error_class"),
    [
        ("CAST('123456789012345678901234567890' AS DECIMAL(38,9))", "NUMERIC_VALUE_OUT_OF_RANGE"),
        ("CAST('twelve' AS DECIMAL(38,9))", "CAST_INVALID_INPUT"),
        ("CAST('2026-02-30' AS DATE)", "CAST_INVALID_INPUT"),
    ],
)
def test_a_value_that_does_not_fit_fails_and_is_no_null(
    client: Client, value: str, error_class: str
) -> None:
    assert client.failure(f"SELECT {value}").startswith(f"[{error_class}]")


def test_two_source_rows_for_one_target_row_fail(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS})")
    upsert(client, "a.parquet", batch(1, {"a": "1"}))
    rows = pa.concat_tables([batch(2, {"a": "2"}), batch(2, {"a": "3"})])
    path = client.stage("twice.parquet", rows)
    message = client.failure(UPSERT.format(schema=client.schema, path=path))
    assert message.startswith("[DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE]")
    assert amounts(client) == {"a": "1.000000000"}


def test_a_missing_value_of_a_not_null_column_fails(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS})")
    path = client.stage("null.parquet", pa.Table.from_pylist([{"amount": Decimal(1)}], SCHEMA))
    message = client.failure(UPSERT.format(schema=client.schema, path=path))
    assert message.startswith("[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]")
    assert client.rows("t") == []


def test_a_merge_can_delete_what_matches_and_what_the_source_lacks(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("INSERT INTO t VALUES (1), (2), (3), (4)")
    gone = "MERGE INTO t USING (SELECT 1 AS n UNION ALL SELECT 1) AS s ON t.n = s.n "
    assert client.run(f"{gone} WHEN MATCHED THEN DELETE") == [["1", "0", "1", "0"]]
    kept = "MERGE INTO t USING (SELECT 2 AS n) AS s ON t.n = s.n "
    counts = client.run(f"{kept} WHEN NOT MATCHED BY SOURCE AND t.n > 3 THEN DELETE")
    assert counts == [["1", "0", "1", "0"]]
    assert sorted(row["n"] for row in client.rows("t")) == [2, 3]


def test_counts_are_those_of_a_model_whatever_is_merged(client: Client) -> None:
    client.run("CREATE TABLE t (k INT, v INT)")
    dice, model = random.Random(7), dict[int, int]()
    for _ in range(8):
        source = {dice.randrange(12): dice.randrange(9) for _ in range(6)}
        updated = {k: v for k, v in source.items() if k in model and v > model[k]}
        deleted = {k for k, v in source.items() if k in model and k not in updated and v == 0}
        inserted = {k: v for k, v in source.items() if k not in model and v != 3}
        values = ", ".join(f"({k}, {v})" for k, v in source.items())
        (counts,) = client.run(MERGE_OF_ALL_KINDS.format(values=values))
        model = {k: v for k, v in (model | updated | inserted).items() if k not in deleted}
        sizes = [len(updated), len(deleted), len(inserted)]
        assert counts == [str(each) for each in [sum(sizes), *sizes]], f"seed 7, {source}"
        assert {row["k"]: row["v"] for row in client.rows("t")} == model


def test_insert_with_some_columns_leaves_the_others_null(client: Client) -> None:
    client.run(f"CREATE TABLE t ({COLUMNS})")
    counts = client.run("INSERT INTO t (amount, record_id) VALUES (1.5, 'a'), (2, 'b')")
    assert counts == [["2", "2"]]
    assert amounts(client) == {"a": "1.500000000", "b": "2.000000000"}
    assert [row["changed"] for row in client.rows("t")] == [None, None]
    assert client.failure("INSERT INTO t (amount) VALUES (1)").startswith(
        "[DELTA_NOT_NULL_CONSTRAINT_VIOLATED]"
    )


def test_update_delete_and_truncate_change_what_they_say(client: Client) -> None:
    client.run("CREATE TABLE t (n INT, s STRING)")
    client.run("INSERT INTO t VALUES (1, 'a'), (2, 'b'), (3, 'c')")
    assert client.run("UPDATE t SET s = 'z' WHERE n IN (1, 2)") == [["2"]]
    assert client.run("DELETE FROM t WHERE n = :n", parameters=[_int("n", 3)]) == [["1"]]
    assert sorted(row["n"] for row in client.rows("t")) == [1, 2]
    assert client.run("TRUNCATE TABLE t") == []
    assert client.rows("t") == []


def _int(name: str, value: int) -> dict[str, str]:
    return {"name": name, "value": str(value), "type": "INT"}


@pytest.mark.parametrize("clause", ["", "PARTITIONED BY (company)", "CLUSTER BY (company)"])
def test_three_loaders_at_once_lose_nothing(client: Client, clause: str) -> None:
    client.run(f"CREATE TABLE t (company STRING, n INT) {clause}")

    def load(company: str) -> Sequence[object]:
        with requests.Session() as session:
            own = Client(client.workspace, client.schema, session, client.token)
            return [
                own.run(
                    f"MERGE INTO t USING (SELECT '{company}' AS company, {n} AS n) AS s "
                    "ON t.company = s.company AND t.n = s.n WHEN NOT MATCHED THEN INSERT *"
                )
                for n in range(4)
            ]

    with ThreadPoolExecutor(3) as loaders:
        assert all(loaders.map(load, ["NO", "SE", "DK"]))
    expected = {(company, n) for company in ("NO", "SE", "DK") for n in range(4)}
    rows = client.rows("t")
    assert {(row["company"], row["n"]) for row in rows} == expected
    assert len(rows) == len(expected)


def test_a_table_tells_its_version_and_what_was_done(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.run("INSERT INTO t VALUES (1)")
    told = client.workspace.control("GET", f"tables/main/{client.schema}/t")
    assert (told["version"], told["rows"]) == (1, [{"n": 1}])
    assert len(told["operations"]) == 2
