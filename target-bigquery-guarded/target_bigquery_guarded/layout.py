"""How a table of the core is stored: its name, columns, key, partitions and clustering.

Knows tables and settings; writes no SQL and calls no one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from loader_core import SchemaError
from loader_core.tables import DELETED_AT
from loader_core.type_table import matches
from target_bigquery_guarded.type_table import JSON, TIMES, bigquery_type

if TYPE_CHECKING:
    from loader_core import Document, Table
    from target_bigquery_guarded.settings import Settings

BATCH_KEY = "_sdc_batch_key"
"""Column of tables to which rows are only added: the batch of a row."""
MOST_COLUMN_CHARACTERS, MOST_DESCRIPTION_CHARACTERS = 300, 1024
MOST_CLUSTERED = 4
RESERVED = ("_TABLE_", "_FILE_", "_PARTITION", "_ROW_TIMESTAMP", "__ROOT__", "_COLIDENTIFIER")
"""What a column's name may not begin with, in capitals or not."""
_GENERATION = "__sdc_generation_"
_STAGE = "__sdc_stage_"


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a stored table.

    Attributes:
        name: Its name there.
        source: Its name in batches; empty for a column that only the table has.
        type: Its type, as the REST API names it.
        staged: Its type in the staging table.
        required: It is never null.
        description: What the SCHEMA says of it.
    """

    name: str
    source: str
    type: str
    staged: str
    required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table is stored.

    Attributes:
        stream: The stream, for descriptions and errors.
        place: Name of the stored table.
        columns: All columns.
        key: Columns by which a new row finds the one whose place it takes; none where rows are
            only added.
        order: Which of two rows with one key is newer.
        document_key, document_version: What the rows are lines of, if they are.
        marks: Gone rows are marked in `_sdc_deleted_at`, else deleted.
        partitioned: Column of the partitions, if there are any.
        clustered: Columns by which a partition is sorted.
    """

    stream: str
    place: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    order: tuple[str, ...]
    document_key: tuple[str, ...]
    document_version: str
    marks: bool
    partitioned: str | None
    clustered: tuple[str, ...]

    @property
    def only_adds(self) -> bool:
        """Rows are added and never take the place of others."""
        return not self.key

    @property
    def staged(self) -> tuple[Column, ...]:
        """The columns that a batch has."""
        return tuple(column for column in self.columns if column.source)

    @property
    def renames(self) -> bool:
        """Some columns have another name in batches."""
        return any(column.source != column.name for column in self.staged)


def stored_name(name: str) -> str:
    """A stream's name as a table has it: small letters, digits and `_`."""
    return re.sub(r"\W", "_", name.lower(), flags=re.ASCII)


def stored_column(name: str) -> str:
    """A column's name as a table has it: letters, digits and `_`, and nothing reserved."""
    safe = re.sub(r"\W", "_", name, flags=re.ASCII)
    begins_badly = not safe or safe[0].isdigit() or safe.upper().startswith(RESERVED)
    return f"x_{safe}" if begins_badly else safe


def of_generation(name: str, generation: int) -> str:
    """The name of what is to take the place of a stored table."""
    return f"{name}{_GENERATION}{generation}"


def is_generation(name: str, of: str) -> bool:
    """Whether a table was to take the place of a stored table, or is a stage of one that was."""
    pattern = f"{re.escape(of + _GENERATION)}[0-9]+({_STAGE}[0-9a-f]+)?"
    return re.fullmatch(pattern, name) is not None


def stage_of(place: str, batch_key: str) -> str:
    """The name of the staging table of a batch."""
    return f"{place}{_STAGE}{batch_key[:24]}"


def layout(table: Table, settings: Settings) -> Layout:
    """How a table is stored.

    Raises:
        SchemaError: Two columns have one name to BigQuery, or a name is too long.
    """
    only_adds = table.load_method == "append-only" or not table.key
    columns = []
    for field in table.schema:
        of = bigquery_type(field.name, field.type)
        in_key = field.name in table.key
        metadata = field.metadata or {}
        has_json = b"json" in metadata and not in_key
        is_json = has_json and matches(field.name, settings.json_columns)
        text = metadata.get(b"description", b"").decode()
        columns.append(
            Column(
                name=stored_column(field.name),
                source=field.name,
                type=JSON if is_json else of,
                staged=of,
                required=in_key and not only_adds,
                description=text[:MOST_DESCRIPTION_CHARACTERS],
            )
        )
    if only_adds:
        columns.append(Column(BATCH_KEY, "", "STRING", "", required=False, description="Its batch"))
    _check_names(table, columns)
    place = stored_name(table.name)
    key: tuple[str, ...] = () if only_adds else tuple(map(stored_column, table.key))
    clustered = (BATCH_KEY,) if only_adds else key if settings.clusters_by_key else ()
    document: Document | None = None if only_adds else table.document
    return Layout(
        stream=table.name,
        place=of_generation(place, table.generation) if table.generation else place,
        columns=tuple(columns),
        key=key,
        order=() if only_adds else tuple(map(stored_column, table.order)),
        document_key=tuple(map(stored_column, document.key)) if document else (),
        document_version=stored_column(document.version) if document else "",
        marks=DELETED_AT in table.schema.names and not table.hard_delete,
        partitioned=_partitioned(columns, settings),
        clustered=clustered[:MOST_CLUSTERED],
    )


def _partitioned(columns: list[Column], settings: Settings) -> str | None:
    """The first of the wanted columns that is there and holds times; dates have no hours."""
    fit = TIMES - {"DATE"} if settings.granularity == "HOUR" else TIMES
    times = {column.source: column.name for column in columns if column.type in fit}
    return next((times[name] for name in settings.partition_columns if name in times), None)


def _check_names(table: Table, columns: list[Column]) -> None:
    seen: dict[str, str] = {}
    for column in columns:
        source = column.source or column.name
        other = seen.setdefault(column.name.lower(), source)
        if other is not source:
            raise SchemaError(
                f"the columns '{other}' and '{source}' are one and the same to BigQuery",
                "Rename one of them with a stream map",
            ).at(table.name)
        if len(column.name) > MOST_COLUMN_CHARACTERS:
            raise SchemaError(
                f"the name of column '{source[:40]}...' has more than 300 characters",
                "Rename it with a stream map",
            ).at(table.name)
