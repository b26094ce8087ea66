"""OneLake to run on one's own machine: Azurite, a blob store, under OneLake's real address.

delta-rs is told by the environment where the store is, so the address of tables, and the way they
are listed and committed to, are those of OneLake. What Azurite has not is OneLake's rights and its
managed folders. It needs node, and is in the folder into which the Makefile has put it.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from email.utils import formatdate
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from target_powerbi.lake import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parents[3] / ".meltano" / "node" / "onelake_store"
SERVER = FOLDER / "node_modules" / "azurite" / "dist" / "src" / "blob" / "main.js"
ACCOUNT = "onelake"
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
"""The key that Azurite's own documentation gives to everyone."""
WORKSPACE = "11111111-1111-1111-1111-111111111111"
LAKEHOUSE = "22222222-2222-2222-2222-222222222222"
START_SECONDS = 60


@contextmanager
def onelake_store() -> Iterator[Place]:
    """A store with one workspace, until the end of the block; gives the lakehouse in it.

    Sets `AZURITE_BLOB_STORAGE_URL` in the environment meanwhile, which delta-rs reads.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    where = ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    kind = ["--inMemoryPersistence", "--skipApiVersionCheck", "--loose", "--disableTelemetry"]
    with subprocess.Popen(
        ["node", str(SERVER), *where, *kind, "--silent"],
        env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{KEY}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        before = os.environ.get("AZURITE_BLOB_STORAGE_URL")
        os.environ["AZURITE_BLOB_STORAGE_URL"] = url
        try:
            _make_workspace(url)
            yield Place(
                f"abfss://{WORKSPACE}@onelake.dfs.fabric.microsoft.com/{LAKEHOUSE}",
                "dbo",
                # Without it the store is asked for a way of listing that Azurite does not know
                options={"azure_storage_use_emulator": "true"},
            )
        finally:
            if before is None:
                del os.environ["AZURITE_BLOB_STORAGE_URL"]
            else:
                os.environ["AZURITE_BLOB_STORAGE_URL"] = before
            process.send_signal(signal.SIGTERM)


def _make_workspace(url: str) -> None:
    """Make the container that stands for the workspace, once the store answers."""
    until = time.monotonic() + START_SECONDS
    while True:
        try:
            answer = requests.put(
                f"{url}/{ACCOUNT}/{WORKSPACE}?restype=container", headers=_signed(), timeout=10
            )
        except requests.ConnectionError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
            continue
        answer.raise_for_status()
        return


def _signed() -> dict[str, str]:
    """Headers of the call that makes the container, with its signature."""
    headers = {
        "x-ms-date": formatdate(usegmt=True),
        "x-ms-version": "2021-12-02",
    }
    own = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
    resource = f"/{ACCOUNT}/{ACCOUNT}/{WORKSPACE}\nrestype:container"
    signed = f"PUT{chr(10) * 12}{own}{resource}"
    mac = hmac.new(base64.b64decode(KEY), signed.encode(), hashlib.sha256)
    return headers | {
        "Content-Length": "0",
        "Authorization": f"SharedKey {ACCOUNT}:{base64.b64encode(mac.digest()).decode()}",
    }
