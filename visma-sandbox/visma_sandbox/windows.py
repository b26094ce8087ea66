"""Rate windows: a fixed number of calls in a fixed time, for each company apart, on real time.

And the turnstile, which lets one call of each company in at a time.
"""

from __future__ import annotations

import math
import threading
import time
from dataclasses import dataclass, field
from typing import Final

POLICY: Final = "4-fixed-window"


@dataclass
class Window:
    """The calls of one company in the present window."""

    ends_at: float
    used: int = 0


@dataclass
class RateWindows:
    """Counts calls. The window of a company begins with its first call after the last one ended."""

    calls_per_window: int
    window_seconds: float
    _windows: dict[str, Window] = field(default_factory=dict)

    def count(self, company_id: str) -> tuple[bool, dict[str, str]]:
        """Count a call: gives whether it is within the limit, and the headers that tell of it."""
        now = time.monotonic()
        window = self._windows.get(company_id)
        if window is None or window.ends_at <= now:
            window = self._windows[company_id] = Window(now + self.window_seconds)
        allowed = window.used < self.calls_per_window
        window.used += allowed
        reset = str(max(1, math.ceil(window.ends_at - now)))
        headers = {
            "X-RateLimit-Limit": str(self.calls_per_window),
            "X-RateLimit-Remaining": str(max(0, self.calls_per_window - window.used)),
            "X-RateLimit-Reset": reset,
            "X-RateLimit-Policy": POLICY,
        }
        if not allowed:
            headers["Retry-After"] = reset
        return allowed, headers

    def restart(self, calls_per_window: int, window_seconds: float) -> None:
        """Set other limits; every company begins a new window."""
        self.calls_per_window = calls_per_window
        self.window_seconds = window_seconds
        self._windows.clear()


class Turnstile:
    """Knows which companies have a call that is being answered. Safe for threads."""

    def __init__(self) -> None:
        """Start with nobody inside."""
        self._lock = threading.Lock()
        self._inside: set[str] = set()

    def enter(self, company_id: str) -> bool:
        """Let a call in, unless one of its company is inside; says whether it was let in."""
        with self._lock:
            if company_id in self._inside:
                return False
            self._inside.add(company_id)
            return True

    def leave(self, company_id: str) -> None:
        """Let the call of a company out."""
        with self._lock:
            self._inside.discard(company_id)
