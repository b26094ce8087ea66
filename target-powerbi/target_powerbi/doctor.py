"""`target-powerbi doctor`: whether a load can work, before the first one, and what to click.

Asks in the order in which a load would meet each fault: for a token, the tenant's switch, the
workspace and the role in it, the model and what differs in it, queries, the dataset to refresh,
the lakehouse. Changes nothing there, unless it is asked to try whether a model can be made.
"""

from __future__ import annotations

from base64 import urlsafe_b64decode
from typing import TYPE_CHECKING, Any

import msgspec

from loader_core import LoaderError
from loader_core.doctor import Finding
from target_powerbi import mapping, queries
from target_powerbi.errors import AccessError, CreationError, MissingError, RefusedError
from target_powerbi.lake import Lake
from target_powerbi.model import Model

if TYPE_CHECKING:
    from collections.abc import Iterator

    from target_powerbi.client import Client
    from target_powerbi.mapping import Mapping
    from target_powerbi.settings import Settings
    from target_powerbi.target import TargetPowerBI

ROLES = frozenset({"Admin", "Member"})
_SWITCH = (
    "Power BI admin portal, Tenant settings, Developer settings, 'Service principals can call "
    "Fabric public APIs': Enabled, for a security group that has the service principal in it; it "
    "takes 15 minutes"
)
_QUERIES = (
    "Power BI admin portal, Tenant settings, Integration settings, 'Dataset Execute Queries REST "
    "API': Enabled; lost answers cannot be settled without it"
)
_OPEN = "Open the workspace, Manage access, Add people or groups"
_WRONG_OBJECT = (
    "by the name of its enterprise application; the object id of the app registration is another "
    "one, and names nobody"
)


def findings(target: TargetPowerBI, *, tries_creation: bool = False) -> Iterator[Finding]:
    """Ask all questions whose answers can still matter.

    Args:
        target: With the settings to ask about.
        tries_creation: Make a push model, and delete it.
    """
    place, client = target.place, target.make_client()
    tables = mapping.load(place.mapping_file)
    yield Finding("mapping", "ok", f"{len(tables.tables)} tables")
    try:
        token = client.token()
    except LoaderError as error:
        yield Finding("token", "failed", str(error))
        return
    who = _object_id(token)
    yield Finding("token", "ok", f"service principal with object id {who}")
    access = list(_access(client, place, who))
    yield from access
    if any(finding.result != "ok" for finding in access):
        return
    if place.mode != "onelake":
        yield from _model(target, client, tables)
    if tries_creation:
        yield _creation(client, tables)
    if place.refresh_dataset_id:
        yield _refreshable(client, place.refresh_dataset_id)
    if place.mode != "push":
        yield _lake(target, client, tables)


def _access(client: Client, place: Settings, who: str) -> Iterator[Finding]:
    """Whether the service principal may call the API and write in the workspace."""
    what = "looking for the workspace"
    try:
        found = client.get(f"groups?$filter=id eq '{place.workspace_id}'", what).value["value"]
    except AccessError:
        yield Finding("tenant switch", "failed", _SWITCH)
        return
    except LoaderError as error:
        yield Finding("Power BI", "failed", str(error))
        return
    yield Finding("tenant switch", "ok", "")
    if not any(each["id"].lower() == place.workspace_id for each in found):
        yield Finding(
            "workspace",
            "missing",
            f"It is not one of the service principal's. {_OPEN}: add it as Member, {_WRONG_OBJECT}",
        )
        return
    yield Finding("workspace", "ok", str(found[0].get("name", "")))
    try:
        users = client.call("GET", "users", "looking at roles").value["value"]
    except LoaderError as error:
        yield Finding("role", "failed", str(error))
        return
    roles = [each["groupUserAccessRight"] for each in users if each.get("identifier") == who]
    if not roles:
        yield Finding("role", "ok", "by way of a group: see that the group is Member or Admin")
    elif roles[0] in ROLES:
        yield Finding("role", "ok", roles[0])
    else:
        note = f"{roles[0]} is not enough. Open the workspace, Manage access: make it Member"
        yield Finding("role", "missing", note)


