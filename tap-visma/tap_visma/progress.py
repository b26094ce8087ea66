"""Where a run is, in one line that a terminal shows and overwrites; nothing anywhere else.

Log lines stay the record of a run; this is for the person who watches it.
"""

from __future__ import annotations

import logging
import shutil
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_visma.clock import Clock
    from tap_visma.quota import Window

SECONDS_BETWEEN = 0.2
_CLEAR = "\r\x1b[2K"


class Progress:
    """The line, on stderr if that is a terminal."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._shown_at = float("-inf")
        self._terminal = sys.stderr.isatty()
        if self._terminal:
            for handler in logging.getLogger().handlers:
                handler.addFilter(self._make_room)

    def show(self, place: str, page: int, pages: int | None, records: int, window: Window) -> None:
        """Show how far the run is.

        Args:
            place: Company and stream.
            page: Pages read of the list.
            pages: How many it has, if that is known.
            records: Records written.
            window: The company's allowance.
        """
        now = self._clock.monotonic()
        if not self._terminal or now - self._shown_at < SECONDS_BETWEEN:
            return
        self._shown_at = now
        minutes = max(0, round((window.resets_at - now) / 60))
        line = (
            f"{place}: page {page}{f' of {pages}' if pages else ''}, {records:,} records, {window}"
            f"{f', new window in {minutes} min' if window.limit else ''}"
        )
        sys.stderr.write(_CLEAR + line[: shutil.get_terminal_size().columns - 1])
        sys.stderr.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._terminal:
            sys.stderr.write(_CLEAR)
            sys.stderr.flush()

    def _make_room(self, _record: logging.LogRecord) -> bool:
        self.clear()
        return True
