"""From the bytes of a page to the records of streams, without taking apart what need not be.

Knows JSON and schemas; knows neither HTTP nor the Singer SDK. For each entity and selection a
record type is compiled: fields that are not in the schema or not selected are skipped, key fields
are read, lists that are streams are taken out, and every other value stays the bytes that Visma
sent. So an amount keeps its digits, and no time is spent on making it an object.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import msgspec
from msgspec import UNSET, Raw

from tap_visma import stamps
from tap_visma.errors import AnswerError
from tap_visma.lineage import AUDIT_COLUMNS, POSITION, Key, record_id
from tap_visma.masking import MARK, Pseudonym, hook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_visma.census import Census
    from tap_visma.entities import Entity, Lines

Path: TypeAlias = tuple[str, ...]
Record: TypeAlias = Any
"""An instance of a compiled record type; JSON encoding it gives the record of a stream."""

NOT_A_KEY = "Do not use this stream before this is mended: report it, and deselect it"
_TODO = "Report the stream and this message; until it is mended, deselect the stream"


@dataclass(frozen=True, slots=True)
class Shape:
    """What is wanted of a stream.

    Attributes:
        schema: JSON Schema of the fields that Visma sends.
        keeps: Whether a field, given by the names that lead to it, is wanted; whether the stream
            is, for the empty path.
        decimals_as_text: Write numbers that may have decimals as text.
        mask_key: Hash personal data with this key, if there is one.
    """

    schema: Mapping[str, Any]
    keeps: Callable[[Path], bool]
    decimals_as_text: bool = False
    mask_key: str | None = None


@dataclass(slots=True)
class Page:
    """An answer, opened as far as walking on needs it.

    Attributes:
        rows: Each record's JSON, as it came.
        units: How many it holds of what the list counts: records, or lines of them.
        total: How many of them the whole list has, if the answer says it.
        first: Key of the first record or line counted, `None` on an empty page.
        last: Key of the last one.
        newest: The newest stamp on it, in the fixed format; known once its records are read.
        continues: Its first record is the rest of the last one of the page before.
    """

    rows: list[Raw]
    units: int
    total: int | None
    first: Key | None
    last: Key | None
    newest: str | None = None
    continues: bool = False

    def repeats(self, other: Page) -> bool:
        """Whether it holds what another page of the list held, and the list has not grown."""
        return (
            bool(self.rows)
            and (self.first, self.last, self.units) == (other.first, other.last, other.units)
            and (self.total is None or other.total is None or self.total <= other.total)
        )

    def pages(self) -> int | None:
        """How many pages like this one the list has, if that is known."""
        return -(-self.total // self.units) if self.total and self.units else None


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the records of a page come from: what their audit columns say.

    Attributes:
        company_id: The company.
        batch_id: The sync batch.
        page_number: Which answer of the batch it is, from 1.
        extracted_at: When it came, ISO 8601 with zone.
        columns: Values of parameters that the records do not repeat.
    """

    company_id: str
    batch_id: str
    page_number: int
    extracted_at: str
    columns: Mapping[str, str]


