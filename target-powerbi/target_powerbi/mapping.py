"""The mapping: which field of which stream is which column of which table, and the model on top.

Knows tables, columns, measures and relationships as data, and the body in which Power BI wants
them; calls no one. One file serves both modes, so that a user moves by changing `mode`.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from loader_core import SettingsError
from target_powerbi import mapping_checks
from target_powerbi.fields import roots

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Mapping as Read
    from pathlib import Path

Type = Literal["Int64", "Double", "Decimal", "Boolean", "DateTime", "String"]
Summary = Literal["none", "sum", "min", "max", "count", "average", "distinctCount"]
Load = Literal["replace", "append", "reversal"]
_T = TypeVar("_T")
CORRECT_IT = "Correct the mapping file; `target-powerbi mapping` prints one that is right"
SHIPPED = "finance.toml"
_NUMBERS = frozenset({"Int64", "Double", "Decimal"})


class Column(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A column of a table.

    Attributes:
        name: Its name, in both modes.
        field: Where its value is, in the notation of `fields`.
        type: Its type in the model.
        format: How a report shows it, such as `#,0.00`.
        hidden: Reports do not offer it.
        summarize_by: What a report does with it by itself; by default `sum` for Decimal and
            Double, else `none`.
        sort_by: The column by which a report sorts this one.
    """

    name: str
    field: str
    type: Type
    format: str | None = None
    hidden: bool = False
    summarize_by: Summary | None = None
    sort_by: str | None = None

    @property
    def summary(self) -> Summary:
        """What a report does with it by itself."""
        return self.summarize_by or ("sum" if self.type in {"Decimal", "Double"} else "none")

    @property
    def additive(self) -> bool:
        """A row can be taken back by one with the negative of this value."""
        return self.type in _NUMBERS and self.summary == "sum"


