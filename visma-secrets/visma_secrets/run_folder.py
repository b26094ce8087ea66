"""A folder for Meltano's run files that is in memory, belongs to one run, and goes with it.

Meltano writes each plugin's settings into a file in its system folder, `.meltano/run`, while the
plugin runs. Here it gets a system folder of its own in memory, by MELTANO_SYS_DIR_ROOT: a folder
that only its owner can look into, with links to all that is in the real one (installed plugins, the
system database with its bookmarks) but `run`. So runs cannot get into each other's way either.

A folder in use is locked by those who use it: this process, and Meltano, which inherits the lock.
Locks go when processes do, however they end, so the next run can tell what was left by a crash,
and removes it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from visma_secrets.errors import PlaceError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

VARIABLE = "MELTANO_SYS_DIR_ROOT"
_RUN = "run"
_PLUGINS = ("extractors", "loaders", "mappers", "orchestrators", "transformers", "utilities")
_DATABASE = "meltano.db"
_MEMORY = ("tmpfs", "ramfs")


@dataclass(frozen=True)
class RunFolder:
    """Meltano's system folder for one run.

    Attributes:
        path: The folder.
        is_in_memory: It is not on a disk.
        lock: The descriptor that a child must inherit to keep the folder in use.
    """

    path: Path
    is_in_memory: bool
    lock: int


def project_of(folder: Path, environment: Mapping[str, str]) -> Path | None:
    """The Meltano project that a folder is in, or that a variable names, if there is one."""
    if named := environment.get("MELTANO_PROJECT_ROOT"):
        return Path(named)
    return next((at for at in (folder, *folder.parents) if (at / "meltano.yml").exists()), None)


@contextmanager
def run_folder(project: Path, environment: Mapping[str, str]) -> Iterator[RunFolder]:
    """A system folder for a run of this project, until the end of the block.

    Raises:
        PlaceError: The place for it is somebody else's.
    """
    real = Path(environment.get(VARIABLE) or project / ".meltano").resolve()
    try:
        real.mkdir(exist_ok=True)
        memory = _in_memory(environment)
        place = (memory or real) / f"visma-secrets-{os.geteuid()}"
        _make_own(place)
        with _locked(place):
            _sweep(place)
            folder = Path(tempfile.mkdtemp(prefix="run-", dir=place))
            lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(lock, fcntl.LOCK_EX)
        _link(real, folder, place)
    except OSError as error:
        raise PlaceError(
            f"No folder for Meltano's run files can be made: {error.strerror}",
            "Give /dev/shm, or the project's .meltano folder, space and rights",
        ) from None
    try:
        yield RunFolder(folder, memory is not None, lock)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _in_memory(environment: Mapping[str, str]) -> Path | None:
    """A folder whose files are in memory, if the system has one that can be written."""
    for name in ("/dev/shm", environment.get("XDG_RUNTIME_DIR")):  # noqa: S108 - see _make_own
        if name and os.access(name, os.W_OK | os.X_OK) and _file_system(Path(name)) in _MEMORY:
            return Path(name)
    return None


def _file_system(path: Path) -> str | None:
    """The kind of file system that a path is on, as Linux tells it."""
    try:
        mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    except OSError:
        return None
    real = path.resolve()
    kinds = {fields[1]: fields[2] for fields in mounts}
    return next((kinds[str(at)] for at in (real, *real.parents) if str(at) in kinds), None)


def _make_own(place: Path) -> None:
    """Make a folder that only we can look into, where others could have made one before."""
    place.mkdir(mode=0o700, exist_ok=True)
    facts = place.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid() or facts.st_mode & 0o077:
        raise PlaceError(
            f"{place} is not a folder that only you can look into", "Remove it, and run again"
        )


@contextmanager
def _locked(place: Path) -> Iterator[None]:
    handle = os.open(place, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _sweep(place: Path) -> None:
    """Remove the folders that nobody uses any more."""
    for folder in place.iterdir():
        try:
            handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except FileNotFoundError:  # its run has just ended
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(handle)


def _link(real: Path, folder: Path, place: Path) -> None:
    """Link all of Meltano's system folder but what is for one run."""
    for name in _PLUGINS:
        (real / name).mkdir(exist_ok=True)
    names = {path.name for path in real.iterdir()} | {_DATABASE}
    for name in names - {_RUN, place.name}:
        (folder / name).symlink_to(real / name)
