"""The stand-in refuses what BigQuery refuses, so that loads that pass here mean something."""

from __future__ import annotations

import io
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import requests
from google.api_core import exceptions
from google.cloud import bigquery
from google.oauth2 import service_account

from loader_runs import new_name

if TYPE_CHECKING:
    from bigquery_service import BigQueryService

FIELDS = [
    bigquery.SchemaField("id", "INT64", mode="REQUIRED"),
    bigquery.SchemaField("amount", "NUMERIC"),
]


@pytest.fixture
def client(service: BigQueryService) -> bigquery.Client:
    """Google's own client, at work in a dataset of its own."""
    credentials = service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call] # it says nothing of its types
        service.key, scopes=["https://www.googleapis.com/auth/bigquery"]
    )
    dataset = new_name()
    service.set(datasets={dataset: "EU"})
    return bigquery.Client(
        project=service.project,
        location="EU",
        credentials=credentials,
        client_options={"api_endpoint": service.url},
        default_query_job_config=bigquery.QueryJobConfig(
            default_dataset=f"{service.project}.{dataset}"
        ),
    )


@pytest.fixture
def table(client: bigquery.Client) -> bigquery.Table:
    return client.create_table(bigquery.Table(f"{dataset_of(client)}.t", FIELDS))


def dataset_of(client: bigquery.Client) -> str:
    """The dataset that the client is at work in."""
    config = client.default_query_job_config
    assert config is not None
    return f"{client.project}.{config.default_dataset.dataset_id}"


def load(client: bigquery.Client, table: bigquery.Table, columns: dict[str, Any]) -> None:
    file = io.BytesIO()
    pq.write_table(pa.table(columns), file)
    config = bigquery.LoadJobConfig(source_format="PARQUET")
    client.load_table_from_file(file, table, rewind=True, job_config=config).result()


def amounts(*values: str | None) -> pa.Array:
    return pa.array([value and Decimal(value) for value in values], pa.decimal128(38, 9))


def test_a_merge_that_matches_a_row_twice_fails_and_changes_nothing(
    client: bigquery.Client, table: bigquery.Table
) -> None:
    load(client, table, {"id": [1, 2], "amount": amounts("1", "2")})
    sql = (
        "MERGE t USING (SELECT 1 AS id UNION ALL SELECT 1) AS s ON t.id = s.id "
        "WHEN MATCHED THEN UPDATE SET amount = 9"
    )

    with pytest.raises(exceptions.BadRequest, match="at most one source row for each target row"):
        client.query(sql).result()

    assert [row.amount for row in client.query_and_wait("SELECT * FROM t ORDER BY id")] == [1, 2]


def test_the_first_clause_that_takes_a_row_counts(
    client: bigquery.Client, table: bigquery.Table
) -> None:
    load(client, table, {"id": [1, 2, 3], "amount": amounts("1", "2", "3")})
    sql = (
        "MERGE t USING (SELECT id + 1 AS id FROM t) AS s ON t.id = s.id "
        "WHEN MATCHED AND t.id = 2 THEN DELETE "
        "WHEN MATCHED THEN UPDATE SET amount = t.amount + 10 "
        "WHEN NOT MATCHED THEN INSERT (id) VALUES (s.id) "
        "WHEN NOT MATCHED BY SOURCE THEN UPDATE SET amount = 0"
    )

    job = client.query(sql)

    assert job.result().num_dml_affected_rows == 4
    found = client.query_and_wait("SELECT id, amount FROM t ORDER BY id")
    assert [tuple(row) for row in found] == [(1, 0), (3, 13), (4, None)]


REFUSED: dict[str, dict[str, Any]] = {
    "a scale that NUMERIC has not": {"id": [1], "amount": pa.array([1], pa.decimal128(38, 10))},
    "a float for a number": {"id": [1], "amount": [0.1]},
    "null for a REQUIRED field": {"id": pa.array([None], pa.int64())},
    "a column that the table lacks": {"id": [1], "more": [1]},
}


