"""Requests on their way: written down before they are sent, sent in order, and settled.

Knows requests, their limits and how a lost answer is settled; does not know why they are sent. A
request is one of three: `waiting`; `unknown` from just before it is sent until its answer is
there; `sent`. A row carries the key of its request, so an unknown one is settled by counting its
rows in the model. Clearing a table can be done twice, so that is simply done again.
"""

from __future__ import annotations

import logging
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote
from uuid import uuid4

from loader_core import LostAnswerError
from target_powerbi import limits, lineage, queries
from target_powerbi.client import LATER
from target_powerbi.errors import AmbiguousError, RefusedError, ThrottledError
from target_powerbi.limits import Post
from target_powerbi.model import BATCH_KEY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from loader_core.clock import Clock
    from target_powerbi.client import Client
    from target_powerbi.settings import Settings
    from target_powerbi.state import State

CLEAR, ROWS = "clear", "rows"
LONG_SECONDS = 60.0
"""From which on it is said how long it will take."""
FIRST_LOOK_SECONDS, MOST_LOOK_SECONDS = 2.0, 10.0
_KEY_BYTES = 70
"""That the key of its request adds to a row, at most."""
_DAY = 86_400.0
_COLUMNS = "number, key, batch, place, kind, state, rows, bytes, body, lines"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """A request; see the columns of `waiting` in `state`."""

    number: int
    key: str
    batch: str
    place: str
    kind: str
    state: str
    rows: int
    size: int
    body: bytes | None
    lines: bytes | None


