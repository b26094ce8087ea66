"""Results as the service gives them: every value a text, in chunks, with a manifest.

Times have milliseconds only: a statement that needs the microseconds must cast them to text.
"""

from __future__ import annotations

import base64
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from databricks_workspace import type_table
from databricks_workspace.errors import SqlError

if TYPE_CHECKING:
    import pyarrow as pa

MOST_INLINE_BYTES: Final = 25 * 1024 * 1024
TextRow: TypeAlias = list[str | None]


def text_of(value: object) -> str | None:
    """Write a value as `JSON_ARRAY` does."""
    match value:
        case None:
            text = None
        case bool():
            text = "true" if value else "false"
        case Decimal():
            text = format(value, "f")
        case datetime():
            zone = "" if value.tzinfo is None else "Z"
            text = value.replace(tzinfo=None).isoformat(timespec="milliseconds") + zone
        case date():
            text = value.isoformat()
        case bytes():
            text = base64.b64encode(value).decode()
        case _:
            text = str(value)
    return text


class Result:
    """The rows of one statement.

    Attributes:
        rows: All of them, up to the row limit.
    """

    def __init__(self, table: pa.Table | None, row_limit: int | None, rows_per_chunk: int) -> None:
        """Take the rows over.

        Raises:
            SqlError: They are too many bytes, or of a type that is not in the double.
        """
        self._columns = [] if table is None else self._manifest_columns(table.schema)
        columns = [] if table is None else [column.to_pylist() for column in table.columns]
        everything = [[text_of(value) for value in row] for row in zip(*columns, strict=True)]
        self.rows: list[TextRow] = everything[:row_limit]
        self._truncated = len(self.rows) < len(everything)
        self._per_chunk = rows_per_chunk
        size = sum(len(value or "") for row in self.rows for value in row)
        if size > MOST_INLINE_BYTES:
            raise SqlError(
                "INLINE_BYTE_LIMIT_EXCEEDED",
                f"An inline result can have at most {MOST_INLINE_BYTES} bytes.",
            )

    @staticmethod
    def _manifest_columns(schema: pa.Schema) -> list[dict[str, object]]:
        return [
            {"name": field.name, "position": position} | type_table.manifest_of(field.type)
            for position, field in enumerate(schema)
        ]

    def manifest(self) -> dict[str, Any]:
        """Describe the columns and chunks."""
        chunks = [self._where(index) for index in range(self._count())]
        return {
            "format": "JSON_ARRAY",
            "schema": {"column_count": len(self._columns), "columns": self._columns},
            "total_chunk_count": len(chunks),
            "chunks": chunks,
            "total_row_count": len(self.rows),
            "truncated": self._truncated,
        }

    def chunk(self, index: int, path: str) -> dict[str, Any] | None:
        """Give a chunk, nothing if there is none; without rows the first one is an empty object.

        Args:
            index: From 0.
            path: Where the statement's chunks are.
        """
        if index == 0 and not self.rows:
            return {}
        if not 0 <= index < self._count():
            return None
        start = index * self._per_chunk
        content: dict[str, Any] = self._where(index)
        content["data_array"] = self.rows[start : start + self._per_chunk]
        if index + 1 < self._count():
            content["next_chunk_index"] = index + 1
            content["next_chunk_internal_link"] = f"{path}/{index + 1}"
        return content

    def _count(self) -> int:
        return -(-len(self.rows) // self._per_chunk)

    def _where(self, index: int) -> dict[str, Any]:
        start = index * self._per_chunk
        count = min(self._per_chunk, len(self.rows) - start)
        return {"chunk_index": index, "row_offset": start, "row_count": count}
