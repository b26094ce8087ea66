"""Lineage: a line for each record that was sent, in a file beside the outbox.

Knows lines; knows no requests. Lines are kept with their request until that is sent. After a crash
a record can have two lines of one request, and never none.
"""

from __future__ import annotations

import json
import os
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def line(stream: str, key: str, batch: str) -> bytes:
    """What is known of a record before it is sent.

    Args:
        stream: Whose it is.
        key: The values of its key as JSON; of a record without one, what stands for it.
        batch: Key of the batch that it came in.
    """
    try:
        values = json.loads(key)
    except ValueError:
        values = key
    told = {"stream": stream, "key": values, "batch": batch}
    return json.dumps(told, ensure_ascii=False).encode()


def packed(lines: Sequence[bytes]) -> bytes:
    """Lines as they are kept with their request."""
    return zlib.compress(b"\n".join(lines), 1)


def write(path: Path, kept: bytes, about: Mapping[str, str]) -> None:
    """Write the lines of a request that was sent.

    Args:
        path: The file.
        kept: From `packed`.
        about: What is known of the request.
    """
    rest = json.dumps(about, ensure_ascii=False)[1:].encode()
    lines = zlib.decompress(kept).split(b"\n")
    with path.open("ab") as file:
        file.writelines(b"%b, %b\n" % (each[:-1], rest) for each in lines)
        file.flush()
        os.fsync(file.fileno())
