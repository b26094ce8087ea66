"""`target-databricks-doctor`: whether a load can work, before the first one.

Asks for a token, the warehouse, each grant that a load needs, and writes and removes a small file.
Changes nothing else, and starts no warehouse.
"""

from __future__ import annotations

import uuid
from contextlib import closing
from typing import TYPE_CHECKING
from urllib.parse import quote

import msgspec

from loader_core import LoaderError
from loader_core.doctor import Finding, run
from target_databricks.client import Client, Nothing
from target_databricks.errors import MissingError
from target_databricks.target import TargetDatabricks
from target_databricks.writer import CATALOG_API, FILES_API

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from loader_core.doctor import Result
    from target_databricks.settings import Settings

WAREHOUSES = "/api/2.0/sql/warehouses"
ALL = "ALL_PRIVILEGES"
RETRY_SECONDS = 10
"""A doctor that waits for minutes is no help."""


class _Warehouse(msgspec.Struct):
    name: str = ""
    state: str = ""


class _Object(msgspec.Struct):
    owner: str = ""


class _Privilege(msgspec.Struct):
    privilege: str


class _Assignment(msgspec.Struct):
    privileges: list[_Privilege] = []


class _Grants(msgspec.Struct):
    privilege_assignments: list[_Assignment] = []


class Visit:
    """Asks one workspace.

    Args:
        client: The workspace.
        settings: What a load would use.
    """

    def __init__(self, client: Client, settings: Settings) -> None:
        self._client = client
        self._settings = settings

    def findings(self) -> Iterator[Finding]:
        """Ask all questions, in the order in which a load would meet them."""
        settings = self._settings
        try:
            self._client.renew_if_due()
        except LoaderError as error:
            yield Finding("token", "failed", str(error))
            return
        yield Finding("token", "ok", f"given by {settings.host}")
        yield self._warehouse()
        schema = f"{settings.catalog}.{settings.schema}"
        volume = f"{schema}.{settings.volume}"
        has_catalog = self._there("catalog", settings.catalog)
        if not has_catalog:
            result: Result = "ok" if settings.create_catalog else "missing"
            note = "will be made" if settings.create_catalog else "Make it, or grant USE CATALOG"
            yield Finding(f"catalog {settings.catalog}", result, note)
            return
        has_schema = self._there("schema", schema)
        has_volume = has_schema and self._there("volume", volume)
        wanted = ["USE_CATALOG"] + ([] if has_schema else ["CREATE_SCHEMA"])
        yield from self._grants("catalog", settings.catalog, wanted)
        if not has_schema:
            yield Finding(f"schema {schema}", "ok", "will be made, and all in it is then its own")
            return
        wanted = ["USE_SCHEMA", "CREATE_TABLE", "SELECT", "MODIFY"]
        wanted += [] if has_volume else ["CREATE_VOLUME"]
        yield from self._grants("schema", schema, wanted)
        if not has_volume:
            yield Finding(f"volume {volume}", "ok", "will be made")
            return
        yield from self._grants("volume", volume, ["READ_VOLUME", "WRITE_VOLUME"])
        yield self._file()

    def _warehouse(self) -> Finding:
        about = f"warehouse {self._settings.warehouse_id}"
        try:
            found = self._client.call(
                "GET", f"{WAREHOUSES}/{self._settings.warehouse_id}", _Warehouse
            )
        except MissingError:
            return Finding(about, "missing", "Correct 'warehouse_id', or grant CAN USE on it")
        except LoaderError as error:
            return Finding(about, "failed", str(error))
        starts = "" if found.state == "RUNNING" else "; the first statement starts it"
        return Finding(about, "ok", f"'{found.name}' is {found.state}{starts}")

    def _there(self, kind: str, name: str) -> bool:
        try:
            self._client.call("GET", f"{CATALOG_API}/{kind}s/{quote(name)}", Nothing)
        except LoaderError:
            return False
        return True

    def _grants(self, kind: str, name: str, wanted: Sequence[str]) -> Iterator[Finding]:
        """One finding for each privilege on an object."""
        settings = self._settings
        try:
            owner = self._client.call("GET", f"{CATALOG_API}/{kind}s/{quote(name)}", _Object).owner
            grants = self._client.call(
                "GET",
                f"{CATALOG_API}/effective-permissions/{kind}/{quote(name)}",
                _Grants,
                params={"principal": settings.client_id},
            )
        except LoaderError as error:
            yield Finding(f"grants on {kind} {name}", "failed", str(error))
            return
        has = {each.privilege for one in grants.privilege_assignments for each in one.privileges}
        for privilege in wanted:
            about, words = f"{privilege} on {kind} {name}", privilege.replace("_", " ")
            if owner == settings.client_id or {privilege, ALL} & has:
                yield Finding(about, "ok", "")
            else:
                sql = f"GRANT {words} ON {kind.upper()} {name} TO `{settings.client_id}`"
                yield Finding(about, "missing", sql)

    def _file(self) -> Finding:
        settings = self._settings
        name = f"doctor-{uuid.uuid4().hex}"
        folder = f"/Volumes/{settings.catalog}/{settings.schema}/{settings.volume}"
        path = FILES_API + quote(f"{folder}/{name}")
        try:
            self._client.call("PUT", path, Nothing, params={"overwrite": "true"}, data=b"doctor")
            self._client.call("DELETE", path, Nothing)
        except LoaderError as error:
            return Finding(f"file in {folder}", "failed", str(error))
        return Finding(f"file in {folder}", "ok", "written and removed")


def findings(target: TargetDatabricks) -> Iterator[Finding]:
    """Ask all questions, in the order in which a load would meet them."""
    with closing(Client(target.place, target.clock, retry_seconds=RETRY_SECONDS)) as client:
        yield from Visit(client, target.place).findings()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `target-databricks-doctor`; gives its exit code."""
    return run(TargetDatabricks, findings, "Ask a workspace whether a load can work.", arguments)
