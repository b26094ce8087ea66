"""The seam for time: every reading of a clock in this package goes through it."""

from __future__ import annotations

import time
from datetime import UTC, datetime


class Clock:
    """The real clock. Tests pass one that they move themselves."""

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment; never goes back."""
        return time.monotonic()

    def now(self) -> datetime:
        """The current time, aware, in UTC."""
        return datetime.now(tz=UTC)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