class Outgoing:
    """Sends to one dataset, one request at a time.

    Args:
        client: Power BI.
        state: Where requests are written down.
        settings: How long to wait, and what to keep.
        clock: For waiting.
        lineage: The file for lineage lines.

    Attributes:
        dataset: Path of the dataset; set before anything is sent.
    """

    def __init__(
        self, client: Client, state: State, settings: Settings, clock: Clock, lineage: Path
    ) -> None:
        self.dataset = ""
        self._client = client
        self._state = state
        self._settings = settings
        self._clock = clock
        self._lineage = lineage

    def add_clear(self, place: str, batch: str) -> None:
        """Have a table cleared, after what is waiting; call it within a transaction."""
        self._add(f"{uuid4().hex}-clear", batch, place)

    def add_rows(
        self, place: str, stream: str, batch: str, rows: Iterable[tuple[str, str, bytes]]
    ) -> None:
        """Have rows sent, after what is waiting; call it within a transaction.

        Args:
            place: The table.
            stream: Whose rows they are.
            batch: What they are sent for: a batch, or the replacement of a table.
            rows: Of each its key, its batch and its data as a JSON object.
        """
        key = uuid4().hex
        for number, (part, lines) in enumerate(self._parts(rows, key, stream)):
            self._add(f"{key}-{number}", batch, place, rows=part, lines=lines)

    def _parts(
        self, rows: Iterable[tuple[str, str, bytes]], key: str, stream: str
    ) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """Rows by requests: of each its rows and its lineage lines."""
        part: list[bytes] = []
        lines: list[bytes] = []
        size = number = 0
        for row_key, batch, data in rows:
            more = len(data) + _KEY_BYTES
            if len(part) == limits.MOST_ROWS or size + more > limits.MOST_BYTES:
                yield part, lines
                part, lines, size, number = [], [], 0, number + 1
            part.append(b'{"%b":"%b-%d",%b' % (BATCH_KEY.encode(), key.encode(), number, data[1:]))
            size += more
            if self._settings.lineage:
                lines.append(lineage.line(stream, row_key, batch))
        if part:
            yield part, lines

    def _add(
        self,
        key: str,
        batch: str,
        place: str,
        *,
        rows: list[bytes] | None = None,
        lines: list[bytes] | None = None,
    ) -> None:
        body = b'{"rows":[%b]}' % b",".join(rows) if rows else b""
        self._state.ask(
            "INSERT INTO waiting (key, batch, place, kind, state, rows, bytes, body, lines) "
            "VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?, ?)",
            key,
            batch,
            place,
            ROWS if rows else CLEAR,
            len(rows or ()),
            len(body),
            zlib.compress(body, 1),
            lineage.packed(lines) if lines else None,
        )

    def waits(self) -> bool:
        """Whether anything waits to be sent."""
        return bool(self._state.ask("SELECT 1 FROM waiting WHERE state <> 'sent' LIMIT 1"))

    def seconds(self) -> float:
        """How long it will take to send what waits, by the limits alone."""
        held = dict(self._state.ask("SELECT place, rows FROM held"))
        plan = []
        for place, kind, rows in self._state.ask(
            "SELECT place, kind, rows FROM waiting WHERE state <> 'sent' ORDER BY number"
        ):
            if kind == CLEAR:
                held[place] = 0
            plan.append((rows, held.get(place, 0)))
            held[place] = held.get(place, 0) + rows
        return limits.forecast(self._now(), self._past(), plan)

    def drain(self) -> int:
        """Send what waits; gives how many requests that were.

        Raises:
            AmbiguousError: Rows of a request are there in part; or not, and are no longer kept.
            ThrottledError: The next allowance is too far away.
            LoaderError: It cannot be sent now.
        """
        ((count, rows),) = self._state.ask(
            "SELECT count(*), coalesce(sum(rows), 0) FROM waiting WHERE state <> 'sent'"
        )
        if count and (seconds := self.seconds()) >= LONG_SECONDS:
            logger.warning(
                "%d rows in %d requests: Power BI's limits let that take %s at least",
                rows,
                count,
                limits.in_words(seconds),
            )
        for _ in range(count):
            ((found),) = self._state.ask(
                f"SELECT {_COLUMNS} FROM waiting WHERE state <> 'sent' ORDER BY number LIMIT 1"  # noqa: S608 - this file's own words
            )
            self._send(Request(*found))
        return int(count)

    def note_empty(self, place: str) -> None:
        """Remember that a table holds no rows; call it within a transaction."""
        self._state.ask("INSERT OR REPLACE INTO held VALUES (?, 0)", place)

    def is_empty(self, place: str) -> bool:
        """Whether a table is known to hold no rows, and none are on their way to it."""
        on_the_way = self._state.ask(
            "SELECT 1 FROM waiting WHERE state <> 'sent' AND place = ? LIMIT 1", place
        )
        known = self._state.ask("SELECT 1 FROM held WHERE place = ? AND rows = 0", place)
        return bool(known) and not on_the_way

    def drop(self, place: str) -> None:
        """Give up what waits for a table; call it within a transaction."""
        self._state.ask("DELETE FROM waiting WHERE state <> 'sent' AND place = ?", place)

    def drop_all(self) -> None:
        """Forget what waits and what was sent, to another dataset; call it within one too."""
        self._state.ask("DELETE FROM waiting")
        self._state.ask("DELETE FROM held")

    def again(self, batch: str) -> set[str]:
        """Have the requests of a batch looked for, and sent again where they are not there.

        Those from before their table was cleared are none: what they added is not to be there.

        Returns:
            The tables that they are for.
        """
        those = (
            "kind = 'rows' AND state = 'sent' AND substr(batch, 1, ?) = ? AND NOT EXISTS ("
            "SELECT 1 FROM waiting AS later WHERE later.place = waiting.place "
            "AND later.kind = 'clear' AND later.number > waiting.number)"
        )
        given = (len(batch), batch)
        with self._state.transaction():
            found = self._state.ask(
                f"SELECT place, sum(rows) FROM waiting WHERE {those} GROUP BY place",  # noqa: S608 - this file's own words
                *given,
            )
            for place, rows in found:  # which are counted anew when they are found, or sent
                self._state.ask("UPDATE held SET rows = rows - ? WHERE place = ?", rows, place)
            self._state.ask(f"UPDATE waiting SET state = 'unknown' WHERE {those}", *given)  # noqa: S608 - as above
        return {place for place, _ in found}

    def forget_old(self) -> None:
        """Let go of rows that were sent long enough ago."""
        self._state.ask(
            "UPDATE waiting SET body = NULL, lines = NULL "
            "WHERE state = 'sent' AND body IS NOT NULL AND done_at <= ?",
            self._now() - self._settings.keep_sent_days * _DAY,
        )

    def _send(self, request: Request) -> None:
        """Send a request, and see that it has arrived once."""
        is_unknown = request.state == "unknown" and request.kind == ROWS
        was_there = False
        lost_at: float | None = None
        while True:
            if is_unknown and (was_there := self._arrived(request)):
                request_id = None
                break
            if request.body is None:
                raise _whole(
                    f"'{request.place}' does not show the rows of request '{request.key}', and "
                    "they are no longer kept",
                    request.place,
                )
            self._pace(request)
            self._begin(request)
            try:
                request_id = self._call(request)
                break
            except LostAnswerError as error:
                now = self._clock.monotonic()  # not since the first wait, which may take an hour
                lost_at = now if lost_at is None else lost_at
                if now > lost_at + self._settings.retry_seconds:
                    raise
                logger.warning("%s; looking for what became of it", error.what)
                is_unknown = request.kind == ROWS
            except (RefusedError, ThrottledError):
                if not is_unknown:  # it was not done; else an earlier attempt may yet show
                    self._state.ask(
                        "UPDATE waiting SET state = 'waiting' WHERE number = ?", request.number
                    )
                raise
        self._end(request, request_id)
        logger.info(
            "Request '%s': %s '%s', %d rows, %d bytes, %s",
            request.key,
            "cleared" if request.kind == CLEAR else "rows for",
            request.place,
            request.rows,
            request.size,
            "found there" if was_there else f"id {request_id}",
        )

    def _call(self, request: Request) -> str:
        path = f"{self.dataset}/tables/{quote(request.place, safe='')}/rows"
        if request.kind == CLEAR:
            return self._client.call("DELETE", path, f"clearing '{request.place}'").request_id
        what = f"adding rows to '{request.place}' (request '{request.key}')"
        body = zlib.decompress(request.body or b"")
        return self._client.call("POST", path, what, body, once=True).request_id

    def _arrived(self, request: Request) -> bool:
        """Whether the rows of a request are in the model; looks until it must be certain.

        Raises:
            AmbiguousError: Only some of them are.
        """
        until = self._clock.monotonic() + self._settings.settle_seconds
        pause, found = FIRST_LOOK_SECONDS, 0
        while True:
            found = self._shown(request)
            if found == request.rows:
                return True
            if self._clock.monotonic() + pause > until:
                break
            self._clock.sleep(pause)
            pause = min(MOST_LOOK_SECONDS, pause * 2)
        if found == 0:
            return False
        raise _whole(
            f"of the {request.rows} rows of request '{request.key}', '{request.place}' shows "
            f"{found}",
            request.place,
        )

    def _shown(self, request: Request) -> int:
        """Rows of a request that the model shows.

        Raises:
            AmbiguousError: Power BI does not let it be asked.
        """
        place = f"'{request.place}'"
        those = f'FILTER({place}, {place}[{BATCH_KEY}] = "{request.key}")'
        query = f'EVALUATE ROW("n", COUNTROWS({those}))'
        try:
            found = queries.row(self._client, self.dataset, query, f"counting rows of {place}")
        except RefusedError as error:
            raise _cannot_ask(error.what) from None
        return int(next(iter(found.values()), None) or 0)

    def _pace(self, request: Request) -> None:
        """Wait until the limits let a request be sent.

        Raises:
            ThrottledError: That takes too long.
        """
        held = self._held(request.place)
        seconds = limits.wait(self._now(), self._past(), request.rows, held)
        most = self._settings.max_wait_seconds
        if seconds > most:
            raise ThrottledError(
                f"the allowance of the dataset is spent for {limits.in_words(seconds)}",
                f"Run again then, or set a longer 'max_wait_seconds' than {most:.0f}; the next "
                "run goes on where this one ended",
            )
        if seconds >= LONG_SECONDS:
            logger.warning("Waiting %s for the dataset's allowance", limits.in_words(seconds))
        if seconds:
            self._clock.sleep(seconds)

    def _begin(self, request: Request) -> None:
        with self._state.transaction():
            self._state.ask("UPDATE waiting SET state = 'unknown' WHERE number = ?", request.number)
            self._state.ask("INSERT INTO posts VALUES (?, ?)", self._now(), request.rows)

    def _end(self, request: Request, request_id: str | None) -> None:
        if request.lines:
            about = {
                "table": request.place,
                "request": request.key,
                "sent_at": self._clock.now().isoformat(timespec="seconds"),
            }
            lineage.write(self._lineage, request.lines, about)
        held = 0 if request.kind == CLEAR else self._held(request.place) + request.rows
        with self._state.transaction():
            self._state.ask(
                "UPDATE waiting SET state = 'sent', request_id = ?, done_at = ? WHERE number = ?",
                request_id,
                self._now(),
                request.number,
            )
            self._state.ask("INSERT OR REPLACE INTO held VALUES (?, ?)", request.place, held)
            self._state.ask("DELETE FROM posts WHERE at < ?", self._now() - limits.LONGEST_WINDOW)

    def _held(self, place: str) -> int:
        found = self._state.ask("SELECT rows FROM held WHERE place = ?", place)
        return int(found[0][0]) if found else 0

    def _past(self) -> list[Post]:
        found = self._state.ask("SELECT at, rows FROM posts ORDER BY at")
        return [Post(*each) for each in found]

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _whole(what: str, place: str) -> AmbiguousError:
    return AmbiguousError(what, "Run again: the table is cleared then, and sent whole", place=place)


def _cannot_ask(what: str) -> AmbiguousError:
    return AmbiguousError(
        f"an answer was lost, and what became of it cannot be asked: {what}",
        "In the Power BI admin portal, Tenant settings, Integration settings, switch on 'Dataset "
        f"Execute Queries REST API' for the service principal. {LATER}",
        place=None,
    )
