"""The part of Unity Catalog's REST API that a loader and its doctor need.

Objects are made as by statements; what goes wrong is the same error, as a status and a code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from databricks_workspace import delta_log, namespaces, type_table
from databricks_workspace.errors import ApiError, SqlError
from databricks_workspace.objects import Table, View
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Mapping

    from databricks_workspace.lakehouse import Lakehouse
    from databricks_workspace.objects import Entry, Name
    from stand_in_server import Request

PATH: Final = "/api/2.1/unity-catalog"
_KINDS: Final = {
    "catalogs": "catalog",
    "schemas": "schema",
    "volumes": "volume",
    "tables": "relation",
}
_LENGTH: Final = {"catalog": 1, "schema": 2, "volume": 3, "relation": 3, "table": 3, "metastore": 0}
_CODES: Final = {
    "NO_SUCH_CATALOG_EXCEPTION": (404, "CATALOG_DOES_NOT_EXIST"),
    "SCHEMA_NOT_FOUND": (404, "SCHEMA_DOES_NOT_EXIST"),
    "UC_VOLUME_NOT_FOUND": (404, "VOLUME_DOES_NOT_EXIST"),
    "TABLE_OR_VIEW_NOT_FOUND": (404, "TABLE_DOES_NOT_EXIST"),
    "CATALOG_ALREADY_EXISTS": (400, "CATALOG_ALREADY_EXISTS"),
    "SCHEMA_ALREADY_EXISTS": (400, "SCHEMA_ALREADY_EXISTS"),
    "VOLUME_ALREADY_EXISTS": (400, "VOLUME_ALREADY_EXISTS"),
    "SCHEMA_NOT_EMPTY": (400, "INVALID_STATE"),
    "PERMISSION_DENIED": (403, "PERMISSION_DENIED"),
}
"""What the error of a statement is as the refusal of a call."""


def _columns(relation: Table | View) -> list[dict[str, object]]:
    if isinstance(relation, View):
        return [
            {"name": each.name, "position": position, "nullable": True}
            | type_table.manifest_of(each.type)
            for position, each in enumerate(relation.schema)
        ]
    told = []
    for position, column in enumerate(delta_log.columns(relation)):
        one: dict[str, object] = {
            "name": column.name,
            "position": position,
            "nullable": column.nullable,
            "type_text": type_table.sql_of(column.type).lower(),
            "type_name": type_table.manifest_name(column.type),
        }
        digits = type_table.digits_of(column.type)
        if digits:
            one |= {"type_precision": digits[0], "type_scale": digits[1]}
        if column.comment:
            one["comment"] = column.comment
        if column.name in relation.partitioning:
            one["partition_index"] = relation.partitioning.index(column.name)
        told.append(one)
    return told


def _relation(relation: Table | View) -> dict[str, Any]:
    told: dict[str, Any] = {"columns": _columns(relation), "table_id": relation.identity}
    if isinstance(relation, View):
        return told | {"table_type": "VIEW", "view_definition": relation.query}
    properties = dict(relation.properties)
    if relation.clustering:
        chosen = [[column] for column in relation.clustering]
        properties["clusteringColumns"] = msgspec.json.encode(chosen).decode()
    told |= {"table_type": "MANAGED", "data_source_format": "DELTA", "properties": properties}
    if relation.key:
        key = {"name": relation.key_name, "child_columns": list(relation.key)}
        told["table_constraints"] = [{"primary_key_constraint": key}]
    return told


def _told(kind: str, entry: Entry) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": entry.name[-1],
        "full_name": ".".join(entry.name),
        "owner": entry.owner,
        "created_at": entry.made_at_ms,
        "updated_at": entry.made_at_ms,
    }
    if entry.comment is not None:
        told["comment"] = entry.comment
    names = ("catalog_name", "schema_name")
    told |= dict(zip(names, entry.name[:-1], strict=False))
    if kind == "catalog":
        told["catalog_type"] = "MANAGED_CATALOG"
    if kind == "volume":
        path = "/Volumes/" + "/".join(entry.name)
        told |= {"volume_type": "MANAGED", "volume_id": entry.identity, "storage_location": path}
    if isinstance(entry, Table | View):
        told |= _relation(entry)
    return told


def _name(text: str, kind: str) -> Name:
    name = tuple(part.lower() for part in text.split(".") if part)
    if kind not in _LENGTH or (len(name) != _LENGTH[kind] and kind != "metastore"):
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"'{text}' is no name of a {kind}.")
    return () if kind == "metastore" else name


def _create(lakehouse: Lakehouse, kind: str, request: Request) -> dict[str, Any]:
    try:
        body = msgspec.json.decode(request.body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise ApiError(400, "INVALID_PARAMETER_VALUE", str(error)) from None
    parts = [body.pop(each, "") for each in ("catalog_name", "schema_name", "name")]
    comment = body.pop("comment", None)
    if (
        kind == "relation"
        or (kind == "volume" and body.pop("volume_type", "") != "MANAGED")
        or body
    ):
        raise ApiError(501, "NOT_IMPLEMENTED", "The double cannot make this by a call.")
    name = _name(".".join(part for part in parts if part), kind)
    return _told(kind, namespaces.create(lakehouse, kind, name, comment))


def _list(
    lakehouse: Lakehouse, kind: str, plural: str, params: Mapping[str, str]
) -> dict[str, Any]:
    names = ("catalog_name", "schema_name")[: _LENGTH[kind] - 1]
    inside = tuple(params.get(each, "").lower() for each in names)
    if not all(inside):
        raise ApiError(400, "INVALID_PARAMETER_VALUE", f"{' and '.join(names)} must be given.")
    if inside:
        lakehouse.objects.need("catalog" if kind == "schema" else "schema", inside)
    entries = sorted(lakehouse.objects.of(kind).items())
    return {plural: [_told(kind, entry) for name, entry in entries if name[:-1] == inside]}


def _permissions(
    lakehouse: Lakehouse, securable: str, name: Name, params: Mapping[str, str], *, effective: bool
) -> dict[str, Any]:
    """Tell the grants on an object. An owner has all privileges, and they are no grants."""
    privileges = lakehouse.privileges
    if params.get("principal", privileges.principal) != privileges.principal:
        return {}
    if name:
        lakehouse.objects.need("relation" if securable == "table" else securable, name)
    levels = ("METASTORE", "CATALOG", "SCHEMA", "TABLE")
    told: list[Any] = []
    for privilege, granted_on in privileges.effective(name):
        if not effective and granted_on == name:
            told.append(privilege)
        elif effective:
            one = {"privilege": privilege}
            if granted_on != name:
                one["inherited_from_type"] = levels[len(granted_on)]
                one["inherited_from_name"] = ".".join(granted_on)
            told.append(one)
    if not told:
        return {}
    return {"privilege_assignments": [{"principal": privileges.principal, "privileges": told}]}


def _respond(lakehouse: Lakehouse, request: Request) -> dict[str, Any]:
    parts = request.path.removeprefix(PATH).strip("/").split("/")
    kind = _KINDS.get(parts[0], "")
    objects = lakehouse.objects
    match request.method, parts:
        case "GET", ["permissions" | "effective-permissions" as which, securable, full_name]:
            securable = securable.lower()
            name = _name(full_name, securable)
            effective = which == "effective-permissions"
            return _permissions(lakehouse, securable, name, request.params, effective=effective)
        case "GET", [plural] if kind:
            return _list(lakehouse, kind, plural, request.params)
        case "POST", [_] if kind:
            return _create(lakehouse, kind, request)
        case "GET", ["tables", full_name, "exists"]:
            return {"table_exists": _name(full_name, kind) in objects.relation}
        case "GET", [_, full_name] if kind:
            name = _name(full_name, kind)
            objects.need(kind, name)
            return _told(kind, objects.of(kind)[name])
        case "DELETE", [_, full_name] if kind:
            force = request.params.get("force") == "true"
            namespaces.drop(lakehouse, kind, _name(full_name, kind), cascade=force)
            return {}
    raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for {request.method} {request.path}.")


def respond(lakehouse: Lakehouse, request: Request) -> Response:
    """Answer a call.

    Raises:
        ApiError: The call is refused.
    """
    with lakehouse.lock:
        try:
            return Response(body=msgspec.json.encode(_respond(lakehouse, request)))
        except SqlError as error:
            status, code = _CODES.get(error.error_class, (400, "INVALID_PARAMETER_VALUE"))
            raise ApiError(status, code, error.text) from None
