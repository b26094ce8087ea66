"""The engine: SQL in, Arrow out, its complaints put into the words of Databricks.

Knows Sail and its process. The text that comes in has the engine's own names in it.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from databricks_workspace import engine_process
from databricks_workspace.errors import NOT_IN_THE_DOUBLE, SqlError, WorkspaceError

if TYPE_CHECKING:
    import pyarrow as pa

    from databricks_workspace.objects import Name

_SECONDS_TO_END: Final = 10
_COMPLAINTS: Final = (
    (r"MERGE_CARDINALITY_VIOLATION", "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE"),
    (r"TABLE_OR_VIEW_NOT_FOUND", "TABLE_OR_VIEW_NOT_FOUND"),
    (r"found .* expected", "PARSE_SYNTAX_ERROR"),
    (r"input schema for INSERT has", "INSERT_COLUMN_ARITY_MISMATCH"),
    (r"plan does not support|not implemented|unsupported", NOT_IN_THE_DOUBLE),
    (r"too large to store in a Decimal|Overflowing on", "NUMERIC_VALUE_OUT_OF_RANGE"),
    (r"Cannot cast|invalid timestamp", "CAST_INVALID_INPUT"),
    (r"cannot resolve|No field named", "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION"),
    (r"unknown (table )?function", "UNRESOLVED_ROUTINE"),
    (r"divide by zero", "DIVIDE_BY_ZERO"),
)
"""What the engine says, and the class that Databricks gives it. The first that is found counts."""


def _translated(complaint: str) -> SqlError:
    line = complaint.strip().partition("\n")[0]
    own_class = re.match(r"\[([A-Z][A-Z0-9_.]+)\] *(.*)", line)
    if own_class:
        return SqlError(own_class[1], own_class[2])
    for pattern, error_class in _COMPLAINTS:
        if re.search(pattern, line):
            return SqlError(error_class, line)
    return SqlError("INTERNAL_ERROR", line, error_code="INTERNAL_ERROR")


def quoted(name: str) -> str:
    """Quote an identifier."""
    return "`" + name.replace("`", "``") + "`"


def name_in_engine(name: Name) -> str:
    """Give the engine's name of a schema or table."""
    schema = quoted(".".join(name[:2]))
    return ".".join([quoted(engine_process.CATALOG), schema, *map(quoted, name[2:])])


class Engine:
    """Sail in a process of its own. Not safe for threads.

    Attributes:
        folder: Where tables and files lie; gone when the engine ends.
        pid: Its process.

    Raises:
        WorkspaceError: It does not start.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-P", engine_process.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        # Takes seconds, in which the engine starts.
        from pyspark.sql import SparkSession  # noqa: PLC0415

        line = self._process.stdout.readline() if self._process.stdout else b""
        if not line:
            raise WorkspaceError("the engine did not start; its standard error says why")
        ready = json.loads(line)
        self.pid = self._process.pid
        self.folder = Path(ready["folder"])
        address = f"sc://127.0.0.1:{ready['port']}"
        self._session = SparkSession.builder.remote(address).getOrCreate()
        self.run("SELECT 1")

    def run(self, sql: str) -> pa.Table:
        """Run a statement to its end.

        Raises:
            SqlError: It fails.
        """
        from pyspark.errors import PySparkException  # noqa: PLC0415 - as above

        try:
            return self._session.sql(sql).toArrow()
        except PySparkException as error:
            raise _translated(str(error)) from None

    def close(self) -> None:
        """End the process."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
