"""Power BI's limits of push semantic models, kept by us and not met by accident.

Knows numbers and times; knows neither HTTP nor files. An allowance is a sliding window: so many
requests, or rows, in so many seconds. Who sends keeps the times of what was sent, on the disk,
since an hour does not begin anew with a process.

https://learn.microsoft.com/power-bi/developer/embedded/push-datasets-limitations has the limits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

MOST_ROWS, MOST_BYTES = 10_000, 14_000_000
"""Of a request. The service takes 16 MB."""
MOST_COLUMNS = MOST_TABLES = MOST_RELATIONSHIPS = 75
MOST_LETTERS = 4000
MANY_ROWS = 250_000
"""In a table, from which on far fewer requests are taken."""
LONGEST_WINDOW = 3605.0


@dataclass(frozen=True, slots=True)
class Window:
    """An allowance.

    Attributes:
        seconds: How long a request counts; a little longer than at the service, whose clock and
            whose way to us are its own.
        requests: How many there may be.
        rows: How many rows there may be.
        from_held: It counts only for a table that holds as many rows.
    """

    seconds: float
    requests: int | None = None
    rows: int | None = None
    from_held: int = 0


WINDOWS = (
    Window(1.05, requests=1),
    Window(61.0, requests=120),
    Window(LONGEST_WINDOW, rows=1_000_000),
    Window(LONGEST_WINDOW, requests=120, from_held=MANY_ROWS),
)


@dataclass(frozen=True, slots=True)
class Post:
    """A request of rows that was sent.

    Attributes:
        at: When, in seconds since 1970.
        rows: How many.
    """

    at: float
    rows: int


def wait(now: float, past: Sequence[Post], rows: int, held: int) -> float:
    """Seconds until a request may be sent.

    Args:
        now: Seconds since 1970.
        past: What was sent within the longest window, oldest first.
        rows: Of the request.
        held: Rows that its table holds already.
    """
    return max(0.0, *(_wait(window, now, past, rows, held) for window in WINDOWS))


def _wait(window: Window, now: float, past: Sequence[Post], rows: int, held: int) -> float:
    if held < window.from_held:
        return 0.0
    counted = [post for post in past if post.at > now - window.seconds]
    requests_left = None if window.requests is None else window.requests - 1
    rows_left = None if window.rows is None else window.rows - rows
    used_rows = used = 0
    for post in reversed(counted):
        used, used_rows = used + 1, used_rows + post.rows
        full = requests_left is not None and used > requests_left
        if full or (rows_left is not None and used_rows > rows_left):
            # This one and those before it have to leave the window. None is later than now, even
            # if the clock was set back
            return min(post.at, now) + window.seconds - now
    return 0.0


def forecast(now: float, past: Iterable[Post], requests: Iterable[tuple[int, int]]) -> float:
    """Seconds that requests will take, if each takes no time but its wait.

    Args:
        now: Seconds since 1970.
        past: What was sent within the longest window, oldest first.
        requests: Of each its rows, and the rows that its table will hold already.
    """
    sent, at = list(past), now
    for rows, held in requests:
        sent = [post for post in sent if post.at > at - LONGEST_WINDOW]
        at += wait(at, sent, rows, held)
        sent.append(Post(at, rows))
    return at - now


def in_words(seconds: float) -> str:
    """A time that a person reads at a glance."""
    minutes = round(seconds / 60)
    if minutes < 2:  # noqa: PLR2004 - below that, seconds say more
        return f"{seconds:.0f} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"
