"""COPY INTO a table from staged CSV files, as Snowflake reads them: each value a text, then cast.

fakesnow's own reader guesses types, so that `007` would be loaded as 7, and takes a quoted empty
text for null. Other forms of COPY are left to it.
"""

from __future__ import annotations

import gzip
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
from fakesnow.transforms import stage
from pyarrow import csv

from snowflake_account.errors import SqlError
from snowflake_account.results import Result, listed

if TYPE_CHECKING:
    from collections.abc import Iterable

_COPY: Final = re.compile(
    r"\s*COPY\s+INTO\s+(?P<table>[\w.\"$]+)\s*\((?P<columns>[^)]*)\)\s*FROM\s+@(?P<place>[^\s;]+)"
    r"\s+FILE_FORMAT\s*=\s*\((?P<format>.*?)\)\s*(?P<more>(?:\w+\s*=\s*\w+\s*)*);?\s*",
    re.IGNORECASE | re.DOTALL,
)
_OPTION: Final = re.compile(r"(\w+)\s*=\s*('(?:[^']|'')*'|\(\s*\)|\w+)")
_NEEDED: Final = {
    "TYPE": "CSV",
    "FIELD_OPTIONALLY_ENCLOSED_BY": "'\"'",
    "ESCAPE_UNENCLOSED_FIELD": "NONE",
    "NULL_IF": "()",
    "EMPTY_FIELD_AS_NULL": "TRUE",
}
_OTHERS: Final = {"COMPRESSION", "ENCODING", "TIMESTAMP_FORMAT", "DATE_FORMAT"}
_LOADED: Final = (
    "file",
    "status",
    "rows_parsed",
    "rows_loaded",
    "error_limit",
    "errors_seen",
    "first_error",
)


def copied(connection: Any, sql: str) -> Result | None:
    """Run a COPY of this form; none if it is another statement.

    Args:
        connection: fakesnow's.
        sql: The statement.

    Raises:
        SqlError: There is no such file, or a value cannot be cast.
    """
    found = _COPY.fullmatch(sql)
    if not found:
        return None
    options = {name.upper(): value.upper() for name, value in _OPTION.findall(found["format"])}
    if any(options.pop(name, None) != value for name, value in _NEEDED.items()):
        return None
    if set(options) - _OTHERS:
        raise SqlError("261000", f"The stand-in does not know: {sorted(set(options) - _OTHERS)}")
    names = [name.strip() for name in found["columns"].split(",")]
    more = {name.upper(): value.upper() for name, value in _OPTION.findall(found["more"])}
    name, _, path = found["place"].partition("/")
    parts = stage.parts_from_var(name, connection.database, connection.schema)
    folder = Path(stage.internal_dir(".".join(parts)))
    files = sorted(
        each
        for each in folder.rglob("*")
        if each.is_file() and str(each.relative_to(folder)).startswith(path)
    )
    if not files:
        return listed(["status"], [{"status": "Copy executed with 0 files processed."}])
    rows = [_load(connection, found["table"], names, each) for each in files]
    if more.get("PURGE") == "TRUE":
        for each in files:
            each.unlink()
    loaded = ({"status": "LOADED", "error_limit": 1, "errors_seen": 0} | each for each in rows)
    result = listed(_LOADED, loaded)
    result.affected = sum(each["rows_loaded"] for each in rows)
    return result


def _load(connection: Any, table: str, names: list[str], file: Path) -> dict[str, Any]:
    duck = connection._duck_conn  # noqa: SLF001 - fakesnow has no way in
    types = dict(_types(duck, table))
    texts = _texts(file, len(names))
    values = ", ".join(
        _cast(column, types[_folded(name)])
        for column, name in zip(texts.column_names, names, strict=True)
    )
    duck.register("_copied", texts)
    try:
        listed_names = ", ".join(f'"{_folded(name)}"' for name in names)
        duck.execute(f"INSERT INTO {table} ({listed_names}) SELECT {values} FROM _copied")
    except duckdb.Error as error:
        raise SqlError("100038", str(error).partition("\n")[0], "22018") from None
    finally:
        duck.unregister("_copied")
    return {"file": file.name, "rows_parsed": texts.num_rows, "rows_loaded": texts.num_rows}


def _cast(column: str, of: str) -> str:
    """A text in another type; DuckDB wants no blank before a zone."""
    if of == "TIMESTAMP WITH TIME ZONE":
        column = f"regexp_replace({column}, ' ([+-])', '\\1')"
    return f"CAST({column} AS {of})"


def _types(duck: Any, table: str) -> Iterable[tuple[str, str]]:
    try:
        return [(name, of) for name, of, *_ in duck.execute(f"DESCRIBE {table}").fetchall()]
    except duckdb.Error:
        raise SqlError(
            "002003",
            f"SQL compilation error:\nTable '{table}' does not exist or not authorized.",
            "42S02",
        ) from None


def _texts(file: Path, columns: int) -> pa.Table:
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    names = [f"c{place}" for place in range(columns)]
    try:
        return csv.read_csv(
            io.BytesIO(content),
            read_options=csv.ReadOptions(column_names=names, block_size=max(1, len(content)) + 1),
            parse_options=csv.ParseOptions(newlines_in_values=True, escape_char=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid as error:
        raise SqlError("100080", f"The file is not as announced: {error}", "22000") from None


def _folded(name: str) -> str:
    return name[1:-1] if name.startswith('"') else name.upper()
