"""A client that speaks plain HTTP to a workspace, for tests: no retry, no polling of its own."""

from __future__ import annotations

import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import requests

if TYPE_CHECKING:
    import pyarrow as pa

    from databricks_workspace.process import DatabricksWorkspace

Json: TypeAlias = Any
STATEMENTS = "/api/2.0/sql/statements"
FILES = "/api/2.0/fs/files"


@dataclass
class Client:
    """The service principal with a token, a connection that is kept, and a schema to work in."""

    workspace: DatabricksWorkspace
    schema: str = "default"
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    def ask_token(self, **form: str) -> requests.Response:
        given = {"grant_type": "client_credentials", "scope": "all-apis"} | form
        who = (self.workspace.client_id, self.workspace.client_secret)
        url = f"{self.workspace.url}/oidc/v1/token"
        return self.session.post(url, data=given, auth=who, timeout=30)

    def log_in(self) -> None:
        self.token = self.ask_token().json()["access_token"]

    def call(self, method: str, path: str, **how: Json) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}"}
        url = self.workspace.url + path
        return self.session.request(method, url, headers=headers, timeout=60, **how)

    def order(self, statement: str, **changed: Json) -> Json:
        return {
            "statement": statement,
            "warehouse_id": self.workspace.warehouse_id,
            "catalog": self.workspace.catalog,
            "schema": self.schema,
            "wait_timeout": "50s",
        } | changed

    def send(self, statement: str, **changed: Json) -> Json:
        """Send a statement; gives the answer, whatever the state."""
        answer = self.call("POST", STATEMENTS, json=self.order(statement, **changed))
        assert answer.status_code == 200, answer.text
        return answer.json()

    def poll(self, statement_id: str) -> str:
        """Give the state of a statement."""
        return str(self.call("GET", f"{STATEMENTS}/{statement_id}").json()["status"]["state"])

    def run(self, statement: str, **changed: Json) -> list[list[str | None]]:
        """Run a statement that must succeed; gives its rows."""
        told = self.send(statement, **changed)
        assert told["status"]["state"] == "SUCCEEDED", told["status"]
        return list(told["result"].get("data_array", []))

    def failure(self, statement: str, **changed: Json) -> str:
        """Run a statement that must fail; gives its message."""
        told = self.send(statement, **changed)
        assert told["status"]["state"] == "FAILED", told
        return str(told["status"]["error"]["message"])

    def volume_path(self, name: str) -> str:
        """Give the path of a file in the volume `stage` of the schema."""
        return f"/Volumes/{self.workspace.catalog}/{self.schema}/stage/{name}"

    def upload(self, name: str, content: bytes) -> requests.Response:
        path = f"{FILES}{self.volume_path(name)}"
        return self.call("PUT", path, params={"overwrite": "true"}, data=content)

    def stage(self, name: str, table: pa.Table) -> str:
        """Upload rows as a Parquet file; gives its path."""
        import pyarrow.parquet as pq  # noqa: PLC0415 - most tests need no Parquet

        buffer = io.BytesIO()
        pq.write_table(table, buffer, compression="zstd")
        assert self.upload(name, buffer.getvalue()).status_code == 204
        return self.volume_path(name)

    def rows(self, table: str) -> list[dict[str, Json]]:
        """Give the rows of a table of the schema as delta-rs reads them, in no order."""
        return self.workspace.rows(f"{self.workspace.catalog}.{self.schema}.{table}")
