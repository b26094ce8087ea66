"""The command `visma-sandbox`."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import threading
from datetime import date
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit
from urllib.request import urlopen

from visma_sandbox.history import SIZES
from visma_sandbox.sandbox import TODAY, Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

_START_DATE: Final = "2025-01-01T00:00:00Z"


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="visma-sandbox", description="A Visma.net ERP API to run on one's own machine."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("serve", help="serve made-up companies until stopped")
    serve.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serve.add_argument("--port", type=int, default=8765, help="port, 0 for any that is free")
    serve.add_argument("--seed", type=int, default=1, help="the same seed gives the same books")
    serve.add_argument("--size", choices=list(SIZES), default="small", help="size of each company")
    serve.add_argument(
        "--companies", default="NO,SE,DK", help="countries, or a number of companies"
    )
    serve.add_argument("--calls-per-hour", type=int, default=500, help="rate limit of a company")
    serve.add_argument("--token-life-seconds", type=float, default=3600.0, help="life of a token")
    serve.add_argument(
        "--today", type=date.fromisoformat, default=TODAY, help="last day of the books"
    )
    config = commands.add_parser("config", help="print settings for a tap")
    config.add_argument("--url", default="http://127.0.0.1:8765", help="URL of a running sandbox")
    return parser.parse_args(arguments)


def _serve(options: argparse.Namespace) -> int:
    stopped = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stopped.set())
    try:
        sandbox = Sandbox(
            seed=options.seed,
            size=options.size,
            companies=options.companies,
            today=options.today,
            calls_per_hour=options.calls_per_hour,
            token_life_seconds=options.token_life_seconds,
            host=options.host,
            port=options.port,
        )
        sandbox.start()
    except (ValueError, OSError) as error:
        sys.stderr.write(f"visma-sandbox: {error}\n")
        return 2
    sys.stdout.write(json.dumps(sandbox.ready(), ensure_ascii=False) + "\n")
    sys.stdout.flush()
    stopped.wait()
    sandbox.stop()
    return 0


def _config(url: str) -> int:
    url = url.rstrip("/")
    if urlsplit(url).scheme not in {"http", "https"}:
        sys.stderr.write(f"visma-sandbox: {url} is not an http URL\n")
        return 2
    try:
        with urlopen(f"{url}/__sandbox", timeout=10) as answer:  # noqa: S310 - checked above
            ready = json.load(answer)
    except OSError as error:
        sys.stderr.write(f"visma-sandbox: no sandbox answers at {url}: {error}\n")
        return 1
    names = ("company_id", "tenant_id", "name")
    settings = {
        "client_id": ready["client_id"],
        "client_secret": ready["client_secret"],
        "companies": [{name: each[name] for name in names} for each in ready["companies"]],
        "api_url": url,
        "token_url": f"{url}/connect/token",
        "start_date": _START_DATE,
    }
    sys.stdout.write(json.dumps(settings, indent=2, ensure_ascii=False) + "\n")
    return 0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    options = _arguments(arguments)
    return _serve(options) if options.command == "serve" else _config(options.url)
