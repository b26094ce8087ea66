"""The floor of a loader: the lines of a tap decoded, and Arrow columns made of them.

`python loader_floor.py RECORDS`, with the lines of one stream on stdin. No more than that is done:
nothing is checked that decoding into types does not check, and the columns are thrown away.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import Raw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    Column = Callable[[Sequence[Any]], pa.Array]

BLOCK_BYTES = 1 << 20
PIECE_ROWS = 1000
AMOUNT = pa.decimal128(38, 9)
LOCAL_TIME, UTC_TIME = pa.timestamp("us"), pa.timestamp("us", tz="UTC")
LOCAL_TIMES = {"lastModifiedDateTime"}
NULL = Raw(b"null")


def texts(values: Sequence[Any]) -> pa.Array:
    """Texts, as they are."""
    return pa.array(values, pa.string())


def whole_numbers(values: Sequence[Any]) -> pa.Array:
    """Whole numbers of 64 bits."""
    return pa.array(values, pa.int64())


def flags(values: Sequence[Any]) -> pa.Array:
    """True or false."""
    return pa.array(values, pa.bool_())


def amounts(values: Sequence[Any]) -> pa.Array:
    """Decimals, of the digits that were received."""
    return pc.cast(texts(values), AMOUNT)


def local_times(values: Sequence[Any]) -> pa.Array:
    """Times without a zone."""
    return pc.cast(texts(values), LOCAL_TIME)


def utc_times(values: Sequence[Any]) -> pa.Array:
    """Times in UTC; those without a zone keep their digits."""
    try:
        return pc.cast(local_times(values), UTC_TIME)
    except pa.ArrowInvalid:
        return pc.cast(texts(values), UTC_TIME)


def json_texts(values: Sequence[Raw]) -> pa.Array:
    """The JSON of objects and lists, as it is."""
    parts = pa.array(map(bytes, values), pa.binary())
    return pc.cast(pc.if_else(pc.equal(parts, b"null"), None, parts), pa.string())


# What a value is decoded as, and what makes a column of it, by the type in the SCHEMA
TYPES: dict[str, tuple[Any, Column]] = {
    "string": (str | None, texts),
    "integer": (int | None, whole_numbers),
    "boolean": (bool | None, flags),
    "number": (Any, amounts),  # with `float_hook=str`
    "object": (Raw, json_texts),
    "array": (Raw, json_texts),
}


def type_of(name: str, schema: Mapping[str, Any]) -> tuple[Any, Column]:
    """The row of `TYPES` for a property, and those for times."""
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    decoded, column_of = TYPES[next(of for of in types if of != "null")]
    if schema.get("format") == "date-time":
        column_of = local_times if name in LOCAL_TIMES else utc_times
    return decoded, column_of


def blocks(descriptor: int) -> Iterator[bytes]:
    """Whole lines, about a megabyte at a time."""
    rest = b""
    while chunk := os.read(descriptor, BLOCK_BYTES):
        head, newline, tail = chunk.rpartition(b"\n")
        if newline:
            yield rest + head + newline
            rest = tail
        else:
            rest += tail


def decoder_of(columns: Mapping[str, tuple[Any, Column]]) -> msgspec.json.Decoder[Any]:
    """What decodes the lines of a stream: all but their records is left alone."""
    names = {f"f{number}": name for number, name in enumerate(columns)}
    fields = [
        (field, columns[name][0], NULL if columns[name][0] is Raw else None)
        for field, name in names.items()
    ]
    record_type = msgspec.defstruct("Record", fields, rename=names, gc=False)
    line_type = msgspec.defstruct("Line", [("record", record_type | None, None)], gc=False)
    return msgspec.json.Decoder(line_type, float_hook=str)


def convert(columns: Mapping[str, tuple[Any, Column]], rows: Sequence[Any]) -> int:
    """Make Arrow columns of records, and tell how many they were."""
    values = zip(*map(msgspec.structs.astuple, rows), strict=True)
    arrays = [make(of) for (_, make), of in zip(columns.values(), values, strict=True)]
    pa.RecordBatch.from_arrays(arrays, names=list(columns))
    return len(rows)


def main(records: int) -> None:
    """Read all lines.

    Raises:
        SystemExit: They did not hold that many records.
    """
    incoming = blocks(sys.stdin.fileno())
    block = next(incoming)
    messages = map(msgspec.json.decode, block.splitlines())
    schema = next(message["schema"] for message in messages if message["type"] == "SCHEMA")
    columns = {name: type_of(name, of) for name, of in schema["properties"].items()}
    decoder = decoder_of(columns)
    seen = 0
    waiting: list[Any] = []
    while block:
        lines: list[Any] = decoder.decode_lines(block)
        waiting += [line.record for line in lines if line.record is not None]
        if len(waiting) >= PIECE_ROWS:
            seen += convert(columns, waiting)
            waiting = []
        block = next(incoming, b"")
    if waiting:
        seen += convert(columns, waiting)
    if seen != records:
        sys.exit(f"read {seen} records, not {records}")


if __name__ == "__main__":
    main(int(sys.argv[1]))
