"""A table: the records of one list of one company, rendered once and kept in the order of the list.

It knows keys, stamps and JSON text. It does not know paging, filters or what the records mean.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final, TypeAlias

import msgspec

from visma_sandbox import stamps

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from visma_sandbox.endpoint import Endpoint

Key: TypeAlias = tuple[str, ...]
Order: TypeAlias = tuple[int | str, ...]

PARAMETERS: Final = "__parameters"
"""The object of parameters that a record belongs to; the API does not show it, the books do."""
ENCODER: Final = msgspec.json.Encoder(decimal_format="number")
_DECODER: Final = msgspec.json.Decoder(float_hook=Decimal)


@dataclass(slots=True)
class Row:
    """A record as JSON text, cut where an answer puts something in.

    `head + lines joined with commas + tail` is the record without its closing brace.
    """

    key: Key
    order: Order
    stamp: int
    created: int
    selected_by: tuple[str, ...]
    """What the list's selectors compare, one value for each."""
    head: bytes
    lines: tuple[bytes, ...] = ()
    tail: bytes = b""
    parameters: Mapping[str, str] | None = None

    def text(self, lines: Iterable[bytes] | None = None) -> bytes:
        """Give the record without its closing brace, with some of its lines or with all."""
        return self.head + b",".join(self.lines if lines is None else lines) + self.tail

    def whole(self) -> bytes:
        """Give the whole record as the books show it, with the parameters that it belongs to."""
        if self.parameters is None:
            return self.text() + b"}"
        added = b',"%s":%s}' % (PARAMETERS.encode(), ENCODER.encode(self.parameters))
        return self.text() + added


def decode(text: bytes) -> dict[str, object]:
    """Read a JSON object; numbers with a point keep all their digits.

    Raises:
        TypeError: The text is JSON, but not an object.
        msgspec.DecodeError: The text is not JSON.
    """
    content = _DECODER.decode(text)
    if not isinstance(content, dict):
        raise TypeError("the JSON must be an object")
    return content


def _field(record: Mapping[str, object], dotted: str) -> object:
    first, *rest = dotted.split(".")
    parameters = record.get(PARAMETERS)
    if first not in record and isinstance(parameters, dict):
        return parameters[first]
    value = record[first]
    for name in rest:
        if not isinstance(value, dict):
            raise TypeError(f"the record has no {dotted}")
        value = value[name]
    return value


def _order_of(record: Mapping[str, object], fields: tuple[str, ...]) -> Order:
    values = (_field(record, name) for name in fields)
    return tuple(value if isinstance(value, int) else str(value) for value in values)


def _key_of(record: Mapping[str, object], endpoint: Endpoint) -> Key:
    return tuple(str(value) for value in _order_of(record, endpoint.key))


def row(endpoint: Endpoint, record: dict[str, object], stamp: int, created: int) -> Row:
    """Render a record of a list; its own stamp field is set to the stamp."""
    if endpoint.modified_field is not None:
        record[endpoint.modified_field] = stamps.text(stamp)
    if "timeStamp" in record:
        record["timeStamp"] = stamps.row_version(stamp)
    key = _key_of(record, endpoint)
    order = _order_of(record, endpoint.order or endpoint.key)
    selected_by = tuple(str(_field(record, each.field)) for each in endpoint.selectors)
    made = Row(key, order, stamp, created, selected_by, b"")
    parameters = record.pop(PARAMETERS, None)
    if isinstance(parameters, dict):
        made.parameters = parameters
    if endpoint.lines_field is None:
        made.head = ENCODER.encode(record)[:-1]
        return made
    names = list(record)
    cut = names.index(endpoint.lines_field)
    before = ENCODER.encode({name: record[name] for name in names[:cut]})[:-1]
    after = ENCODER.encode({name: record[name] for name in names[cut + 1 :]})[1:-1]
    lines = record[endpoint.lines_field]
    if not isinstance(lines, list):
        raise TypeError(f"{endpoint.lines_field} must be a list")
    made.head = before + b',"' + endpoint.lines_field.encode() + b'":['
    made.lines = tuple(ENCODER.encode(line) for line in lines)
    made.tail = b"]," + after
    return made


class Table:
    """The rows of one list, by key and in order. Not safe for threads: the sandbox holds a lock."""

    def __init__(self, endpoint: Endpoint) -> None:
        """Start with no rows."""
        self.endpoint = endpoint
        self.version = 0
        """Grows with each change, so that a selection can be kept until then."""
        self._rows: dict[Key, Row] = {}
        self._sorted: list[tuple[Order, Key]] = []
        self._overrides: dict[Key, dict[str, object]] = {}
        self._deleted: set[Key] = set()
        self._late: Callable[[], Iterable[Row]] | None = None

    def __len__(self) -> int:
        """Give the number of records."""
        self.render()
        return len(self._rows)

    def __contains__(self, key: Key) -> bool:
        """Say whether a record has this key."""
        self.render()
        return key in self._rows

    def __getitem__(self, key: Key) -> Row:
        """Give the row of a key, or raise KeyError."""
        self.render()
        return self._rows[key]

    def rows(self) -> list[Row]:
        """Give all rows in the order of the list."""
        self.render()
        return [self._rows[key] for _, key in self._sorted]

    def load_late(self, rows: Callable[[], Iterable[Row]]) -> None:
        """Add many new rows when the first of them is asked for."""
        self._late = rows

    def render(self) -> None:
        """Render what waits to be asked for."""
        if self._late is not None:
            rows, self._late = self._late, None
            self.load(rows())

    def load(self, rows: Iterable[Row]) -> None:
        """Add many new rows at once."""
        for each in rows:
            self._rows[each.key] = each
        self._sorted = sorted((each.order, each.key) for each in self._rows.values())
        self.version += 1

    def is_deleted(self, record: Mapping[str, object]) -> bool:
        """Say whether the record's key was deleted: what is deleted does not come back."""
        return _key_of(record, self.endpoint) in self._deleted

    def put(
        self, record: dict[str, object], stamp: int, created: int | None = None
    ) -> tuple[Key, bool]:
        """Add a record, or replace the one with its key; gives the key and whether it is new.

        Fields that `touch` has set stay as they were set.
        """
        self.render()
        key = _key_of(record, self.endpoint)
        record |= self._overrides.get(key, {})
        made = row(self.endpoint, record, stamp, stamp if created is None else created)
        is_new = made.key not in self._rows
        if not is_new:
            made.created = self._rows[made.key].created
            self._remove_from_order(made.key)
        self._rows[made.key] = made
        insort(self._sorted, (made.order, made.key))
        self.version += 1
        return made.key, is_new

    def touch(self, key: Key, stamp: int, fields: Mapping[str, object]) -> None:
        """Give a record a new stamp and, if there are any, other values."""
        old = self[key]
        if fields:
            self._overrides[key] = self._overrides.get(key, {}) | dict(fields)
        self.put(decode(old.whole()), stamp, old.created)

    def delete(self, key: Key) -> None:
        """Remove a record without a trace, or raise KeyError."""
        self.render()
        self._remove_from_order(key)
        del self._rows[key]
        self._overrides.pop(key, None)
        self._deleted.add(key)
        self.version += 1

    def _remove_from_order(self, key: Key) -> None:
        entry = (self._rows[key].order, key)
        del self._sorted[bisect_left(self._sorted, entry)]
