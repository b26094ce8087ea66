"""The seam for files: what is written here survives the end of the process and of the power.

Knows folders and bytes; knows nothing of what they mean. No other module replaces, appends to or
removes a file.

POSIX promises that `rename` shows either the old file or the new one, and that what `fsync` has
returned for is on the disk; a new name is on the disk only when its folder is synced as well. A
process that is killed can leave a temporary file behind, or a torn last line in a file that is
appended to. Both are seen to here: `sweep` removes the former, `append` cuts off the latter.
"""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from loader_core.errors import OutboxError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TEMPORARY = ".tmp"
_BLOCK = 1 << 16
_PRIVATE_FOLDER, _PRIVATE_FILE = 0o700, 0o600
"""Batches are finance data: only their owner reads them."""


class Disk:
    """The real disk. Tests pass one whose n-th operation fails, or at which the process dies.

    Every method of the first group raises `OutboxError`. Those of the second are one operation of
    the system each, and raise `OSError`.
    """

    def make_folder(self, path: Path) -> None:
        """Make a folder and those above it; nothing if it is there."""
        with _named(path):
            self.mkdir(path)

    def write(self, path: Path, data: bytes | memoryview) -> None:
        """Put a file there as a whole, or leave what was there as it was."""
        temporary = path.with_name(path.name + TEMPORARY)
        with _named(path):
            with _private(temporary, os.O_TRUNC) as file:
                self.put(file, data)
                self.sync(file)
            self.replace(temporary, path)
            self.sync_folder(path.parent)

    def append(self, path: Path, lines: bytes) -> None:
        """Add whole lines to the end of a file, in place of a line that was torn off there."""
        with _named(path):
            is_new = not path.exists()
            with _private(path, os.O_APPEND) as file:
                file.truncate(0 if is_new else _whole_lines(path))
                self.put(file, lines)
                self.sync(file)
            if is_new:
                self.sync_folder(path.parent)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there. It can come back when the power fails."""
        with _named(path):
            self.unlink(path)

    def sweep(self, folder: Path) -> None:
        """Remove the temporary files that a killed process left."""
        with _named(folder):
            for path in folder.glob("*" + TEMPORARY):
                self.unlink(path)

    def mkdir(self, path: Path) -> None:
        """Make a folder that only its owner can look into."""
        path.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)

    def put(self, file: BinaryIO, data: bytes | memoryview) -> None:
        """Hand bytes to the system."""
        file.write(data)
        file.flush()

    def sync(self, file: BinaryIO) -> None:
        """Wait until a file's bytes are on the disk."""
        os.fsync(file.fileno())

    def replace(self, source: Path, target: Path) -> None:
        """Give a file the name of another, which it takes the place of."""
        source.replace(target)

    def unlink(self, path: Path) -> None:
        """Take a file's name away."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Wait until a folder's names are on the disk."""
        if sys.platform == "win32":  # which cannot open folders, and needs not
            return
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Say of which path the system complains, and of what; nothing that is in it."""
    try:
        yield
    except OSError as error:
        raise OutboxError(
            f"the outbox cannot be used at {path}: {error.strerror or type(error).__name__}",
            "Give it space and rights, or set 'outbox_dir' to another folder, and run again. "
            "Nothing is lost: what was not acknowledged is loaded by the next run",
        ) from None


def _private(path: Path, how: int) -> BinaryIO:
    flags = os.O_WRONLY | os.O_CREAT | how | getattr(os, "O_BINARY", 0)
    return os.fdopen(os.open(path, flags, _PRIVATE_FILE), "wb")


def _whole_lines(path: Path) -> int:
    """The length of a file up to the end of its last whole line."""
    with path.open("rb") as file:
        end = file.seek(0, os.SEEK_END)
        while end > 0:
            start = max(0, end - _BLOCK)
            file.seek(start)
            if newline := file.read(end - start).rfind(b"\n") + 1:
                return start + newline
            end = start
    return 0
