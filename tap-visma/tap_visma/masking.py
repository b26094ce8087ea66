"""Personal data, hashed or left out before a record leaves the tap.

Fields are marked in `schemas/` with `x-personal`. A hash is keyed, since names and telephone
numbers are few enough to be guessed; the same text gives the same hash in all streams and
companies, so that rows can still be joined and counted.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MARK = "x-personal"


class Pseudonym:
    """What stands in a record in place of personal data."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __str__(self) -> str:
        return self.text


def hook(key: str) -> Callable[[type, Any], Pseudonym]:
    """What a decoder calls for the value of a field of type `Pseudonym`.

    Args:
        key: The secret that keeps hashes from being guessed.
    """
    secret = key.encode()

    def pseudonym(_kind: type, value: Any) -> Pseudonym:  # noqa: ANN401 - any JSON
        return Pseudonym(hmac.new(secret, str(value).encode(), hashlib.sha256).hexdigest())

    return pseudonym


def drop_personal(value: Any, schema: Mapping[str, Any]) -> None:  # noqa: ANN401 - any JSON
    """Take the fields that are marked out of a record, and out of what is within it."""
    for each in value if isinstance(value, list) else [value]:
        fields = schema.get("items", schema).get("properties", {})
        for field, of in fields.items() if isinstance(each, dict) else ():
            if of.get(MARK):
                each.pop(field, None)
            elif field in each:
                drop_personal(each[field], of)


def without_personal(schema: dict[str, Any]) -> dict[str, Any]:
    """A schema without the fields that are marked."""
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {
            field: without_personal(of)
            for field, of in schema["properties"].items()
            if not of.get(MARK)
        }
    if "items" in schema:
        changed["items"] = without_personal(schema["items"])
    return changed
