"""What a user can set: one JSON Schema, and the checked values of the staging.

`looker_settings` has those of the steps that follow it.

Problems name the setting and what it should be, never its value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from singer_sdk import typing as th

from loader_core import SettingsError
from target_looker_stage import looker_settings
from target_looker_stage.names import MOST_BYTES

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = th.StringType(nullable=False)
_NAMES = th.ArrayType(_TEXT, nullable=False)
_DIALECTS = frozenset({"postgresql", "postgres"})

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "sqlalchemy_url",
        _TEXT,
        required=True,
        secret=True,
        title="Address of the warehouse",
        description="Address of the database with user and password, as SQLAlchemy writes it: "
        "`postgresql+psycopg://user:password@host:5432/database`. Signs in the password are "
        "escaped as in URLs; libpq's parameters can follow, as in `?sslmode=verify-full`",
    ),
    th.Property(
        "default_target_schema",
        _TEXT,
        default="visma_stage",
        title="Schema",
        description="Schema of the tables, for this target alone; it is made if it is not there",
    ),
    th.Property(
        "publish",
        th.StringType(nullable=False, allowed_values=["run", "stream"]),
        default="run",
        title="Publish",
        description="When loaded rows become visible: all streams of a `run` in one transaction "
        "at its end, or each batch of a `stream` as it comes, for first loads that are too large "
        "for one transaction",
    ),
    th.Property(
        "grant_select_to",
        _NAMES,
        default=[],
        title="Grant SELECT to",
        description="Roles that may read all tables of the schema, later ones too, such as the one "
        "of Looker's connection",
    ),
    th.Property(
        "index_columns",
        _NAMES,
        default=[
            "date",
            "*Date",
            "*Period",
            "*PeriodId",
            "account",
            "accountNumber",
            "supplierNumber",
            "customerNumber",
            "account.number",
            "subaccount.subaccountNumber",
            "supplier.number",
            "customer.number",
        ],
        title="Indexed columns",
        description="Columns that get an index, `*` for any letters; `supplier.number` is that "
        "part of a column that holds an object",
    ),
    th.Property(
        "period_columns",
        _NAMES,
        default=["financialPeriod", "periodId", "postPeriod", "period", "transactionDate", "date"],
        title="Period columns",
        description="Columns by which control totals are kept: the first that a stream has. Of a "
        "date it is the month",
    ),
    th.Property(
        "total_columns",
        _NAMES,
        default=["*amount", "*Amount", "balance", "*Balance", "debit*", "credit*", "periodToDate*"],
        title="Columns with control totals",
        description="Decimal columns of which control totals are kept, `*` for any letters",
    ),
    th.Property(
        "lock_seconds",
        th.IntegerType(nullable=False, minimum=1, maximum=86_400),
        default=30,
        title="Wait for locks",
        description="Seconds to wait for another run to end, or for a reader of a table that gets "
        "a new column",
    ),
    *looker_settings.PROPERTIES,
).to_dict()
"""The settings of this target; the core and the SDK add theirs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        connection: What libpq is told, the password within.
    """

    connection: Mapping[str, str]
    schema: str
    publish: Literal["run", "stream"]
    grant_select_to: tuple[str, ...]
    index_columns: tuple[str, ...]
    period_columns: tuple[str, ...]
    total_columns: tuple[str, ...]
    lock_seconds: int

    def __repr__(self) -> str:
        """Say no more than where it is about: the password is within."""
        return f"Settings(place={self.place!r})"

    @property
    def place(self) -> str:
        """Host, database and schema, for messages."""
        of = self.connection
        port = f":{of['port']}" if "port" in of else ""
        return f"{of.get('host', 'localhost')}{port}/{of.get('dbname', '')}/{self.schema}"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration whose types are right.

        Raises:
            SettingsError: A value is wrong.
        """
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        return cls(
            connection=_connection(values["sqlalchemy_url"]),
            schema=_schema(values["default_target_schema"]),
            publish=values["publish"],
            grant_select_to=tuple(values["grant_select_to"]),
            index_columns=tuple(values["index_columns"]),
            period_columns=tuple(values["period_columns"]),
            total_columns=tuple(values["total_columns"]),
            lock_seconds=values["lock_seconds"],
        )


def _connection(url: str) -> dict[str, str]:
    """What libpq is told. A password with signs that are not escaped must not become a host."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.partition("+")[0] not in _DIALECTS:
        raise SettingsError(
            "'sqlalchemy_url' does not begin with 'postgresql+psycopg://'",
            "Give the address of a PostgreSQL database",
        )
    try:
        told = {
            name: str(value) for name, value in conninfo_to_dict(f"postgresql://{rest}").items()
        }
    except ProgrammingError:
        told = {}
    ports = told.get("port", "").replace(",", "")
    odd = not re.fullmatch(r"[0-9]*", ports) or "@" in told.get("host", "") + told.get("dbname", "")
    if odd or not told.get("dbname"):
        raise SettingsError(
            "'sqlalchemy_url' is not user:password@host:port/database after its '://'",
            "Escape the signs '@', ':', '/', '?', '#' and '%' of user and password as in URLs",
        )
    return told


def _schema(name: str) -> str:
    if not re.fullmatch(r"[a-z_][a-z0-9_]*", name) or len(name) > MOST_BYTES:
        raise SettingsError(
            "'default_target_schema' is not a name of small letters, digits and '_'",
            "Give another name: one with capitals would have to be quoted by every reader",
        )
    return name
