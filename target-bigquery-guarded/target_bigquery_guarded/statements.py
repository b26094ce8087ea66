"""The SQL that this package sends, as pure functions of layouts: nothing here calls anyone.

Every statement can be run twice and then leaves what it left the first time. In all of them `t` is
a stored row and `s` a new one.
"""

# Identifiers are quoted and texts are escaped here, and nowhere else:
# ruff: noqa: S608

from __future__ import annotations

from typing import TYPE_CHECKING

from loader_core.ordering import stored_is_newer
from loader_core.tables import DELETED_AT, VERSION
from target_bigquery_guarded.layout import BATCH_KEY
from target_bigquery_guarded.type_table import JSON

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from target_bigquery_guarded.layout import Column, Layout


class Dataset:
    """Writes statements about the tables of one dataset.

    Args:
        project: Its project.
        dataset: Its name.
    """

    def __init__(self, project: str, dataset: str) -> None:
        self._project = project
        self._dataset = dataset

    def name(self, table: str) -> str:
        """The whole name of a table, quoted."""
        return ".".join(map(quoted, (self._project, self._dataset, table)))

    def merge(self, layout: Layout, stage: str) -> str:
        """Put the rows of a staging table in the place of those with their keys."""
        names = [column.name for column in layout.columns]
        updates = ", ".join(f"{quoted(name)} = s.{quoted(name)}" for name in names)
        return (
            f"MERGE INTO {self.name(layout.place)} AS t "
            f"USING (SELECT {_read(layout.staged)} FROM {self.name(stage)}) AS s "
            f"ON {_same(layout.key)} "
            f"WHEN MATCHED AND NOT {_stored_is_newer(layout)} "
            f"THEN UPDATE SET {updates} "
            f"WHEN NOT MATCHED THEN INSERT ({listed(names)}) "
            f"VALUES ({', '.join(f's.{quoted(name)}' for name in names)})"
        )

    def add(self, layout: Layout, stage: str, batch_key: str) -> str:
        """Add the rows of a staging table, unless those of the batch are there."""
        names = [column.name for column in layout.staged]
        key, place = literal(batch_key), self.name(layout.place)
        return (
            f"INSERT INTO {place} ({listed([*names, BATCH_KEY])}) "
            f"SELECT {_read(layout.staged)}, {key} FROM {self.name(stage)} "
            f"WHERE NOT EXISTS (SELECT 1 FROM {place} WHERE {quoted(BATCH_KEY)} = {key})"
        )

    def remove_older_lines(self, layout: Layout, stage: str) -> str:
        """Remove lines that are older than the newest of their document, if the stage has any."""
        key, version = layout.document_key, quoted(layout.document_version)
        same = " AND ".join(f"u.{quoted(name)} = b.{quoted(name)}" for name in key)
        names = ", ".join(f"u.{quoted(name)}" for name in key)
        return self._remove_older(
            layout,
            f"SELECT {names}, MAX(u.{version}) AS {version} FROM {self.name(layout.place)} AS u "
            f"JOIN (SELECT DISTINCT {listed(key)} FROM {self.name(stage)}) AS b ON {same} "
            f"GROUP BY {names}",
        )

    def trim(self, layout: Layout, parent: str) -> str:
        """Remove lines that are older than their document.

        Args:
            layout: How the lines are stored.
            parent: The stored table of documents.
        """
        key, version = layout.document_key, quoted(layout.document_version)
        return self._remove_older(
            layout,
            f"SELECT {listed(key)}, MAX({version}) AS {version} FROM {self.name(parent)} "
            f"GROUP BY {listed(key)}",
        )

    def activate(self, layout: Layout, version: int) -> str:
        """Remove rows of versions before one."""
        of, place = quoted(VERSION), self.name(layout.place)
        old = f"({of} IS NULL OR {of} < {version})"
        if layout.marks:
            mark = quoted(DELETED_AT)
            return f"UPDATE {place} SET {mark} = CURRENT_TIMESTAMP() WHERE {mark} IS NULL AND {old}"
        return f"DELETE FROM {place} WHERE {old}"

    def replace(self, layout: Layout, by: str) -> str:
        """Put all rows of another stored table in the place of a table's, in one step."""
        names = [column.name for column in layout.columns]
        return (
            f"MERGE INTO {self.name(layout.place)} AS t "
            f"USING (SELECT {listed(names)} FROM {self.name(by)}) AS s ON FALSE "
            f"WHEN NOT MATCHED THEN INSERT ({listed(names)}) "
            f"VALUES ({', '.join(f's.{quoted(name)}' for name in names)}) "
            "WHEN NOT MATCHED BY SOURCE THEN DELETE"
        )

    def _remove_older(self, layout: Layout, newest: str) -> str:
        version = quoted(layout.document_version)
        same = _same(layout.document_key)
        text = (
            f"MERGE INTO {self.name(layout.place)} AS t USING ({newest}) AS s "
            f"ON {same} AND t.{version} < s.{version}"
        )
        if layout.marks:
            mark = quoted(DELETED_AT)
            return (
                f"{text} AND t.{mark} IS NULL "
                f"WHEN MATCHED THEN UPDATE SET {mark} = CURRENT_TIMESTAMP()"
            )
        return f"{text} WHEN MATCHED THEN DELETE"


def _stored_is_newer(layout: Layout) -> str:
    """Whether a stored row is newer than one of the batch."""
    return stored_is_newer(layout.order, quoted, mark=DELETED_AT if layout.marks else None)


def quoted(name: str) -> str:
    """An identifier, quoted."""
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`") + "`"


def listed(names: Iterable[str]) -> str:
    """Identifiers, quoted, with commas between them."""
    return ", ".join(map(quoted, names))


def literal(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n") + "'"


def _same(key: Sequence[str]) -> str:
    return " AND ".join(f"t.{quoted(name)} = s.{quoted(name)}" for name in key)


def _read(columns: Iterable[Column]) -> str:
    """Columns of a staging table in the types of the table."""
    return ", ".join(
        f"PARSE_JSON({quoted(column.name)}) AS {quoted(column.name)}"
        if column.type == JSON
        else quoted(column.name)
        for column in columns
    )