@pytest.mark.parametrize("columns", REFUSED.values(), ids=REFUSED)
def test_a_file_that_does_not_fit_fails_as_a_whole(
    client: bigquery.Client, table: bigquery.Table, columns: dict[str, Any]
) -> None:
    with pytest.raises(exceptions.GoogleAPICallError):
        load(client, table, columns)

    assert client.get_table(table).num_rows == 0


CHANGES: dict[str, list[bigquery.SchemaField]] = {
    "a REQUIRED column is added": [*FIELDS, bigquery.SchemaField("new", "STRING", "REQUIRED")],
    "a column is gone": FIELDS[:1],
    "a column has another type": [FIELDS[0], bigquery.SchemaField("amount", "STRING")],
    "a name is reserved": [*FIELDS, bigquery.SchemaField("_PARTITIONTIME", "STRING")],
}


@pytest.mark.parametrize("schema", CHANGES.values(), ids=CHANGES)
def test_a_schema_that_cannot_follow_is_refused(
    client: bigquery.Client, table: bigquery.Table, schema: list[bigquery.SchemaField]
) -> None:
    table.schema = schema

    with pytest.raises(exceptions.BadRequest):
        client.update_table(table, ["schema"])


def test_a_table_that_was_changed_since_is_not_changed(
    client: bigquery.Client, table: bigquery.Table
) -> None:
    stale = client.get_table(table)
    table.description = "first"
    client.update_table(table, ["description"])

    stale.description = "second"
    with pytest.raises(exceptions.PreconditionFailed):
        client.update_table(stale, ["description"])


def test_a_job_id_is_used_once_and_known_where_it_ran(client: bigquery.Client) -> None:
    client.query("SELECT 1", job_id="mine", job_retry=None).result()

    with pytest.raises(exceptions.Conflict):
        client.query("SELECT 1", job_id="mine", job_retry=None)
    with pytest.raises(exceptions.NotFound):
        client.get_job("mine", location="US")


def test_results_come_in_pages_with_all_digits(
    service: BigQueryService, client: bigquery.Client, table: bigquery.Table
) -> None:
    load(client, table, {"id": list(range(25)), "amount": amounts(*(["0.1"] * 25))})
    service.set(rows_per_page=10)

    config = bigquery.QueryJobConfig(
        query_parameters=[bigquery.ScalarQueryParameter("most", "INT64", 22)],
        default_dataset=dataset_of(client),
    )
    rows = list(client.query("SELECT * FROM t WHERE id < @most", config).result())
    (total,) = client.query_and_wait("SELECT CAST(SUM(amount) AS STRING) AS s FROM t")

    assert len(rows) == 22
    assert total.s == "2.5"


def test_permissions_can_be_tested_and_are_needed(
    service: BigQueryService, client: bigquery.Client, table: bigquery.Table
) -> None:
    service.set(grants={"": ["roles/bigquery.jobUser"], table.dataset_id: ["bigquery.tables.get"]})
    wanted = ["bigquery.tables.get", "bigquery.tables.updateData"]

    assert client.test_iam_permissions(table, wanted)["permissions"] == wanted[:1]
    missing = table.reference.dataset_id + ".no_such_table"
    assert client.test_iam_permissions(missing, wanted)["permissions"] == []
    with pytest.raises(exceptions.Forbidden, match=r"bigquery\.tables\.create"):
        client.create_table(bigquery.Table(f"{service.project}.{table.dataset_id}.other", FIELDS))


def test_a_token_is_given_for_a_signed_request_alone(service: BigQueryService) -> None:
    form = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": "a.b.c"}

    forged = requests.post(f"{service.url}/token", data=form, timeout=30)
    bare = requests.get(
        f"{service.url}/bigquery/v2/projects/{service.project}/datasets", timeout=30
    )

    assert (forged.status_code, forged.json()["error"]) == (400, "invalid_grant")
    assert bare.status_code == 401
