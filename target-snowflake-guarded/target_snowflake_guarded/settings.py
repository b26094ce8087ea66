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
from target_snowflake_guarded.keys import private_key

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = th.StringType(nullable=False)
_DOMAIN = "snowflakecomputing.com"
_DEFAULT_PORTS = {"https": 443, "http": 80}

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "account",
        _TEXT,
        required=True,
        title="Account",
        description="Identifier of the account, such as `ORGANIZATION-ACCOUNT`",
    ),
    th.Property(
        "user",
        _TEXT,
        required=True,
        title="User",
        description="Login name of the user, best one of type SERVICE",
    ),
    th.Property(
        "private_key_path",
        _TEXT,
        title="Private key file",
        description="File with the private key of the user's key pair, as PEM or DER",
    ),
    th.Property(
        "private_key",
        _TEXT,
        secret=True,
        title="Private key",
        description="In place of the file: the key's PEM, or its DER in base64",
    ),
    th.Property(
        "private_key_passphrase",
        _TEXT,
        secret=True,
        title="Passphrase",
        description="Passphrase of the private key, if it is encrypted",
    ),
    th.Property(
        "programmatic_access_token",
        _TEXT,
        secret=True,
        title="Programmatic access token",
        description="In place of a key: the secret of one of the user's programmatic access tokens",
    ),
    th.Property(
        "database",
        _TEXT,
        required=True,
        title="Database",
        description="Database of the tables; it must be there",
    ),
    th.Property(
        "default_target_schema",
        _TEXT,
        required=True,
        title="Schema",
        description="Schema of the tables; it is made if it is not there",
    ),
    th.Property(
        "warehouse",
        _TEXT,
        required=True,
        title="Warehouse",
        description="Warehouse that runs the statements; it should resume by itself",
    ),
    th.Property(
        "role",
        _TEXT,
        title="Role",
        description="Role of the session; without it, the user's default role",
    ),
    th.Property(
        "host",
        _TEXT,
        title="Host",
        description="Address of the account where it is not the account's name under "
        "`snowflakecomputing.com`: with private connectivity, or in China",
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
        th.IntegerType(nullable=False, minimum=1, maximum=86_400),
        default=300,
        title="Retry limit",
        description="Seconds in which a call without an answer, or a statement that failed for a "
        "reason that passes, is tried again",
    ),
    th.Property(
        "query_tag",
        _TEXT,
        default="target-snowflake-guarded",
        title="Query tag",
        description="Tag of all statements in the query history",
    ),
).to_dict()
"""The settings of this target; the core and the SDK add theirs."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        key: The private key as DER, unless there is a token.
        token: The programmatic access token, unless there is a key.
        host: Where the account is.
        port: There.
        protocol: `https`, or `http` on this machine.
        database, schema, warehouse, role: Names, in capitals where they were not quoted.
    """

    account: str
    user: str
    key: bytes | None
    token: str | None
    host: str
    port: int
    protocol: str
    database: str
    schema: str
    warehouse: str
    role: str | None
    statement_seconds: int
    retry_seconds: int
    query_tag: str

    def __repr__(self) -> str:
        """Say no more than where it is about: secrets are within."""
        return f"Settings(host={self.host!r})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration whose types are right.

        Raises:
            SettingsError: A value is wrong, or there is not one way to log in.
        """
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        path, text = values["private_key_path"], values["private_key"]
        token = (values["programmatic_access_token"] or "").strip()
        if sum(map(bool, (path, text, token))) != 1:
            raise SettingsError(
                "there is not one way to log in",
                "Set one of 'private_key_path', 'private_key' and 'programmatic_access_token'",
            )
        key = None if token else private_key(path, text, values["private_key_passphrase"])
        protocol, host, port = _address(values["account"], values["host"])
        return cls(
            account=values["account"],
            user=values["user"],
            key=key,
            token=token or None,
            host=host,
            port=port,
            protocol=protocol,
            database=_name("database", values["database"]),
            schema=_name("default_target_schema", values["default_target_schema"]),
            warehouse=_name("warehouse", values["warehouse"]),
            role=_name("role", values["role"]) if values["role"] else None,
            statement_seconds=values["statement_seconds"],
            retry_seconds=values["retry_seconds"],
            query_tag=values["query_tag"],
        )


def _address(account: str, host: str | None) -> tuple[str, str, int]:
    """Protocol, host and port."""
    if not host:
        if not account or not account.replace("-", "").replace("_", "").replace(".", "").isalnum():
            raise SettingsError(
                "'account' is not the identifier of an account",
                "Give it without 'https://' and without '.snowflakecomputing.com'",
            )
        # Names of hosts have no underscores
        return "https", f"{account.replace('_', '-').lower()}.{_DOMAIN}", 443
    todo = "Give the name only, such as ORGANIZATION-ACCOUNT.privatelink.snowflakecomputing.com"
    parts = urlsplit(https_address("host", host, "an account", todo))
    return parts.scheme, parts.hostname or "", parts.port or _DEFAULT_PORTS[parts.scheme]


def _name(setting: str, name: str) -> str:
    """A name as Snowflake stores it: in capitals, unless it is given in double quotes."""
    if len(name) > 2 and name[0] == name[-1] == '"':  # noqa: PLR2004 - two quotes
        return name[1:-1].replace('""', '"')
    if not name or not name.replace("_", "").replace("$", "").isalnum():
        raise SettingsError(
            f"'{setting}' is not one name of letters, digits and '_'",
            "Give one name, not a path; put it in double quotes if Snowflake needs them",
        )
    return name.upper()
