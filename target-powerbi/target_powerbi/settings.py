"""What a user can set: one JSON Schema, and the checked values.

Problems name the setting and what it should be, never its value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from singer_sdk import typing as th

from loader_core import SettingsError
from loader_core.settings import https_address

if TYPE_CHECKING:
    from collections.abc import Mapping

Mode = Literal["push", "onelake", "both"]
Policy = Literal["strict", "evolve", "recreate"]

_TEXT = th.StringType(nullable=False)
_YES = th.BooleanType(nullable=False)
_SECONDS = th.IntegerType(nullable=False, minimum=0, maximum=86_400)
FOLDER = "file://"
"""With what the address of a folder of this machine begins."""
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


@dataclass(frozen=True, slots=True)
class Cloud:
    """Where Microsoft runs Power BI for whom.

    Attributes:
        authority: Who gives tokens.
        api: The REST API.
        audience: What tokens for it are for.
    """

    authority: str
    api: str
    audience: str


CLOUDS = {
    "public": Cloud(
        "https://login.microsoftonline.com",
        "https://api.powerbi.com",
        "https://analysis.windows.net/powerbi/api",
    ),
    "gcc": Cloud(
        "https://login.microsoftonline.com",
        "https://api.powerbigov.us",
        "https://analysis.usgovcloudapi.net/powerbi/api",
    ),
    "gcc-high": Cloud(
        "https://login.microsoftonline.us",
        "https://api.high.powerbigov.us",
        "https://high.analysis.usgovcloudapi.net/powerbi/api",
    ),
    "dod": Cloud(
        "https://login.microsoftonline.us",
        "https://api.mil.powerbigov.us",
        "https://mil.analysis.usgovcloudapi.net/powerbi/api",
    ),
    "china": Cloud(
        "https://login.chinacloudapi.cn",
        "https://api.powerbi.cn",
        "https://analysis.chinacloudapi.cn/powerbi/api",
    ),
}

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "tenant_id",
        _TEXT,
        required=True,
        title="Tenant",
        description="Id of the Microsoft Entra tenant",
    ),
    th.Property(
        "client_id",
        _TEXT,
        required=True,
        title="Application",
        description="Application (client) id of the service principal",
    ),
    th.Property(
        "client_secret",
        _TEXT,
        secret=True,
        title="Client secret",
        description="The service principal's secret: its value, not its id",
    ),
    th.Property(
        "client_certificate_path",
        _TEXT,
        title="Client certificate",
        description="PEM file with the certificate and its private key, in place of the secret",
    ),
    th.Property(
        "workspace_id",
        _TEXT,
        required=True,
        title="Workspace",
        description="Id of the workspace, as in its address after `groups/`",
    ),
    th.Property(
        "mode",
        th.StringType(nullable=False, allowed_values=["push", "onelake", "both"]),
        default="push",
        title="Mode",
        description="`push`: a push semantic model; `onelake`: Delta tables in a Fabric lakehouse; "
        "`both`: the one and the other, to compare them before the move",
    ),
    th.Property(
        "mapping_file",
        _TEXT,
        title="Mapping file",
        description="File that says which stream and field goes to which table and column; "
        "without it the one that comes with the target, which `target-powerbi mapping` prints",
    ),
    th.Property(
        "dataset",
        _TEXT,
        title="Dataset",
        default="Visma.net",
        description="Name of the push semantic model, as it is found or made",
    ),
    th.Property(
        "dataset_id",
        _TEXT,
        title="Dataset id",
        description="Id of the push semantic model, in place of its name",
    ),
    th.Property(
        "create_if_missing",
        _YES,
        default=True,
        title="Create if missing",
        description="Make the push semantic model, with all tables, relationships and measures, "
        "if there is none of that name",
    ),
    th.Property(
        "schema_policy",
        th.StringType(nullable=False, allowed_values=["strict", "evolve", "recreate"]),
        default="strict",
        title="Schema policy",
        description="When the model is not what the mapping says: `strict` lists what differs and "
        "ends; `evolve` adds columns and measures; `recreate` deletes the model and makes it anew, "
        "with another id, so reports have to be bound again",
    ),
    th.Property(
        "adopt",
        _YES,
        default=False,
        title="Adopt",
        description="Take over a model that another machine has made, or whose state folder is "
        "lost: its tables are cleared. Set it for one run, with the tap's --full-refresh",
    ),
    th.Property(
        "max_wait_seconds",
        _SECONDS,
        default=3600,
        title="Longest wait",
        description="Seconds that one wait for Power BI's allowance may take; a longer one ends "
        "the run, and the next goes on where it ended",
    ),
    th.Property(
        "retry_seconds",
        _SECONDS,
        default=300,
        title="Retry limit",
        description="Seconds in which a call without an answer, or refused for now, is tried again",
    ),
    th.Property(
        "settle_seconds",
        _SECONDS,
        default=30,
        title="Settle limit",
        description="Seconds in which rows whose answer was lost are looked for in the model "
        "before they count as not there",
    ),
    th.Property(
        "keep_sent_days",
        th.IntegerType(nullable=False, minimum=0, maximum=3650),
        default=7,
        title="Keep sent rows",
        description="Days for which what was sent is kept for `--replay BATCH`; 0 for not at all",
    ),
    th.Property(
        "lineage",
        _YES,
        default=False,
        title="Lineage",
        description="Write a line for each record that was sent into `lineage.jsonl` in the outbox "
        "folder: stream, key, batch, request and table",
    ),
    th.Property(
        "refresh_dataset_id",
        _TEXT,
        title="Dataset to refresh",
        description="Id of another semantic model that is refreshed when rows were sent: a "
        "push model has no source, so it cannot be refreshed itself. With `onelake` the Direct "
        "Lake model",
    ),
    th.Property(
        "refresh_kind",
        th.StringType(nullable=False, allowed_values=["standard", "enhanced"]),
        default="standard",
        title="Kind of refresh",
        description="`standard`: 8 a day on shared capacity; `enhanced` needs Premium, Premium Per "
        "User, Embedded or Fabric",
    ),
    th.Property(
        "refresh_wait_seconds",
        _SECONDS,
        default=0,
        title="Wait for refresh",
        description="Seconds to wait for the end of the refresh; 0 to start it only",
    ),
    th.Property(
        "lakehouse_id",
        _TEXT,
        title="Lakehouse",
        description="Id of the lakehouse, for `onelake` and `both`",
    ),
    th.Property(
        "lakehouse_schema",
        _TEXT,
        title="Lakehouse schema",
        description="Schema of the tables in a lakehouse that has schemas, such as `dbo`",
    ),
    th.Property(
        "maintain_after_days",
        th.IntegerType(nullable=False, minimum=0, maximum=3650),
        default=7,
        title="Table maintenance",
        description="Days after which small files of a Delta table are put together and those "
        "that nobody needs are removed; 0 for never",
    ),
    th.Property(
        "onelake_url",
        _TEXT,
        default="https://onelake.dfs.fabric.microsoft.com",
        title="OneLake address",
        description="Address of OneLake, or `file:///` and a folder of this machine, to try it",
    ),
    th.Property(
        "cloud",
        th.StringType(nullable=False, allowed_values=list(CLOUDS)),
        default="public",
        title="Cloud",
        description="Which of Microsoft's clouds the tenant is in",
    ),
    th.Property(
        "authority_url",
        _TEXT,
        title="Authority address",
        description="Address of who gives tokens, where it is not the cloud's",
    ),
    th.Property(
        "api_url",
        _TEXT,
        title="API address",
        description="Address of the Power BI API, where it is not the cloud's",
    ),
    th.Property(
        "api_audience",
        _TEXT,
        title="API audience",
        description="What tokens are for, where it is not the cloud's",
    ),
).to_dict()


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked values; see `SCHEMA` for what they mean.

    Attributes:
        client_certificate: The certificate and its private key, in PEM.
    """

    tenant_id: str
    client_id: str
    client_secret: str | None = field(repr=False)
    client_certificate: str | None = field(repr=False)
    workspace_id: str
    mode: Mode
    mapping_file: Path | None
    dataset: str
    dataset_id: str | None
    create_if_missing: bool
    schema_policy: Policy
    adopt: bool
    max_wait_seconds: float
    retry_seconds: float
    settle_seconds: float
    keep_sent_days: int
    lineage: bool
    refresh_dataset_id: str | None
    refresh_kind: Literal["standard", "enhanced"]
    refresh_wait_seconds: float
    lakehouse_id: str | None
    lakehouse_schema: str | None
    maintain_after_days: int
    onelake_url: str
    authority_url: str
    api_url: str
    api_audience: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration that fits `SCHEMA`.

        Raises:
            SettingsError: Values are no ids or addresses, or contradict each other.
        """
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        cloud = CLOUDS[values.pop("cloud")]
        for name, wanted in _IDS.items():
            if values[name]:
                values[name] = _guid(name, values[name], wanted)
        if values["mode"] != "push" and not values["lakehouse_id"]:
            raise SettingsError(
                "'lakehouse_id' is missing", "Give the id of the lakehouse, from its address"
            )
        values["client_certificate"] = _certificate(values.pop("client_certificate_path"))
        if bool(values["client_secret"]) == bool(values["client_certificate"]):
            raise SettingsError(
                "one of 'client_secret' and 'client_certificate_path' is needed, and only one",
                "Set the one that the service principal has",
            )
        if not 0 < len(values["dataset"]) <= _LONGEST_NAME:
            raise SettingsError("'dataset' is not a name", "Give 1 to 100 letters")
        if not re.fullmatch(r"\w{0,128}", values["lakehouse_schema"] or ""):
            raise SettingsError("'lakehouse_schema' is not a name", "Give letters and digits")
        file = values["mapping_file"]
        values["mapping_file"] = Path(file).expanduser() if file else None
        if not values["onelake_url"].startswith(FOLDER):
            values["onelake_url"] = _address("onelake_url", values["onelake_url"])
        values["authority_url"] = _address(
            "authority_url", values["authority_url"] or cloud.authority
        )
        values["api_url"] = _address("api_url", values["api_url"] or cloud.api)
        values["api_audience"] = values["api_audience"] or cloud.audience
        return cls(**values)


_LONGEST_NAME = 100
_IDS = {
    "tenant_id": "Entra admin center, Overview, Tenant ID",
    "client_id": "the app registration's Overview, Application (client) ID",
    "workspace_id": "the workspace's address, after 'groups/'",
    "dataset_id": "the semantic model's address, after 'datasets/'",
    "refresh_dataset_id": "the semantic model's address, after 'datasets/'",
    "lakehouse_id": "the lakehouse's address, after 'lakehouses/'",
}
"""Settings that are ids, and where a person finds each."""


def _address(name: str, address: str) -> str:
    return https_address(name, address, "a service", "Give it without a path: https://host")


def _guid(name: str, value: str, where: str) -> str:
    if not _GUID.fullmatch(value):
        raise SettingsError(f"'{name}' is not an id", f"Copy it from {where}")
    return value.lower()


def _certificate(path: str | None) -> str | None:
    """The certificate with its private key."""
    if not path:
        return None
    try:
        text = Path(path).expanduser().read_text()
    except (OSError, UnicodeDecodeError):
        text = ""
    both = "PRIVATE KEY-----" in text and "BEGIN CERTIFICATE-----" in text
    if not both or "ENCRYPTED" in text:
        raise SettingsError(
            "the file of 'client_certificate_path' cannot be read, or is not PEM with a "
            "certificate and its private key without a password",
            "Export both into one PEM file, without a password",
        )
    return text
