"""The writer of mode both: each batch into the push model and into the lakehouse.

Knows two writers and their order. Push goes first, since it refuses all that OneLake refuses: a
row that one of them cannot take is in neither. Both can be given a batch twice, so whatever ends
between them is made good by the next run.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from loader_core import Outcome, Writer

if TYPE_CHECKING:
    from loader_core import Batch, Table


class BothWriter(Writer):
    """Writes to two destinations.

    Args:
        push: The one that refuses more.
        lake: The other; it never stages.
    """

    def __init__(self, push: Writer, lake: Writer) -> None:
        self._push = push
        self._lake = lake

    def prepare(self, table: Table) -> None:
        """See `Writer`."""
        self._push.prepare(table)
        self._lake.prepare(table)

    def write(self, batch: Batch) -> Outcome:
        """Write a batch to both: see `Writer`. What the first has staged is staged."""
        outcome = self._push.write(batch)
        self._lake.write(batch)
        return outcome

    def settle(self, batch: Batch) -> Outcome:
        """Find out what became of a batch: see `Writer`.

        The lakehouse is given it once more: whether it was there or not, it is there then.
        """
        outcome = self._push.settle(batch)
        if outcome is not Outcome.ABSENT:
            self._lake.write(batch)
        return outcome

    def activate(self, table: Table, version: int) -> None:
        """See `Writer`."""
        self._push.activate(table, version)
        self._lake.activate(table, version)

    def replace(self, table: Table) -> None:
        """See `Writer`."""
        self._push.replace(table)
        self._lake.replace(table)

    def trim(self, table: Table, parent: Table) -> None:
        """See `Writer`."""
        self._push.trim(table, parent)
        self._lake.trim(table, parent)

    def finish(self) -> None:
        """See `Writer`."""
        self._push.finish()
        self._lake.finish()

    def close(self) -> None:
        """See `Writer`."""
        self._lake.close()
        self._push.close()
