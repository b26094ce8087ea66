"""Putting the files where Looker, or the user's repository, finds them.

Writes below `generated/` of one folder, and nothing beside it. Knows nothing of what the files
say, but that ours begin with `MARK`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from target_looker_stage.lookml.files import FOLDER, MARK
from target_looker_stage.lookml.git import DeliveryError, WorkingCopy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

Git: TypeAlias = Literal["none", "commit", "push"]

_MESSAGE = "Update the generated LookML to what is staged"
_WRITTEN = ".written"


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was done.

    Attributes:
        changed: Whether any file differs from before.
        commit: The commit that is pushed and waits to be deployed, if there is one.
    """

    changed: bool
    commit: str | None = None


def deliver(
    files: Mapping[str, str], folder: Path, *, git: Git = "none", author: str | None = None
) -> Delivery:
    """Make `generated/` of a folder hold these files.

    A crash on the way leaves each file as it was or as it shall be; the next run does the rest.

    Args:
        files: Texts by paths, all below `generated/`.
        folder: The root of the LookML project.
        git: Whether to commit in the working copy that the folder is in, and to push.
        author: Who commits, as `Name <address>`; by default who git's configuration names.

    Raises:
        DeliveryError: The folder cannot be written, or git does not do as it is asked, or files
            below `generated/` were changed by somebody and not committed.
    """
    if git == "none":
        return Delivery(_write(files, folder))
    copy = WorkingCopy(folder, FOLDER, author)
    if copy.has_changes and not copy.is_ours:
        raise DeliveryError(
            f"files below {folder / FOLDER} were changed by hand and are not committed",
            f"Move the changes to refinements beside it, then 'git checkout {FOLDER}' there",
        )
    copy.begin()
    changed = _write(files, folder)
    if copy.has_changes:
        copy.commit(_MESSAGE)
    copy.end()
    if git == "commit":
        return Delivery(changed)
    copy.push()
    return Delivery(changed, copy.undeployed())


def mark_deployed(folder: Path, commit: str) -> None:
    """Remember in the working copy that a commit is deployed, so that it is not done again.

    Raises:
        DeliveryError: git refuses it.
    """
    WorkingCopy(folder, FOLDER, None).remember(commit)


def _write(files: Mapping[str, str], folder: Path) -> bool:
    """Write what differs and remove ours that are gone; says whether there was any."""
    root = folder / FOLDER
    if root.is_symlink():
        raise DeliveryError(
            f"{root} is a link", "Make it a folder: nothing is written outside of the LookML's"
        )
    try:
        changed = [_put(folder / path, text) for path, text in files.items()]
        gone = [path for path in _ours(root) if path.relative_to(folder).as_posix() not in files]
        for path in gone:
            path.unlink()
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise DeliveryError(
            f"the LookML cannot be written below {root}: {reason}",
            "See that there is space, and that the folder may be written",
        ) from None
    return any(changed) or bool(gone)


def _put(path: Path, text: str) -> bool:
    data = text.encode()
    if path.is_file() and path.read_bytes() == data:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(path.name + _WRITTEN)
    temporary.write_bytes(data)
    temporary.replace(path)
    return True


def _ours(root: Path) -> Iterator[Path]:
    """The files that a run of ours wrote, or began to write: not those that somebody added."""
    for path in sorted(root.rglob("*")):
        if path.is_file() and (path.suffix == _WRITTEN or _is_marked(path)):
            yield path


def _is_marked(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MARK)) == MARK.encode()
