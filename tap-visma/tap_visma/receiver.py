"""The receiver of events: what it takes, what it refuses, and when it answers. An ASGI application.

Knows HTTP, signatures and the inbox; knows neither the tap nor Singer. What each event meets, in
this order:

| fault | answer | counted as |
| --- | --- | --- |
| it comes from an address that is not among the senders | 403 | `stranger` |
| more events a second than one sender may send | 429 | `rate` |
| a body above the limit | 413 | `size` |
| a body that does not come to its end | 408 | `slow` |
| no signature | 401 | `unsigned` |
| a signature that no secret gives | 401 | `forged` |
| a body that is no JSON object | 400 | `malformed` |
| older than the limit, or of the future, by its own time | 400 | `age` |
| the inbox cannot be written | 503 | |
| none: kept on the disk, or kept before | 200 | `kept`, `repeated` |
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import logging
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import datetime, timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec

from tap_visma import envelopes
from tap_visma.errors import InboxError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from ipaddress import IPv4Address, IPv6Address

    from tap_visma.clock import Clock
    from tap_visma.envelopes import Event
    from tap_visma.inbox import InboxWriter
    from tap_visma.webhook_settings import Network, WebhookSettings

    Receive: TypeAlias = Callable[[], Awaitable[dict[str, Any]]]
    Send: TypeAlias = Callable[[dict[str, Any]], Awaitable[None]]

EVENTS_PATH, HEALTH_PATH = "/webhooks", "/healthz"
BODY_SECONDS = 10.0
AHEAD = timedelta(minutes=5)
"""How far the sender's clock may be ahead of ours."""
COUNT_SECONDS = 1.0
"""Refusals are written to the inbox so often, and what is known of its health is so old."""
MOST_SENDERS = 10_000
"""Of whose rates is kept account."""

logger = logging.getLogger(__name__)


class Refused(Exception):  # noqa: N818 - an answer, no fault of ours
    """An event that is not taken."""

    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status
        self.why = why


class Rates:
    """A bucket for each sender, which fills with the events that he may send each second.

    Args:
        per_second: Events a second, and at once.
        clock: Tells the time.
    """

    def __init__(self, per_second: int, clock: Clock) -> None:
        self._per_second = per_second
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}

    def allows(self, sender: str) -> bool:
        """Whether one more event may come now; takes it out of the bucket."""
        now = self._clock.monotonic()
        if len(self._buckets) > MOST_SENDERS:
            self._buckets.clear()
        held, at = self._buckets.get(sender, (float(self._per_second), now))
        held = min(held + (now - at) * self._per_second, float(self._per_second))
        self._buckets[sender] = (held - 1 if held >= 1 else held, now)
        return held >= 1


class Keeper:
    """Writes events by the group: all that came while the last group was being written.

    So one sync of the disk serves many events, and none waits for more than two.

    Args:
        inbox: The inbox.

    Attributes:
        counted: What is to be counted with the next group.
        is_well: Whether the last group could be written.
    """

    def __init__(self, inbox: InboxWriter) -> None:
        self.counted: Counter[str] = Counter()
        self.is_well = True
        self._inbox = inbox
        self._waiting: list[tuple[Event | None, asyncio.Future[bool]]] = []
        self._called = asyncio.Event()
        self._ends = False
        self._thread = ThreadPoolExecutor(1, "inbox")

    async def keep(self, event: Event | None) -> bool:
        """Wait until an event is on the disk; without one, until the disk has been tried.

        Returns:
            Whether it is new.

        Raises:
            InboxError: It could not be written.
        """
        future: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.append((event, future))
        self._called.set()
        return await future

    def end(self) -> None:
        """Write what waits, and no more."""
        self._ends = True
        self._called.set()

    async def run(self) -> None:
        """Write groups until the end."""
        while not (self._ends and not self._waiting):
            with suppress(TimeoutError):
                await asyncio.wait_for(self._called.wait(), COUNT_SECONDS)
            self._called.clear()
            await self._write()
        await self._write()
        self._thread.shutdown()

    async def _write(self) -> None:
        group, self._waiting = self._waiting, []
        counted, self.counted = self.counted, Counter()
        if not group and not counted:
            return
        events = [event for event, _ in group if event]
        write = asyncio.get_running_loop().run_in_executor(
            self._thread, self._inbox.write, events, counted
        )
        try:
            new = iter(await write)
        except InboxError as error:
            if self.is_well:
                logger.error("%s", error)  # noqa: TRY400 - for a person, who needs no traceback
            self.is_well = False
            self.counted.update(counted)
            for _, future in group:
                if not future.done():
                    future.set_exception(error)
            return
        self.is_well = True
        for event, future in group:
            value = next(new) if event else True
            if not future.done():
                future.set_result(value)


