"""The changes of Delta tables: merges that leave what is there already, and removals.

Knows layouts and the SQL of DataFusion; knows neither batches nor addresses. Names are put
between backticks in merges and between quotes in queries, as each wants them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake import QueryBuilder

from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT
from loader_core.type_table import UTC_TIME
from target_powerbi.lake import ONE_TRY, of_batch

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from deltalake import DeltaTable

    from target_powerbi.lake_layout import Layout

_LATEST, _AT = "__latest", "__at"


def quoted(name: str) -> str:
    """A name as queries have it; stored names have no quotes in them."""
    return f'"{name}"'


def moment(at: datetime) -> str:
    """A time as SQL has it."""
    return f"arrow_cast('{at.isoformat()}', 'Timestamp(Microsecond, Some(\"UTC\"))')"


def reader(table: DeltaTable, sql: str) -> Any:  # noqa: ANN401 - a stream of Arrow
    """The rows of a query over `t`, read while they are taken."""
    return QueryBuilder().register("t", table).execute(sql)


def upsert(table: DeltaTable, rows: pa.Table, stored: Layout, batch: str) -> None:
    """Put each row in the place of the one with its key, unless that is newer or the same.

    Args:
        table: Where they are put.
        rows: The rows of a batch.
        stored: How they are stored.
        batch: The batch's key.
    """
    columns = {f"`{name}`": f"s.`{name}`" for name in rows.column_names}
    differs = " OR ".join(
        f"(s.`{name}` IS DISTINCT FROM t.`{name}`)"
        for name in rows.column_names
        if name not in stored.key
    )
    mark = DELETED_AT if stored.marks else None
    newer = stored_is_newer(stored.order, lambda name: f"`{name}`", mark=mark)
    guard = f"NOT {newer} AND ({differs or 'false'})"
    (
        table.merge(
            rows,
            " AND ".join(f"t.`{name}` = s.`{name}`" for name in stored.key),
            source_alias="s",
            target_alias="t",
            streamed_exec=False,  # else all files of the table are read, not those of these keys
            commit_properties=of_batch(batch),
        )
        .when_matched_update(columns, predicate=guard)
        .when_not_matched_insert(columns)
        .execute()
    )


def older_lines(stored: Layout, rows: pa.Table) -> str:
    """A query for the documents of a batch that have lines of an older version.

    It gives the documents' keys and their greatest versions. Only the documents between the first
    and the last of the batch are looked at.
    """
    keys = ", ".join(map(quoted, stored.document_key))
    version = quoted(stored.document_version)
    shown = f"CASE WHEN {quoted(DELETED_AT)} IS NULL THEN {version} END"
    oldest = shown if stored.marks else version
    between = " AND ".join(
        part for name in stored.document_key for part in _between(name, rows[name])
    )
    return (
        f'SELECT {keys}, max({version}) AS "{_LATEST}" FROM t WHERE {between} '  # noqa: S608 - quoted names and texts
        f"GROUP BY {keys} HAVING min({oldest}) < max({version})"
    )


def empty_documents(stored: Layout, parent: Sequence[str]) -> str:
    """A query for the documents that are newer than all of their lines.

    Args:
        stored: The lines, `t` in the query.
        parent: Columns of the documents, `p`: their key in the order of the lines', the version.
    """
    *keys, version = parent
    line = f"t.{quoted(stored.document_version)}"
    selected = ", ".join(f"t.{quoted(name)}" for name in stored.document_key)
    on = " AND ".join(
        f"t.{quoted(mine)} = p.{quoted(its)}"
        for mine, its in zip(stored.document_key, keys, strict=True)
    )
    left = f" AND t.{quoted(DELETED_AT)} IS NULL" if stored.marks else ""
    return (
        f'SELECT {selected}, max(p.{quoted(version)}) AS "{_LATEST}" '  # noqa: S608 - quoted names
        f"FROM t JOIN p ON {on} WHERE {line} < p.{quoted(version)}{left} GROUP BY {selected}"
    )


def remove(table: DeltaTable, documents: pa.Table, stored: Layout, now: datetime) -> None:
    """Remove, or mark, the lines of documents that are older than a version.

    Args:
        table: The lines.
        documents: Their documents' keys and the version, as the queries above give them.
        stored: How the lines are stored.
        now: What they are marked with.
    """
    if not documents.num_rows:
        return
    at = pa.repeat(pa.scalar(now, UTC_TIME), documents.num_rows)
    older = f"t.`{stored.document_version}` < s.`{_LATEST}`"
    merge = table.merge(
        documents.append_column(_AT, at),
        " AND ".join(f"t.`{name}` = s.`{name}`" for name in stored.document_key),
        source_alias="s",
        target_alias="t",
        streamed_exec=False,  # as above
        commit_properties=ONE_TRY,
    )
    if stored.marks:
        left = f"{older} AND t.`{DELETED_AT}` IS NULL"
        merge.when_matched_update({f"`{DELETED_AT}`": f"s.`{_AT}`"}, predicate=left).execute()
    else:
        merge.when_matched_delete(predicate=older).execute()


def _between(name: str, values: pa.ChunkedArray) -> list[str]:
    """Bounds of a text column as SQL has them."""
    if not pa.types.is_string(values.type):
        return ["true"]
    found = sorted(value for value in values.unique().to_pylist() if value is not None)
    if not found:
        return ["false"]
    first, last = (text.replace("'", "''") for text in (found[0], found[-1]))
    return [f"{quoted(name)} >= '{first}'", f"{quoted(name)} <= '{last}'"]
