"""The few things that are asked of git, in a working copy that is somebody else's.

Runs the `git` command, with the user's own configuration and credentials; it never prompts. What
git says is not shown: it may quote an address with a token in it.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from loader_core import LoaderError

if TYPE_CHECKING:
    from collections.abc import Sequence

DEPLOYED = "refs/looker-stage/deployed"
"""Where a working copy remembers what was deployed from it."""

_SECONDS = 120
_QUIETLY = {"GIT_TERMINAL_PROMPT": "0", "GIT_EDITOR": "true", "LC_ALL": "C"}


class DeliveryError(LoaderError):
    """The LookML cannot be put where it belongs; the load is not touched by it."""


class WorkingCopy:
    """A folder in a git working copy, and the part below it that is ours.

    Args:
        folder: The folder.
        ours: Name of the folder in it that commits are about.
        author: Who commits, as `Name <address>`; by default who git's configuration names.

    Raises:
        DeliveryError: It is not in a working copy.
    """

    def __init__(self, folder: Path, ours: str, author: str | None) -> None:
        self._folder = folder
        self._ours = ours
        self._identity = _identity(author)
        inside = self._asked("rev-parse", "--is-inside-work-tree")
        if inside != "true":
            raise DeliveryError(
                f"{folder} is not in a git working copy",
                "Clone the repository of the LookML there, or set 'lookml_git' to 'none'",
            )
        self._mark = Path(self._told("rev-parse", "--absolute-git-dir")) / "looker-stage-writes"

    @property
    def has_changes(self) -> bool:
        """Whether our part differs from what is committed."""
        return bool(self._told("status", "--porcelain", "--untracked-files=all", "--", self._ours))

    @property
    def is_ours(self) -> bool:
        """Whether such changes are what a run of ours left when it was killed."""
        return self._mark.exists()

    def begin(self) -> None:
        """Remember that changes in our part are ours from now on."""
        self._mark.touch()

    def end(self) -> None:
        """Forget it: all is committed."""
        self._mark.unlink(missing_ok=True)

    def commit(self, message: str) -> None:
        """Commit our part, and nothing else that is changed or staged."""
        self._told("add", "--all", "--", self._ours)
        self._told(*self._identity, "commit", "--quiet", "-m", message, "--", self._ours)

    def push(self) -> None:
        """Bring what others pushed, and push what is not there yet."""
        self._told(*self._identity, "pull", "--rebase", "--quiet", undo=("rebase", "--abort"))
        if self._told("rev-list", "--count", "@{upstream}..HEAD") != "0":
            self._told("push", "--quiet")

    def undeployed(self) -> str | None:
        """The commit to deploy: the newest, if our part differs from what was deployed."""
        newest = self._told("rev-parse", "HEAD")
        if self._asked("rev-parse", "--verify", "--quiet", DEPLOYED) is None:
            return newest
        same = self._asked("diff", "--quiet", DEPLOYED, "HEAD", "--", self._ours)
        return newest if same is None else None

    def remember(self, commit: str) -> None:
        """Remember a commit as deployed."""
        self._told("update-ref", DEPLOYED, commit)

    def _told(self, *arguments: str, undo: Sequence[str] = ()) -> str:
        """What git says, which must succeed."""
        answer = self._asked(*arguments)
        if answer is None:
            if undo:
                self._asked(*undo)
            verb = next(each for each in arguments if each in _VERBS)
            raise DeliveryError(f"'git {verb}' failed in {self._folder}", _VERBS[verb])
        return answer

    def _asked(self, *arguments: str) -> str | None:
        """What git says, or `None` if it fails."""
        try:
            done = subprocess.run(  # noqa: S603 - the arguments are ours
                ["git", "-C", str(self._folder), *arguments],  # noqa: S607 - the user's git
                env=os.environ | _QUIETLY,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except FileNotFoundError:
            raise DeliveryError(
                "there is no 'git' command", "Install git, or set 'lookml_git' to 'none'"
            ) from None
        except subprocess.TimeoutExpired:
            return None
        return done.stdout.strip() if done.returncode == 0 else None


_BY_HAND = "Run it there by hand to see why"
_VERBS = {
    "add": _BY_HAND,
    "commit": f"{_BY_HAND}; set 'lookml_git_author' if git does not know who commits",
    "pull": f"{_BY_HAND}; the branch needs an upstream, and nothing uncommitted around it",
    "push": f"{_BY_HAND}; the branch needs an upstream, and credentials without a prompt",
    "rev-list": _BY_HAND,
    "rev-parse": _BY_HAND,
    "status": _BY_HAND,
    "update-ref": _BY_HAND,
}


def _identity(author: str | None) -> tuple[str, ...]:
    """Options of git for who commits."""
    if author is None:
        return ()
    name, _, address = author.partition("<")
    return ("-c", f"user.name={name.strip()}", "-c", f"user.email={address.strip(' >')}")