class Receiver:
    """The application.

    Args:
        settings: What is taken from whom.
        keeper: Takes events to the disk.
        clock: Tells the time.
        told: Gives the counts for the health page.
    """

    def __init__(
        self,
        settings: WebhookSettings,
        keeper: Keeper,
        clock: Clock,
        told: Callable[[], Mapping[str, int]],
    ) -> None:
        self._settings = settings
        self._keeper = keeper
        self._clock = clock
        self._told = told
        self._rates = Rates(settings.events_per_second, clock)
        self._tried_at = -COUNT_SECONDS
        self._has_told_headers = False

    async def __call__(self, scope: Mapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            raise RuntimeError("this application speaks HTTP alone")
        place = (scope["method"], scope["path"])
        headers = {name.decode("latin-1"): value for name, value in scope["headers"]}
        if place == ("POST", EVENTS_PATH):
            status, content = await self._take(scope, headers, receive)
        elif place == ("GET", HEALTH_PATH):
            status, content = await self._health()
        else:
            status, content = 404, {"error": "not found"}
        body = msgspec.json.encode(content)
        answered = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(body))]
        if status in {429, 503}:
            answered.append((b"retry-after", b"1"))
        await send({"type": "http.response.start", "status": status, "headers": answered})
        await send({"type": "http.response.body", "body": body})

    async def _take(
        self, scope: Mapping[str, Any], headers: Mapping[str, bytes], receive: Receive
    ) -> tuple[int, dict[str, Any]]:
        try:
            sender = self._sender(scope)
            body = await self._body(headers, receive)
            self._check_signature(headers, body)
            event = self._event(body, sender)
        except Refused as refused:
            self._keeper.counted[refused.why] += 1
            return refused.status, {"error": refused.why}
        try:
            is_new = await self._keeper.keep(event)
        except InboxError:
            return 503, {"error": "not kept"}
        return 200, {"kept": is_new}

    def _sender(self, scope: Mapping[str, Any]) -> str:
        settings = self._settings
        host = (scope.get("client") or ("", 0))[0]
        lines = (value for name, value in scope["headers"] if name == b"x-forwarded-for")
        told = b",".join(lines).decode("latin-1").split(",")
        # Each proxy adds on the right whom it heard, so what a sender wrote himself is not reached
        while told and _among(host, settings.proxies):
            host = told.pop().strip() or host
        if settings.senders and not _among(host, settings.senders):
            raise Refused(403, "stranger")
        if not self._rates.allows(host):
            raise Refused(429, "rate")
        return host

    async def _body(self, headers: Mapping[str, bytes], receive: Receive) -> bytes:
        limit = self._settings.max_bytes
        length = headers.get("content-length", b"0")
        if length.isdigit() and int(length) > limit:
            raise Refused(413, "size")
        body = bytearray()
        try:
            async with asyncio.timeout(BODY_SECONDS):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        raise Refused(408, "slow")
                    body += message.get("body", b"")
                    if len(body) > limit:
                        raise Refused(413, "size")
                    if not message.get("more_body"):
                        return bytes(body)
        except TimeoutError:
            raise Refused(408, "slow") from None

    def _check_signature(self, headers: Mapping[str, bytes], body: bytes) -> None:
        settings = self._settings
        given = headers.get(settings.header)
        if given is None:
            if not self._has_told_headers:
                self._has_told_headers = True
                names = ", ".join(sorted(headers))
                logger.warning(
                    "An event without the header '%s' came, with: %s. If one of them is the "
                    "signature, set 'webhook_header' to its name.",
                    settings.header,
                    names[:1000],
                )
            raise Refused(401, "unsigned")
        right = [
            hmac.compare_digest(given.strip(), signature(secret, body))
            for secret in settings.secrets
        ]
        if not any(right):
            raise Refused(401, "forged")

    def _event(self, body: bytes, sender: str) -> Event:
        now = self._clock.now()
        try:
            event = envelopes.read(body, sender, now, self._settings.fields)
        except ValueError:
            raise Refused(400, "malformed") from None
        if event.occurred_at:
            age = now - datetime.fromisoformat(event.occurred_at)
            if age > self._settings.max_age or age < -AHEAD:
                raise Refused(400, "age")
        return event

    async def _health(self) -> tuple[int, dict[str, Any]]:
        now = self._clock.monotonic()
        if now - self._tried_at >= COUNT_SECONDS:
            self._tried_at = now
            with suppress(InboxError):
                await self._keeper.keep(None)
        counts: Mapping[str, int] = {}
        is_well = self._keeper.is_well
        if is_well:
            try:
                counts = self._told()
            except InboxError:
                is_well = False
        return (200 if is_well else 503), {"inbox_is_writable": is_well, "counts": counts}


def signature(secret: bytes, body: bytes) -> bytes:
    """HMAC-SHA256 of a body, in base64."""
    return base64.b64encode(hmac.digest(secret, body, hashlib.sha256))


def _among(host: str, networks: Sequence[Network]) -> bool:
    try:
        address: IPv4Address | IPv6Address = ip_address(host)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None)
    return any((mapped or address) in network for network in networks)
