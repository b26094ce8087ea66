"""Batches: the rows of one table that are written together, and what names them.

Knows Arrow tables and tables' descriptions; knows no files and no destination. A batch is named by
its content, so that the same batch tried again is the same batch.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path

    from loader_core.tables import Table

_PLACE = "__place"


@dataclass(frozen=True, slots=True)
class Batch:
    """A batch in the outbox, as a writer gets it.

    Attributes:
        table: Which table the rows are for.
        key: Idempotency key: SHA-256 of table, schema and rows, in hexadecimal digits.
        sequence: Greater than that of any batch before it.
        rows: How many.
        path: Its Parquet file (zstd), which stays until the batch is acknowledged.
        data: The rows, where they are still in memory.
    """

    table: Table
    key: str
    sequence: int
    rows: int
    path: Path
    data: pa.Table | None = None

    def read(self) -> pa.Table:
        """The rows, in the table's schema; with a key, each key is there once."""
        return self.data if self.data is not None else read_parquet(self.path)


def last_per_key(rows: pa.Table, table: Table) -> pa.Table:
    """The newest row of each key, in their order; all rows where there is no key.

    Of two rows the newer is the one with the greater version; then the one that was read later;
    then the one that came later. No version is older than any.
    """
    if not table.key or table.load_method == "append-only":
        return rows
    keys = list(table.key)
    if rows.select(keys).group_by(keys).aggregate([]).num_rows == rows.num_rows:
        return rows
    order = [name for name in table.order if name in rows.column_names]
    ranked = rows.select([*dict.fromkeys((*keys, *order))])
    ranked = ranked.append_column(_PLACE, pa.array(range(rows.num_rows), pa.int64()))
    newest_first = [(name, "descending") for name in (*order, _PLACE)]
    ranked = ranked.take(pc.sort_indices(ranked, sort_keys=newest_first))
    newest = ranked.group_by(keys, use_threads=False).aggregate([(_PLACE, "first")])
    places = newest[_PLACE + "_first"].combine_chunks()
    return rows.take(places.take(pc.sort_indices(places)))


def parquet(rows: pa.Table) -> memoryview:
    """The rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, compression="zstd")
    return memoryview(sink.getvalue())


def read_parquet(path: Path) -> pa.Table:
    """The rows of a Parquet file that `parquet` made, in the schema that they had."""
    return pq.read_table(path, partitioning=None)


def key_of(table: Table, file: memoryview | bytes) -> str:
    """The idempotency key of a batch: the hash of its table and its file.

    The file holds both the schema and the rows in their order.
    """
    digest = hashlib.sha256(msgspec.json.encode(table.description))
    digest.update(file)
    return digest.hexdigest()
