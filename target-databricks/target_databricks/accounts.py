"""Sets of account codes: a single code, a range, or all that begin alike; and how sets overlap.

Knows codes as texts only, so that `0100` and `100` are two accounts. A range takes the codes that
have as many characters as its bounds and lie between them, bounds included: 30001 is not in
3000-3999.
Codes have neither blanks nor hyphens.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_CODE = r"[^\s*-]"
_PATTERN = re.compile(
    rf"(?P<low>{_CODE}+)-(?P<high>{_CODE}+)|(?P<prefix>{_CODE}*)\*|(?P<one>{_CODE}+)"
)


class PatternError(ValueError):
    """A text is no set of account codes; says why."""


@dataclass(frozen=True, slots=True)
class Accounts:
    """A set of account codes.

    Attributes:
        text: As it is written.
        low: Its least code; of codes that begin alike, what they begin with.
        high: Its greatest code; as above.
        open: Codes may go on after what they begin with.
    """

    text: str
    low: str
    high: str
    open: bool = False

    @classmethod
    def of(cls, text: str) -> Accounts:
        """Read a set: `1920`, `3000-3999` or `19*`.

        Raises:
            PatternError: It is none.
        """
        found = _PATTERN.fullmatch(text)
        if found is None:
            raise PatternError(f"'{text}' is not a code, a range such as 3000-3999, or 30*")
        if found["one"]:
            return cls(text, found["one"], found["one"])
        if found["low"] is None:
            return cls(text, found["prefix"], found["prefix"], open=True)
        low, high = found["low"], found["high"]
        if len(low) != len(high):
            raise PatternError(f"the bounds of '{text}' do not have as many characters")
        if low > high:
            raise PatternError(f"'{text}' ends before it begins")
        return cls(text, low, high)

    def takes(self, code: str) -> bool:
        """Whether a code is in it."""
        if self.open:
            return code.startswith(self.low)
        return len(code) == len(self.low) and self.low <= code <= self.high

    def overlaps(self, other: Accounts) -> bool:
        """Whether a code can be in both."""
        if self.open and other.open:
            return self.low.startswith(other.low) or other.low.startswith(self.low)
        if self.open:
            begin = len(self.low)
            fits = begin <= len(other.low)
            return fits and other.low[:begin] <= self.low <= other.high[:begin]
        if other.open:
            return other.overlaps(self)
        return len(self.low) == len(other.low) and self.low <= other.high and other.low <= self.high


def gaps(whole: Accounts, parts: Iterable[Accounts]) -> list[str]:
    """Ranges of a whole that no part takes, in order.

    Args:
        whole: A range of digits.
        parts: Sets, of which those that are not digits count for nothing.

    Raises:
        PatternError: The whole is no range of digits.
    """
    if whole.open or not (whole.low + whole.high).isdecimal():
        raise PatternError(f"'{whole.text}' is not a range of digits, such as 1000-9999")
    digits = len(whole.low)
    free, found = int(whole.low), []
    for low, high in [*sorted(_numbers(parts, digits)), (int(whole.high) + 1,) * 2]:
        if free < low and free <= int(whole.high):
            first, last = f"{free:0{digits}}", f"{min(low - 1, int(whole.high)):0{digits}}"
            found.append(first if first == last else f"{first}-{last}")
        free = max(free, high + 1)
    return found


def _numbers(parts: Iterable[Accounts], digits: int) -> Iterator[tuple[int, int]]:
    """Least and greatest number of so many digits of each part."""
    for part in parts:
        rest = digits - len(part.low)
        fits = rest >= 0 if part.open else rest == 0
        if fits and (part.low + part.high + "0").isdecimal():
            yield int(part.low + "0" * rest), int(part.high + "9" * rest)
