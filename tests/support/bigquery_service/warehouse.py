"""Datasets and tables: what is told of them, and the DuckDB tables behind them.

Knows resources and types; knows no calls and no jobs. Everything here is done under `lock`.
"""

from __future__ import annotations

import json
import re
import secrets
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb

from bigquery_service.errors import ApiError, JobError, missing
from bigquery_service.type_table import row_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from bigquery_service.tokens import Tokens

Json: TypeAlias = dict[str, Any]

_COLUMN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,299}")
_RESERVED: Final = (
    "_TABLE_",
    "_FILE_",
    "_PARTITION",
    "_ROW_TIMESTAMP",
    "__ROOT__",
    "_COLIDENTIFIER",
)
_MOST_CLUSTERED: Final = 4
_KEPT: Final = ("description", "labels", "expirationTime", "timePartitioning", "clustering")


def quoted(*names: str) -> str:
    """Names as DuckDB has them."""
    return ".".join('"' + name.replace('"', '""') + '"' for name in names)


@dataclass
class Warehouse:
    """The datasets of the one project.

    Attributes:
        project: Its id.
        clock: Which time it is here.
        db: The DuckDB connection.
        datasets: Resources by name.
        tables: Resources by dataset and table.
    """

    project: str
    clock: Tokens
    lock: threading.RLock = field(default_factory=threading.RLock)
    db: duckdb.DuckDBPyConnection = field(default_factory=duckdb.connect)
    datasets: dict[str, Json] = field(default_factory=dict)
    tables: dict[tuple[str, str], Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.db.execute("SET TimeZone = 'UTC'")

    def stamp(self) -> str:
        """Milliseconds since 1970."""
        return str(int(self.clock.now() * 1000))

    def dataset(self, name: str) -> Json:
        """A dataset.

        Raises:
            ApiError: 404.
        """
        if name not in self.datasets:
            raise missing("Dataset", f"{self.project}:{name}")
        return self.datasets[name]

    def make_dataset(self, given: Json) -> Json:
        """Make a dataset.

        Raises:
            ApiError: It is there, or its name is none.
        """
        name = given["datasetReference"]["datasetId"]
        if not re.fullmatch(r"\w{1,1024}", name, re.ASCII):
            raise ApiError(400, "invalid", f'Invalid dataset ID "{name}".')
        if name in self.datasets:
            raise ApiError(409, "duplicate", f"Already Exists: Dataset {self.project}:{name}")
        self.db.execute(f"CREATE SCHEMA {quoted(name)}")
        self.datasets[name] = {
            "kind": "bigquery#dataset",
            "id": f"{self.project}:{name}",
            "etag": secrets.token_urlsafe(8),
            "location": "US",
            "creationTime": self.stamp(),
            "lastModifiedTime": self.stamp(),
            **given,
        }
        return self.datasets[name]

    def drop_dataset(self, name: str, *, contents: bool) -> None:
        """Drop a dataset.

        Raises:
            ApiError: It is not there, or still has tables.
        """
        self.dataset(name)
        inside = [key for key in self.tables if key[0] == name]
        if inside and not contents:
            of = f"{self.project}:{name}"
            raise ApiError(400, "resourceInUse", f"Dataset {of} is still in use")
        for key in inside:
            self.drop_table(*key)
        self.db.execute(f"DROP SCHEMA {quoted(name)}")
        del self.datasets[name]

    def table(self, dataset: str, name: str) -> Json:
        """A table that has not expired.

        Raises:
            ApiError: 404.
        """
        self.dataset(dataset)
        found = self.tables.get((dataset, name))
        if found and int(found.get("expirationTime", 0) or 2**62) <= int(self.stamp()):
            self.drop_table(dataset, name)
            found = None
        if found is None:
            raise missing("Table", f"{self.project}:{dataset}.{name}")
        return found

    def shown(self, dataset: str, name: str) -> Json:
        """A table as it is told, with its number of rows."""
        table = self.table(dataset, name)
        counted = self.db.execute(f"SELECT count(*) FROM {quoted(dataset, name)}").fetchone()
        return table | {"numRows": str(counted[0] if counted else 0)}

    def make_table(self, dataset: str, given: Json) -> Json:
        """Make a table.

        Raises:
            ApiError: It is there, or is not as tables can be.
        """
        location = self.dataset(dataset)["location"]
        name = given["tableReference"]["tableId"]
        if not re.fullmatch(r"[\w -]{1,1024}", name):
            raise ApiError(400, "invalid", f'Invalid table ID "{name}".')
        try:
            there = self.table(dataset, name)
        except ApiError:
            there = {}
        if there:
            of = f"{self.project}:{dataset}.{name}"
            raise ApiError(409, "duplicate", f"Already Exists: Table {of}")
        fields = given.get("schema", {}).get("fields", [])
        _check_fields(fields)
        _check_layout(given, fields)
        columns = ", ".join(defined(each) for each in fields)
        try:
            self.db.execute(f"CREATE TABLE {quoted(dataset, name)} ({columns})")
        except duckdb.Error as error:
            raise ApiError(400, "invalid", f"The double cannot make it: {error}") from None
        self.tables[dataset, name] = {
            "kind": "bigquery#table",
            "id": f"{self.project}:{dataset}.{name}",
            "type": "TABLE",
            "location": location,
            "tableReference": {
                "projectId": self.project,
                "datasetId": dataset,
                "tableId": name,
            },
            "schema": {"fields": [_field(each) for each in fields]},
            "creationTime": self.stamp(),
            **{part: given[part] for part in _KEPT if given.get(part)},
        }
        self.touch(dataset, name)
        return self.tables[dataset, name]

    def change_table(self, dataset: str, name: str, given: Json, etag: str | None) -> Json:
        """Patch a table: columns can only be added, and only ones that take null.

        Raises:
            ApiError: 412 if it is not as it was when its etag was read; 400 for other changes.
        """
        table = self.table(dataset, name)
        if etag not in {None, "*", table["etag"]}:
            raise ApiError(412, "conditionNotMet", "Precondition check failed.")
        if "schema" in given:
            self.fit(dataset, name, given["schema"]["fields"])
        for part in ("timePartitioning", "clustering"):
            if part in given and given[part] != table.get(part) and part == "timePartitioning":
                raise ApiError(400, "invalid", f"Cannot change partitioning of table {name}.")
        table.update({part: given[part] for part in _KEPT if part in given})
        self.touch(dataset, name)
        return table

    def fit(self, dataset: str, name: str, fields: list[Json]) -> None:
        """Give a table the fields that it lacks.

        Raises:
            ApiError: One is gone, has another type or mode, or is REQUIRED.
        """
        table = self.table(dataset, name)
        there = {each["name"].lower(): each for each in table["schema"]["fields"]}
        _check_fields(fields)
        whole = f"{self.project}:{dataset}.{name}"
        if gone := there.keys() - {each["name"].lower() for each in fields}:
            message = f"Provided Schema does not match Table {whole}. Field {min(gone)} is missing"
            raise ApiError(400, "invalid", f"{message} in new schema")
        for each in map(_field, fields):
            old = there.get(each["name"].lower())
            what = f"Provided Schema does not match Table {whole}. "
            if old is None and each["mode"] != "NULLABLE":
                what += "Cannot add fields that are REQUIRED"
                raise ApiError(400, "invalid", f"{what} (field: {each['name']})")
            if old is None:
                self.db.execute(f"ALTER TABLE {quoted(dataset, name)} ADD COLUMN {defined(each)}")
                table["schema"]["fields"].append(each)
            elif old["type"] != each["type"]:
                what += f"Field {old['name']} has changed type from {old['type']}"
                raise ApiError(400, "invalid", f"{what} to {each['type']}")
            elif old["mode"] == "NULLABLE" and each["mode"] == "REQUIRED":
                what += f"Field {old['name']} has changed mode from NULLABLE to REQUIRED"
                raise ApiError(400, "invalid", what)
            else:
                old.update(each)
        self.touch(dataset, name)

    def drop_table(self, dataset: str, name: str) -> None:
        """Drop a table that is there, expired or not."""
        del self.tables[dataset, name]
        self.db.execute(f"DROP TABLE {quoted(dataset, name)}")

    def touch(self, dataset: str, name: str) -> None:
        """Note that a table has changed."""
        table = self.tables[dataset, name]
        table["etag"] = secrets.token_urlsafe(8)
        table["lastModifiedTime"] = self.stamp()

    def listed(self, dataset: str) -> list[Json]:
        """The tables of a dataset, in brief."""
        self.dataset(dataset)
        brief = ("kind", "id", "tableReference", "type", "creationTime", "expirationTime")
        return [
            {part: table[part] for part in brief if part in table}
            for (of, _), table in sorted(self.tables.items())
            if of == dataset
        ]

    def add_rows(self, dataset: str, name: str, sql: str, *, empty_first: bool) -> int:
        """Add the rows of a query to a table, or put them in its place; all or none.

        Raises:
            JobError: The table cannot take one of them.
        """
        where = quoted(dataset, name)
        self.db.execute("BEGIN")
        try:
            if empty_first:
                self.db.execute(f"DELETE FROM {where}")
            counted = self.db.execute(f"INSERT INTO {where} BY NAME {sql}").fetchone()
            self.db.execute("COMMIT")
        except duckdb.Error as error:
            self.db.execute("ROLLBACK")
            raise JobError("invalid", f"Error while reading data: {error}") from None
        self.touch(dataset, name)
        return int(counted[0]) if counted else 0


def defined(field_: Mapping[str, Any]) -> str:
    """A column of the DuckDB table behind a field."""
    required = " NOT NULL" if field_.get("mode") == "REQUIRED" else ""
    return f"{quoted(field_['name'])} {row_of(field_['type']).duckdb}{required}"


def _field(given: Json) -> Json:
    """A field as BigQuery tells it again."""
    kept = {"name": given["name"], "type": row_of(given["type"]).name}
    kept["mode"] = given.get("mode") or "NULLABLE"
    return kept | ({"description": given["description"]} if given.get("description") else {})


def _check_fields(fields: Iterable[Json]) -> None:
    seen: set[str] = set()
    for each in fields:
        name = each["name"]
        if not _COLUMN.fullmatch(name) or name.upper().startswith(_RESERVED):
            raise ApiError(400, "invalid", f'Invalid field name "{name}".')
        if name.lower() in seen:
            raise ApiError(400, "invalid", f"Duplicate field names: {name}")
        if each.get("mode") == "REPEATED" or each.get("fields"):
            raise ApiError(501, "notImplemented", "Nested fields are not in the double.")
        try:
            row_of(each["type"])
        except JobError as error:
            raise ApiError(400, "invalid", error.message) from None
        seen.add(name.lower())


def _check_layout(given: Json, fields: Iterable[Json]) -> None:
    types = {each["name"]: row_of(each["type"]).name for each in fields}
    partitioning = given.get("timePartitioning") or {}
    by = partitioning.get("field")
    if by and types.get(by) not in {"DATE", "DATETIME", "TIMESTAMP"}:
        raise ApiError(400, "invalid", f"The field {by} cannot be partitioned by.")
    clustered = (given.get("clustering") or {}).get("fields", [])
    if len(clustered) > _MOST_CLUSTERED:
        raise ApiError(400, "invalid", "At most 4 fields can be clustered by.")
    for name in clustered:
        if types.get(name) in {None, "JSON", "FLOAT"}:
            raise ApiError(400, "invalid", f"The field {name} cannot be clustered by.")


def state_of(text: str) -> Json:
    """A state that was given as JSON.

    Raises:
        ValueError: It is no JSON object.
    """
    given = json.loads(text)
    if not isinstance(given, dict):
        raise ValueError("the state must be an object")  # noqa: TRY004 - of a value, not of a call
    return given