def _model(target: TargetPowerBI, client: Client, tables: Mapping) -> Iterator[Finding]:
    """Whether the model is there and as the mapping says."""
    place, about = target.place, f"dataset {target.place.dataset_id or target.place.dataset}"
    target.disk.make_folder(target.folder)
    state = target.make_state()
    try:
        model = Model(client, state, tables, place)
        found = model.find()
        if found is None:
            can = place.create_if_missing
            note = "will be made" if can else "Set 'create_if_missing', or correct 'dataset'"
            yield Finding(about, "ok" if can else "missing", note)
            return
        if not found.get("addRowsAPIEnabled"):
            yield Finding(
                about,
                "failed",
                "It is no push dataset: give another name as 'dataset', and this target makes one",
            )
            return
        yield Finding(about, "ok", "a push dataset")
        differences = model.differences(found["id"])
        for each in differences:
            yield Finding("mapping and model", "failed", each.told)
        if not differences:
            known = model.knows(found["id"])
            note = "" if known else "Made elsewhere: set 'adopt' for one run, or another 'dataset'"
            yield Finding("mapping and model", "ok" if known else "failed", note)
        yield _queries(client, found["id"], tables)
    except LoaderError as error:
        yield Finding(about, "failed", str(error))
    finally:
        state.close()


def _queries(client: Client, dataset_id: str, tables: Mapping) -> Finding:
    query = f"EVALUATE ROW(\"n\", COUNTROWS('{tables.tables[0].name}'))"
    try:
        queries.row(client, f"datasets/{dataset_id}", query, "asking the model")
    except AccessError:
        return Finding("queries", "failed", _QUERIES)
    except LoaderError as error:
        return Finding("queries", "failed", str(error))
    return Finding("queries", "ok", "")


def _creation(client: Client, tables: Mapping) -> Finding:
    """Whether push models are still made for this tenant."""
    first = mapping.table_body(tables.tables[0])
    body = {"name": "target-powerbi doctor", "defaultMode": "Push", "tables": [first]}
    body["tables"] = [{"name": first["name"], "columns": first["columns"]}]
    about = "making a push dataset"
    try:
        made = client.call("POST", "datasets?defaultRetentionPolicy=None", about, body, once=True)
        client.call("DELETE", f"datasets/{made.value['id']}", "deleting it again")
    except CreationError:
        return Finding(
            about,
            "failed",
            "This tenant no longer makes them: set 'mode' to onelake, which takes the same "
            "mapping, or open a support ticket with Microsoft",
        )
    except LoaderError as error:
        return Finding(about, "failed", str(error))
    return Finding(about, "ok", "made one, and deleted it")


def _refreshable(client: Client, dataset_id: str) -> Finding:
    about = f"dataset to refresh {dataset_id}"
    try:
        found = client.call("GET", f"datasets/{dataset_id}", "looking at it").value
    except MissingError:
        return Finding(about, "missing", "See 'refresh_dataset_id': it is not in the workspace")
    except RefusedError as error:
        return Finding(about, "failed", str(error))
    if not found.get("isRefreshable"):
        note = "It has no source to be refreshed from, as a push dataset has none"
        return Finding(about, "failed", note)
    return Finding(about, "ok", str(found.get("name", "")))


def _lake(target: TargetPowerBI, client: Client, tables: Mapping) -> Finding:
    try:
        lake = Lake(target.make_lake_place(client), target.clock)
        found = lake.versions([table.name for table in tables.tables])
    except LoaderError as error:
        return Finding("lakehouse", "failed", str(error))
    return Finding("lakehouse", "ok", f"{len(found)} of the mapping's tables are there")


def _object_id(token: str) -> str:
    """Whom a token is for, as it says itself; nothing depends on it but what is shown."""
    try:
        part = token.split(".")[1]
        padded = part + "=" * (-len(part) % 4)
        claims: dict[str, Any] = msgspec.json.decode(urlsafe_b64decode(padded))
        return str(claims.get("oid", "unknown"))
    except (IndexError, ValueError):
        return "unknown"
