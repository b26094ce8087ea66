"""Serves supplier invoices as Visma.net ERP does, so cheaply that its clients are what is measured.

Records are rendered once, before the first call. All that differs between lists of different
length is `metadata.totalCount`, which ends every record: a page is one join of rendered records
with that ending. Knows HTTP as far as well-behaved clients need it; has no traps and no waits.

`python -m bench.page_server LENGTH...` listens on a free port for each list, writes the ports by
length to stdout as one JSON object, and ends when its stdin does. Besides Visma's paths there is
`/served`: how many records of the list have been sent since the start.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import partial
from urllib.parse import parse_qs, urlsplit

from bench.invoices import render

MAX_PAGE_SIZE = 5000
TOKEN = b'{"access_token":"bench","expires_in":3600,"token_type":"Bearer"}'


class InvoiceList:
    """A list of supplier invoices, by the page."""

    def __init__(self, records: list[bytes], length: int) -> None:
        self._records = records
        self._length = length
        metadata = {"totalCount": length, "maxPageSize": MAX_PAGE_SIZE}
        self._ending = f',"metadata":{json.dumps(metadata, separators=(",", ":"))}}}'.encode()
        self.served = 0

    def page(self, number: int, size: int) -> bytes:
        """A page, numbered from 1, as a JSON array."""
        start = (number - 1) * size
        records = self._records[start : min(start + size, self._length)]
        self.served += len(records)
        if not records:
            return b"[]"
        return b"[" + (self._ending + b",").join(records) + self._ending + b"]"


class Connection(asyncio.Protocol):
    """One connection of a client of one list."""

    def __init__(self, invoices: InvoiceList) -> None:
        self._invoices = invoices
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the way back."""
        if isinstance(transport, asyncio.WriteTransport):
            self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer every request that has come whole."""
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = self._received[:end]
            length = re.search(rb"\r\ncontent-length: *(\d+)", head, re.IGNORECASE)
            whole = end + 4 + (int(length[1]) if length else 0)
            if len(self._received) < whole:
                return
            self._received = self._received[whole:]
            self._answer(head.split(b" ", 2)[1].decode())

    def _answer(self, target: str) -> None:
        url = urlsplit(target)
        status, body = "200 OK", b"{}"
        match url.path:
            case "/connect/token":
                body = TOKEN
            case "/v1/supplierInvoice":
                query = parse_qs(url.query)
                size = int(query.get("pageSize", ["1000"])[0])
                number = int(query.get("pageNumber", ["1"])[0])
                body = self._invoices.page(number, min(size, MAX_PAGE_SIZE))
            case "/served":
                body = str(self._invoices.served).encode()
            case _:
                status = "404 Not Found"
        head = (
            f"HTTP/1.1 {status}\r\n"
            f"Date: {format_datetime(datetime.now(UTC), usegmt=True)}\r\n"
            "Content-Type: application/json; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\n"
            "X-RateLimit-Limit: 5000\r\n"
            "X-RateLimit-Remaining: 4999\r\n"
            "X-RateLimit-Reset: 3600\r\n"
            "X-RateLimit-Policy: 4-fixed-window\r\n"
            "\r\n"
        )
        if self._transport is not None:
            self._transport.writelines([head.encode(), body])


async def serve(lengths: list[int]) -> None:
    """Serve lists of these lengths until stdin ends."""
    loop = asyncio.get_running_loop()
    records = render(max(lengths))
    ports = {}
    for length in lengths:
        invoices = InvoiceList(records, length)
        server = await loop.create_server(partial(Connection, invoices), "127.0.0.1", 0)
        ports[length] = server.sockets[0].getsockname()[1]
    sys.stdout.write(json.dumps(ports) + "\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(serve([int(length) for length in sys.argv[1:]]))
