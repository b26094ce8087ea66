"""Reading a project's files back, as the checks see it: what is delivered, not what was meant."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import lkml
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from target_looker_stage.lookml.views import Node


@dataclass(slots=True)
class Project:
    """What the files say.

    Attributes:
        views: In the order of the files; a name can wrongly stand twice.
        dashboards: What each dashboard's YAML holds.
        faults: Why files cannot be read.
    """

    views: list[Node] = field(default_factory=list)
    explores: list[Node] = field(default_factory=list)
    models: list[Node] = field(default_factory=list)
    datagroups: list[Node] = field(default_factory=list)
    dashboards: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read(files: Mapping[str, str]) -> Project:
    """Read texts by their paths; other files than LookML's are passed over."""
    project = Project()
    for path, text in files.items():
        if path.endswith(".dashboard.lookml"):
            _read_dashboards(project, path, text)
        elif path.endswith(".lkml"):
            _read_lookml(project, path, text)
    return project


def _read_dashboards(project: Project, path: str, text: str) -> None:
    try:
        project.dashboards += yaml.safe_load(text)
    except yaml.YAMLError:
        project.faults.append(f"{path}: is not YAML")


def _read_lookml(project: Project, path: str, text: str) -> None:
    try:
        node: dict[str, Any] = lkml.load(text)
    except (SyntaxError, IndexError):  # the latter for a block of SQL that does not end
        project.faults.append(f"{path}: is not LookML")
        return
    project.views += node.get("views", [])
    project.explores += node.get("explores", [])
    project.datagroups += node.get("datagroups", [])
    if path.endswith(".model.lkml"):
        project.models.append(node)


def fields_of(view: Node) -> Iterator[tuple[str, Node]]:
    """The dimensions, groups, measures and filters of a view, each with what it is."""
    for kind in ("dimension", "dimension_group", "measure", "filter"):
        for node in view.get(f"{kind}s", ()):
            yield kind, node


def names_of(kind: str, node: Node) -> list[str]:
    """The names by which a field is used: a group has one for each of its timeframes."""
    if kind == "dimension_group":
        return [f"{node['name']}_{frame}" for frame in node.get("timeframes", ())]
    return [node["name"]]
