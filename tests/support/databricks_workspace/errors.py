"""What goes wrong, as Databricks says it: a status and a code, or a failed statement.

A failed statement is no failed call: it is answered with 200 and the state FAILED, and its class
stands in brackets before the message.
"""

from __future__ import annotations

from typing import Final

SQL_STATES: Final = {
    "CAST_INVALID_INPUT": "22018",
    "CATALOG_ALREADY_EXISTS": "42710",
    "CF_EMPTY_DIR_FOR_SCHEMA_INFERENCE": "42000",
    "COLUMN_ALREADY_EXISTS": "42711",
    "DELTA_CLUSTERING_COLUMN_MISSING_STATS": "22000",
    "DELTA_CONCURRENT_APPEND": "2D521",
    "DELTA_INVALID_CHARACTERS_IN_COLUMN_NAMES": "42K05",
    "DELTA_METADATA_CHANGED": "2D521",
    "DELTA_MULTIPLE_SOURCE_ROW_MATCHING_TARGET_ROW_IN_MERGE": "21506",
    "DELTA_NOT_NULL_CONSTRAINT_VIOLATED": "23502",
    "DIVIDE_BY_ZERO": "22012",
    "FIELD_ALREADY_EXISTS": "42710",
    "NO_SUCH_CATALOG_EXCEPTION": "42704",
    "NUMERIC_VALUE_OUT_OF_RANGE": "22003",
    "PARSE_SYNTAX_ERROR": "42601",
    "PATH_NOT_FOUND": "42K03",
    "SCHEMA_ALREADY_EXISTS": "42P06",
    "SCHEMA_NOT_EMPTY": "2BP01",
    "SCHEMA_NOT_FOUND": "42704",
    "TABLE_OR_VIEW_ALREADY_EXISTS": "42P07",
    "TABLE_OR_VIEW_NOT_FOUND": "42P01",
    "UC_VOLUME_NOT_FOUND": "42704",
    "UNBOUND_SQL_PARAMETER": "42P02",
    "UNRESOLVED_COLUMN.WITHOUT_SUGGESTION": "42703",
    "UNRESOLVED_ROUTINE": "42883",
    "UNSUPPORTED_DATATYPE": "0A000",
}
"""SQLSTATE of each error class; a class that is not here has none."""

NOT_IN_THE_DOUBLE: Final = "NOT_IN_THE_DOUBLE"
"""The class of what Databricks may know and the double does not."""


class WorkspaceError(Exception):
    """The root of all errors of the double."""


class ApiError(WorkspaceError):
    """A call that is refused.

    Attributes:
        status: HTTP status.
        code: `error_code` of the body.
        message: `message` of the body.
    """

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


class SqlError(WorkspaceError):
    """A statement that fails.

    Attributes:
        error_class: As in `[TABLE_OR_VIEW_NOT_FOUND]`, without brackets.
        error_code: `error_code` of the status.
        text: What went wrong, without the class.
        message: `message` of the status, with the class.
        sql_state: Five characters, or nothing.
    """

    def __init__(
        self,
        error_class: str,
        text: str,
        *,
        sql_state: str | None = None,
        error_code: str = "BAD_REQUEST",
    ) -> None:
        self.error_class = error_class
        self.error_code = error_code
        self.text = text
        self.sql_state = sql_state or SQL_STATES.get(error_class)
        state = f" SQLSTATE: {self.sql_state}" if self.sql_state else ""
        self.message = f"[{error_class}] {text}{state}"
        super().__init__(self.message)


class DeniedError(SqlError):
    """A privilege that is missing. Unity Catalog writes this class without brackets."""

    def __init__(self, text: str) -> None:
        super().__init__("PERMISSION_DENIED", text, sql_state="42501")
        self.message = f"PERMISSION_DENIED: {text}"


def not_in_the_double(what: str) -> SqlError:
    """Make the error for something that only Databricks can do."""
    return SqlError(NOT_IN_THE_DOUBLE, f"{what} is not in this double of a workspace.")
