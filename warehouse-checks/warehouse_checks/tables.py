"""The tables that a loader has made, whichever warehouse they are in.

Knows where tables are, their columns and how to ask them; knows no ledger.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from warehouse_checks import dialects
from warehouse_checks.bigquery_api import NOT_FOUND
from warehouse_checks.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from warehouse_checks.bigquery_api import BigQueryApi
    from warehouse_checks.dialects import Dialect
    from warehouse_checks.settings import BigQuery, Snowflake
    from warehouse_checks.snowflake_api import Row, SnowflakeApi


class Tables(Protocol):
    """The tables of one schema.

    Attributes:
        dialect: Of their warehouse.
    """

    dialect: Dialect

    def name(self, table: str) -> str:
        """A table's whole name, quoted."""

    def columns(self, table: str) -> Mapping[str, str]:
        """The types of a table's columns by name; empty if there is no such table.

        Raises:
            CheckError: It cannot be asked.
        """

    def rows(self, statement: str) -> list[Row]:
        """Run a query; values are texts, by the column's name in small letters.

        Raises:
            CheckError: It cannot be run.
        """


class SnowflakeTables:
    """Tables in Snowflake.

    Args:
        api: The account.
        settings: Where they are.
    """

    dialect = dialects.SNOWFLAKE

    def __init__(self, api: SnowflakeApi, settings: Snowflake) -> None:
        self._api = api
        self._settings = settings
        self._columns: dict[str, dict[str, str]] | None = None

    def name(self, table: str) -> str:
        """See `Tables`."""
        return self.dialect.name(
            self._settings.database, self._settings.schema, self.dialect.fold(table)
        )

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Tables`; all of the schema are asked for at once."""
        if self._columns is None:
            self._columns = {}
            view = self.dialect.name(self._settings.database) + ".INFORMATION_SCHEMA.COLUMNS"
            schema = self._settings.schema.replace("'", "''")
            for row in self.rows(
                "SELECT TABLE_NAME, COLUMN_NAME, DATA_TYPE, NUMERIC_PRECISION, NUMERIC_SCALE "  # noqa: S608 - a setting
                f"FROM {view} "
                f"WHERE TABLE_SCHEMA = '{schema}'"
            ):
                own = self._columns.setdefault(str(row["table_name"]), {})
                kind = str(row["data_type"])
                if kind == "NUMBER":
                    kind += f"({row['numeric_precision']},{row['numeric_scale']})"
                own[str(row["column_name"])] = kind
        return self._columns.get(self.dialect.fold(table), {})

    def rows(self, statement: str) -> list[Row]:
        """See `Tables`."""
        settings = self._settings
        return self._api.rows(statement, role=settings.role, warehouse=settings.warehouse)


class BigQueryTables:
    """Tables in BigQuery.

    Args:
        api: The project.
        settings: Where they are.
    """

    dialect = dialects.BIGQUERY

    def __init__(self, api: BigQueryApi, settings: BigQuery) -> None:
        self._api = api
        self._settings = settings

    def name(self, table: str) -> str:
        """See `Tables`."""
        return self.dialect.name(self._settings.project, self._settings.dataset, table)

    def columns(self, table: str) -> Mapping[str, str]:
        """See `Tables`; a call that costs nothing."""
        try:
            found = self._api.get(f"datasets/{self._settings.dataset}/tables/{table}")
        except RefusedError as error:
            if error.status == NOT_FOUND:
                return {}
            raise
        fields = found.get("schema", {}).get("fields", [])
        return {str(field["name"]): str(field["type"]) for field in fields}

    def rows(self, statement: str) -> list[Row]:
        """See `Tables`."""
        return [
            {name.lower(): value for name, value in row.items()}
            for row in self._api.rows(statement)
        ]
