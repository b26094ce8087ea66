"""Faults: rules, as data, that say which call goes wrong and how.

A rule matches on `statement`, a regular expression, or on `path`, one for calls that carry no
statement, such as uploads (`/fs_bucket/`) and logins (`/session/v1/login-request`). `after` is how
many matching calls pass before it acts (0), `count` on how many it then acts (1; 0 is for ever).
`do` is the name of an action or an object of actions:

| action | the call |
| --- | --- |
| `status`: 503, with `retry_after` (seconds) | is not done but answered so |
| `reset` | is not done; the connection is reset |
| `drop` | is done to its end; the connection closes without an answer |
| `slow`: seconds | is done; its answer comes later |
| `fail`: code, with `message`, `sql_state` | is a statement that fails, undone |
| `running`: n | is a statement that is in progress for n polls, and is run at the last |
| `lose` | is an upload that succeeds, and whose file is not there |
| `expire` | is not done; the session is over (390112), and must be renewed |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACTIONS: Final = frozenset(
    {"status", "reset", "drop", "slow", "fail", "running", "expire", "lose"}
)
_DETAILS: Final = frozenset({"message", "sql_state", "retry_after"})
_PARTS: Final = frozenset({"statement", "path", "after", "count", "do"})


class BadRuleError(ValueError):
    """A rule that cannot be understood; the text says why."""


@dataclass
class Rule:
    """One rule, how often it met a call (matched) and how often it acted (hits)."""

    given: Mapping[str, object]
    statement: re.Pattern[str] | None
    path: re.Pattern[str] | None
    after: int
    count: int
    do: Mapping[str, Any]
    matched: int = 0
    hits: int = 0

    def acts_on(self, path: str, statement: str) -> bool:
        """Count a call if it matches, and say whether this one goes wrong."""
        if self.statement is not None and not (statement and self.statement.search(statement)):
            return False
        if self.path is not None and not self.path.search(path):
            return False
        self.matched += 1
        acts = self.matched > self.after and (
            not self.count or self.matched <= self.after + self.count
        )
        self.hits += acts
        return acts


def rule(given: object) -> Rule:
    """Read a rule.

    Raises:
        BadRuleError: A name is unknown, or what it needs is missing.
    """
    if not isinstance(given, dict):
        raise BadRuleError("a rule must be an object")
    do = given.get("do")
    do = {do: True} if isinstance(do, str) else do
    if not isinstance(do, dict) or not _ACTIONS & set(do):
        raise BadRuleError("a rule needs do, an object or the name of an action")
    unknown = (set(given) - _PARTS) | (set(do) - _ACTIONS - _DETAILS)
    if unknown:
        raise BadRuleError(f"unknown in a rule: {', '.join(sorted(unknown))}")
    if not {"statement", "path"} & set(given):
        raise BadRuleError("a rule needs statement or path")
    return Rule(
        given=given,
        statement=_pattern(given, "statement"),
        path=_pattern(given, "path"),
        after=int(given.get("after", 0)),
        count=int(given.get("count", 1)),
        do=do,
    )


def _pattern(given: Mapping[str, object], name: str) -> re.Pattern[str] | None:
    return re.compile(str(given[name]), re.IGNORECASE | re.DOTALL) if name in given else None


@dataclass
class Faults:
    """All rules. Of several that act on a call, an earlier one's value of an action counts."""

    rules: list[Rule] = field(default_factory=list)

    def acting_on(self, path: str, statement: str) -> dict[str, Any]:
        """Give what the rules do to this call."""
        acting = [each for each in self.rules if each.acts_on(path, statement)]
        return {name: value for each in reversed(acting) for name, value in each.do.items()}

    def shown(self) -> list[dict[str, object]]:
        """Give the rules as they were given, with their counts."""
        return [dict(each.given, matched=each.matched, hits=each.hits) for each in self.rules]
