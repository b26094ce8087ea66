"""The identity that opens sealed files, and the places where it can be kept.

Knows age's identity files, systemd's credentials folder, variables and the keyring, in this order:
the file that --identity or VISMA_SECRETS_IDENTITY_FILE names; `visma-secrets-identity` in
$CREDENTIALS_DIRECTORY; VISMA_SECRETS_IDENTITY; the file in the user's configuration folder; the
keyring. The first place that has one counts. Which one it was is told; what it holds never is.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pyrage import IdentityError as UnreadableError
from pyrage import x25519

from visma_secrets import keyrings
from visma_secrets.errors import IdentityError, PlaceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

FILE_VARIABLE = "VISMA_SECRETS_IDENTITY_FILE"
VARIABLE = "VISMA_SECRETS_IDENTITY"
CREDENTIAL = "visma-secrets-identity"
ROTATING = "# rotation under way: run `visma-secrets rotate` again"
_SECRET_PREFIX = "AGE-SECRET-KEY-"  # noqa: S105 - what every identity begins with


@dataclass(frozen=True)
class Identity:
    """One or more keys from one place; the first is the one in use, later ones are old.

    Attributes:
        place: Where it was found, for people.
        file: The file it is in, if it may be written.
        is_rotating: A rotation was begun and has not ended.
    """

    keys: tuple[x25519.Identity, ...] = field(repr=False)
    place: str
    file: Path | None = None
    is_rotating: bool = False

    @property
    def public(self) -> str:
        """The public key of the one in use."""
        return str(self.keys[0].to_public())


def default_file(environment: Mapping[str, str]) -> Path:
    """Where the identity of a user is kept if nothing else is said."""
    config = environment.get("XDG_CONFIG_HOME") or Path.home() / ".config"
    return Path(config) / "visma-secrets" / "identity"


def find(given: Path | None, environment: Mapping[str, str]) -> Identity:
    """The identity, from the first place that has one.

    Args:
        given: The file that --identity names.
        environment: Variables.

    Raises:
        IdentityError: There is none, or the place is not safe.
    """
    if given or environment.get(FILE_VARIABLE):
        return from_file(given or Path(environment[FILE_VARIABLE]))
    credential = Path(environment.get("CREDENTIALS_DIRECTORY") or os.devnull) / CREDENTIAL
    try:
        # systemd sees to who can read it, with an access list that its mode does not show
        if credential.is_file():
            return _parsed(credential.read_text(), f"systemd's credential {CREDENTIAL}")
    except OSError as error:
        raise PlaceError(
            f"systemd's credential {credential} cannot be read: {error.strerror}",
            "Run as the user of the service, or without CREDENTIALS_DIRECTORY",
        ) from None
    except UnicodeDecodeError:
        raise _not_an_identity(f"systemd's credential {CREDENTIAL}") from None
    if text := environment.get(VARIABLE):
        return _parsed(text, f"the variable {VARIABLE}")
    if (file := default_file(environment)).exists():
        return from_file(file)
    if text := keyrings.read():
        return _parsed(text, "the keyring")
    raise IdentityError(
        f"There is no identity in {file}, in ${FILE_VARIABLE}, in systemd's credentials folder, in "
        f"${VARIABLE} or in a keyring",
        "Make one with `visma-secrets init`, and let somebody who can open the files add its "
        "public key with `visma-secrets recipients add`",
    )


def from_file(path: Path) -> Identity:
    """The identity in a file that nobody else can read.

    Raises:
        IdentityError: The file is somebody else's, open to others, or not an identity.
    """
    if path.name.startswith(_SECRET_PREFIX):
        raise IdentityError(
            "An identity was given where the name of its file belongs",
            "Everybody on this machine could see it: rotate it",
        )
    try:
        with path.open() as file:
            facts = os.fstat(file.fileno())
            if not stat.S_ISREG(facts.st_mode):
                raise IdentityError(f"{path} is not a file", "Name the identity's file")
            if facts.st_uid != os.geteuid():
                raise IdentityError(
                    f"The identity file {path} belongs to another user (uid {facts.st_uid})",
                    f"Run as that user, or `chown` it to uid {os.geteuid()}",
                )
            if facts.st_mode & 0o077:
                raise IdentityError(
                    f"The identity file {path} can be read by others "
                    f"(mode {stat.S_IMODE(facts.st_mode):04o})",
                    f"`chmod 600 {path}`, and rotate it if others were on this machine",
                )
            return _parsed(file.read(), f"the file {path}", path)
    except OSError as error:
        raise PlaceError(
            f"The identity file {path} cannot be read: {error.strerror}",
            "Check the path and its rights",
        ) from None
    except UnicodeDecodeError:
        raise _not_an_identity(f"the file {path}") from None


def new() -> x25519.Identity:
    """A new key."""
    return x25519.Identity.generate()


def text(keys: Iterable[x25519.Identity], *, is_rotating: bool = False) -> bytes:
    """An identity file as `age-keygen` writes it, and `age -i` reads it."""
    lines = [ROTATING] if is_rotating else []
    for key in keys:
        lines += [f"# public key: {key.to_public()}", str(key)]
    return "\n".join([*lines, ""]).encode()


def _parsed(content: str, place: str, file: Path | None = None) -> Identity:
    lines = [line.strip() for line in content.splitlines()]
    try:
        keys = tuple(
            x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#")
        )
    except UnreadableError:
        raise _not_an_identity(place) from None
    if not keys:
        raise _not_an_identity(place)
    return Identity(keys, place, file, ROTATING in lines)


def _not_an_identity(place: str) -> IdentityError:
    return IdentityError(
        f"What is in {place} is no age identity",
        "It must be what `visma-secrets init` or `age-keygen` writes: lines with "
        f"{_SECRET_PREFIX}..., and comments",
    )