class Reader:
    """Reads the pages of one entity into records.

    Attributes:
        counts_all: Whether what the list counts is read, and so can be counted.

    Args:
        entity: The entity.
        shapes: Of the entity's own stream and of those of its lists, by name.
    """

    def __init__(self, entity: Entity, shapes: Mapping[str, Shape]) -> None:
        self._entity = entity
        self._lists = tuple(lines for lines in entity.lists if shapes[lines.name].keeps(()))
        keeps = shapes[entity.name].keeps
        self._only_for_lines = {x.path[0] for x in self._lists if not keeps(x.path[:1])}
        self._line_key = next((x.key for x in entity.lists if x.path == (entity.counts,)), ())
        self._counted = next((x for x in self._lists if x.path == (entity.counts,)), None)
        self.counts_all = not entity.counts or self._counted is not None
        key = shapes[entity.name].mask_key
        self._row = msgspec.json.Decoder(_row_type(entity, shapes), dec_hook=hook(key or ""))
        self._head = msgspec.json.Decoder(_head_type(entity, shapes[entity.name]))

    def open(self, body: bytes) -> Page:
        """Split an answer into its records.

        Raises:
            AnswerError: It is not the list that the API description promises.
        """
        entity = self._entity
        if b"\n" in body:  # each record becomes one line of output
            body = msgspec.json.format(body, indent=-1)
        try:
            rows, total = split(entity, body)
            heads = [self._head.decode(row) for row in (rows if entity.counts else _ends(rows))]
            keys = [key for head in heads for key in self._unit_keys(head)]
        except (msgspec.MsgspecError, ValueError) as error:
            raise AnswerError(f"the answer is not the list expected ({error})", _TODO) from None
        if heads and heads[0].metadata:
            total = heads[0].metadata.totalCount
        units = len(keys) if entity.counts else len(rows)
        first, last = (keys[0], keys[-1]) if keys else (None, None)
        return Page(rows, units, total, first, last)

    def _unit_keys(self, head: Record) -> list[Key]:
        """The keys of what a record counts for in the list: itself, or its lines."""
        key = _key(head, self._entity.key)
        if not self._entity.counts:
            return [key]
        lines = getattr(head, self._entity.counts) or ()
        return [key + _key(line, self._line_key) for line in lines]

    def keys(self, page: Page) -> set[Key]:
        """The keys of all that a page holds of what the list counts."""
        heads = (self._head.decode(row) for row in page.rows)
        return {key for head in heads for key in self._unit_keys(head)}

    def goes_on(self, before: Page, page: Page) -> bool:
        """Whether a page begins with the rest of the record on which the one before ended."""
        if not self._entity.counts or page.first is None or before.last is None:
            return False
        length = len(self._entity.key)
        return page.first[:length] == before.last[:length]

    def records(self, page: Page, origin: Origin, census: Census) -> Iterator[tuple[str, Record]]:
        """The records of a page, each document before its lines.

        Args:
            page: The page.
            origin: For the audit columns.
            census: Takes in what the list counts.

        Yields:
            Name of the stream, and the record; the entity's own also where they are not wanted.

        Raises:
            AnswerError: A record is not as the API description promises.
        """
        entity = self._entity
        census.begin_page()
        for number, raw in enumerate(page.rows, 1):
            try:
                record, key, stamp = self._read(raw, origin)
                lines = self._lines(record)
            except (msgspec.MsgspecError, ValueError) as error:
                raise AnswerError(
                    f"record {number} of page {origin.page_number} is not as expected ({error})",
                    _TODO,
                ) from None
            if stamp and (page.newest is None or stamp > page.newest):
                page.newest = stamp
            if not entity.counts and census.add(key, stamp, raw):
                raise AnswerError(
                    f"two records of page {origin.page_number} share the key {key}, but differ",
                    NOT_A_KEY,
                )
            audit_id = f"{origin.batch_id}/{origin.page_number}/{number}"
            _mark(record, origin, key, stamp, audit_id)
            if number > 1 or not page.continues:
                yield entity.name, record
            for of, position, line, line_key in lines:
                if of is self._counted:
                    census.add(key + line_key, stamp, b"")
                _mark(line, origin, key + line_key, stamp, f"{audit_id}/{position}")
                for column, part in zip(parent_columns(entity, of), key, strict=True):
                    setattr(line, column, part)
                if not of.key:
                    line.line_position = position
                yield of.name, line

    def _read(self, raw: Raw, origin: Origin) -> tuple[Record, Key, str | None]:
        """A record, its key and its stamp."""
        record = self._row.decode(raw)
        for column, value in origin.columns.items():
            setattr(record, column, value)
        stamp = getattr(record, self._entity.stamp) if self._entity.stamp else None
        return record, _key(record, self._entity.key), stamps.fixed(stamp) if stamp else None

    def _lines(self, record: Record) -> list[tuple[Lines, int, Record, Key]]:
        """The lines of a record, which lose their place in it: list, position, line and key."""
        found = [
            (lines, position, line, _key(line, lines.key) if lines.key else (position,))
            for lines in self._lists
            for position, line in enumerate(_take(record, lines.path), 1)
        ]
        for name in self._only_for_lines:
            setattr(record, name, UNSET)
        if len({(lines.name, key) for lines, _position, _line, key in found}) < len(found):
            raise ValueError("two of its lines share a key")
        return found


def split(entity: Entity, body: bytes) -> tuple[list[Raw], int | None]:
    """The records of an answer, as they stand in it, and the total where it stands around them.

    Raises:
        msgspec.MsgspecError: It is not the list that the API description promises.
    """
    if entity.one_record:
        return [Raw(body)], None
    if body.lstrip().startswith(b"{"):
        wrapped = _WRAPPED_LIST.decode(body)
        return wrapped.records, wrapped.totalCount
    return _LIST.decode(body), None


def line_in(row: Raw, path: Path, position: int) -> Raw:
    """A line of a record, as it stands in it.

    Args:
        row: The record's JSON.
        path: The lists that lead to it.
        position: Which one, from 1, as `Reader.records` counts.

    Raises:
        IndexError: There is none.
    """
    items = [row]
    for name in path:
        lists = (_FIELDS.decode(item).get(name, _NULL) for item in items)
        items = [line for lines in lists for line in _LIST_OR_NULL.decode(lines) or ()]
    return items[position - 1]


def parent_columns(entity: Entity, lines: Lines) -> tuple[str, ...]:
    """The columns in which lines carry the key of their document."""
    return lines.parent_columns or entity.key


def _mark(record: Record, origin: Origin, key: Key, stamp: str | None, audit_id: str) -> None:
    record.company_id = origin.company_id
    record.record_id = record_id(origin.company_id, key)
    record.lastModifiedDateTime = stamp
    record._batch_id = origin.batch_id  # noqa: SLF001
    record._audit_id = audit_id  # noqa: SLF001
    record._extracted_at = origin.extracted_at  # noqa: SLF001


