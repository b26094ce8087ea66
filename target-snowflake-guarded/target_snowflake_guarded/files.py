"""A batch as the file that is staged: gzipped CSV in which every value is a text.

Knows Arrow and CSV; knows no SQL. Snowflake casts each text to the type of its column, so nothing
depends on how it reads another file format's types: a decimal crosses with all its digits, a time
with all its microseconds, and an empty text is not null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import csv

from loader_core import RejectedError

if TYPE_CHECKING:
    from collections.abc import Iterable

MOST_TEXT_BYTES = 16 * 1024 * 1024
"""What a VARCHAR and a VARIANT hold."""
_IN_UTC = " +00:00"


def content(rows: pa.Table, more: Iterable[pa.Array] = ()) -> pa.Buffer:
    """The bytes of the file.

    Args:
        rows: The batch.
        more: Columns that follow its own.

    Raises:
        RejectedError: A text is longer than any column of Snowflake holds.
    """
    _check_lengths(rows)
    columns = [_texts(column) for column in (*rows.columns, *more)]
    names = [f"c{place}" for place in range(len(columns))]
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "gzip") as zipped:
        csv.write_csv(
            pa.table(dict(zip(names, columns, strict=True))),
            zipped,
            csv.WriteOptions(include_header=False, quoting_style="all_valid"),
        )
    return sink.getvalue()


def _texts(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(column.type) and column.type.tz:
        return pc.replace_substring(column.cast(pa.string()), pattern="Z", replacement=_IN_UTC)
    if pa.types.is_decimal(column.type):
        return _plain(column)
    return column.cast(pa.string())


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Decimals as texts without an exponent, which Arrow writes for the smallest of them."""
    texts = column.cast(pa.string())
    short = pc.fill_null(pc.match_substring(texts, "E"), fill_value=False)
    if not pc.any(short).as_py():
        return texts
    written = (format(value, "f") for value in column.filter(short).to_pylist())
    return pc.replace_with_mask(
        texts.combine_chunks(), short.combine_chunks(), pa.array(written, pa.string())
    )


def _check_lengths(rows: pa.Table) -> None:
    rejected: dict[int, str] = {}
    for field in rows.schema:
        if pa.types.is_string(field.type):
            too_long = pc.greater(pc.binary_length(rows[field.name]), MOST_TEXT_BYTES)
            for place in pc.indices_nonzero(pc.fill_null(too_long, fill_value=False)).to_pylist():
                rejected[place] = f"column '{field.name}' has more than 16 MiB of text"
    if rejected:
        raise RejectedError(rejected)
