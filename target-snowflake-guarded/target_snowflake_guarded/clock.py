"""The seam for time: the core's clock, which can also wait."""

from __future__ import annotations

import time

from loader_core import clock


class Clock(clock.Clock):
    """The real clock. Tests pass one that they move themselves."""

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
