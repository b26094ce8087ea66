"""The command `python -m snowflake_account`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves no file behind.
"""

from __future__ import annotations

import json
import logging
import sys
import warnings
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from snowflake_account.service import Service
from stand_in_server import Server, parser_of, told_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = parser_of("snowflake_account", "A Snowflake account")
    parser.add_argument("--state", type=Path, help="JSON file with what differs in the account")
    options = parser.parse_args(arguments)
    end = told_to_end()
    logging.getLogger("sqlglot").setLevel(logging.ERROR)  # it tells of each comment it leaves out
    warnings.filterwarnings("ignore", "Arrow output", UserWarning)  # fakesnow's own way
    try:
        given = json.loads(options.state.read_text()) if options.state else {}
        with Server(options.port) as server, closing(Service(given, server.url)) as service:
            server.clock = service.state.now
            server.serve(service.respond, service.ready(), end)
    except (OSError, ValueError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    return 0
