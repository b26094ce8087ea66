"""Faults: rules that say which call goes wrong and how.

A rule matches on `company_id`, `path` and `page`, each optional; `nth` is the first matching call
that it acts on (1 if not given), `times` how many from there on (1 if not given, 0 for ever).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

ACTIONS: Final = frozenset(
    {
        "status",
        "retry_after",
        "html",
        "empty",
        "plain",
        "other_json",
        "truncate",
        "drop",
        "slow",
        "revoke",
        "forbidden",
        "change",
    }
)
_MATCHES: Final = frozenset({"company_id", "path", "page", "nth", "times", "do"})


class BadRule(ValueError):  # noqa: N818 - it names the thing, the caller gets it as a 400
    """A fault rule that cannot be understood; the text says why."""


@dataclass
class Rule:
    """One rule and how often it has met a call (matched) and acted on one (hits)."""

    given: Mapping[str, object]
    company_id: str | None
    path: str | None
    page: int | None
    nth: int
    times: int
    do: dict[str, object]
    matched: int = 0
    hits: int = 0

    def acts_on(self, company_id: str, path: str, page: int) -> bool:
        """Count a call if it matches, and say whether this one goes wrong."""
        if self.company_id not in {None, company_id} or self.page not in {None, page}:
            return False
        if self.path not in {None, path.casefold()}:
            return False
        self.matched += 1
        late = self.times != 0 and self.matched >= self.nth + self.times
        acts = self.matched >= self.nth and not late
        self.hits += acts
        return acts


def _whole(given: Mapping[str, object], name: str, default: int) -> int:
    value = given.get(name, default)
    if not isinstance(value, int):
        raise BadRule(f"{name} must be a whole number")
    return value


def rule(given: object) -> Rule:
    """Read a rule.

    `do` is an object such as `{"status": 429, "retry_after": 3}`, or the name of one action.

    Raises:
        BadRule: A name is unknown or a value has the wrong type.
    """
    if not isinstance(given, dict):
        raise BadRule("a rule must be an object")
    do = given.get("do")
    if isinstance(do, str):
        do = {do: True}
    if not isinstance(do, dict) or not do:
        raise BadRule("a rule needs do, an object or the name of an action")
    unknown = (set(given) - _MATCHES) | (set(do) - ACTIONS)
    if unknown:
        raise BadRule(f"unknown in a rule: {', '.join(sorted(unknown))}")
    path = given.get("path")
    company_id = given.get("company_id")
    return Rule(
        given=given,
        company_id=None if company_id is None else str(company_id),
        path=None if path is None else str(path).casefold(),
        page=_whole(given, "page", 0) if "page" in given else None,
        nth=max(1, _whole(given, "nth", 1)),
        times=_whole(given, "times", 1),
        do=do,
    )


@dataclass
class Faults:
    """All rules. Of several that act on a call, the first that spoils the answer decides."""

    rules: list[Rule] = field(default_factory=list)

    def acting_on(self, company_id: str, path: str, page: int) -> list[dict[str, object]]:
        """Give what the rules do to this call, in the order of the rules."""
        acting = [each for each in self.rules if each.acts_on(company_id, path, page)]
        return [each.do for each in acting]

    def shown(self) -> list[dict[str, object]]:
        """Give the rules as they were given, with their counts."""
        return [dict(each.given, matched=each.matched, hits=each.hits) for each in self.rules]
