"""The hourly allowance of calls of one company, as the headers of its answers tell it.

Knows a clock and numbers; knows no HTTP. Visma counts calls per company and client in fixed
windows and says after each call how many are left and when the window turns.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(slots=True)
class Window:
    """What is known of the current window.

    Attributes:
        reserve: Calls of each window that are left to others.
        limit: Calls per window, or `None` before the first answer.
        remaining: Calls left in it, or `None` where unknown.
        resets_at: Monotonic seconds at which a new window begins.
    """

    reserve: int = 0
    limit: int | None = None
    remaining: int | None = None
    resets_at: float = 0.0

    def seconds_to_wait(self, now: float) -> float:
        """How long the next call has to wait: 0 while calls are left or nothing is known."""
        if self.remaining is None or self.remaining > self.reserve:
            return 0.0
        return max(0.0, self.resets_at - now)

    def allows(self, calls: int) -> bool:
        """Whether so many calls are left beside the reserve, as far as is known."""
        return self.remaining is None or self.remaining - self.reserve >= calls

    def turn(self) -> None:
        """Begin a new window, of which nothing is known yet."""
        self.remaining = None

    def learn(self, headers: Mapping[str, str], now: float) -> None:
        """Take the counters from the headers of an answer.

        Args:
            headers: Headers of the answer; names in any case.
            now: Monotonic seconds when the answer came.
        """
        limit, remaining, reset = (
            _whole(headers.get(f"X-RateLimit-{name}")) for name in ("Limit", "Remaining", "Reset")
        )
        self.limit = self.limit if limit is None else limit
        self.remaining = remaining
        if reset is not None:
            self.resets_at = now + reset

    def exhausted(self, headers: Mapping[str, str], now: float) -> None:
        """Take in a refusal (429): nothing is left until the time that it names.

        Args:
            headers: Headers of the refusal.
            now: Monotonic seconds when it came.
        """
        self.learn(headers, now)
        self.remaining = 0
        retry_after = _whole(headers.get("Retry-After"))
        if retry_after is not None:
            self.resets_at = now + retry_after
        elif self.resets_at <= now:
            # A refusal that names no time: the window is an hour, so ask again in a minute.
            self.resets_at = now + 60

    def __str__(self) -> str:
        if self.remaining is None or self.limit is None:
            return "allowance unknown"
        return f"{self.remaining} of {self.limit} calls left"


def _whole(text: str | None) -> int | None:
    return int(text) if text is not None and text.isdecimal() else None
