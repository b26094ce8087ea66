"""What a user can set of the LookML and of the Looker step, and the checked values.

Both are off until their first setting is given: `lookml_dir` and `looker_url`. Problems name the
setting and what it should be, never its value.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from singer_sdk import typing as th

from loader_core import SettingsError
from loader_core.settings import https_address

if TYPE_CHECKING:
    from collections.abc import Mapping

_TEXT = th.StringType(nullable=False)
_NAMES = th.ArrayType(_TEXT, nullable=False)
_LOOKML_NAME = re.compile(r"[a-z][a-z0-9_]*")
_AUTHOR = re.compile(r"[^<>\n]+ <[^<>\s]+@[^<>\s]+>")

PROPERTIES: tuple[th.Property[Any], ...] = (
    th.Property(
        "lookml_dir",
        _TEXT,
        title="LookML folder",
        description="Root of the LookML project, in which the folder `generated` is written; "
        "without it no LookML is written",
    ),
    th.Property(
        "lookml_git",
        th.StringType(nullable=False, allowed_values=["none", "commit", "push"]),
        default="none",
        title="LookML in git",
        description="Whether changes of `generated` are committed in the working copy that the "
        "folder is in, and pushed to the branch's upstream",
    ),
    th.Property(
        "lookml_git_author",
        _TEXT,
        title="Author of commits",
        description="Who commits, as `Name <address>`; by default who git's configuration names",
    ),
    th.Property(
        "lookml_model_file",
        th.BooleanType(nullable=False),
        default=True,
        title="Model file",
        description="Write the model's file too; `false` if you have a model of that name, which "
        "includes the generated files and your refinements",
    ),
    th.Property(
        "lookml_segments",
        _NAMES,
        default=["Segment 1", "Segment 2"],
        title="Segments of subaccounts",
        description="What the segments of your subaccounts are called, in their order, such as "
        '`["Department", "Cost centre"]`',
    ),
    th.Property(
        "lookml_fiscal_month_offset",
        th.IntegerType(nullable=False, minimum=-11, maximum=11),
        default=0,
        title="Fiscal month offset",
        description="Months by which the fiscal year begins after January; negative for before. "
        "If it is not 0, dates have fiscal timeframes",
    ),
    th.Property(
        "lookml_week_start_day",
        th.StringType(
            nullable=False,
            allowed_values=[
                "monday",
                "tuesday",
                "wednesday",
                "thursday",
                "friday",
                "saturday",
                "sunday",
            ],
        ),
        default="monday",
        title="First day of the week",
        description="The day on which weeks begin",
    ),
    th.Property(
        "looker_connection",
        _TEXT,
        title="Looker's connection",
        description="Name of the connection in Looker that reads this warehouse; needed for the "
        "LookML and for the Looker step",
    ),
    th.Property(
        "looker_model",
        _TEXT,
        default="visma_net",
        title="Looker's model",
        description="Name of the model",
    ),
    th.Property(
        "looker_url",
        _TEXT,
        title="Looker's address",
        description="Address of the Looker API, such as `https://example.cloud.looker.com`; "
        "without it Looker is not called, and notices a load by the datagroup's own trigger",
    ),
    th.Property(
        "looker_client_id",
        _TEXT,
        title="Looker's client id",
        description="Client id of an API key of Looker",
    ),
    th.Property(
        "looker_client_secret",
        _TEXT,
        secret=True,
        title="Looker's client secret",
        description="Client secret of that key",
    ),
    th.Property(
        "looker_deploy",
        th.StringType(nullable=False, allowed_values=["none", "git"]),
        default="none",
        title="Deploy",
        description="With `git`, deploy to production what was pushed (`lookml_git: push`)",
    ),
    th.Property(
        "looker_project",
        _TEXT,
        title="Looker's project",
        description="Id of the LookML project to deploy",
    ),
    th.Property(
        "looker_scheduled_plans",
        _NAMES,
        default=[],
        title="Scheduled plans",
        description="Ids of scheduled plans to run once after each load. Plans that hang on the "
        "datagroup need not be named: Looker runs them itself",
    ),
    th.Property(
        "looker_max_api_calls",
        th.IntegerType(nullable=False, minimum=3, maximum=1000),
        default=20,
        title="Most API calls",
        description="Calls to Looker per run, repeated ones too, after which the Looker step ends; "
        "some editions allow 1,000 a month",
    ),
    th.Property(
        "looker_timeout_seconds",
        th.IntegerType(nullable=False, minimum=1, maximum=3600),
        default=60,
        title="Looker's time limit",
        description="Seconds in which Looker must answer a call",
    ),
    th.Property(
        "looker_failure",
        th.StringType(nullable=False, allowed_values=["fail", "warn"]),
        default="fail",
        title="On a failure of Looker",
        description="Whether the exit code says so if the LookML or the Looker step failed; the "
        "data is loaded and STATE is written either way",
    ),
)
"""The settings of these two steps."""

_DEFAULTS: dict[str, Any] = {prop.name: prop.default for prop in PROPERTIES}


@dataclass(frozen=True, slots=True)
class LookmlSettings:
    """Where and how the LookML is written.

    Attributes:
        folder: Root of the LookML project.
        author: Who commits, as `Name <address>`.
        connection: Of Looker.
        model: Of Looker.
    """

    folder: Path
    git: Literal["none", "commit", "push"]
    author: str | None
    with_model: bool
    segments: tuple[str, ...]
    fiscal_month_offset: int
    week_start_day: str
    connection: str
    model: str

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> LookmlSettings | None:
        """Read a configuration whose types are right; `None` if no LookML is wanted.

        Raises:
            SettingsError: A value is wrong.
        """
        values = _DEFAULTS | dict(config)
        if not values["lookml_dir"]:
            return None
        author = values["lookml_git_author"] or None
        if author and not _AUTHOR.fullmatch(author):
            raise SettingsError(
                "'lookml_git_author' is not of the form 'Name <address>'",
                "Write it as git does, such as 'Loader <loader@example.com>'",
            )
        return cls(
            folder=Path(values["lookml_dir"]),
            git=values["lookml_git"],
            author=author,
            with_model=values["lookml_model_file"],
            segments=tuple(values["lookml_segments"]),
            fiscal_month_offset=values["lookml_fiscal_month_offset"],
            week_start_day=values["lookml_week_start_day"],
            connection=_connection(values, "lookml_dir"),
            model=_model(values),
        )


@dataclass(frozen=True, slots=True)
class LookerSettings:
    """Where Looker is, as whom it is called, and for what.

    Attributes:
        url: Without a path.
        host: The same, as messages name it.
        project: What is deployed, if anything is.
    """

    url: str
    host: str
    client_id: str
    client_secret: str
    connection: str
    model: str
    project: str | None
    scheduled_plans: tuple[str, ...]
    max_api_calls: int
    timeout_seconds: int

    def __repr__(self) -> str:
        """Say no more than where it is: the secret is within."""
        return f"LookerSettings(host={self.host!r})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> LookerSettings | None:
        """Read a configuration whose types are right; `None` if Looker is not to be called.

        Raises:
            SettingsError: A value is wrong or missing.
        """
        values = _DEFAULTS | dict(config)
        if not values["looker_url"]:
            return None
        for name in ("looker_client_id", "looker_client_secret"):
            if not values[name]:
                raise SettingsError(
                    f"'looker_url' is set, but '{name}' is not",
                    "Give both parts of an API key of Looker, or leave out 'looker_url'",
                )
        url = https_address(
            "looker_url",
            values["looker_url"],
            "a Looker API",
            "Give it as in the browser's address bar, up to the first '/' after the name; older "
            "Lookers have their API at port 19999",
        )
        return cls(
            url=url,
            host=urlsplit(url).netloc,
            client_id=values["looker_client_id"],
            client_secret=values["looker_client_secret"],
            connection=_connection(values, "looker_url"),
            model=_model(values),
            project=_project(values),
            scheduled_plans=tuple(values["looker_scheduled_plans"]),
            max_api_calls=values["looker_max_api_calls"],
            timeout_seconds=values["looker_timeout_seconds"],
        )


def _connection(values: Mapping[str, Any], because: str) -> str:
    name = str(values["looker_connection"] or "")
    if not name or any(letter in name for letter in '"\\/\n'):
        raise SettingsError(
            f"'{because}' is set, but 'looker_connection' does not name a connection",
            "See Looker: Admin, Database, Connections",
        )
    return name


def _model(values: Mapping[str, Any]) -> str:
    name = str(values["looker_model"])
    if not _LOOKML_NAME.fullmatch(name):
        raise SettingsError(
            "'looker_model' is not a name of small letters, digits and '_'",
            "Give another name, such as 'visma_net'",
        )
    return name


def _project(values: Mapping[str, Any]) -> str | None:
    if values["looker_deploy"] == "none":
        return None
    if values["lookml_git"] != "push" or not values["looker_project"]:
        raise SettingsError(
            "'looker_deploy' is 'git', but 'lookml_git' is not 'push', or there is no "
            "'looker_project'",
            "Set both, or set 'looker_deploy' to 'none'",
        )
    return str(values["looker_project"])
