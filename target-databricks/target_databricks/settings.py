"""What a user can set: one JSON Schema, and the checked values.

Problems name the setting and what it should be, never its value.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from loader_core import SettingsError
from loader_core.settings import https_address
from target_databricks import routing

if TYPE_CHECKING:
    from collections.abc import Mapping

    from target_databricks.routing import Routing

_TEXT = th.StringType(nullable=False)
_NAMES = th.ArrayType(_TEXT, nullable=False)
MOST_TAGS = 20

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "host",
        _TEXT,
        required=True,
        title="Host",
        description="Address of the workspace, such as `adb-1.2.azuredatabricks.net`",
    ),
    th.Property(
        "warehouse_id",
        _TEXT,
        title="Warehouse",
        description="Id of the SQL warehouse that runs the statements",
    ),
    th.Property(
        "http_path",
        _TEXT,
        title="HTTP path",
        description="In place of `warehouse_id`: the warehouse's HTTP path, which ends with it",
    ),
    th.Property(
        "client_id",
        _TEXT,
        required=True,
        title="Client id",
        description="Application id of the service principal",
    ),
    th.Property(
        "client_secret",
        _TEXT,
        required=True,
        secret=True,
        title="Client secret",
        description="OAuth secret of the service principal",
    ),
    th.Property(
        "catalog",
        _TEXT,
        required=True,
        title="Catalog",
        description="Catalog of the tables",
    ),
    th.Property(
        "default_target_schema",
        _TEXT,
        required=True,
        title="Schema",
        description="Schema of the tables; it is made if it is not there",
    ),
    th.Property(
        "volume",
        _TEXT,
        default="_singer_stage",
        title="Volume",
        description="Volume in that schema for files on their way into tables; it is made if it is "
        "not there",
    ),
    th.Property(
        "create_catalog",
        th.BooleanType(nullable=False),
        default=False,
        title="Create catalog",
        description="Make the catalog too; else it must be there",
    ),
    th.Property(
        "cluster_by",
        _NAMES,
        default=["company_id", "lastModifiedDateTime"],
        title="Clustering columns",
        description="Columns by which new tables that have them are clustered, at most four. A "
        "table that is there keeps its layout",
    ),
    th.Property(
        "partition_by",
        _NAMES,
        default=[],
        title="Partition columns",
        description="Columns by which new tables that have them are partitioned in place of being "
        "clustered. Loaders that write into the same partition then conflict and wait for each "
        "other",
    ),
    th.Property(
        "variant_columns",
        _NAMES,
        default=[],
        title="Variant columns",
        description="Columns that hold JSON, `*` for any letters, to be stored as `VARIANT`; by "
        "default JSON is stored as text",
    ),
    th.Property(
        "gl_routing",
        th.CustomType({"type": ["object", "array", "string"]}),
        title="Ledger routing",
        description="Rules that send the rows of each account to a table, or the path of a JSON "
        "file with them; see below",
    ),
    th.Property(
        "wait_seconds",
        th.IntegerType(nullable=False, minimum=5, maximum=50),
        default=10,
        title="Wait",
        description="Seconds that a call waits for its statement before it is asked after. A "
        "statement that is younger cannot be cancelled",
    ),
    th.Property(
        "statement_seconds",
        th.IntegerType(nullable=False, minimum=10, maximum=86_400),
        default=3600,
        title="Statement limit",
        description="Seconds after which a statement is cancelled, the start of the warehouse "
        "included",
    ),
    th.Property(
        "retry_seconds",
        th.IntegerType(nullable=False, minimum=0, maximum=86_400),
        default=300,
        title="Retry limit",
        description="Seconds in which a call without an answer, one that is refused for now, or a "
        "statement that another writer got in the way of, is tried again",
    ),
    th.Property(
        "query_tags",
        th.ObjectType(nullable=False, additional_properties=_TEXT),
        default={},
        title="Query tags",
        description="Tags of all statements in the query history, at most 20",
    ),
).to_dict()
"""The settings of this target; the core and the SDK add theirs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        url: Where the workspace is, without a path.
        host: The same, as messages name it.
    """

    url: str
    host: str
    warehouse_id: str
    client_id: str
    client_secret: str
    catalog: str
    schema: str
    volume: str
    create_catalog: bool
    cluster_by: tuple[str, ...]
    partition_by: tuple[str, ...]
    variant_columns: tuple[str, ...]
    routing: Mapping[str, Routing]
    wait_seconds: int
    statement_seconds: int
    retry_seconds: int
    query_tags: Mapping[str, str]

    def __repr__(self) -> str:
        """Say no more than where it is about: the secret is within."""
        return f"Settings(host={self.host!r})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration whose types are right.

        Raises:
            SettingsError: A value is wrong, or rules contradict each other.
        """
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        url = https_address(
            "host",
            values["host"],
            "a workspace",
            "Give it as in the browser's address bar, up to the first '/' after the name",
        )
        return cls(
            url=url,
            host=urlsplit(url).netloc,
            warehouse_id=_warehouse(values["warehouse_id"], values["http_path"]),
            client_id=values["client_id"],
            client_secret=values["client_secret"],
            catalog=_name("catalog", values["catalog"]),
            schema=_name("default_target_schema", values["default_target_schema"]),
            volume=_name("volume", values["volume"]),
            create_catalog=values["create_catalog"],
            cluster_by=tuple(values["cluster_by"]),
            partition_by=tuple(values["partition_by"]),
            variant_columns=tuple(values["variant_columns"]),
            routing=routing.read(values["gl_routing"]) if values["gl_routing"] else {},
            wait_seconds=values["wait_seconds"],
            statement_seconds=values["statement_seconds"],
            retry_seconds=values["retry_seconds"],
            query_tags=_tags(values["query_tags"]),
        )


def _warehouse(warehouse_id: str | None, http_path: str | None) -> str:
    found = warehouse_id or (http_path or "").rstrip("/").rpartition("/")[2]
    if not found.isalnum():
        raise SettingsError(
            "neither 'warehouse_id' nor 'http_path' names a warehouse",
            "See the warehouse's connection details",
        )
    return found


def _tags(tags: Mapping[str, str]) -> Mapping[str, str]:
    if len(tags) > MOST_TAGS:
        raise SettingsError(f"'query_tags' has more than {MOST_TAGS} tags", "Leave some out")
    return dict(tags)


def _name(setting: str, name: str) -> str:
    """A name of Unity Catalog, which are all kept in small letters."""
    if not name or any(letter in "./ `" or not letter.isprintable() for letter in name):
        raise SettingsError(
            f"'{setting}' has a blank, a full stop, a slash or a quote, or is empty",
            "Give one name, not a path",
        )
    return name.lower()
