"""The command `python -m databricks_workspace`: one JSON line when it is ready, then it serves.

It ends when its standard input ends or it is told to, and leaves no process and no file behind.
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import partial
from typing import TYPE_CHECKING

from databricks_workspace import service
from databricks_workspace.engine import Engine
from databricks_workspace.errors import WorkspaceError
from databricks_workspace.workspace import opened
from stand_in_server import Server, parser_of, told_to_end

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; gives its exit code."""
    parser = parser_of("databricks_workspace", "A Databricks workspace")
    options = parser.parse_args(arguments)
    end = told_to_end()
    try:
        with Server(options.port) as server, closing(Engine()) as engine:
            workspace = opened(server.url, engine)
            server.serve(partial(service.respond, workspace), workspace.ready(), end)
    except (OSError, WorkspaceError) as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2 if isinstance(error, OSError) else 1
    return 0
