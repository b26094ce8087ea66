"""What can go wrong, sorted by what the caller does about it.

LoaderError
├── SettingsError          correct the settings
├── InputError             see what the tap wrote, and why it ended
│   └── UnknownStreamError     a record came before its SCHEMA
├── SchemaError            change the schema, the table or the settings
├── DestinationError       run again: the destination is down, or refused for now
│   └── LostAnswerError        the destination may or may not have done it
├── RejectedError          write the rows to the rejects file, and go on with the others
├── OutboxError            mend the outbox folder: space, rights, damage
│   └── OutboxBusyError        wait for the other run
├── OutputError            see to what takes the STATE: Meltano, a pipe, a file
├── IncompleteLoadError    some tables could not be replaced, the others are whole
└── RejectedRowsError      look at the rejects file; everything else is loaded
    └── MissingKeyError        the same, and some of the rows have no key

An error holds what a person needs: what happened, the stream and the batch, and the way out. It
never holds a value of a record, a token, a secret or the body of an answer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from singer_sdk.exceptions import MissingKeyPropertiesError, RecordsWithoutSchemaException

if TYPE_CHECKING:
    from collections.abc import Mapping


class LoaderError(Exception):
    """Base of all errors of this package and of the targets built on it.

    Args:
        what: What happened, as a clause without a full stop.
        todo: What the reader can do, as a sentence without a full stop.
    """

    def __init__(self, what: str, todo: str) -> None:
        super().__init__(what, todo)
        self.what = what
        self.todo = todo
        self.stream: str | None = None
        self.batch: str | None = None

    def at(self, stream: str, batch: str | None = None) -> LoaderError:
        """Name the stream and the batch, where no one closer to the fault has done so."""
        self.stream = self.stream or stream
        self.batch = self.batch or batch
        return self

    def __str__(self) -> str:
        place = ", ".join(
            f"{kind} '{name}'"
            for kind, name in (("stream", self.stream), ("batch", self.batch))
            if name
        )
        return f"{place}: {self.what}. {self.todo}." if place else f"{self.what}. {self.todo}."


class SettingsError(LoaderError):
    """A setting is missing or wrong."""


class InputError(LoaderError):
    """What came in is not what a tap writes."""


class UnknownStreamError(InputError, RecordsWithoutSchemaException):
    """A record came before the SCHEMA of its stream."""


class SchemaError(LoaderError):
    """A schema cannot be a table, or not this table."""


class DestinationError(LoaderError):
    """The destination did not take a batch that it may take later."""


class LostAnswerError(DestinationError):
    """A call to the destination had no answer: it may or may not have been done."""


class RejectedError(LoaderError):
    """The destination will never take some rows of a batch, and has taken none of the batch.

    Args:
        rows: Why, by the row's place in the batch, from 0; at least one. The reasons must not hold
            values.
    """

    def __init__(self, rows: Mapping[int, str]) -> None:
        if not rows:
            raise ValueError("a rejection names the rows that are rejected")
        super().__init__(
            f"the destination refuses {len(rows)} rows for good", "See the rejects file"
        )
        self.rows = dict(rows)


class OutboxError(LoaderError):
    """The outbox folder cannot be written or read, or is not as it was left."""


class OutboxBusyError(OutboxError):
    """Another run has the outbox open."""


class OutputError(LoaderError):
    """The STATE cannot be written, or nobody reads it any more."""


class IncompleteLoadError(LoaderError):
    """At least one table could not be replaced, since its stream did not come whole."""


class RejectedRowsError(LoaderError):
    """The run is complete but for rows in the rejects file."""


class MissingKeyError(RejectedRowsError, MissingKeyPropertiesError):
    """The run is complete but for rows in the rejects file, some of which have no key."""
