"""What a user can set: one JSON Schema, and the checked values.

Problems name the setting and what it should be, never its value.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from loader_core import SettingsError
from loader_core.settings import https_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = th.StringType(nullable=False)
_NAMES = th.ArrayType(_TEXT, nullable=False)
_LABEL_KEY, _LABEL_VALUE = re.compile(r"[a-z][a-z0-9_-]{0,62}"), re.compile(r"[a-z0-9_-]{0,63}")
GRANULARITIES = ("HOUR", "DAY", "MONTH", "YEAR")
DOCUMENT_DATES = [
    "documentDate",
    "date",
    "transactionDate",
    "tranDate",
    "applicationDate",
    "shipmentDate",
]

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "project",
        _TEXT,
        required=True,
        title="Project",
        description="Id of the Google Cloud project",
    ),
    th.Property(
        "dataset",
        _TEXT,
        title="Dataset",
        description="Dataset of the tables",
    ),
    th.Property(
        "default_target_schema",
        _TEXT,
        title="Default target schema",
        description="In place of `dataset`, as other loaders call it",
    ),
    th.Property(
        "location",
        _TEXT,
        title="Location",
        description="Where the dataset is, such as `EU` or `europe-north1`. With it, a dataset "
        "that is not there is made there; without it, it must be there",
    ),
    th.Property(
        "credentials_path",
        _TEXT,
        title="Key file",
        description="Path of the service account's key file. Without it and `credentials_json`, "
        "the application default credentials are used",
    ),
    th.Property(
        "credentials_json",
        th.CustomType({"type": ["string", "object"]}),
        secret=True,
        title="Key",
        description="The content of the key file, in place of its path",
    ),
    th.Property(
        "api_endpoint",
        _TEXT,
        title="API endpoint",
        description="Address of the API where it is not the public one: a private or regional "
        "endpoint",
    ),
    th.Property(
        "partition_columns",
        _NAMES,
        default=DOCUMENT_DATES,
        title="Partition columns",
        description="Dates or times by which new tables are partitioned: the first that a table "
        "has. A table that is there, or has none of them, keeps or gets none",
    ),
    th.Property(
        "partition_granularity",
        th.StringType(nullable=False, allowed_values=[each.lower() for each in GRANULARITIES]),
        default="month",
        title="Partition granularity",
        description="How much time a partition of a new table holds: `hour` (not for dates), "
        "`day`, `month` or `year`",
    ),
    th.Property(
        "cluster_on_key_properties",
        th.BooleanType(nullable=False),
        default=True,
        title="Cluster by key",
        description="Cluster new tables by their key, of which the first four columns count",
    ),
    th.Property(
        "json_columns",
        _NAMES,
        default=[],
        title="JSON columns",
        description="Columns that hold JSON, `*` for any letters, to be stored as `JSON`; by "
        "default JSON is stored as text, since numbers in `JSON` may be floats",
    ),
    th.Property(
        "labels",
        th.ObjectType(nullable=False, additional_properties=th.StringType(nullable=False)),
        default={},
        title="Labels",
        description="Labels of all jobs and new tables, by which costs can be told apart",
    ),
    th.Property(
        "maximum_bytes_billed",
        th.IntegerType(nullable=False, minimum=1),
        title="Maximum bytes billed",
        description="A statement that would be billed for more fails",
    ),
    th.Property(
        "job_seconds",
        th.IntegerType(nullable=False, minimum=10, maximum=86_400),
        default=3600,
        title="Job limit",
        description="Seconds after which a job is cancelled",
    ),
    th.Property(
        "retry_seconds",
        th.IntegerType(nullable=False, minimum=0, maximum=86_400),
        default=300,
        title="Retry limit",
        description="Seconds in which a call without an answer, or a call or job that is refused "
        "for now, is tried again",
    ),
).to_dict()


@dataclass(frozen=True, slots=True)
class Settings:
    """The checked values; see `SCHEMA` for what they mean.

    Attributes:
        key: The service account's key, if there is one.
    """

    project: str
    dataset: str
    location: str | None
    key: Mapping[str, str] | None = field(repr=False)
    api_endpoint: str | None
    partition_columns: tuple[str, ...]
    granularity: str
    clusters_by_key: bool
    json_columns: tuple[str, ...]
    labels: Mapping[str, str]
    maximum_bytes_billed: int | None
    job_seconds: float
    retry_seconds: float

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration that fits `SCHEMA`.

        Raises:
            SettingsError: Values are no names or addresses, or contradict each other.
        """
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        return cls(
            project=_project(values["project"]),
            dataset=_dataset(values["dataset"] or values["default_target_schema"]),
            location=values["location"],
            key=_key(values["credentials_path"], values["credentials_json"]),
            api_endpoint=_endpoint(values["api_endpoint"]),
            partition_columns=tuple(values["partition_columns"]),
            granularity=values["partition_granularity"].upper(),
            clusters_by_key=values["cluster_on_key_properties"],
            json_columns=tuple(values["json_columns"]),
            labels=_labels(values["labels"]),
            maximum_bytes_billed=values["maximum_bytes_billed"],
            job_seconds=values["job_seconds"],
            retry_seconds=values["retry_seconds"],
        )


def _project(name: str) -> str:
    if not re.fullmatch(r"(?:[a-z0-9.-]+:)?[a-z][a-z0-9-]{4,61}", name):
        raise SettingsError(
            "'project' is not the id of a project", "Give the id, neither the name nor the number"
        )
    return name


def _dataset(name: str | None) -> str:
    if not name or not re.fullmatch(r"\w{1,1024}", name, re.ASCII):
        raise SettingsError(
            "'dataset' is not the name of a dataset",
            "Give one name of letters, digits and '_', without the project",
        )
    return name


def _endpoint(address: str | None) -> str | None:
    todo = "Give it without a path, such as https://bigquery-name.p.googleapis.com"
    return https_address("api_endpoint", address, "an endpoint", todo) if address else None


def _key(path: str | None, content: str | Mapping[str, str] | None) -> Mapping[str, str] | None:
    """The service account's key, wherever it is."""
    if path and content:
        raise SettingsError(
            "'credentials_path' and 'credentials_json' are both set", "Remove one of them"
        )
    if isinstance(content, dict):
        return content
    if not path and not content:
        return None
    name = "credentials_path" if path else "credentials_json"
    try:
        text = Path(path).expanduser().read_text() if path else str(content)
        key = json.loads(text)
    except OSError as error:
        raise SettingsError(
            f"the file of '{name}' cannot be read: {error.strerror}", "Correct the path, or rights"
        ) from None
    except ValueError:
        key = None
    if not isinstance(key, dict) or key.get("type") != "service_account":
        raise SettingsError(
            f"'{name}' does not hold the key of a service account",
            "Make a key of the type JSON for the service account, and give that as it is",
        )
    return key


def _labels(labels: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in labels.items():
        if not _LABEL_KEY.fullmatch(name) or not _LABEL_VALUE.fullmatch(value):
            raise SettingsError(
                "'labels' has a name or a value that cannot be a label",
                "Use small letters, digits, '_' and '-', at most 63, and a letter first in names",
            )
    return dict(labels)
