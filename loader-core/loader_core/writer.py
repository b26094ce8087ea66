"""The contract between the core and a destination: what a writer is asked, and what it answers.

Knows tables and batches; knows neither Singer nor files. `loader_core.testing` proves a writer
against it.

The core makes one call at a time, though not all from the same thread, in this order:

1. `prepare(table)` before the first batch of a table, and again when its schema has changed.
2. `write(batch)` for each batch, oldest first. The batch is in the outbox before the call, as
   *unknown* if the process should die within it.
3. `activate(table, version)` when the tap says that a version is whole.
4. `trim(table, parent)`, `replace(table)` and then `finish()`, when the input has ended well.
5. `close()`, always.

A run that follows one that died begins with the batches that were left: `settle(batch)` for each
that is unknown, then `write(batch)` if it had not arrived.

Whatever is wrong is raised as a `LoaderError`:

| raised | what the core does |
| --- | --- |
| `LostAnswerError` | asks `settle`; if the batch had not arrived, writes it once more |
| `RejectedError` | writes its rows to the rejects file, and the others as a batch of their own |
| any other | ends the run; the next one begins with this batch |
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from loader_core.batches import Batch
    from loader_core.tables import Table


class Outcome(Enum):
    """What became of a batch.

    Attributes:
        ACKNOWLEDGED: The destination holds it durably and shows it. It leaves the outbox.
        STAGED: The destination has it, but nobody sees it before `finish`, and it may be lost
            until then. It stays in the outbox, and STATE waits.
        ABSENT: The destination does not have it. Only `settle` answers so.
    """

    ACKNOWLEDGED = "acknowledged"
    STAGED = "staged"
    ABSENT = "absent"


class Writer(ABC):
    """Writes to one destination."""

    @abstractmethod
    def prepare(self, table: Table) -> None:
        """Make the table, or add the columns that it lacks; never drop or retype one.

        A table with a `generation` is made empty beside the one that it is to replace, and what
        is left of other generations is removed. All other calls with the same generation are
        about that one; asked to prepare it again, the writer adds columns only.

        Raises:
            SchemaError: A column is there with a type that cannot hold the new one's values. It
                names the column and both types.
        """

    @abstractmethod
    def write(self, batch: Batch) -> Outcome:
        """Write a batch as a whole or not at all.

        The same batch (`batch.key`) can come twice, since an answer can be lost: the second time
        it must change nothing. How rows are written is in `batch.table`:

        - `append-only`: rows are added.
        - `upsert`: a row takes the place of the one with its key, unless that one is newer. With
          `order` (v, e), or (e) without a version column, a stored row t is newer than a new row
          s if `t.v > s.v`, or if `t.v = s.v` or one of them is null, and `t.e > s.e`, or
          `t.e = s.e` and t alone has `_sdc_deleted_at`: see `ordering`. So a batch that comes late,
          or again, puts nothing old in the place of anything new, and brings back nothing that is
          marked as gone.
        - `overwrite`: as `upsert` with a key, else as `append-only`, into the generation.

        Rows of a table with a `document` are lines. After the batch, each document of which it
        has lines keeps, of all its stored lines, only those of the greatest version: the older
        ones are deleted, or get `_sdc_deleted_at` where the table has that column. Lines without
        a version stay.

        Returns:
            `ACKNOWLEDGED` or `STAGED`.

        Raises:
            RejectedError: Some rows can never be taken. Nothing of the batch was written.
            LostAnswerError: It was sent, and no answer came.
            LoaderError: It was not written, and may be later.
        """

    def settle(self, batch: Batch) -> Outcome:
        """Find out what became of a batch whose answer was lost.

        For a writer to which the same batch can be given twice, the answer is `ABSENT`, always:
        then it is. One that cannot tell a batch that it has seen must ask the destination.

        Returns:
            `ACKNOWLEDGED`, `STAGED` or `ABSENT`.

        Raises:
            LoaderError: It cannot be found out now. The run ends; the batch stays unknown.
        """
        del batch
        return Outcome.ABSENT

    @abstractmethod
    def activate(self, table: Table, version: int) -> None:
        """Remove the rows whose `_sdc_table_version` is less than a version, or null.

        With `hard_delete` they are deleted, else those not marked yet get `_sdc_deleted_at`. All
        batches before are written. Asked again, it changes nothing.
        """

    @abstractmethod
    def replace(self, table: Table) -> None:
        """Put a generation in the place of the table, in one step: no reader sees half of it."""

    def trim(self, table: Table, parent: Table) -> None:  # noqa: B027 - many cannot
        """Remove the lines of documents that have no line left.

        A line goes, as in `write`, if its document in `parent` has a greater version than the
        line: had the newer document any line, that would have come with it. The columns
        `table.document.key` and `table.document.version` have the same names in both tables.
        A destination that cannot remove rows leaves this as it is.
        """

    def finish(self) -> None:  # noqa: B027 - most have nothing to do
        """Publish what is staged, as one.

        Raises:
            LostAnswerError: It may or may not be published. The next run settles each batch.
        """

    def close(self) -> None:  # noqa: B027 - as above
        """Let go of connections. Staged batches that were not published may be lost."""
