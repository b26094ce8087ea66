"""`tap-visma-webhooks`: receive Visma's events into the inbox, list and remove them.

Reads the tap's settings; asks Visma nothing.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import signal
import socket
import sys
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from tap_visma import checks, commands, inbox
from tap_visma.clock import Clock
from tap_visma.errors import InboxError, SettingsError, VismaError
from tap_visma.inbox import InboxWriter
from tap_visma.receiver import Keeper, Receiver
from tap_visma.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tap_visma.webhook_settings import WebhookSettings

MOST_REQUESTS = 1000
"""That are answered at once; others get 503."""
LAST_SECONDS = 30
"""How long requests may take that are being answered when the process is to end."""
SECONDS_A_DAY = 86_400
MOST_DAYS = 10_000


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `tap-visma-webhooks`.

    Returns:
        0; 1 when the inbox cannot be used; 2 when settings or files are wrong.
    """
    given = _parser().parse_args(arguments)
    try:
        config = commands.tap(given.config).config
        wrong = checks.problems_of_webhooks(config, given.needed)
    except SettingsError as error:
        wrong = [str(error)]
    if wrong:
        commands.complain(wrong)
        return 2
    settings = Settings.of(config).webhooks
    try:
        done: int = given.run(settings, given)
    except SettingsError as error:
        commands.complain([str(error)])
        return 2
    except VismaError as error:
        commands.complain([str(error)])
        return 1
    return done


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("tap-visma-webhooks", description=str(__doc__).splitlines()[0])
    commands.add_config(parser)
    verbs = parser.add_subparsers(required=True, metavar="serve | list | prune")
    serves = verbs.add_parser("serve", help="receive events until SIGTERM")
    serves.set_defaults(run=_serve, needed=("webhook_inbox", "webhook_secrets"))
    serves.add_argument("--host", default="127.0.0.1", help="address to listen on")
    serves.add_argument("--port", type=int, default=8790, help="0 for any that is free")
    lists = verbs.add_parser("list", help="list the events in the inbox, as lines of JSON")
    lists.set_defaults(run=_list, needed=("webhook_inbox",))
    lists.add_argument("--bodies", action="store_true", help="with the bodies as they came")
    prunes = verbs.add_parser("prune", help="remove old events")
    prunes.set_defaults(run=_prune, needed=("webhook_inbox",))
    prunes.add_argument("--days", type=_days, default=90, help="how many days to keep")
    return parser


def _days(text: str) -> int:
    if not text.isdecimal() or int(text) > MOST_DAYS:
        raise argparse.ArgumentTypeError(f"give a whole number from 0 to {MOST_DAYS}")
    return int(text)


def _path(settings: WebhookSettings) -> Path:
    if settings.inbox is None:
        raise SettingsError("there is no inbox", "Set 'webhook_inbox'")
    return settings.inbox


def _list(settings: WebhookSettings, given: argparse.Namespace) -> int:
    for event in inbox.events(_path(settings)):
        row: dict[str, Any] = msgspec.to_builtins(event, builtin_types=(bytes,))
        body = row.pop("body")
        if given.bodies:
            row["body"] = body.decode(errors="replace")
        commands.write(msgspec.json.encode(row))
    return 0


def _prune(settings: WebhookSettings, given: argparse.Namespace) -> int:
    seconds = Clock().now().timestamp() - given.days * SECONDS_A_DAY
    removed = inbox.prune(_path(settings), int(seconds * inbox.MICROSECONDS))
    commands.write(f"{removed} events removed".encode())
    return 0


def _serve(settings: WebhookSettings, given: argparse.Namespace) -> int:
    try:
        import uvicorn  # noqa: PLC0415 - an extra, which other verbs do not need
    except ImportError:
        raise SettingsError(
            "the web server is not installed", "Install `tap-visma[webhooks]`"
        ) from None
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    path = _path(settings)
    try:
        listening = socket.create_server((given.host, given.port), backlog=MOST_REQUESTS)
    except (OSError, OverflowError) as error:
        raise SettingsError(
            f"cannot listen on {given.host}:{given.port} ({error})", "Give another --host or --port"
        ) from None
    with listening, InboxWriter(path, settings.repeat) as writer:
        keeper = Keeper(writer)
        server = uvicorn.Server(
            uvicorn.Config(
                Receiver(settings, keeper, Clock(), partial(inbox.counts, path)),
                log_config=None,
                log_level="warning",
                access_log=False,
                http="h11",
                lifespan="off",
                ws="none",
                proxy_headers=False,
                server_header=False,
                limit_concurrency=MOST_REQUESTS,
                timeout_graceful_shutdown=LAST_SECONDS,
            )
        )
        # uvicorn raises the signal again after it has ended in good order; that was all
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        host, port = listening.getsockname()[:2]
        commands.write(msgspec.json.encode({"url": f"http://{host}:{port}"}))
        asyncio.run(_run(server, listening, keeper))
    return 0


async def _run(server: Any, listening: socket.socket, keeper: Keeper) -> None:  # noqa: ANN401 - an extra's type
    writing = asyncio.create_task(keeper.run())
    try:
        await server.serve(sockets=[listening])
    finally:
        keeper.end()
        with suppress(InboxError):
            await writing


if __name__ == "__main__":
    sys.exit(main())
