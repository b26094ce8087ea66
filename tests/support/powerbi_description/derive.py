"""Makes `description.json` of Microsoft's description of Power BI's API.

`python derive.py swagger.json > description.json`, of `sdk/swaggers/swagger.json` in
https://github.com/microsoft/PowerBI-CSharp (commit 4ad33dd, MIT licence). Kept are names, types and
limits of the operations that the target calls; texts and examples are left out. What the
description lacks or has wrong is set right here, each with its reason.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

DATASETS = "/v1.0/myorg/groups/{groupId}/datasets"
OPERATIONS = {
    "/v1.0/myorg/groups": ("get",),
    "/v1.0/myorg/groups/{groupId}/users": ("get",),
    DATASETS: ("get", "post"),
    f"{DATASETS}/{{datasetId}}": ("get", "delete"),
    f"{DATASETS}/{{datasetId}}/tables": ("get",),
    f"{DATASETS}/{{datasetId}}/tables/{{tableName}}": ("put",),
    f"{DATASETS}/{{datasetId}}/tables/{{tableName}}/rows": ("post", "delete"),
    f"{DATASETS}/{{datasetId}}/refreshes": ("get", "post"),
    f"{DATASETS}/{{datasetId}}/executeQueries": ("post",),
}
TEXTS = frozenset({"description", "summary", "title", "tags", "operationId", "deprecated"})
"""Keys of a schema or an operation that are for people; as names of properties they stay."""
REFUSAL = {
    "type": "object",
    "properties": {"error": {"type": "object"}, "message": {"type": "string"}},
}
SOURCE = (
    "Derived from Microsoft's description of Power BI's REST API, "
    "https://github.com/microsoft/PowerBI-CSharp, sdk/swaggers/swagger.json, commit 4ad33dd. "
    "Copyright (c) Microsoft Corporation. MIT License."
)


def bare(value: Any, *, names: bool = False) -> Any:
    """Names, types and limits alone.

    Args:
        value: A piece of the description.
        names: Its keys are names of properties, of which none is a text.
    """
    if isinstance(value, list):
        return [bare(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: bare(one, names=key == "properties")
        for key, one in value.items()
        if names or not (key in TEXTS or key.startswith("x-"))
    }


def referred(value: Any) -> set[str]:
    """The definitions that a piece refers to."""
    if isinstance(value, list):
        return set().union(*map(referred, value))
    if not isinstance(value, dict):
        return set()
    found = {value["$ref"].rpartition("/")[2]} if "$ref" in value else set()
    return found.union(*map(referred, value.values()))


def corrected(operation: dict[str, Any]) -> dict[str, Any]:
    """An operation with what the description leaves out of it."""
    if any(parameter["in"] == "body" for parameter in operation["parameters"]):
        operation["consumes"] = ["application/json"]  # some name none, so that no body is allowed
    operation["produces"] = ["application/json"]
    for response in operation["responses"].values():
        response["description"] = ""
        for header in response.get("headers", {}).values():
            header.pop("format", None)  # an address that need not be whole
    # No refusal is described; the service has two shapes of them
    operation["responses"]["default"] = {"description": "", "schema": REFUSAL}
    return operation


def derived(whole: dict[str, Any]) -> dict[str, Any]:
    """What is kept of the description."""
    paths = {
        path: {method: corrected(bare(whole["paths"][path][method])) for method in methods}
        for path, methods in OPERATIONS.items()
    }
    definitions: dict[str, Any] = {}
    waiting = referred(paths)
    while waiting:
        name = waiting.pop()
        definitions[name] = {"type": "object", **bare(whole["definitions"][name])}
        waiting |= referred(definitions[name]) - definitions.keys()
    # Its own text says that an enhanced refresh must not have it
    definitions["DatasetRefreshRequest"].pop("required")
    # Said in https://learn.microsoft.com/power-bi/developer/embedded/push-datasets-limitations
    rows = definitions["PostRowsRequest"]
    rows["required"], rows["properties"]["rows"]["maxItems"] = ["rows"], 10_000
    return {
        "swagger": whole["swagger"],
        "info": {"title": "Power BI", "version": whole["info"]["version"], "description": SOURCE},
        "schemes": ["http"],
        "paths": paths,
        "definitions": dict(sorted(definitions.items())),
    }


if __name__ == "__main__":
    described = derived(json.loads(Path(sys.argv[1]).read_text()))
    sys.stdout.write(json.dumps(described, indent=1) + "\n")
