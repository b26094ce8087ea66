"""The command `python -m looker_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from looker_service.service import Service
from looker_service.state import CONNECTION, PROJECT, State
from stand_in_server import Server, parser_of, told_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = parser_of("looker_service", "A Looker API")
    parser.add_argument("--warehouse", help="address of the PostgreSQL that its connection reads")
    parser.add_argument("--repository", type=Path, help="git repository of its LookML project")
    parser.add_argument("--lookml", type=Path, help="folder of the LookML in production")
    options = parser.parse_args(arguments)
    end = told_to_end()
    state = State()
    if options.lookml:
        state.read_lookml(options.lookml)
    try:
        with Server(options.port) as server:
            server.clock = state.now
            ready = {
                "url": server.url,
                "client_id": state.client_id,
                "client_secret": state.client_secret,
                "connection": CONNECTION,
                "project": PROJECT,
            }
            service = Service(state, options.warehouse, options.repository)
            server.serve(service.respond, ready, end)
    except OSError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    return 0
