"""Fault rules, as data, that say which calls of a stand-in go wrong and how.

A rule matches on `method`, `path` (a regular expression) and `statement` (a regular expression, for
calls that have to do with one), each optional. `after` is how many matching calls pass before it
acts (0), `count` on how many it then acts (1; 0 is for ever). `do` is the name of an action or an
object of actions; each stand-in says in its `faults.py` which it knows. Needs nothing but Python.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from stand_in_server import Request

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


@dataclass
class Faults:
    """All rules. Of several that act on a call, an earlier one's value of an action counts.

    Attributes:
        actions: What a rule can do.
        details: What can be said of it.
    """

    actions: frozenset[str]
    details: frozenset[str]
    rules: list[Rule] = field(default_factory=list)

    def acting_on(self, method: str, path: str, statement: str) -> dict[str, Any]:
        """Give what the rules do to this call."""
        acting = [each for each in self.rules if each.acts_on(method, path, statement)]
        return {name: value for each in reversed(acting) for name, value in each.do.items()}

    def control(self, request: Request) -> list[dict[str, object]]:
        """Answer the control endpoint: DELETE forgets all rules, POST adds one or several.

        Returns:
            The rules as they were given, with their counts.

        Raises:
            BadRuleError: A name is unknown or a value has the wrong type.
            ValueError: The body is no JSON.
        """
        if request.method == "POST":
            given = json.loads(request.body)
            wanted = given if isinstance(given, list) else [given]
            self.rules += [self._rule(each) for each in wanted]
        elif request.method == "DELETE":
            self.rules.clear()
        return [dict(each.given, matched=each.matched, hits=each.hits) for each in self.rules]

    def _rule(self, given: object) -> Rule:
        if not isinstance(given, dict):
            raise BadRuleError("a rule must be an object")
        do = given.get("do")
        if isinstance(do, str):
            do = {do: True}
        if not isinstance(do, dict) or not self.actions & set(do):
            raise BadRuleError("a rule needs do, an object or the name of an action")
        unknown = (set(given) - _PARTS) | (set(do) - self.actions - self.details)
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
