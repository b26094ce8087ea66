"""What the stand-in remembers, its clock, and the faults that it can be given.

| `POST /__powerbi` with | does |
| --- | --- |
| `fault` | adds a fault, see `Fault` |
| `advance` | moves the clock by seconds |
| `role` | the service principal's role in the workspace; `null` for none |
| `tenant_switch`, `queries_switch`, `creation` | switch off what tenants switch off |
| `expires_in`, `lag` | seconds that tokens live; seconds after which rows are seen |
| `limits` | whether the documented limits are kept |
| `dataset` | adds a dataset: `name`, `push` |
| `forget` | removes the rows of a `table` of a `dataset`, as somebody else might |
| `revoke` | ends all tokens |
| `reset` | forgets all but who may log in |
"""

from __future__ import annotations

import re
import secrets
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

LAST_DAY = 1_825_027_200.0
"""31 October 2027, seconds since 1970: push models are made until then."""


@dataclass
class Fault:
    """What goes wrong with calls.

    Attributes:
        path: Regular expression that is looked for in the path.
        method: Of the calls, or any.
        times: With how many of them.
        skip: Calls that go well before.
        status: What they are answered with.
        headers, body: Of that answer.
        drop: The connection is closed in place of an answer.
        commit: What was asked is done all the same.
        part: Of the rows only so many are taken.
    """

    path: str
    method: str = ""
    times: int = 1
    skip: int = 0
    status: int = 503
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    drop: bool = False
    commit: bool = False
    part: int | None = None

    def acts_on(self, method: str, path: str) -> bool:
        """Whether it acts on a call; counts if so."""
        if self.times <= 0 or self.method not in {"", method} or not re.search(self.path, path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        self.times -= 1
        return True


@dataclass
class Table:
    """A table: its columns as they were given, and its rows with when each was added."""

    body: dict[str, Any]
    rows: list[tuple[float, dict[str, Any]]] = field(default_factory=list)

    @property
    def types(self) -> dict[str, str]:
        return {column["name"]: column["dataType"] for column in self.body["columns"]}


@dataclass
class Dataset:
    """A dataset.

    Attributes:
        posts: When rows were added, and how many.
        refreshes: Newest first.
    """

    id: str
    name: str
    push: bool = True
    tables: dict[str, Table] = field(default_factory=dict)
    relationships: list[dict[str, Any]] = field(default_factory=list)
    posts: list[tuple[float, int]] = field(default_factory=list)
    refreshes: list[dict[str, Any]] = field(default_factory=list)


def _guid() -> str:
    return str(uuid.uuid4())


@dataclass
class State:
    """One Power BI with one tenant, one service principal and one workspace."""

    certificate: str
    tenant_id: str = field(default_factory=_guid)
    client_id: str = field(default_factory=_guid)
    client_secret: str = field(default_factory=lambda: f"{secrets.token_hex(12)}%/+&~x")
    object_id: str = field(default_factory=_guid)
    workspace_id: str = field(default_factory=_guid)
    role: str | None = "Member"
    tenant_switch: bool = True
    queries_switch: bool = True
    creation: bool = True
    limits: bool = True
    expires_in: int = 3600
    lag: float = 0.0
    offset: float = 0.0
    tokens_given: int = 0
    tokens: dict[str, tuple[str, float]] = field(default_factory=dict)
    datasets: dict[str, Dataset] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)

    def now(self) -> float:
        """Seconds since 1970 by its clock."""
        return time.time() + self.offset

    def takes(self, token: str, audience: str) -> bool:
        """Whether a token is good for an audience."""
        of, until = self.tokens.get(token, ("", 0.0))
        return of == audience and until > self.now()

    def set(self, given: dict[str, Any]) -> dict[str, Any]:
        """Do as `POST /__powerbi` says; gives the id of a dataset that it adds."""
        made = None
        for name, value in given.items():
            match name:
                case "reset":
                    self._reset()
                case "revoke":
                    self.tokens.clear()
                case "fault":
                    self.faults.append(Fault(**value))
                case "advance":
                    self.offset += value
                case "dataset":
                    made = Dataset(_guid(), **value)
                    self.datasets[made.id] = made
                case "forget":
                    self._forget(**value)
                case _ if name in _SETTABLE:
                    setattr(self, name, value)
                case _:
                    raise ValueError(name)
        return {"id": made.id} if made else {}

    def _forget(self, dataset: str, table: str) -> None:
        for each in self.datasets.values():
            if each.name == dataset:
                each.tables[table].rows.clear()

    def _reset(self) -> None:
        fresh = State(self.certificate)
        kept = {"tenant_id", "client_id", "client_secret", "object_id", "workspace_id"}
        vars(self).update(
            {name: value for name, value in vars(fresh).items() if name not in kept | {"offset"}}
        )

    def shown(self) -> dict[str, Any]:
        """What `GET /__powerbi` gives."""
        return {
            "now": self.now(),
            "calls": self.calls,
            "tokens_given": self.tokens_given,
            "datasets": [
                {
                    "id": each.id,
                    "name": each.name,
                    "tables": {name: len(table.rows) for name, table in each.tables.items()},
                    "columns": {name: table.types for name, table in each.tables.items()},
                    "relationships": each.relationships,
                    "posts": each.posts,
                    "refreshes": each.refreshes,
                }
                for each in self.datasets.values()
            ],
        }


_SETTABLE = {
    "role",
    "tenant_switch",
    "queries_switch",
    "creation",
    "limits",
    "expires_in",
    "lag",
    "calls",
}
