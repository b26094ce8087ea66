"""Sealed files: variables, encrypted for several recipients, and the list of those beside them.

`secrets/<environment>.age` is an armored age file, text with short lines, since git and mail keep
text whole. In it is JSON: the variables, and the public keys that it was sealed for.
`secrets/<environment>.recipients` names them in clear, as `age -R` reads it: a comment, then a key.

The list in clear lies in a repository, where one who may change files could add a key of his own
and wait for the next change of a secret. So it is compared with the sealed one before each change,
and only `recipients add` and `remove` change both.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import pyrage

from visma_secrets.errors import SealedError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from visma_secrets.durable import Disk
    from visma_secrets.identities import Identity

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True)
class Content:
    """What a sealed file holds.

    Attributes:
        recipients: The public keys that it is sealed for, each with the name of who has the
            identity.
        variables: Names and values.
    """

    recipients: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict, repr=False)

    def with_variables(self, more: Mapping[str, str]) -> Content:
        """The same with some variables added or changed.

        Raises:
            UsageError: A name or a value cannot be a variable's.
        """
        for name, value in more.items():
            if not _NAME.fullmatch(name):
                raise UsageError(
                    "A name is not that of a variable", "Use letters, digits and _ as in A_NAME"
                )
            if "\0" in value:
                raise UsageError(f"{name} has a zero byte", "No variable can hold one")
        return replace(self, variables=self.variables | dict(more))


@dataclass(frozen=True)
class SealedFile:
    """A sealed file and its list of recipients.

    Args:
        path: The sealed file.
        disk: Where it is.
    """

    path: Path
    disk: Disk

    @property
    def recipients_path(self) -> Path:
        """The list of recipients in clear."""
        return self.path.with_suffix(".recipients")

    def read(self, identity: Identity) -> Content:
        """Open the file.

        Raises:
            SealedError: It is not there, damaged, or not for this identity.
        """
        try:
            sealed = self.path.read_bytes()
        except OSError as error:
            raise SealedError(
                f"{self.path} cannot be read: {error.strerror}",
                "Begin one with `visma-secrets import` or `set`, or name another --environment",
            ) from None
        return self._opened(sealed, identity)

    def read_for_change(self, identity: Identity, owner: str) -> Content:
        """Open the file to change what is in it, or begin one.

        Args:
            identity: Opens it.
            owner: What the list of recipients is to call the holder of the identity, if it is new.

        Raises:
            SealedError: As with `read`, or the list of recipients in clear is another; where a
                file is begun, it can list nobody but the holder of the identity.
        """
        listed = self.listed()
        if not self.path.exists():
            if listed.keys() - {identity.public}:
                raise SealedError(
                    f"{self.recipients_path} lists others, and there is no {self.path} to say "
                    "whether they are meant",
                    "If the file was there, ask who removed it. If it never was, remove the list, "
                    "and add them with `visma-secrets recipients add`",
                )
            return Content({identity.public: owner})
        content = self.read(identity)
        if different := sorted(listed.keys() ^ content.recipients.keys()):
            raise SealedError(
                f"{self.recipients_path} does not list those for whom {self.path} is sealed; "
                f"different: {', '.join(different)}",
                "If you did not do this, ask who did. `visma-secrets recipients add` or `remove` "
                "for a key that is meant, or for one that is not, writes the list anew",
            )
        return content

    def listed(self) -> dict[str, str]:
        """The recipients as listed in clear: public keys and names; none if there is no list.

        Raises:
            SealedError: The list is not one.
        """
        if not self.recipients_path.exists():
            return {}
        found: dict[str, str] = {}
        name = ""
        try:
            for line in map(str.strip, self.recipients_path.read_text().splitlines()):
                if line.startswith("#"):
                    name = line.removeprefix("#").strip()
                elif line:
                    found[checked(line)] = name
                    name = ""
        except (OSError, UnicodeDecodeError, UsageError):
            raise SealedError(
                f"{self.recipients_path} is not a list of age's public keys",
                "Take it from the repository as it was, or write one key per line, a comment above",
            ) from None
        return found

    def write(self, content: Content, identity: Identity) -> None:
        """Seal the file anew, after a proof that this identity opens it; then nothing is lost.

        Raises:
            SealedError: The identity would not open it.
            PlaceError: The disk does not take it.
        """
        keys = [pyrage.x25519.Recipient.from_str(key) for key in content.recipients]
        whole: dict[str, Any] = {
            "recipients": content.recipients,
            "variables": dict(sorted(content.variables.items())),
        }
        plain = json.dumps(whole, indent=1, ensure_ascii=False).encode()
        sealed: bytes = pyrage.encrypt(plain, keys, armored=True)
        if self._opened(sealed, identity) != content:
            raise SealedError(f"{self.path} would not open as it was sealed", "Nothing was changed")
        listed = "".join(f"# {name}\n{key}\n" for key, name in content.recipients.items())
        self.disk.write(self.recipients_path, listed.encode())
        self.disk.write(self.path, sealed)

    def _opened(self, sealed: bytes, identity: Identity) -> Content:
        try:
            whole = json.loads(pyrage.decrypt(sealed, list(identity.keys)))
            content = Content(whole["recipients"], whole["variables"])
            values = [*content.recipients.values(), *content.variables.values()]
            "".join(values)  # of which each is a text
        except pyrage.DecryptError:
            raise SealedError(
                f"{self.path} does not open with {identity.place} (public key {identity.public}): "
                "it is sealed for others, or damaged",
                "Use the identity of one of its recipients, or let one of them add this public key",
            ) from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise SealedError(
                f"{self.path} opens, but does not hold variables and recipients",
                "It was not made by visma-secrets; make a new one with `import`",
            ) from None
        return content


def checked(key: str) -> str:
    """A public key, if it is one.

    Raises:
        UsageError: It is not; it is not quoted either, since it could be an identity.
    """
    try:
        return str(pyrage.x25519.Recipient.from_str(key))
    except pyrage.RecipientError:
        raise UsageError(
            "What was given is no public key", "One begins with age1; `visma-secrets init` shows it"
        ) from None


def sealed_files(folder: Path, disk: Disk) -> list[SealedFile]:
    """All sealed files of a folder."""
    return [SealedFile(path, disk) for path in sorted(folder.glob("*.age"))]


def size_of(content: Content) -> str:
    """How many variables there are, for people."""
    count = len(content.variables)
    return f"{count} variable{'' if count == 1 else 's'}"
