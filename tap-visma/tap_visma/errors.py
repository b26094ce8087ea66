"""What can go wrong, sorted by what the caller does about it.

VismaError
├── SettingsError        correct the settings
├── AccessError          give a right: tenant, scope, approval
├── AllowanceError       run again when the window of calls has turned
├── UnreachableError     run again: network, gateway or Visma are down
│   └── TooSlowError     ask for less at a time
├── AnswerError          Visma answered something that this tap does not understand
├── OutputError          see why the loader ended
├── ArchiveError         make room for the archive, or mend the way to it
│   └── LockedError      give the key
├── InboxError           make room for the inbox, or mend the way to it
└── IncompleteSyncError  some companies or streams failed, the others are whole

An error holds what a person needs: what happened, the company and the stream, and the way out.
It never holds a token, a secret, a header or the body of an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


class VismaError(Exception):
    """Base of all errors of this package.

    Args:
        what: What happened, as a clause without a full stop.
        todo: What the reader can do, as a sentence without a full stop.

    Attributes:
        for_company: It would meet every other stream of the company as well.
    """

    for_company = False

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo
        self.company_id: str | None = None
        self.stream: str | None = None

    def at(self, company_id: str, stream: str | None = None) -> VismaError:
        """Name the company and the stream, where no one closer to the fault has done so."""
        self.company_id = self.company_id or company_id
        self.stream = self.stream or stream
        return self

    def __str__(self) -> str:
        place = ", ".join(
            f"{kind} '{name}'"
            for kind, name in (("company", self.company_id), ("stream", self.stream))
            if name
        )
        return f"{place}: {self.what}. {self.todo}." if place else f"{self.what}. {self.todo}."


class SettingsError(VismaError):
    """A setting is missing or wrong."""


class AccessError(VismaError):
    """Visma refuses the client, the company or the endpoint."""


class AllowanceError(VismaError):
    """The company's hourly allowance of calls is used up."""


class UnreachableError(VismaError):
    """No usable answer after all retries."""


class TooSlowError(UnreachableError):
    """No answer within the time after which Visma, or we, give up."""


class AnswerError(VismaError):
    """An answer that is whole, but not what the API description promises."""


class OutputError(VismaError):
    """Nobody reads what the tap writes any more."""


class ArchiveError(VismaError):
    """The archive cannot be read or written, or does not hold what it should."""


class LockedError(ArchiveError):
    """What the archive holds is encrypted, and no key at hand opens it."""


class InboxError(VismaError):
    """The inbox of events cannot be read or written."""


class IncompleteSyncError(VismaError):
    """At least one company of one stream failed; what the others delivered stands."""

    def __init__(self, failures: Iterable[VismaError]) -> None:
        self.failures = tuple(failures)
        count = len(self.failures)
        super().__init__(
            f"{count} of the company streams failed" if count > 1 else "1 company stream failed",
            "All others are complete and their state is kept; run again after mending the above",
        )
