"""The official SDK, unmodified, drives the workspace."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest
from databricks.sdk import WorkspaceClient
from databricks.sdk.core import Config
from databricks.sdk.errors import (
    AlreadyExists,
    BadRequest,
    InvalidParameterValue,
    NotFound,
    PermissionDenied,
    ResourceDoesNotExist,
    Unauthenticated,
)
from databricks.sdk.service.catalog import VolumeType
from databricks.sdk.service.sql import State, StatementParameterListItem, StatementState

if TYPE_CHECKING:
    from databricks_workspace import DatabricksWorkspace
    from databricks_workspace.client import Client

pytestmark = pytest.mark.process


def logged_in(workspace: DatabricksWorkspace, client_secret: str = "") -> WorkspaceClient:
    config = Config(
        host=workspace.url,
        client_id=workspace.client_id,
        client_secret=client_secret or workspace.client_secret,
        auth_type="oauth-m2m",
        retry_timeout_seconds=5,
    )
    return WorkspaceClient(config=config)


@pytest.fixture
def sdk(client: Client) -> WorkspaceClient:
    """The SDK with the client's schema; the client's own calls are not listed."""
    return logged_in(client.workspace)


def test_it_finds_the_token_endpoint_and_logs_in(
    workspace: DatabricksWorkspace, client: Client
) -> None:
    sdk = logged_in(client.workspace)
    assert sdk.current_user.me().user_name == workspace.client_id
    paths = [call["path"] for call in workspace.control("GET", "calls")]
    assert paths[0] == "/.well-known/databricks-config"
    assert paths[-2:] == ["/oidc/v1/token", "/api/2.0/preview/scim/v2/Me"]


def test_a_wrong_secret_is_refused(workspace: DatabricksWorkspace) -> None:
    with pytest.raises(ValueError, match="invalid_client"):
        logged_in(workspace, client_secret="wrong").current_user.me()


def test_it_runs_statements_with_parameters(sdk: WorkspaceClient, client: Client) -> None:
    response = sdk.statement_execution.execute_statement(
        statement="SELECT :a AS a, :b + 1 AS b",
        warehouse_id=client.workspace.warehouse_id,
        parameters=[
            StatementParameterListItem(name="a", value="O'Brien"),
            StatementParameterListItem(name="b", value="1.5", type="DECIMAL(10,2)"),
        ],
        wait_timeout="50s",
    )
    assert response.status is not None
    assert response.status.state is StatementState.SUCCEEDED
    assert response.result is not None
    assert response.result.data_array == [["O'Brien", "2.50"]]


def test_it_polls_and_cancels(sdk: WorkspaceClient, client: Client) -> None:
    client.workspace.fault({"pending": 2}, statement="^SELECT 3")
    sent = sdk.statement_execution.execute_statement(
        statement="SELECT 3", warehouse_id=client.workspace.warehouse_id, wait_timeout="0s"
    )
    assert sent.statement_id is not None
    sdk.statement_execution.cancel_execution(sent.statement_id)
    ended = sdk.statement_execution.get_statement(sent.statement_id)
    assert ended.status is not None
    assert ended.status.state is StatementState.CANCELED


def test_it_moves_files(sdk: WorkspaceClient, client: Client) -> None:
    path = client.volume_path("in/a.parquet")
    sdk.files.upload(path, io.BytesIO(b"content"), overwrite=True)
    with pytest.raises(AlreadyExists):
        sdk.files.upload(path, io.BytesIO(b"other"), overwrite=False)
    contents = sdk.files.download(path).contents
    assert contents is not None
    with contents:
        assert contents.read() == b"content"
    assert sdk.files.get_metadata(path).content_length == len(b"content")
    listed = list(sdk.files.list_directory_contents(client.volume_path("in")))
    assert [each.path for each in listed] == [path]
    sdk.files.delete(path)
    with pytest.raises(NotFound):
        sdk.files.get_metadata(path)


def test_it_starts_the_warehouse_and_waits_for_it(sdk: WorkspaceClient, client: Client) -> None:
    client.workspace.control("POST", "settings", {"warehouse_state": "STOPPED"})
    warehouse_id = client.workspace.warehouse_id
    assert sdk.warehouses.get(warehouse_id).state is State.STOPPED
    assert sdk.warehouses.start_and_wait(warehouse_id).state is State.RUNNING
    assert [each.id for each in sdk.warehouses.list()] == [warehouse_id]


def test_it_makes_and_reads_objects(sdk: WorkspaceClient, client: Client) -> None:
    sdk.catalogs.create("sdk_made", comment="by the SDK")
    sdk.schemas.create("s", "sdk_made")
    volume = sdk.volumes.create("sdk_made", "s", "v", VolumeType.MANAGED)
    assert volume.full_name == "sdk_made.s.v"
    client.run("CREATE TABLE sdk_made.s.t (n INT COMMENT 'number')")
    (table,) = sdk.tables.list("sdk_made", "s")
    assert [column.comment for column in table.columns or ()] == ["number"]
    assert sdk.tables.exists("sdk_made.s.t").table_exists is True
    grants = sdk.grants.get_effective("CATALOG", "main", principal=client.workspace.client_id)
    assert grants.privilege_assignments is not None
    sdk.catalogs.delete("sdk_made", force=True)
    with pytest.raises(NotFound):
        sdk.catalogs.get("sdk_made")


def test_refusals_become_its_own_errors(sdk: WorkspaceClient, client: Client) -> None:
    warehouse_id = client.workspace.warehouse_id
    with pytest.raises(InvalidParameterValue):
        sdk.statement_execution.execute_statement("SELECT 1", warehouse_id, wait_timeout="3s")
    with pytest.raises(ResourceDoesNotExist):
        sdk.warehouses.get("another")
    with pytest.raises(BadRequest, match="already exists"):
        sdk.schemas.create(client.schema, "main")
    client.workspace.control("POST", "settings", {"grants": {}})
    with pytest.raises(PermissionDenied, match="USE CATALOG"):
        sdk.schemas.create("other", "main")
    client.workspace.control("POST", "revoke")
    with pytest.raises(Unauthenticated):
        sdk.current_user.me()


def test_it_repeats_a_lost_insert_by_itself_and_so_doubles_it(
    sdk: WorkspaceClient, client: Client
) -> None:
    client.run("CREATE TABLE t (n INT)")
    client.workspace.fault("drop", statement="^INSERT")
    sdk.statement_execution.execute_statement(
        "INSERT INTO t VALUES (1)",
        client.workspace.warehouse_id,
        catalog="main",
        schema=client.schema,
    )
    assert client.workspace.hits() == [1]
    assert len(client.rows("t")) == 2
