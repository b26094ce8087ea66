"""A new identity in place of the old one, for all sealed files of a folder.

While it goes on, the identity file holds the new key and the old ones, so that every file opens at
every moment; one that was killed is taken up where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from visma_secrets import identities
from visma_secrets.durable import PRIVATE
from visma_secrets.errors import IdentityError, SealedError
from visma_secrets.identities import Identity
from visma_secrets.sealed import Content, sealed_files

if TYPE_CHECKING:
    from pathlib import Path

    from visma_secrets.durable import Disk


@dataclass(frozen=True)
class Rotation:
    """What a rotation did.

    Attributes:
        public: The new public key.
        sealed: Files that are sealed for the new identity now.
        left: Files that the old identity does not open, as they were.
        old: Where the old identity is kept.
    """

    public: str
    sealed: list[Path]
    left: list[Path]
    old: Path


def rotate(folder: Path, identity: Identity, disk: Disk) -> Rotation:
    """Make a new identity, and seal all files for it that the old one opens.

    Args:
        folder: Where the sealed files are, locked.
        identity: The old one; if its rotation was interrupted, the new and the old one.
        disk: Where all of it is.

    Raises:
        IdentityError: It is not in a file, or a file with an older one is in the way.
        SealedError: A list of recipients was changed; nothing is rotated.
    """
    if identity.file is None:
        raise IdentityError(
            f"The identity comes from {identity.place}, which cannot be written",
            "Make another with `visma-secrets init --identity FILE`, add its public key to the "
            "recipients, put it there, and remove the old public key",
        )
    old_file = identity.file.with_name(f"{identity.file.name}.old")
    if old_file.exists() and not identity.is_rotating:
        raise IdentityError(
            f"{old_file} has the identity before this one",
            "Remove it if nothing is sealed for it any more, or move it away",
        )
    if identity.is_rotating:
        new, *old = identity.keys
    else:
        new, old = identities.new(), list(identity.keys)
        _refuse_changed_lists(folder, identity, disk)
        both = identities.text([new, *old], is_rotating=True)
        disk.write(identity.file, both, PRIVATE)
    now = Identity((new, *old), identity.place, identity.file)
    sealed, left = _seal_for(now, {str(key.to_public()) for key in old}, folder, disk)
    disk.write(old_file, identities.text(old), PRIVATE)
    disk.write(identity.file, identities.text([new]), PRIVATE)
    return Rotation(now.public, sealed, left, old_file)


def _refuse_changed_lists(folder: Path, identity: Identity, disk: Disk) -> None:
    for file in sealed_files(folder, disk):
        try:
            file.read(identity)
        except SealedError:
            continue
        file.read_for_change(identity, "")


def _seal_for(
    now: Identity, old: set[str], folder: Path, disk: Disk
) -> tuple[list[Path], list[Path]]:
    sealed, left = [], []
    for file in sealed_files(folder, disk):
        try:
            content = file.read(now)
        except SealedError:
            left.append(file.path)
            continue
        recipients = {
            now.public if key in old else key: name for key, name in content.recipients.items()
        }
        file.write(Content(recipients, content.variables), now)
        sealed.append(file.path)
    return sealed, left
