"""The engine's own process: Sail on a loopback port, and the folder with the data.

It ends when its standard input ends, so also when whoever started it was killed, and takes the
folder with it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile

CATALOG = "sail"
"""The engine's only catalog; the objects' own names are made into names of its schemas."""


def main() -> None:
    """Serve until standard input ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent decides; a terminal asks both
    os.environ["SAIL_CATALOG__LIST"] = (
        f'[{{type="memory", name="{CATALOG}", initial_database=["default"]}}]'
    )
    os.environ["SAIL_CATALOG__DEFAULT_CATALOG"] = CATALOG
    os.environ["RUST_LOG"] = "error"
    from pysail.spark import SparkConnectServer  # noqa: PLC0415 - reads its settings when loaded

    folder = tempfile.mkdtemp(prefix=f"databricks-workspace-{os.getpid()}-")
    server = SparkConnectServer("127.0.0.1", 0)
    server.start(background=True)
    sys.stdout.write(json.dumps({"port": server.listening_address[1], "folder": folder}) + "\n")
    sys.stdout.flush()
    sys.stdin.buffer.read()
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(0)  # open connections are of no use to anyone any more


if __name__ == "__main__":
    main()