def _key(record: Record, names: tuple[str, ...]) -> Key:
    """The values of key fields; dots lead into nested objects. A part can be null or absent."""
    values = []
    for name in names:
        value = record
        for step in name.split("."):
            value = getattr(value, step)
            if value is None or value is UNSET:
                value = None
                break
        values.append(value)
    if values.count(None) == len(values):
        raise ValueError(f"it has no {' + '.join(names)}")
    return tuple(values)


def _ends(rows: list[Raw]) -> list[Raw]:
    return rows[:1] + rows[1:][-1:]


def _take(record: Record, path: Path) -> list[Record]:
    """Take the list at a path out of a record, through the lists on the way."""
    items = getattr(record, path[0])
    if len(path) > 1:
        return [line for item in items or () for line in _take(item, path[1:])]
    setattr(record, path[0], UNSET)
    return items or []


# Compiling: a record type per entity and selection.

_LIST = msgspec.json.Decoder(list[Raw])
_LIST_OR_NULL = msgspec.json.Decoder(list[Raw] | None)
_FIELDS = msgspec.json.Decoder(dict[str, Raw])
_NULL = Raw(b"null")
_KEY_PART: Any = str | int | None

Fields: TypeAlias = list[tuple[str, Any, Any]]


class _Metadata(msgspec.Struct):
    totalCount: int | None = None  # noqa: N815


class _WrappedList(msgspec.Struct):
    records: list[Raw]
    totalCount: int | None = None  # noqa: N815


_WRAPPED_LIST = msgspec.json.Decoder(_WrappedList)


def _head_type(entity: Entity, shape: Shape) -> Any:  # noqa: ANN401
    forced = _key_fields(entity)
    for lines in entity.lists:
        if lines.path == (entity.counts,):
            keys = [(name, _KEY_PART, UNSET) for name in lines.key]
            forced[lines.path] = _list_of(msgspec.defstruct("LineHead", keys))
    nothing_else = Shape(shape.schema, keeps=lambda _path: False)
    fields = _fields(shape.schema, (), nothing_else, forced)
    return msgspec.defstruct("Head", [*fields, ("metadata", _Metadata | None, None)])


def _row_type(entity: Entity, shapes: Mapping[str, Shape]) -> Any:  # noqa: ANN401
    forced = _key_fields(entity)
    if entity.stamp:
        forced[(entity.stamp,)] = str | None
    for lines in entity.lists:
        shape = shapes[lines.name]
        if shape.keeps(()):
            columns = parent_columns(entity, lines)
            position = () if lines.key else (POSITION,)
            keys = dict.fromkeys(((name,) for name in lines.key), _KEY_PART)
            line = _record_type(lines.name, shape, keys, (*columns, *position))
            forced[lines.path] = _list_of(line)
    return _record_type(entity.name, shapes[entity.name], forced, entity.added_columns)


def _key_fields(entity: Entity) -> dict[Path, Any]:
    return {tuple(name.split(".")): _KEY_PART for name in entity.key}


def _record_type(name: str, shape: Shape, forced: Mapping[Path, Any], added: Path) -> Any:  # noqa: ANN401
    own = _fields(shape.schema, (), shape, forced)
    first = dict.fromkeys((*AUDIT_COLUMNS, *added), Any)
    types = {field: kind for field, kind, _default in own}
    fields = [(field, types.pop(field, kind), UNSET) for field, kind in first.items()]
    return msgspec.defstruct(name, fields + [(f, k, UNSET) for f, k in types.items()], gc=False)


def _fields(
    schema: Mapping[str, Any], path: Path, shape: Shape, forced: Mapping[Path, Any]
) -> Fields:
    depth = len(path)
    properties = schema.get("properties", {})
    needed = (way[depth] for way in forced if way[:depth] == path and len(way) > depth)
    fields = []
    for name in dict.fromkeys([*properties, *needed]):
        here = (*path, name)
        kind = forced.get(here) or _kind(properties[name], here, shape, forced)
        if kind is not None:
            fields.append((name, kind, UNSET))
    return fields


def _kind(schema: Mapping[str, Any], here: Path, shape: Shape, forced: Mapping[Path, Any]) -> Any:  # noqa: ANN401
    """The type under which a field is read, `None` if it is not wanted."""
    if not shape.keeps(here) and not any(way[: len(here)] == here for way in forced):
        return None
    item = schema.get("items", schema)
    if "properties" in item:
        struct = msgspec.defstruct(here[-1], _fields(item, here, shape, forced), gc=False)
        return _list_of(struct) if "items" in schema else struct | None
    if shape.decimals_as_text and "number" in schema["type"]:
        return Decimal | None
    if shape.mask_key and schema.get(MARK):
        return Pseudonym | None
    return Raw


def _list_of(item: Any) -> Any:  # noqa: ANN401
    return list[item] | None
