"""What the demos share: a sandbox to read from, our own commands, and what a terminal shows."""

from __future__ import annotations

import json
import subprocess
import sys
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

BIN = Path(sys.executable).parent


def books(ready: dict[str, Any], company: str, path: str) -> list[dict[str, Any]]:
    """A list of the sandbox's books, not by way of the API that the tap reads."""
    url = f"{ready['url']}/__sandbox/books/{company}"
    answer = requests.get(url, params={"path": path}, timeout=60)
    answer.raise_for_status()
    return list(json.loads(answer.text, parse_float=Decimal))


@contextmanager
def sandbox() -> Iterator[dict[str, Any]]:
    """A sandbox with three companies; gives what it says of itself."""
    command = [str(BIN / "visma-sandbox"), "serve", "--port", "0", "--companies", "NO,SE,DK"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own
        try:
            yield json.loads(process.stdout.readline())  # type: ignore[union-attr] # it is a pipe
        finally:
            process.terminate()


def output_of(program: str, *arguments: str) -> str:
    """What one of our commands prints."""
    command = [str(BIN / program), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own


def say(text: str) -> None:
    """Print a paragraph."""
    print(f"\n{text}", flush=True)


def table(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Print a table, numbers to the right."""
    cells = [[f"{c:,}" if not isinstance(c, str) else c for c in row] for row in rows]
    widths = [max(len(row[i]) for row in (head, *cells)) for i in range(len(head))]
    for row in (list(head), ["-" * width for width in widths], *cells):
        first, second, *rest = zip(row, widths, strict=True)
        words = [first[0].ljust(first[1]), second[0].ljust(second[1])]
        print("  ".join([*words, *(cell.rjust(width) for cell, width in rest)]))
