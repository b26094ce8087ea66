"""What can go wrong at Databricks, and what a person does about it.

All are the core's `LoaderError`s. An error names the class that Databricks gives it, never the
message around it: that may quote a value of a row.
"""

from __future__ import annotations

from loader_core import DestinationError

RETRIED = (
    "DELTA_CONCURRENT_",
    "DELTA_METADATA_CHANGED",
    "DELTA_PROTOCOL_CHANGED",
    "TEMPORARILY_UNAVAILABLE",
)
"""Beginnings of the classes after which the same statement is sent again: another writer was
first, or the service asks to."""

_TODO = {
    "PERMISSION_DENIED": "Run target-databricks-doctor: it names the grants that are missing",
    "INSUFFICIENT_PERMISSIONS": "Run target-databricks-doctor: it names the missing grants",
    "TABLE_OR_VIEW_NOT_FOUND": "Somebody dropped it while it was loaded; run again",
    "DELTA_FEATURES_REQUIRE_MANUAL_ENABLEMENT": "The table was not made by this target; enable "
    "the feature 'timestampNtz' of it, or begin a new table",
    "EXPECT_TABLE_NOT_VIEW": "A view has the name of the table; drop or rename it",
    "EXPECT_VIEW_NOT_TABLE": "A table has the name of the view; drop it, or set another 'view'",
}
_ELSE = "See the query history of the warehouse for the message, and mend what it says"


class AccessError(DestinationError):
    """The workspace does not accept who asks, or not what he asks for."""


class MissingError(DestinationError):
    """The workspace has no such object."""


class StatementError(DestinationError):
    """A statement failed.

    Args:
        what: What the statement was to do, as a clause.
        error_class: What Databricks calls the fault, such as `DELTA_CONCURRENT_APPEND`.

    Attributes:
        error_class: As given.
    """

    def __init__(self, what: str, error_class: str) -> None:
        super().__init__(f"{what} failed with {error_class}", _TODO.get(error_class, _ELSE))
        self.error_class = error_class

    @property
    def retried(self) -> bool:
        """The same statement may succeed now."""
        return self.error_class.startswith(RETRIED)
