"""The seam for files: what is written here is there as a whole, or not at all, whenever one dies.

Knows files and folders; knows nothing of what they mean. No other module replaces or removes a
file that has to last.

A process that is killed can leave a temporary file behind. It has a fixed name beside its file, and
the next writer takes its place, so there is never more than one.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from visma_secrets.errors import IdentityError, PlaceError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHARED, PRIVATE = 0o644, 0o600
_PRIVATE_FOLDER = 0o700
_BLOCK = 1 << 16


class Disk:
    """The real disk. Tests pass one at which the process dies before the n-th operation.

    Methods of the first group raise `PlaceError`; those of the second are one operation each.
    """

    def write(self, path: Path, data: bytes, mode: int = SHARED) -> None:
        """Put a file there as a whole, or leave what was there as it was.

        Args:
            path: The file.
            data: What is to be in it.
            mode: Its rights.
        """
        with _named(path):
            temporary = self._written(path, data, mode)
            self.replace(temporary, path)
            self.sync_folder(path.parent)

    def create(self, path: Path, data: bytes) -> None:
        """Put a private file there as a whole, if none is there.

        Raises:
            IdentityError: There is one.
        """
        with _named(path):
            temporary = self._written(path, data, PRIVATE)
            try:
                self.link(temporary, path)
            except FileExistsError:
                raise IdentityError(
                    f"{path} is there already, and is not overwritten",
                    "Name another file with --identity, or move this one away; what is sealed for "
                    "it opens with nothing else",
                ) from None
            finally:
                self.unlink(temporary)
            self.sync_folder(path.parent)

    def shred(self, path: Path) -> None:
        """Overwrite a file's bytes where they are, and remove it."""
        with _named(path, "Remove it yourself: it is still there, perhaps overwritten in part"):
            with path.open("r+b") as file:
                left = os.fstat(file.fileno()).st_size
                while left > 0:
                    left -= file.write(os.urandom(min(left, _BLOCK)))
                self.sync(file)
            self.unlink(path)
            self.sync_folder(path.parent)

    def make_folder(self, path: Path, mode: int = _PRIVATE_FOLDER) -> None:
        """Make a folder and those above it, durably; nothing if it is there."""
        with _named(path):
            missing = [at for at in (path, *path.parents) if not at.exists()]
            path.mkdir(mode=mode, parents=True, exist_ok=True)
            # Else a folder, and all that was written in it, could go where its parent is not synced
            for folder in missing:
                self.sync_folder(folder.parent)

    @contextmanager
    def lock(self, folder: Path) -> Iterator[None]:
        """Wait until no other process writes into a folder, and keep others out of it."""
        with _named(folder):
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _written(self, path: Path, data: bytes, mode: int) -> Path:
        temporary = path.with_name(f".{path.name}.tmp")
        # Removed first: rights are given to new files only
        self.unlink(temporary)
        handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(handle, "wb") as file:
            self.put(file, data)
            self.sync(file)
        return temporary

    def put(self, file: BinaryIO, data: bytes) -> None:
        """Hand bytes to the system."""
        file.write(data)
        file.flush()

    def sync(self, file: BinaryIO) -> None:
        """Wait until a file's bytes are on the disk."""
        os.fsync(file.fileno())

    def replace(self, source: Path, target: Path) -> None:
        """Give a file the name of another, which it takes the place of."""
        source.replace(target)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name, which must be free."""
        target.hardlink_to(source)

    def unlink(self, path: Path) -> None:
        """Take a file's name away."""
        path.unlink(missing_ok=True)

    def sync_folder(self, path: Path) -> None:
        """Wait until a folder's names are on the disk."""
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


@contextmanager
def _named(
    path: Path, todo: str = "Give it space and rights, and run again; what was there is as it was"
) -> Iterator[None]:
    """Say of which path the system complains, and of what; nothing that is in it."""
    try:
        yield
    except OSError as error:
        raise PlaceError(
            f"{path} cannot be used: {error.strerror or type(error).__name__}",
            todo,
        ) from None
