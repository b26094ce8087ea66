"""Load jobs: a file of Parquet or of JSON lines into a table, checked as BigQuery checks it."""

from __future__ import annotations

import gzip
import io
import tempfile
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from bigquery_service.errors import ApiError, JobError, not_in_the_double
from bigquery_service.type_table import MOST_SCALE, row_of, takes
from bigquery_service.warehouse import quoted

if TYPE_CHECKING:
    from bigquery_service.permissions import Permissions
    from bigquery_service.warehouse import Json, Warehouse

_GZIP: Final = b"\x1f\x8b"


def run(warehouse: Warehouse, permissions: Permissions, order: Json, data: bytes) -> int:
    """Run a load job; gives the number of rows.

    Raises:
        JobError: It fails, and has changed nothing.
    """
    target = order["destinationTable"]
    where = target["datasetId"], target["tableId"]
    try:
        with warehouse.lock:
            permissions.need("bigquery.tables.updateData", *where)
            kind = order.get("sourceFormat", "CSV")
            if kind == "PARQUET":
                return _parquet(warehouse, where, order, data)
            if kind == "NEWLINE_DELIMITED_JSON":
                return _json(warehouse, where, order, data)
            raise not_in_the_double(f"The source format {kind}")
    except ApiError as error:
        raise JobError(error.reason, error.message) from None


def _parquet(warehouse: Warehouse, where: tuple[str, str], order: Json, data: bytes) -> int:
    try:
        rows = pq.read_table(io.BytesIO(data))
    except pa.ArrowException:
        raise JobError("invalid", "Error while reading data: not a Parquet file") from None
    fields = order.get("schema", {}).get("fields") or [_field(each) for each in rows.schema]
    there = _opened(warehouse, where, order, fields)
    for column in rows.schema:
        known = there.get(column.name.lower())
        if known is None:
            raise JobError("invalid", f"No such field: {column.name}.")
        if not takes(known, column.type):
            text = f"Field {column.name} has type {column.type}, which {known['type']} cannot take"
            raise JobError("invalid", f"Error while reading data: {text}")
    names = {known["name"]: row_of(known["type"]).duckdb for known in there.values()}
    columns = ", ".join(
        f"CAST({quoted(column.name)} AS {names[there[column.name.lower()]['name']]}) "
        f"AS {quoted(there[column.name.lower()]['name'])}"
        for column in rows.schema
    )
    warehouse.db.register("loaded", rows)
    try:
        return _added(warehouse, where, order, f"SELECT {columns} FROM loaded")
    finally:
        warehouse.db.unregister("loaded")


def _json(warehouse: Warehouse, where: tuple[str, str], order: Json, data: bytes) -> int:
    given = order.get("schema", {}).get("fields", [])
    there = _opened(warehouse, where, order, given)
    named = {field["name"]: row_of(field["type"]).duckdb for field in there.values()}
    columns = ", ".join(f"'{name}': '{of}'" for name, of in named.items())
    if data.startswith(_GZIP):
        data = gzip.decompress(data)
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        file.write(data)
        file.flush()
        source = (
            f"SELECT * FROM read_json('{file.name}', format = 'newline_delimited', "
            f"columns = {{{columns}}})"
        )
        return _added(warehouse, where, order, source)


def _opened(
    warehouse: Warehouse, where: tuple[str, str], order: Json, fields: list[Json]
) -> dict[str, Json]:
    """The table to load into, made or widened where the job says so: its fields by name."""
    try:
        table = warehouse.table(*where)
    except ApiError:
        if order.get("createDisposition", "CREATE_IF_NEEDED") != "CREATE_IF_NEEDED":
            raise
        reference = {"datasetId": where[0], "tableId": where[1]}
        given = {"tableReference": reference, "schema": {"fields": fields}}
        table = warehouse.make_table(where[0], given)
    if "ALLOW_FIELD_ADDITION" in order.get("schemaUpdateOptions", []):
        known = {field["name"].lower() for field in table["schema"]["fields"]}
        new = [field for field in fields if field["name"].lower() not in known]
        warehouse.fit(*where, [*table["schema"]["fields"], *new])
    return {field["name"].lower(): field for field in table["schema"]["fields"]}


def _added(warehouse: Warehouse, where: tuple[str, str], order: Json, source: str) -> int:
    disposition = order.get("writeDisposition", "WRITE_APPEND")
    if disposition == "WRITE_EMPTY" and warehouse.shown(*where)["numRows"] != "0":
        raise JobError("duplicate", f"Already Exists: Table {'.'.join(where)}")
    truncate = disposition in {"WRITE_TRUNCATE", "WRITE_TRUNCATE_DATA"}
    return warehouse.add_rows(*where, source, empty_first=truncate)


def _field(column: pa.Field) -> dict[str, Any]:
    """The field that a Parquet column becomes where no schema is given."""
    decimals = pa.types.is_decimal(column.type)
    for name in ("NUMERIC", "BIGNUMERIC") if decimals else ():
        if column.type.scale <= MOST_SCALE[name]:
            return {"name": column.name, "type": name}
    for name in ("STRING", "INTEGER", "BOOLEAN", "FLOAT", "DATE", "DATETIME", "TIMESTAMP"):
        if takes({"type": name}, column.type):
            return {"name": column.name, "type": name}
    raise not_in_the_double(f"A Parquet column of type {column.type}")
