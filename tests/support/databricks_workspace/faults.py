"""Faults: rules, as data, that say which call goes wrong and how.

A rule matches on `method`, `path` (a regular expression) and `statement` (a regular expression, for
calls that send, poll or cancel a statement), each optional. `after` is how many matching calls pass
before it acts (0), `count` on how many it then acts (1; 0 is for ever). `do` is the name of an
action or an object of actions:

| action | the call |
| --- | --- |
| `status`: 429, with `retry_after`, `error_code`, `message` | is not done but answered so |
| `html`: 503, with `retry_after` | is not done; a gateway's page is the answer |
| `revoke` | is not done; all tokens are void from now on, 401 |
| `reset` | is not done; the connection is reset |
| `cut_upload` | is not done; the connection is reset after half of its body |
| `drop` | is done to its end; the connection closes without an answer |
| `truncate` | is done; half of its answer comes |
| `slow`: seconds | is done; its answer comes later |
| `pending`: n, `running`: n | sends a statement that shows so for n polls before it runs |
| `fail`: error class, with `message`, `sql_state`, `error_code` | sends a statement that fails |
| `end_as`: `CANCELED` or `CLOSED` | sends a statement that ends so, unrun or run |
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

REPLACING: Final = frozenset({"status", "html", "revoke", "reset", "cut_upload"})
ON_STATEMENTS: Final = frozenset({"pending", "running", "fail", "end_as"})
_ON_ANSWERS: Final = frozenset({"drop", "truncate", "slow"})
_DETAILS: Final = frozenset({"retry_after", "error_code", "message", "sql_state"})
_ACTIONS: Final = REPLACING | ON_STATEMENTS | _ON_ANSWERS
_PARTS: Final = frozenset({"method", "path", "statement", "after", "count", "do"})


class BadRuleError(ValueError):
    """A rule that cannot be understood; the text says why."""


@dataclass
class Rule:
    """One rule, how often it met a call (matched) and how often it acted (hits)."""

    given: Mapping[str, object]
    method: str | None
    path: re.Pattern[str]
    statement: re.Pattern[str] | None
    after: int
    count: int
    do: Mapping[str, Any]
    matched: int = 0
    hits: int = 0

    def acts_on(self, method: str, path: str, statement: str) -> bool:
        """Count a call if it matches, and say whether this one goes wrong."""
        if self.method not in {None, method} or not self.path.search(path):
            return False
        if self.statement is not None and not self.statement.search(statement):
            return False
        self.matched += 1
        acts = self.matched > self.after and (
            not self.count or self.matched <= self.after + self.count
        )
        self.hits += acts
        return acts


def _whole(given: Mapping[str, object], name: str, default: int) -> int:
    value = given.get(name, default)
    if type(value) is not int or value < 0:
        raise BadRuleError(f"{name} must be a whole number, 0 or more")
    return value


def _pattern(given: Mapping[str, object], name: str) -> re.Pattern[str] | None:
    if name not in given:
        return None
    try:
        return re.compile(str(given[name]), re.IGNORECASE | re.DOTALL)
    except re.error as error:
        raise BadRuleError(f"{name} is no regular expression: {error}") from None


def rule(given: object) -> Rule:
    """Read a rule.

    Raises:
        BadRuleError: A name is unknown or a value has the wrong type.
    """
    if not isinstance(given, dict):
        raise BadRuleError("a rule must be an object")
    do = given.get("do")
    if isinstance(do, str):
        do = {do: True}
    if not isinstance(do, dict) or not _ACTIONS & set(do):
        raise BadRuleError("a rule needs do, an object or the name of an action")
    unknown = (set(given) - _PARTS) | (set(do) - _ACTIONS - _DETAILS)
    if unknown:
        raise BadRuleError(f"unknown in a rule: {', '.join(sorted(unknown))}")
    method = given.get("method")
    return Rule(
        given=given,
        method=None if method is None else str(method).upper(),
        path=_pattern(given, "path") or re.compile(""),
        statement=_pattern(given, "statement"),
        after=_whole(given, "after", 0),
        count=_whole(given, "count", 1),
        do=do,
    )


@dataclass
class Faults:
    """All rules. Of several that act on a call, an earlier one's value of an action counts."""

    rules: list[Rule] = field(default_factory=list)

    def acting_on(self, method: str, path: str, statement: str) -> dict[str, Any]:
        """Give what the rules do to this call."""
        acting = [each for each in self.rules if each.acts_on(method, path, statement)]
        return {name: value for each in reversed(acting) for name, value in each.do.items()}

    def shown(self) -> list[dict[str, object]]:
        """Give the rules as they were given, with their counts."""
        return [dict(each.given, matched=each.matched, hits=each.hits) for each in self.rules]
