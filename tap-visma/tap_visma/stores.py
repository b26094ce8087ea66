"""Where an archive keeps its files: a folder of this machine, or an object store.

Knows files and drivers; knows neither batches nor Visma. A file is there whole or not at all, and
once `put` has come back it stays, whatever happens to the process or the machine. Names have `/`
between their parts.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tap_visma.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator

NEW_FILE = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_BINARY", 0)
OWNER_ONLY = 0o600
"""Files are a company's books."""
UNFINISHED = ".tmp"
"""Ending of files that are being written; no one else looks at them."""


class Store(Protocol):
    """Files by name. All methods raise `ArchiveError` when the store fails."""

    def put(self, name: str, data: bytes) -> None:
        """Write a file, or replace one."""

    def get(self, name: str) -> bytes | None:
        """A file's content, `None` if there is none."""

    def names(self, folder: str) -> list[str]:
        """The names of what is directly in a folder, sorted; none if there is no such folder."""

    def remove(self, name: str) -> None:
        """Remove a file or a folder with all that is in it, if it is there."""


def at(url: str) -> Store:
    """The store at an address: a path, or a URL of a driver of fsspec.

    Raises:
        ArchiveError: There is no driver for it.
    """
    scheme, separator, _ = url.partition("://")
    if not separator:
        return Folder(Path(url).expanduser())
    if scheme == "file":
        return Folder(Path(url.removeprefix("file://")))
    return ObjectStore(url)


class Folder:
    """A folder of this machine's file system."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def put(self, name: str, data: bytes) -> None:
        """Write to a file beside it, bring that to the disk, and give it its name.

        A rename is whole or not at all, but lasts only once the folder is on the disk as well.
        """
        path = self._path / name
        unfinished = path.with_name(path.name + UNFINISHED)
        with _local("written"):
            self._make(path.parent)
            try:
                with os.fdopen(os.open(unfinished, NEW_FILE, OWNER_ONLY), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                unfinished.replace(path)
            except OSError:
                with suppress(OSError):
                    unfinished.unlink()
                raise
            _sync(path.parent)

    def get(self, name: str) -> bytes | None:
        """Read a file."""
        with _local("read"):
            try:
                return (self._path / name).read_bytes()
            except FileNotFoundError:
                return None

    def names(self, folder: str) -> list[str]:
        """List a folder."""
        with _local("read"):
            try:
                found = os.listdir(self._path / folder)  # noqa: PTH208 - names are wanted
            except FileNotFoundError:
                return []
            return sorted(name for name in found if not name.endswith(UNFINISHED))

    def remove(self, name: str) -> None:
        """Remove a file or folder."""
        path = self._path / name
        with _local("written"):
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def _make(self, folder: Path) -> None:
        """Make a folder, such that it lasts."""
        if folder.is_dir():
            return
        self._make(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        _sync(folder.parent)


class ObjectStore:
    """An object store, by a driver of fsspec. Its objects become visible when they are whole.

    The driver finds credentials and options where it always does: in the environment, in its own
    files, or with the machine.
    """

    def __init__(self, url: str) -> None:
        import fsspec  # noqa: PLC0415 - takes time, and a folder does without

        scheme = url.partition("://")[0]
        try:
            self._files, self._root = fsspec.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ArchiveError(
                f"there is no driver for archive_url with {scheme}:// ({type(error).__name__})",
                "Install tap-visma with the extra s3, gcs or azure, or another driver of fsspec",
            ) from None

    def put(self, name: str, data: bytes) -> None:
        """Write an object."""
        with _remote("written"):
            self._files.pipe_file(f"{self._root}/{name}", data)

    def get(self, name: str) -> bytes | None:
        """Read an object."""
        with _remote("read"):
            try:
                data: bytes = self._files.cat_file(f"{self._root}/{name}")
            except FileNotFoundError:
                return None
            return data

    def names(self, folder: str) -> list[str]:
        """List what is below a prefix, up to the next `/`."""
        with _remote("read"):
            self._files.invalidate_cache()  # other runs write as well
            try:
                found: list[Any] = self._files.ls(f"{self._root}/{folder}", detail=False)
            except FileNotFoundError:
                return []
            return sorted(path.rstrip("/").rpartition("/")[2] for path in found)

    def remove(self, name: str) -> None:
        """Remove an object, or all below a prefix."""
        with _remote("written"), suppress(FileNotFoundError):
            self._files.rm(f"{self._root}/{name}", recursive=True)


def _sync(folder: Path) -> None:
    """Bring the names in a folder to the disk, where the system can."""
    if os.name == "nt":
        return  # folders cannot be opened there, and renames are written through
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _local(done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveError(
            f"the archive cannot be {done} ({error.strerror})",
            "See that 'archive_url' names a folder that this user may write to, and that the disk "
            "has room",
        ) from None


@contextmanager
def _remote(done: str) -> Iterator[None]:
    """Name a driver's errors by their kind alone: each has its own, with texts of any sort."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - drivers have no error of their own in common
        raise ArchiveError(
            f"the archive cannot be {done} ({type(error).__name__})",
            "See that 'archive_url' names a place that exists, that the driver finds its "
            "credentials, and that they allow to list, read, write and remove",
        ) from None
