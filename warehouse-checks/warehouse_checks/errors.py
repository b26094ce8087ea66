"""What can keep a check from being made, by what a person does about it.

Errors name hosts, statuses and codes, never the text of an answer: that may quote a value.
"""

from __future__ import annotations


class CheckError(Exception):
    """The check cannot be made.

    Args:
        what: What happened, as a clause.
        todo: What to do, as a sentence without its full stop.

    Attributes:
        what: As given.
        todo: As given.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(f"{what}. {todo}.")
        self.what = what
        self.todo = todo


class SettingsError(CheckError):
    """A setting, or a file that it names, is wrong."""


class UnreachableError(CheckError):
    """No answer comes, or one that is not of the service."""


class RefusedError(CheckError):
    """The service refuses a call, or a statement fails.

    Args:
        what: As for all.
        todo: As for all.
        status: Of HTTP.
        code: What the service calls the fault; empty if it does not say.
        detail: What it says of it, to be searched but not to be shown.

    Attributes:
        status: As given.
        code: As given.
        detail: As given.
    """

    def __init__(self, what: str, todo: str, *, status: int, code: str, detail: str = "") -> None:
        super().__init__(what, todo)
        self.status = status
        self.code = code
        self.detail = detail


class TooLongError(CheckError):
    """A statement was not done within its limit, and was cancelled."""
