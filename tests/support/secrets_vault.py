"""A folder with an identity and a sealed file, as its owner sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from visma_secrets import identities
from visma_secrets.durable import Disk
from visma_secrets.sealed import Content, SealedFile

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

VALUE = "correct-horse-battery"


@dataclass
class Vault:
    """The folder, and the command run in this process: it gives exit code and output."""

    folder: Path
    run: Callable[..., tuple[int, str]]

    @property
    def identity_file(self) -> Path:
        return self.folder / "config" / "visma-secrets" / "identity"

    @property
    def file(self) -> SealedFile:
        return SealedFile(self.folder / "secrets" / "dev.age", Disk())

    def identity(self) -> identities.Identity:
        return identities.from_file(self.identity_file)

    def content(self) -> Content:
        return self.file.read(self.identity())
