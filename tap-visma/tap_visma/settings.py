"""What a user can set: one JSON Schema for every front end, and the checked values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from singer_sdk import typing as th

from tap_visma import stamps, webhook_settings
from tap_visma.webhook_settings import WebhookSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

SCHEMA: dict[str, Any] = th.PropertiesList(
    th.Property(
        "client_id",
        th.StringType(nullable=False),
        required=True,
        title="Client id",
        description="Client id of your service application in the Visma Developer Portal "
        "(begins with `isv_`)",
    ),
    th.Property(
        "client_secret",
        th.StringType(nullable=False),
        required=True,
        secret=True,
        title="Client secret",
        description="Client secret of the application",
    ),
    th.Property(
        "companies",
        th.ArrayType(
            th.ObjectType(
                th.Property(
                    "company_id",
                    th.StringType(nullable=False),
                    required=True,
                    description="Your short, lasting name for the company: first part of every "
                    "primary key, and sent as the `ipp-company-id` header",
                ),
                th.Property(
                    "tenant_id",
                    th.StringType(nullable=False),
                    required=True,
                    description="Tenant id of the company (not of the customer): Visma Admin > "
                    "Company > Edit > Configuration",
                ),
                th.Property(
                    "name", th.StringType(nullable=False), description="Name shown in logs"
                ),
                additional_properties=False,
                nullable=False,
            ),
            nullable=False,
        ),
        required=True,
        title="Companies",
        description='Companies to read, as `[{"company_id": ..., "tenant_id": ..., "name": ...}]`; '
        "`name` is optional",
    ),
    th.Property(
        "start_date",
        th.DateTimeType(nullable=False),
        title="Start date",
        description="First syncs read records changed from this day or moment on; without it, all",
    ),
    th.Property(
        "page_size",
        th.IntegerType(nullable=False, minimum=1, maximum=10_000),
        default=5000,
        title="Page size",
        description="Records asked for per call. Visma cuts it to each endpoint's own cap, so the "
        "default makes the fewest calls",
    ),
    th.Property(
        "overlap_minutes",
        th.IntegerType(nullable=False, minimum=0, maximum=10_080),
        default=5,
        title="Overlap",
        description="Minutes before the bookmark from which the next sync reads again, since a "
        "change can become visible after a later one. Rows read twice have the same key",
    ),
    th.Property(
        "sweep_days",
        th.IntegerType(nullable=False, minimum=0, maximum=3660),
        default=0,
        title="Sweep",
        description="Days after which incremental streams are read as a whole again, where calls "
        "are left for it, to find what was deleted at Visma; 0 for never",
    ),
    th.Property(
        "refetch_periods",
        th.IntegerType(nullable=False, minimum=0, maximum=1200),
        default=0,
        title="Refetch periods",
        description="How many of the last financial periods of the ledger streams to read as a "
        "whole in each sync, since late postings go into old periods",
    ),
    th.Property(
        "ledgers",
        th.ArrayType(th.StringType, nullable=False),
        title="Ledgers",
        description="Numbers of the ledgers to read where an endpoint wants one at a time; without "
        "it, all of each company",
    ),
    th.Property(
        "branches",
        th.ArrayType(th.StringType, nullable=False),
        title="Branches",
        description="Numbers of the branches to read, as above",
    ),
    th.Property(
        "financial_years",
        th.ArrayType(th.StringType, nullable=False),
        title="Financial years",
        description="Financial years to read, as above; without it, all from `start_date` on",
    ),
    th.Property(
        "quota_exhausted",
        th.StringType(nullable=False, allowed_values=["wait", "stop"]),
        default="wait",
        title="Quota exhausted",
        description="What to do when a company's hourly allowance of calls is used up: `wait` for "
        "the next hour, or `stop` reading that company; the next sync goes on from there",
    ),
    th.Property(
        "quota_reserve",
        th.IntegerType(nullable=False, minimum=0, maximum=1_000_000),
        default=0,
        title="Quota reserve",
        description="Calls of each hour's allowance that are left to other programs",
    ),
    th.Property(
        "timeout_seconds",
        th.IntegerType(nullable=False, minimum=1, maximum=3600),
        default=250,
        title="Timeout",
        description="How long to wait for an answer. Visma cuts calls at 240 seconds; the tap then "
        "asks for smaller pages",
    ),
    th.Property(
        "mask",
        th.StringType(nullable=False, allowed_values=["none", "hash", "drop"]),
        default="none",
        title="Mask",
        description="What to do with personal data (employees, contact persons, time cards), "
        "which the schemas mark: leave it (`none`), `hash` it with `mask_key`, or `drop` the "
        "fields",
    ),
    th.Property(
        "mask_key",
        th.StringType(nullable=False),
        secret=True,
        title="Mask key",
        description="Secret for `mask: hash`; with another key, all hashes are others",
    ),
    th.Property(
        "use_singer_decimal",
        th.BooleanType(nullable=False),
        default=False,
        title="Use Singer decimal",
        description="Write numbers with decimals as text with the `x-singer.decimal` format, for "
        "loaders that would make floats of them",
    ),
    th.Property(
        "archive_url",
        th.StringType(nullable=False),
        title="Archive",
        description="Where to keep every answer of Visma as it came: a folder, or an address such "
        "as `s3://bucket/folder`; without it, nothing is kept",
    ),
    th.Property(
        "archive_required",
        th.BooleanType(nullable=False),
        default=True,
        title="Archive required",
        description="Whether a run ends when the archive fails; if not, it goes on without",
    ),
    th.Property(
        "archive_days",
        th.IntegerType(nullable=False, minimum=0, maximum=36_600),
        default=0,
        title="Archive days",
        description="Days after which batches are removed from the archive; 0 for never",
    ),
    th.Property(
        "archive_reuse_hours",
        th.IntegerType(nullable=False, minimum=0, maximum=168),
        default=12,
        title="Archive reuse",
        description="A first load that begins again takes from the archive what an earlier attempt "
        "has read in so many hours before, and saves those calls; 0 for never",
    ),
    th.Property(
        "archive_recipients",
        th.ArrayType(th.StringType(nullable=False), nullable=False),
        title="Archive recipients",
        description="Public keys (age) for which pages in the archive are encrypted",
    ),
    th.Property(
        "archive_identity",
        th.StringType(nullable=False),
        secret=True,
        title="Archive identity",
        description="Secret key (age) that opens encrypted pages, to replay and show them",
    ),
    th.Property(
        "replay_batch_id",
        th.StringType(nullable=False),
        title="Replay batch",
        description="Write the records of this batch once more, from the archive, in place of a "
        "sync: no call to Visma, no change of bookmarks",
    ),
    th.Property(
        "replay_company_id",
        th.StringType(nullable=False),
        title="Replay company",
        description="Likewise for all batches of this company and of `replay_stream`",
    ),
    th.Property(
        "replay_stream",
        th.StringType(nullable=False),
        title="Replay stream",
        description="Likewise: the stream, that of the documents where lines are wanted",
    ),
    th.Property(
        "replay_from",
        th.DateTimeType(nullable=False),
        title="Replay from",
        description="Only batches that began at this day or moment (UTC) or later",
    ),
    th.Property(
        "replay_until",
        th.DateTimeType(nullable=False),
        title="Replay until",
        description="Only batches that began before this day or moment (UTC)",
    ),
    th.Property(
        "api_url",
        th.StringType(nullable=False),
        default="https://api.finance.visma.net",
        title="API URL",
        description="Base address of the API, without a path",
    ),
    th.Property(
        "token_url",
        th.StringType(nullable=False),
        default="https://connect.visma.com/connect/token",
        title="Token URL",
        description="Address that gives access tokens",
    ),
    th.Property(
        "scope",
        th.StringType(nullable=False),
        default="vismanet_erp_service_api:read",
        title="Scope",
        description="Scopes asked for, separated by blanks",
    ),
    th.Property(
        "user_agent",
        th.StringType(nullable=False),
        default="tap-visma",
        title="User agent",
        description="User-Agent header; Visma asks that it name your application",
    ),
    *webhook_settings.PROPERTIES,
).to_dict()
"""The settings of the tap; the SDK adds those of stream maps and flattening."""


REPLAY = (
    "replay_batch_id",
    "replay_company_id",
    "replay_stream",
    "replay_from",
    "replay_until",
)
"""Settings that make a run a replay."""

CHOSEN = ("ledgers", "branches", "financial_years")
"""Settings that name the values of parameters."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company to read: its lasting id here, and its tenant at Visma."""

    company_id: str
    tenant_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Replay:
    """What to replay: a batch, or those of a stream of a company that began within a time.

    Attributes:
        batch_id: The batch, if it is one.
        company_id: The company, else.
        stream: The entity's stream, else.
        first: The earliest start, naive, UTC.
        end: The start from which on no more.
    """

    batch_id: str | None
    company_id: str | None
    stream: str | None
    first: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        start: A naive moment as Visma's filters take it, or `None`.
        sweep: How old the last full pass of a stream may become, `None` for any age.
        chosen: Values of the parameters that endpoints insist on, where the user wants fewer.
        archive_reuse: How old pages may be with which a first load begins.
        replay: What to replay in place of a sync.
        webhooks: What is set of webhooks.
    """

    client_id: str
    client_secret: str
    companies: tuple[Company, ...]
    start: datetime | None
    page_size: int
    overlap: timedelta
    sweep: timedelta | None
    refetch_periods: int
    chosen: Mapping[str, Sequence[str]]
    stops_when_exhausted: bool
    quota_reserve: int
    timeout_seconds: int
    archive_url: str | None
    archive_required: bool
    archive_days: int
    archive_reuse: timedelta
    archive_recipients: Sequence[str]
    archive_identity: str | None
    replay: Replay | None
    api_url: str
    token_url: str
    scope: str
    user_agent: str
    webhooks: WebhookSettings

    def __repr__(self) -> str:
        """Without the values, among which are secrets."""
        return f"Settings(companies={len(self.companies)})"

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        """Read a configuration in which `problems` found nothing."""
        values = {
            name: config.get(name, prop.get("default"))
            for name, prop in SCHEMA["properties"].items()
        }
        return cls(
            client_id=values["client_id"] or "",
            client_secret=values["client_secret"] or "",
            companies=tuple(Company(**company) for company in values["companies"] or ()),
            start=stamps.parse(values["start_date"]) if values["start_date"] else None,
            page_size=values["page_size"],
            overlap=timedelta(minutes=values["overlap_minutes"]),
            sweep=timedelta(days=values["sweep_days"]) if values["sweep_days"] else None,
            refetch_periods=values["refetch_periods"],
            chosen={name: values[name] for name in CHOSEN if values[name] is not None},
            stops_when_exhausted=values["quota_exhausted"] == "stop",
            quota_reserve=values["quota_reserve"],
            timeout_seconds=values["timeout_seconds"],
            archive_url=values["archive_url"] or None,
            archive_required=values["archive_required"],
            archive_days=values["archive_days"],
            archive_reuse=timedelta(hours=values["archive_reuse_hours"]),
            archive_recipients=values["archive_recipients"] or (),
            archive_identity=values["archive_identity"] or None,
            replay=_replay(values),
            api_url=values["api_url"].rstrip("/"),
            token_url=values["token_url"],
            scope=values["scope"],
            user_agent=values["user_agent"],
            webhooks=WebhookSettings.of(values),
        )


def _replay(values: Mapping[str, Any]) -> Replay | None:
    batch_id, company_id, stream, first, end = (values[name] or None for name in REPLAY)
    if not batch_id and not company_id:
        return None
    return Replay(
        batch_id,
        company_id,
        stream,
        stamps.parse(first) if first else None,
        stamps.parse(end) if end else None,
    )
