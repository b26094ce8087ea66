"""What the stand-in remembers, and the LookML that it knows.

`POST /__looker` sets any of:

| name | means |
| --- | --- |
| `lookml` | the folder whose LookML is in production from now on |
| `expires_in` | seconds that tokens are good for, from the next log-in on |
| `reset` | all as at the start, but for the key |
| `revoke` | all tokens are void |
| `behind` | seconds by which its clock is behind |
| `newest` | what the query for the newest load gives, without a warehouse |
| `tests` | what the connection's tests give, by name |
| `fault` | the next calls that match `method` and `path` (a regular expression) are answered with \
`status`, `body`, `type` and `headers`, or not at all (`drop`); `after` so many, `count` times |

`GET /__looker` gives the calls, the datagroups, how often each plan ran, and what is deployed.
"""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import lkml

CONNECTION, PROJECT = "warehouse", "visma"
PLANS = ("7", "8")


@dataclass
class Fault:
    """A rule that says which calls go wrong, and how; see above."""

    path: str
    method: str | None = None
    status: int = 502
    body: str = "<html>Bad gateway</html>"
    type: str = "text/html"
    headers: dict[str, str] = field(default_factory=dict)
    drop: bool = False
    after: int = 0
    count: int = 1
    hits: int = 0

    def acts_on(self, method: str, path: str) -> bool:
        """Count a call if it matches, and say whether this one goes wrong."""
        if self.method not in {None, method} or not re.search(self.path, path):
            return False
        self.hits += 1
        return self.after < self.hits <= self.after + self.count


@dataclass
class State:
    """One Looker.

    Attributes:
        tokens: When each expires, by this process's clock.
        datagroups: By id.
        plans: How often each scheduled plan ran.
        deployed: Refs, in their order.
        measures: SQL of each measure of the audit explores, by model, explore and field.
    """

    client_id: str = field(default_factory=lambda: secrets.token_hex(10))
    client_secret: str = field(default_factory=lambda: f"{secrets.token_hex(12)}%/+&x")
    expires_in: int = 3600
    behind: float = 0.0
    newest: int | None = None
    tests: dict[str, str] = field(
        default_factory=lambda: {"connect": "success", "query": "success"}
    )
    tokens: dict[str, float] = field(default_factory=dict)
    datagroups: dict[str, dict[str, Any]] = field(default_factory=dict)
    plans: dict[str, int] = field(default_factory=lambda: dict.fromkeys(PLANS, 0))
    deployed: list[str] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    measures: dict[tuple[str, str, str], str] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds since 1970 by its clock."""
        return time.time() - self.behind

    def log_in(self) -> str:
        """Give a new token."""
        token = secrets.token_urlsafe(20)
        self.tokens[token] = time.monotonic() + self.expires_in
        return token

    def takes(self, token: str) -> bool:
        """Whether a token is good."""
        return self.tokens.get(token, 0.0) > time.monotonic()

    def set(self, given: dict[str, Any]) -> None:
        """Do as `POST /__looker` says."""
        for name, value in given.items():
            if name == "lookml":
                self.read_lookml(Path(value))
            elif name == "reset":
                vars(self).update(vars(State(self.client_id, self.client_secret)))
            elif name == "revoke":
                self.tokens.clear()
            elif name == "fault":
                self.faults.append(Fault(**value))
            elif name in {"expires_in", "behind", "newest", "tests"}:
                setattr(self, name, value)
            else:
                raise ValueError(name)

    def shown(self) -> dict[str, Any]:
        """What `GET /__looker` gives."""
        return {
            "calls": self.calls,
            "datagroups": list(self.datagroups.values()),
            "plans": self.plans,
            "deployed": self.deployed,
        }

    def read_lookml(self, folder: Path) -> None:
        """Take the LookML below a folder into production; datagroups keep their memory."""
        files = {path: lkml.load(path.read_text()) for path in sorted(folder.rglob("*.lkml"))}
        models = [
            path.name.removesuffix(".model.lkml")
            for path in files
            if path.name.endswith(".model.lkml")
        ]
        for model in models:
            for of in files.values():
                for group in of.get("datagroups", ()):
                    self._add_datagroup(model, group["name"])
                for view in of.get("views", ()):
                    self._add_measures(model, view)

    def _add_datagroup(self, model: str, name: str) -> None:
        if any((each["model_name"], each["name"]) == (model, name) for each in self._groups()):
            return
        group_id = str(len(self.datagroups) + 1)
        self.datagroups[group_id] = {
            "id": group_id,
            "model_name": model,
            "name": name,
            "created_at": int(self.now()),
            "triggered_at": None,
            "stale_before": None,
            "can": {"update": True},
        }

    def _groups(self) -> list[dict[str, Any]]:
        return list(self.datagroups.values())

    def _add_measures(self, model: str, view: dict[str, Any]) -> None:
        """Keep the SQL of measures that take the greatest: those that a load is proven with."""
        dimensions = {each["name"]: each["sql"] for each in view.get("dimensions", ())}
        for measure in view.get("measures", ()):
            if measure["type"] != "max" or "sql_table_name" not in view:
                continue
            sql = re.sub(r"\$\{(?!TABLE)(\w+)\}", lambda of: dimensions[of[1]], measure["sql"])
            sql = sql.replace("${TABLE}", "t")
            key = (model, view["name"], f"{view['name']}.{measure['name']}")
            self.measures[key] = f"SELECT MAX({sql}) FROM {view['sql_table_name']} AS t"