class Measure(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A measure.

    Attributes:
        name: Its name, unique in the model.
        expression: DAX.
        format: How a report shows it.
        description: What it is.
    """

    name: str
    expression: str
    format: str | None = None
    description: str | None = None


class Relationship(msgspec.Struct, frozen=True, kw_only=True):
    """Many rows of one table point at one of another.

    Attributes:
        from_table, from_column: The many.
        to_table, to_column: The one.
        cross_filter: Whether the many filter the one too.
    """

    from_table: str
    from_column: str
    to_table: str
    to_column: str
    cross_filter: Literal["OneDirection", "BothDirections", "Automatic"] = "OneDirection"

    @property
    def name(self) -> str:
        """A name that no other has."""
        return f"{self.from_table} {self.from_column}"


class TableMap(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table, and the stream that fills it.

    Attributes:
        stream: The stream.
        name: The table.
        kind: What the model uses it for.
        columns: Its columns.
        measures: Its measures.
        load: How a table that can only be appended to is kept right; see `load_method`.
        hidden: Reports do not offer it.
        description: What a row is.
    """

    stream: str
    name: str
    kind: Literal["dimension", "fact"]
    columns: tuple[Column, ...]
    measures: tuple[Measure, ...] = ()
    load: Load | None = None
    hidden: bool = False
    description: str | None = None

    @property
    def load_method(self) -> Load:
        """As `load` says, else `replace` for dimensions and `reversal` for facts."""
        return self.load or ("replace" if self.kind == "dimension" else "reversal")

    def lacking(self, fields: Iterable[str]) -> list[str]:
        """Columns that stay empty, since a stream has not all of their fields."""
        there = set(fields)
        return [column.name for column in self.columns if not roots(column.field) <= there]

    def column(self, name: str) -> Column | None:
        """A column by its name."""
        return next((column for column in self.columns if column.name == name), None)


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """All tables, and what holds them together.

    Attributes:
        tables: Dimensions first; within those and within facts as in the file.
        relationships: Between them.
    """

    tables: tuple[TableMap, ...]
    relationships: tuple[Relationship, ...] = ()

    def of(self, stream: str) -> TableMap | None:
        """The table of a stream."""
        return next((table for table in self.tables if table.stream == stream), None)

    def table(self, name: str) -> TableMap | None:
        """A table by its name."""
        return next((table for table in self.tables if table.name == name), None)

    def unmapped(self, stream: str, fields: Iterable[str]) -> list[str]:
        """Fields of a stream that go nowhere; those of the loader, which begin with `_`, aside."""
        table = self.of(stream)
        read = {root for each in table.columns for root in roots(each.field)} if table else set()
        return [name for name in fields if name not in read and not name.startswith("_")]


def text(path: Path | None) -> str:
    """A mapping file as it is, for printing.

    Args:
        path: The file; the shipped one if `None`.

    Raises:
        SettingsError: It cannot be read.
    """
    source = path or files("target_powerbi") / SHIPPED
    try:
        return source.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise SettingsError(
            f"the mapping file '{path}' cannot be read as UTF-8", "Correct 'mapping_file'"
        ) from None


def load(path: Path | None = None) -> Mapping:
    """Read a mapping file and check it.

    Args:
        path: The file; the shipped one if `None`.

    Raises:
        SettingsError: What is wrong with it first, by table and column.
    """
    try:
        read = tomllib.loads(text(path))
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(f"the mapping file is no TOML: {error}", CORRECT_IT) from None
    try:
        mapping = _mapping(read)
        mapping_checks.check(mapping)
    except mapping_checks.Fault as fault:
        raise SettingsError(str(fault), CORRECT_IT) from None
    return mapping


def dataset(mapping: Mapping, name: str, added: Iterable[Column] = ()) -> dict[str, Any]:
    """The body with which a push dataset is made.

    Args:
        mapping: Its tables.
        name: Its name.
        added: Columns that the loader adds to each table.

    Raises:
        SettingsError: A table has more columns with those than Power BI takes.
    """
    service = tuple(added)
    for table in mapping.tables:
        count = len(table.columns) + len(service)
        if count > mapping_checks.MOST_COLUMNS:
            raise SettingsError(
                f"table '{table.name}': {count} columns, {len(service)} of them the loader's own, "
                f"are more than the {mapping_checks.MOST_COLUMNS} that a push dataset takes",
                "Leave out columns in the mapping file",
            )
    return {
        "name": name,
        "defaultMode": "Push",
        "tables": [table_body(table, service) for table in mapping.tables],
        "relationships": [
            {
                "name": each.name,
                "fromTable": each.from_table,
                "fromColumn": each.from_column,
                "toTable": each.to_table,
                "toColumn": each.to_column,
                "crossFilteringBehavior": each.cross_filter,
            }
            for each in mapping.relationships
        ],
    }


def table_body(table: TableMap, added: Iterable[Column] = ()) -> dict[str, Any]:
    """A table as the body of a dataset, or of a change to a table, has it."""
    measures = [
        _without_none(
            name=measure.name,
            expression=measure.expression.strip(),
            formatString=measure.format,
            description=measure.description,
        )
        for measure in table.measures
    ]
    return _without_none(
        name=table.name,
        description=table.description,
        isHidden=table.hidden or None,
        columns=[_column_body(column) for column in (*table.columns, *added)],
        measures=measures or None,
    )


def _column_body(column: Column) -> dict[str, Any]:
    return _without_none(
        name=column.name,
        dataType=column.type,
        formatString=column.format,
        isHidden=column.hidden or None,
        summarizeBy=column.summary,
        sortByColumn=column.sort_by,
    )


def _without_none(**body: object) -> dict[str, Any]:
    return {name: value for name, value in body.items() if value is not None}


def _mapping(read: Read[str, Any]) -> Mapping:
    """The file's content; each fault with its place."""
    unknown = sorted(read.keys() - {"table", "relationship"})
    if unknown:
        raise mapping_checks.Fault(f"the mapping file has '{unknown[0]}', which is not known")
    tables = [_table(each, number) for number, each in enumerate(_list(read, "table"), start=1)]
    relationships = [_relationship(each) for each in _list(read, "relationship")]
    in_order = sorted(tables, key=lambda table: table.kind != "dimension")
    return Mapping(tables=tuple(in_order), relationships=tuple(relationships))


def _list(read: Read[str, Any], name: str) -> list[Read[str, Any]]:
    found = read.get(name, [])
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise mapping_checks.Fault(f"'{name}' of the mapping file is no list of [[{name}]]")
    return found


def _table(read: Read[str, Any], number: int) -> TableMap:
    place = f"table '{read.get('name', number)}'"
    parts: dict[str, Any] = {}
    for kind, of in (("columns", Column), ("measures", Measure)):
        found = _list(read, kind) if kind in read else []
        parts[kind] = tuple(
            _convert(each, of, f"{place}, {kind[:-1]} '{each.get('name', place_in)}'")
            for place_in, each in enumerate(found, start=1)
        )
    bare = {name: value for name, value in read.items() if name not in parts}
    table = _convert(bare | {"columns": []}, TableMap, place)
    return msgspec.structs.replace(table, **parts)


def _relationship(read: Read[str, Any]) -> Relationship:
    ends: dict[str, str] = {}
    for end in ("from", "to"):
        table, dot, column = str(read.get(end, "")).partition(".")
        if not dot:
            raise mapping_checks.Fault(
                f"a relationship's '{end}' is '{read.get(end)}', and not a table, a dot and a "
                "column"
            )
        ends |= {f"{end}_table": table, f"{end}_column": column}
    place = f"relationship from '{read['from']}'"
    rest = {name: value for name, value in read.items() if name not in {"from", "to"}}
    unknown = sorted(rest.keys() - {"cross_filter"})
    if unknown:
        raise mapping_checks.Fault(f"{place}: '{unknown[0]}' is not known")
    return _convert(rest | ends, Relationship, place)


def _convert(read: Read[str, Any], of: type[_T], place: str) -> _T:
    try:
        return msgspec.convert(read, of)
    except msgspec.ValidationError as error:
        raise mapping_checks.Fault(f"{place}: {error}") from None
