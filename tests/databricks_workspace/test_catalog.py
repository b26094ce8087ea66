"""Unity Catalog by REST, and what the principal may do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from databricks_workspace.client import FILES

if TYPE_CHECKING:
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process
API = "/api/2.1/unity-catalog"


def test_a_table_is_told_with_columns_key_and_clustering(client: Client) -> None:
    client.run(
        "CREATE TABLE t (id STRING COMMENT 'key', sum DECIMAL(38,9), PRIMARY KEY (id)) "
        "CLUSTER BY (id) COMMENT 'ledger' TBLPROPERTIES ('a' = 'b')"
    )
    told = client.call("GET", f"{API}/tables/main.{client.schema}.t").json()
    assert (told["table_type"], told["data_source_format"]) == ("MANAGED", "DELTA")
    assert (told["comment"], told["owner"]) == ("ledger", client.workspace.client_id)
    assert told["properties"] == {"a": "b", "clusteringColumns": '[["id"]]'}
    key = {"name": "t_pk", "child_columns": ["id"]}
    assert told["table_constraints"] == [{"primary_key_constraint": key}]
    key_column, sum_column = told["columns"]
    assert (key_column["nullable"], key_column["comment"]) == (False, "key")
    assert (sum_column["type_text"], sum_column["type_scale"]) == ("decimal(38,9)", 9)


def test_objects_are_made_by_calls_listed_and_dropped(client: Client) -> None:
    client.call("POST", f"{API}/catalogs", json={"name": "made", "comment": "by a call"})
    client.call("POST", f"{API}/schemas", json={"name": "s", "catalog_name": "made"})
    volume = {"name": "v", "catalog_name": "made", "schema_name": "s", "volume_type": "MANAGED"}
    assert client.call("POST", f"{API}/volumes", json=volume).status_code == 200
    within = {"catalog_name": "made", "schema_name": "s"}
    schemas = client.call("GET", f"{API}/schemas", params=within).json()["schemas"]
    assert [each["full_name"] for each in schemas] == ["made.default", "made.s"]
    (listed,) = client.call("GET", f"{API}/volumes", params=within).json()["volumes"]
    assert listed["storage_location"] == "/Volumes/made/s/v"
    assert client.call("DELETE", f"{API}/catalogs/made").status_code == 400
    client.call("DELETE", f"{API}/catalogs/made", params={"force": "true"})
    assert client.call("GET", f"{API}/catalogs/made").status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("catalogs/none", "CATALOG_DOES_NOT_EXIST"),
        ("schemas/main.none", "SCHEMA_DOES_NOT_EXIST"),
        ("volumes/main.default.none", "VOLUME_DOES_NOT_EXIST"),
        ("tables/main.default.none", "TABLE_DOES_NOT_EXIST"),
    ],
)
def test_what_is_not_there_is_not_found(client: Client, path: str, code: str) -> None:
    answer = client.call("GET", f"{API}/{path}")
    assert (answer.status_code, answer.json()["error_code"]) == (404, code)


def test_what_is_there_is_not_made_twice(client: Client) -> None:
    body = {"name": client.schema, "catalog_name": "main"}
    answer = client.call("POST", f"{API}/schemas", json=body)
    assert (answer.status_code, answer.json()["error_code"]) == (400, "SCHEMA_ALREADY_EXISTS")


def test_a_table_says_whether_it_exists(client: Client) -> None:
    path = f"{API}/tables/main.{client.schema}.t/exists"
    before = client.call("GET", path).json()
    client.run("CREATE TABLE t (n INT)")
    assert [before, client.call("GET", path).json()] == [
        {"table_exists": False},
        {"table_exists": True},
    ]


def test_effective_permissions_tell_where_they_come_from(client: Client) -> None:
    grants = {"": ["CREATE_CATALOG"], "main": ["USE_CATALOG"], "main.default": ["SELECT"]}
    client.workspace.control("POST", "settings", {"grants": grants})
    path = f"{API}/effective-permissions/SCHEMA/main.default"
    who = {"principal": client.workspace.client_id}
    (told,) = client.call("GET", path, params=who).json()["privilege_assignments"]
    inherited = {"inherited_from_type": "CATALOG", "inherited_from_name": "main"}
    assert told["principal"] == client.workspace.client_id
    assert told["privileges"][:2] == [
        {"privilege": "SELECT"},
        {"privilege": "USE_CATALOG"} | inherited,
    ]
    direct = client.call("GET", path.replace("effective-", "")).json()["privilege_assignments"]
    assert [each["privileges"] for each in direct] == [["SELECT"]]
    assert client.call("GET", path, params={"principal": "someone"}).json() == {}


USES = ["USE_CATALOG", "USE_SCHEMA"]
DENIED = [
    ("CREATE CATALOG denied", {"main": ["ALL_PRIVILEGES"]}, "CREATE CATALOG"),
    ("CREATE SCHEMA main.denied", {"main": ["USE_CATALOG"]}, "CREATE SCHEMA on Catalog 'main'"),
    ("CREATE SCHEMA main.denied", {"main": ["CREATE_SCHEMA"]}, "USE CATALOG on Catalog 'main'"),
    (
        "CREATE TABLE main.default.denied (n INT)",
        {"main": USES},
        "CREATE TABLE on Schema 'main.default'",
    ),
    (
        "CREATE VOLUME main.default.denied",
        {"main": ["USE_CATALOG", "CREATE_VOLUME"]},
        "USE SCHEMA on Schema 'main.default'",
    ),
]


@pytest.mark.parametrize(("statement", "grants", "missing"), DENIED)
def test_a_privilege_that_is_missing_is_named(
    client: Client, statement: str, grants: dict[str, list[str]], missing: str
) -> None:
    client.workspace.control("POST", "settings", {"grants": grants})
    message = client.failure(statement)
    assert message.startswith("PERMISSION_DENIED: User does not have ")
    assert missing in message


def test_an_owner_needs_no_grant_on_what_is_its_own(client: Client) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.control("POST", "settings", {"grants": {"main": ["USE_CATALOG"]}})
    client.run("INSERT INTO t VALUES (1)")
    assert client.run("SELECT n FROM t") == [["1"]]
    assert client.upload("a.txt", b"x").status_code == 204


def test_files_need_privileges_too(client: Client) -> None:
    client.upload("a.txt", b"x")
    client.workspace.control("POST", "settings", {"grants": {}})
    answer = client.call("GET", FILES + client.volume_path("a.txt"))
    assert (answer.status_code, answer.json()["error_code"]) == (403, "PERMISSION_DENIED")
    assert "USE CATALOG" in answer.json()["message"]
