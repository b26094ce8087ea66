"""The command `python -m bigquery_service`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves nothing behind.
"""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from bigquery_service import control, service
from bigquery_service.service import Service
from bigquery_service.warehouse import state_of
from stand_in_server import Server, parser_of, told_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence

PROJECT = "books-4711"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = parser_of("bigquery_service", "A BigQuery")
    parser.add_argument("--project", default=PROJECT, help="id of its only project")
    parser.add_argument("--state", type=Path, help="JSON file with the state to begin with")
    options = parser.parse_args(arguments)
    end = told_to_end()
    try:
        with Server(options.port) as server:
            opened = Service.opened(server.url, options.project)
            server.clock = opened.tokens.now
            if options.state:
                control.put(opened, state_of(options.state.read_text()))
            server.serve(partial(service.respond, opened), opened.ready(), end)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    return 0
