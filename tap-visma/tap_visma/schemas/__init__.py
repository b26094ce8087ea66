"""The JSON Schema of each stream's own fields, one file per stream, as Visma names them.

Numbers are amounts, quantities or rates and are exact: read them as decimals. Values of format
`date-time` carry no zone, as Visma sends them.
"""

from __future__ import annotations

import json
from importlib.resources import files
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DECIMAL_AS_TEXT = {"type": ["string", "null"], "format": "x-singer.decimal"}


def load(stream: str) -> dict[str, Any]:
    """The schema of the fields that Visma sends for a stream, without the audit columns.

    Args:
        stream: The stream's name.

    Returns:
        A new JSON Schema object with `properties`.
    """
    schema: dict[str, Any] = json.loads(files(__package__).joinpath(f"{stream}.json").read_text())
    return schema


def knows(schema: Mapping[str, Any], path: Iterable[str]) -> bool:
    """Whether a schema has the field at a path, which may lead through lists."""
    for name in path:
        properties = schema.get("items", schema).get("properties", {})
        if name not in properties:
            return False
        schema = properties[name]
    return True


def common(schema: dict[str, Any], known: Mapping[str, Any]) -> dict[str, Any]:
    """A schema without the fields that another one does not have."""
    changed = dict(schema)
    if "properties" in schema and "properties" in known:
        changed["properties"] = {
            field: common(of, known["properties"][field])
            for field, of in schema["properties"].items()
            if field in known["properties"]
        }
    if "items" in schema and "items" in known:
        changed["items"] = common(schema["items"], known["items"])
    return changed


def of_field(schema: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The schema of a field; dots lead into nested objects."""
    for step in name.split("."):
        schema = schema["properties"][step]
    return dict(schema)


def with_decimals_as_text(schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema in which numbers that may have decimals are text."""
    if "number" in schema["type"]:
        return DECIMAL_AS_TEXT
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {
            field: with_decimals_as_text(of) for field, of in schema["properties"].items()
        }
    if "items" in schema:
        changed["items"] = with_decimals_as_text(schema["items"])
    return changed
