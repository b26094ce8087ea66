"""What can go wrong, sorted by what the caller does about it.

SecretsError
├── UsageError     give the command other arguments or other input
├── IdentityError  bring the identity, or keep it better
├── SealedError    the file is damaged, for somebody else, or its recipients were changed
├── PlaceError     give a file or folder space and rights
└── StartError     the command after `exec --` does not start

An error names files, variables and public keys. It never holds a value, an identity, or what was
given in a place where a value could have been given by mistake.
"""

from __future__ import annotations


class SecretsError(Exception):
    """Base of all errors of this package.

    Args:
        what: What happened, as a clause without a full stop.
        todo: What the reader can do, as a sentence without a full stop.
    """

    exit_code = 1

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo

    def __str__(self) -> str:
        return f"{self.what}. {self.todo}."


class UsageError(SecretsError):
    """The arguments or the input cannot be meant so."""

    exit_code = 2


class IdentityError(SecretsError):
    """There is no identity, or it is not kept as it should be."""


class SealedError(SecretsError):
    """A sealed file or its list of recipients is not what it should be."""


class PlaceError(SecretsError):
    """A file or a folder cannot be used."""


class StartError(SecretsError):
    """The command cannot be started.

    Args:
        what: What happened.
        todo: What the reader can do.
        exit_code: What a shell would end with: 126 or 127.
    """

    def __init__(self, what: str, todo: str, exit_code: int) -> None:
        super().__init__(what, todo)
        self.exit_code = exit_code
