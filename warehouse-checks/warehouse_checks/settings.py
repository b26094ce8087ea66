"""What a user can set: a JSON Schema for each warehouse, and the checked values.

The names, and the variables that hold them, are those of the loaders, so that a loader's settings
file or environment is all that a check needs; what only loaders use is passed over. Problems name
the setting and what it should be, never its value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from warehouse_checks.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Mapping

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_$]*")
_TODO = "See the table of settings"


def _text(title: str, description: str, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - of any type
    return {"type": ["string"], "title": title, "description": description, **more}


SNOWFLAKE: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "account": _text("Account", "Account identifier, such as `myorg-account1`"),
        "user": _text("User", "User that loads"),
        "private_key_path": _text(
            "Private key path", "File with the user's private key (PKCS#8, PEM or DER)"
        ),
        "private_key": _text(
            "Private key", "In place of the file: the key, as PEM or as base64 of DER", secret=True
        ),
        "private_key_passphrase": _text(
            "Private key passphrase", "What the key is encrypted with", secret=True
        ),
        "programmatic_access_token": _text(
            "Programmatic access token",
            "In place of a key: one of the user's programmatic access tokens",
            secret=True,
        ),
        "role": _text("Role", "Role that loads; without it, the user's default role"),
        "warehouse": _text("Warehouse", "Warehouse that loads"),
        "database": _text("Database", "Database of the tables"),
        "default_target_schema": _text("Schema", "Schema of the tables"),
        "host": _text(
            "Host", "Host, where it is not the account's own: for a private link or a proxy"
        ),
        "statement_seconds": {
            "type": ["integer"],
            "default": 600,
            "title": "Statement limit",
            "description": "Seconds after which a statement is cancelled, the start of the "
            "warehouse included",
        },
    },
    "required": ["account", "user", "warehouse", "database", "default_target_schema"],
}
"""The settings for Snowflake."""

BIGQUERY: Mapping[str, Any] = {
    "type": "object",
    "properties": {
        "project": _text("Project", "Project of the dataset, which also pays"),
        "dataset": _text("Dataset", "Dataset of the tables"),
        "default_target_schema": _text(
            "Default target schema", "In place of `dataset`, as other loaders call it"
        ),
        "location": _text("Location", "Where the dataset is, such as `EU`"),
        "credentials_path": _text(
            "Credentials path",
            "Key file of the service account; without it and "
            "`credentials_json`, the application default credentials",
        ),
        "credentials_json": _text("Credentials", "In place of the file: its content", secret=True)
        | {"type": ["string", "object"]},
        "api_endpoint": _text(
            "API endpoint",
            "Address of the API, where it is not Google's own: for a private endpoint",
        ),
        "statement_seconds": {
            "type": ["integer"],
            "default": 600,
            "title": "Statement limit",
            "description": "Seconds after which a query is cancelled",
        },
    },
    "required": ["project"],
}
"""The settings for BigQuery."""

SCHEMAS: Mapping[str, Mapping[str, Any]] = {"snowflake": SNOWFLAKE, "bigquery": BIGQUERY}
"""By name of the warehouse."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snowflake:
    """Checked settings for Snowflake.

    Attributes:
        url: Where the account is, without a path.
        key: The private key, as PEM, DER or base64 of DER; empty with a token.
        token: Programmatic access token; empty with a key.
        role: As Snowflake keeps it, like the names after it.
    """

    url: str
    account: str
    user: str
    key: bytes = field(repr=False)
    passphrase: str | None = field(repr=False)
    token: str = field(repr=False)
    role: str | None
    warehouse: str
    database: str
    schema: str
    statement_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class BigQuery:
    """Checked settings for BigQuery.

    Attributes:
        key: The key file's content; empty for application default credentials.
        url: Where the API is, without a path.
        projects_url: Where the API of projects and their permissions is.
    """

    project: str
    dataset: str
    location: str | None
    key: bytes = field(repr=False)
    url: str
    projects_url: str
    statement_seconds: int


def read(warehouse: str, files: list[str], variables: Mapping[str, str]) -> dict[str, Any]:
    """The settings as they were given, later ones over earlier ones.

    Args:
        warehouse: `snowflake` or `bigquery`.
        files: Paths of JSON files; `ENV` stands for variables such as `TARGET_SNOWFLAKE_ACCOUNT`.
        variables: The environment.

    Raises:
        SettingsError: A file cannot be read, or a value is missing or of another kind.
    """
    schema = SCHEMAS[warehouse]
    given: dict[str, Any] = {}
    for file in files:
        given |= _variables(warehouse, variables) if file == "ENV" else _file(file)
    values: dict[str, Any] = {}
    for name, prop in schema["properties"].items():
        value = given.get(name)
        value = prop.get("default") if value in (None, "") else value
        if prop["type"] == ["integer"] and value is not None:
            value = _whole(name, value)
        elif isinstance(value, dict) and "object" in prop["type"]:
            value = json.dumps(value)
        elif value is not None and not isinstance(value, str):
            raise SettingsError(f"'{name}' is not a text", _TODO)
        values[name] = value
    missing = [name for name in schema["required"] if values[name] is None]
    if missing:
        names = ", ".join(f"'{name}'" for name in missing)
        raise SettingsError(f"{names} must be set", _TODO)
    return values


