"""How many events a second the receiver takes, how fast it answers, and what kill -9 loses.

`python tests/support/webhook_bench.py [events a second] [seconds]`: sends at that rate, kills the
receiver half-way, starts another on the same inbox, and compares what was acknowledged with what
the inbox holds. An event counts as late by the time from when it was due, so that a receiver that
falls behind shows.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from tap_visma import inbox
from webhook_server import older, serving, signed

if TYPE_CHECKING:
    from webhook_server import WebhookServer

CONNECTIONS = 100


async def post(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, body: bytes) -> bool:
    """Send one event; whether it was acknowledged."""
    fields = {"Host": "visma", "Content-Length": str(len(body))} | signed(body)
    lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    writer.write(f"POST /webhooks HTTP/1.1\r\n{lines}\r\n".encode() + body)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200")


async def load(server: WebhookServer, numbers: range, rate: int) -> tuple[list[bytes], list[float]]:
    """Send events at a rate; gives those acknowledged, and the seconds after which they were."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    acknowledged: list[bytes] = []
    seconds: list[float] = []
    begin = time.monotonic()

    async def send(mine: range) -> None:
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            for number in mine:
                due = begin + (number - numbers.start) / rate
                await asyncio.sleep(max(0.0, due - time.monotonic()))
                body = older(number)
                if await post(reader, writer, body):
                    acknowledged.append(body)
                    seconds.append(time.monotonic() - due)
        except (OSError, asyncio.IncompleteReadError):
            return  # it was killed
        finally:
            writer.close()

    async def kill() -> None:
        await asyncio.sleep(len(numbers) / rate)
        server.process.kill()

    await asyncio.gather(
        kill(),
        *(send(numbers[first::CONNECTIONS]) for first in range(CONNECTIONS)),
    )
    return acknowledged, seconds


def main(rate: int = 500, length: int = 10) -> None:
    """Print the figures."""
    half = rate * length // 2
    with tempfile.TemporaryDirectory() as folder:
        for numbers in (range(half), range(half, 2 * half)):
            with serving(Path(folder), webhook_events_per_second=100_000) as server:
                acknowledged, seconds = asyncio.run(load(server, numbers, rate))
                seconds.sort()
                held = {event.body for event in inbox.events(server.inbox)}
                p50, p99 = (seconds[int(len(seconds) * share)] for share in (0.5, 0.99))
                print(
                    f"{rate} a second for {length / 2:g} s: {len(acknowledged)} of {half} "
                    f"acknowledged, {len(set(acknowledged) - held)} of them lost by kill -9; "
                    f"answered in {p50 * 1000:.1f} ms (half), {p99 * 1000:.1f} ms (99 %), "
                    f"{seconds[-1] * 1000:.1f} ms (all)"
                )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
