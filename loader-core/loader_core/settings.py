"""What a user can set in every target built on this: one JSON Schema, and the checked values.

Problems name the setting and what it should be, never the value: it may be a secret.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from singer_sdk import typing as th

from loader_core.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from jsonschema import ValidationError

_LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
_HOST = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?|[0-9a-f:.]*:[0-9a-f:.]*")
"""A name as DNS has it, or an address of version 6."""
LoadMethod = Literal["append-only", "upsert", "overwrite"]

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "load_method",
        th.StringType(nullable=False, allowed_values=["append-only", "upsert", "overwrite"]),
        default="upsert",
        title="Load method",
        description="`upsert` keeps one row per key, the newest; `append-only` adds every record; "
        "`overwrite` puts what this run brings in the place of the table, in one step at the end. "
        "Streams without a key are appended to in place of `upsert`",
    ),
    th.Property(
        "hard_delete",
        th.BooleanType(nullable=False),
        default=False,
        title="Hard delete",
        description="Delete rows that are gone at the source, in place of marking them in "
        "`_sdc_deleted_at`",
    ),
    th.Property(
        "batch_size_rows",
        th.IntegerType(nullable=False, minimum=1, maximum=10_000_000),
        default=50_000,
        title="Batch size rows",
        description="Rows after which a batch is written",
    ),
    th.Property(
        "max_batch_mb",
        th.IntegerType(nullable=False, minimum=1, maximum=4096),
        default=32,
        title="Maximum batch size",
        description="Megabytes in memory, of all streams' open batches together, after which the "
        "largest is written",
    ),
    th.Property(
        "max_batch_age_seconds",
        th.IntegerType(nullable=False, minimum=1, maximum=86_400),
        default=120,
        title="Maximum batch age",
        description="Seconds after its first row after which a batch is written, so that STATE can "
        "follow",
    ),
    th.Property(
        "version_column",
        th.StringType(nullable=False),
        default="lastModifiedDateTime",
        title="Version column",
        description="Column that tells which of two rows with the same key is newer; streams "
        "without it go by `extracted_column`",
    ),
    th.Property(
        "extracted_column",
        th.StringType(nullable=False),
        default="_extracted_at",
        title="Extracted column",
        description="Column that tells which of two rows of the same version was read later; "
        "tables without it get `_sdc_sequence` for that",
    ),
    th.Property(
        "zoneless_columns",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        default=["lastModifiedDateTime"],
        title="Columns without a zone",
        description="Columns of format date-time, `*` for any letters, that are local times "
        "without a zone and stay so; all others are times in UTC",
    ),
    th.Property(
        "decimal_scales",
        th.ObjectType(nullable=False, additional_properties=th.IntegerType(minimum=0, maximum=37)),
        default={},
        title="Decimal scales",
        description="Digits after the point for columns, `*` for any letters, that need other than "
        '9, such as `{"*Rate": 12}`; a number has 38 digits in all',
    ),
    th.Property(
        "outbox_dir",
        th.StringType(nullable=False),
        title="Outbox folder",
        description="Folder in which batches wait until the destination has acknowledged them, "
        "one per destination; by default in the user's state folder. It must outlive the run",
    ),
    th.Property(
        "keep_rejected_records",
        th.BooleanType(nullable=False),
        default=False,
        title="Keep rejected records",
        description="Write rejected records themselves into `rejects.jsonl`, not only where they "
        "came from and why they were rejected",
    ),
).to_dict()
"""The settings of the core; the SDK adds those of stream maps, flattening and record metadata."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        activates_versions: ACTIVATE_VERSION messages are obeyed.
        adds_metadata: All `_sdc_` columns are added, not only those that the core itself needs.
        validate_records: `required` and null count; types always do.
    """

    load_method: LoadMethod
    hard_delete: bool
    batch_size_rows: int
    max_batch_bytes: int
    max_batch_age_seconds: float
    version_column: str
    extracted_column: str
    zoneless_columns: tuple[str, ...]
    decimal_scales: Mapping[str, int]
    keep_rejected_records: bool
    activates_versions: bool
    adds_metadata: bool
    validate_records: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration in which `problems` found nothing."""
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        return cls(
            load_method=values["load_method"],
            hard_delete=values["hard_delete"],
            batch_size_rows=values["batch_size_rows"],
            max_batch_bytes=values["max_batch_mb"] * 1_000_000,
            max_batch_age_seconds=values["max_batch_age_seconds"],
            version_column=values["version_column"],
            extracted_column=values["extracted_column"],
            zoneless_columns=tuple(values["zoneless_columns"]),
            decimal_scales=dict(values["decimal_scales"]),
            keep_rejected_records=values["keep_rejected_records"],
            activates_versions=bool(config.get("process_activate_version_messages", True)),
            adds_metadata=bool(config.get("add_record_metadata", False)),
            validate_records=bool(config.get("validate_records", True)),
        )


def outbox_folder(config: Mapping[str, Any], target: str, destination: str) -> Path:
    """Where the outbox of a destination is.

    Args:
        config: A configuration in which `problems` found nothing.
        target: The target's name.
        destination: What tells this destination from others, without secrets.
    """
    if chosen := config.get("outbox_dir"):
        return Path(chosen).expanduser()
    words = re.sub(r"[^a-z0-9]+", "-", destination.lower()).strip("-")[:40]
    mark = hashlib.sha256(destination.encode()).hexdigest()[:12]
    return _state_folder() / target / f"{words}-{mark}"


def _state_folder() -> Path:
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home())
    return Path(os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state")


def problems(errors: Iterator[ValidationError]) -> list[str]:
    """What is wrong with a configuration, one sentence per setting, without any value.

    Args:
        errors: What a JSON Schema validator found.
    """
    return list(dict.fromkeys(map(_problem, errors)))  # rules can overlap


def _problem(error: ValidationError) -> str:
    name = ".".join(map(str, error.absolute_path))
    wanted = error.validator_value
    match error.validator:
        case "required":
            missing = [one for one in wanted if one not in error.instance]
            place = f" within '{name}'" if name else ""
            return f"Setting '{', '.join(missing)}' is missing{place}."
        case "type":
            kinds = [wanted] if isinstance(wanted, str) else wanted
            return f"Setting '{name}' must be {' or '.join(kinds)}."
        case "enum":
            return f"Setting '{name}' must be one of {', '.join(map(str, wanted))}."
        case "minimum" | "maximum":
            return f"Setting '{name}' has a {error.validator} of {wanted}."
        case rule:
            return f"Setting '{name}' does not keep to '{rule}' in the table of settings."


def https_address(setting: str, given: str, what: str, todo: str) -> str:
    """The address of a service without a path: https, or http on this machine.

    Args:
        setting: The setting's name.
        given: Its value; `https://` may be left out.
        what: What it should be the address of, such as `a workspace`.
        todo: What a person does about another one.

    Raises:
        SettingsError: It is none, or holds more: a path, a query, a name or a password.
    """
    try:
        parts = urlsplit(given if "://" in given else f"https://{given}")
        _ = parts.port  # which is read when it is asked for
    except ValueError:
        parts = urlsplit("")
    host = parts.hostname or ""
    plain = parts.scheme == "http" and host in _LOOPBACK
    more = parts.path.strip("/") or parts.query or "@" in parts.netloc
    if not _HOST.fullmatch(host) or more or not (parts.scheme == "https" or plain):
        raise SettingsError(f"'{setting}' is not the https address of {what}", todo)
    return f"{parts.scheme}://{parts.netloc}"
