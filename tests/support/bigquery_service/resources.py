"""Datasets, tables and their rows over REST."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from bigquery_service.errors import ApiError
from bigquery_service.execution import table_rows

if TYPE_CHECKING:
    from bigquery_service.service import Service
    from bigquery_service.warehouse import Json
    from stand_in_server import Request

_PATH: Final = re.compile(r"/datasets(?:/([^/:]+))?(?:/(tables)(?:/([^/:]+))?)?(/data|:\w+)?")
_CHANGES: Final = frozenset({"PATCH", "PUT"})


def respond(service: Service, request: Request, path: str) -> Json:
    """Answer a call about datasets and tables.

    Args:
        service: The service.
        request: The call.
        path: What follows the project.

    Raises:
        ApiError: It is refused.
    """
    found = _PATH.fullmatch(path)
    if found is None:
        raise ApiError(404, "notFound", f"No API found for {request.method} {request.path}.")
    dataset, tables, table, verb = found.groups()
    if dataset is None:
        return _datasets(service, request)
    if not tables:
        return _dataset(service, request, dataset)
    if table is None:
        return _tables(service, request, dataset)
    if verb == "/data" and request.method == "GET":
        service.permissions.need("bigquery.tables.getData", dataset, table)
        result = table_rows(service.warehouse, dataset, table)
        told = {"kind": "bigquery#tableDataList", "totalRows": str(len(result.rows))}
        return told | service.jobs.page(result, request.params)
    if verb == ":testIamPermissions" and request.method == "POST":
        wanted = msgspec.json.decode(request.body).get("permissions", [])
        there = (dataset, table) in service.warehouse.tables
        return {"permissions": service.permissions.tested(wanted, dataset) if there else []}
    if verb:
        raise ApiError(404, "notFound", f"No API found for {request.method} {request.path}.")
    return _table(service, request, dataset, table)


def _datasets(service: Service, request: Request) -> Json:
    warehouse = service.warehouse
    if request.method == "POST":
        service.permissions.need("bigquery.datasets.create")
        return warehouse.make_dataset(msgspec.json.decode(request.body))
    brief = ("kind", "id", "datasetReference", "location")
    listed = [{part: each[part] for part in brief} for each in warehouse.datasets.values()]
    return {"kind": "bigquery#datasetList", "datasets": listed}


def _dataset(service: Service, request: Request, name: str) -> Json:
    warehouse = service.warehouse
    service.permissions.need("bigquery.datasets.get", name)
    if request.method == "DELETE":
        contents = request.params.get("deleteContents", "").lower() == "true"
        warehouse.drop_dataset(name, contents=contents)
        return {}
    if request.method in _CHANGES:
        warehouse.dataset(name).update(msgspec.json.decode(request.body))
    return warehouse.dataset(name)


def _tables(service: Service, request: Request, dataset: str) -> Json:
    warehouse = service.warehouse
    if request.method == "POST":
        service.permissions.need("bigquery.tables.create", dataset)
        return warehouse.make_table(dataset, msgspec.json.decode(request.body))
    service.permissions.need("bigquery.tables.list", dataset)
    listed = warehouse.listed(dataset)
    start = int(request.params.get("pageToken") or 0)
    size = int(request.params.get("maxResults") or service.jobs.rows_per_page)
    page: Json = {"kind": "bigquery#tableList", "tables": listed[start : start + size]}
    if start + size < len(listed):
        page["nextPageToken"] = str(start + size)
    return page | {"totalItems": len(listed)}


def _table(service: Service, request: Request, dataset: str, name: str) -> Json:
    warehouse, permissions = service.warehouse, service.permissions
    if request.method in _CHANGES:
        permissions.need("bigquery.tables.update", dataset, name)
        etag = request.headers.get("if-match")
        given = msgspec.json.decode(request.body)
        return warehouse.change_table(dataset, name, given, etag)
    if request.method == "DELETE":
        permissions.need("bigquery.tables.delete", dataset, name)
        warehouse.table(dataset, name)
        warehouse.drop_table(dataset, name)
        return {}
    permissions.need("bigquery.tables.get", dataset, name)
    return warehouse.shown(dataset, name)
