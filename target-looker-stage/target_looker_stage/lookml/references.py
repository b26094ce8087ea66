"""Finding fields by what Visma calls them.

A reference is a path inside a stream's view (`documentType`, `account.number`, `sum(amount)`,
`dueDate:month`), or `stream/path` for a field of another view. What was not staged is not found.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, TypeAlias

from target_looker_stage.lookml.views import DETAIL, View

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Views: TypeAlias = "Mapping[str, View]"
"""The views by the streams that they show."""

_IN_SQL = re.compile(r"\{([^{}]+)\}")


def find(views: Views, stream: str, reference: str) -> str | None:
    """The field of a reference, with its view's name if that is another one.

    Args:
        views: All views.
        stream: Where the reference stands.
        reference: Of the forms above; `detail*` is the set of a view.
    """
    other, _, path = reference.rpartition("/")
    view = views.get(other or stream)
    if view is None:
        return None
    name = path if path == f"{DETAIL}*" else view.find(path)
    return f"{view.name}.{name}" if name and other else name


def full(views: Views, stream: str, reference: str) -> str | None:
    """The same, always with the view's name: as dashboards need it."""
    other, _, path = reference.rpartition("/")
    return find(views, stream, f"{other or stream}/{path}")


def known(views: Views, stream: str, references: Iterable[str]) -> list[str]:
    """The fields of those references that are found."""
    found = (find(views, stream, each) for each in references)
    return [each for each in found if each]


def in_sql(views: Views, stream: str, template: str) -> str | None:
    """A template of SQL, in which references stand between braces, with their fields.

    Returns:
        `None` if one of them is not found.
    """
    names = {each: find(views, stream, each) for each in _IN_SQL.findall(template)}
    if not all(names.values()):
        return None
    return _IN_SQL.sub(lambda match: f"${{{names[match[1]]}}}", template)