def snowflake(values: Mapping[str, Any]) -> Snowflake:
    """Settings for Snowflake, as `read` gives them, checked.

    Raises:
        SettingsError: They contradict each other, or a file cannot be read.
    """
    names = ("private_key_path", "private_key", "programmatic_access_token")
    ways = [name for name in names if values[name] is not None]
    if len(ways) != 1:
        given = " and ".join(f"'{name}'" for name in ways) or "nothing"
        raise SettingsError(
            f"{given} is set to log in with", "Set one of a private key and an access token"
        )
    account = values["account"]
    if not re.fullmatch(r"[A-Za-z0-9._-]+", account):
        raise SettingsError(
            "'account' is not an account identifier",
            "Give it as in the account's address, without '.snowflakecomputing.com'",
        )
    host = values["host"] or f"{account.replace('_', '-').lower()}.snowflakecomputing.com"
    path = values["private_key_path"]
    return Snowflake(
        url=_url("host", host),
        account=account,
        user=values["user"],
        # Environment files often hold line ends as two letters
        key=_bytes(path) if path else (values["private_key"] or "").replace("\\n", "\n").encode(),
        passphrase=values["private_key_passphrase"],
        token=(values["programmatic_access_token"] or "").strip(),
        role=folded(values["role"]) if values["role"] else None,
        warehouse=folded(values["warehouse"]),
        database=folded(values["database"]),
        schema=folded(values["default_target_schema"]),
        statement_seconds=values["statement_seconds"],
    )


def bigquery(values: Mapping[str, Any]) -> BigQuery:
    """Settings for BigQuery, as `read` gives them, checked.

    Raises:
        SettingsError: They contradict each other, or a file cannot be read.
    """
    if values["credentials_path"] and values["credentials_json"]:
        raise SettingsError("'credentials_path' and 'credentials_json' are both set", "Keep one")
    dataset = values["dataset"] or values["default_target_schema"] or ""
    for name, value in (("project", values["project"]), ("dataset", dataset)):
        if not re.fullmatch(r"[A-Za-z0-9_:.-]+", value):
            raise SettingsError(f"'{name}' is not the id of one", "Give it as the console shows it")
    endpoint = values["api_endpoint"]
    path = values["credentials_path"]
    return BigQuery(
        project=values["project"],
        dataset=dataset,
        location=values["location"],
        key=_bytes(path) if path else (values["credentials_json"] or "").encode(),
        url=_url("api_endpoint", endpoint or "bigquery.googleapis.com"),
        projects_url=_projects_url(endpoint),
        statement_seconds=values["statement_seconds"],
    )


def folded(name: str) -> str:
    """A name as Snowflake keeps it: in capitals, but for one in quotes."""
    if len(name) > 1 and name[0] == name[-1] == '"':
        return name[1:-1].replace('""', '"')
    return name.upper() if _WORD.fullmatch(name) else name


def _projects_url(endpoint: str | None) -> str:
    # A stand-in on this machine is asked for projects too; a private endpoint has no such API
    if endpoint and urlsplit(_url("api_endpoint", endpoint)).hostname in _LOOPBACK:
        return _url("api_endpoint", endpoint)
    return "https://cloudresourcemanager.googleapis.com"


def _variables(warehouse: str, variables: Mapping[str, str]) -> dict[str, Any]:
    start = f"TARGET_{warehouse.upper()}_"
    return {
        name.removeprefix(start).lower(): value
        for name, value in variables.items()
        if name.startswith(start)
    }


def _file(path: str) -> dict[str, Any]:
    try:
        found = json.loads(_bytes(path))
    except ValueError:
        raise SettingsError(f"'{path}' is not JSON", "Correct it") from None
    if not isinstance(found, dict):
        raise SettingsError(f"'{path}' is not a JSON object", "Correct it")
    return found


def _bytes(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        raise SettingsError(f"'{path}' cannot be read: {error.strerror}", "Name another") from None


def _whole(name: str, value: object) -> int:
    if str(value).isdecimal() and 0 < int(str(value)) <= 86_400:  # noqa: PLR2004 - a day of seconds
        return int(str(value))
    raise SettingsError(f"'{name}' is not a number of seconds of up to a day", _TODO)


def _url(setting: str, address: str) -> str:
    try:
        parts = urlsplit(address if "://" in address else f"https://{address}")
        _ = parts.port
    except ValueError:  # brackets that are not closed, a port that is no number
        parts = urlsplit("")
    plain = parts.scheme == "http" and parts.hostname in _LOOPBACK
    odd = parts.path.strip("/") or parts.query or "@" in parts.netloc
    if not parts.hostname or odd or not (parts.scheme == "https" or plain):
        raise SettingsError(f"'{setting}' is not an https address", "Give the host alone")
    return f"{parts.scheme}://{parts.netloc}"
