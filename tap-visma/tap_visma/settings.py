"""What a user can set: one JSON Schema for every front end, and the checked values.

Problems name the setting and what it should be, never the value: it may be a secret.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from singer_sdk import typing as th

from tap_visma import stamps

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
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
).to_dict()
"""The settings of the tap; the SDK adds those of stream maps and flattening."""


CHOSEN = ("ledgers", "branches", "financial_years")
"""Settings that name the values of parameters."""


@dataclass(frozen=True, slots=True)
class Company:
    """A company to read: its lasting id here, and its tenant at Visma."""

    company_id: str
    tenant_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """Checked settings.

    Attributes:
        start: A naive moment as Visma's filters take it, or `None`.
        sweep: How old the last full pass of a stream may become, `None` for any age.
        chosen: Values of the parameters that endpoints insist on, where the user wants fewer.
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
    use_singer_decimal: bool
    api_url: str
    token_url: str
    scope: str
    user_agent: str

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
            client_id=values["client_id"],
            client_secret=values["client_secret"],
            companies=tuple(Company(**company) for company in values["companies"]),
            start=stamps.parse(values["start_date"]) if values["start_date"] else None,
            page_size=values["page_size"],
            overlap=timedelta(minutes=values["overlap_minutes"]),
            sweep=timedelta(days=values["sweep_days"]) if values["sweep_days"] else None,
            refetch_periods=values["refetch_periods"],
            chosen={name: values[name] for name in CHOSEN if values[name] is not None},
            stops_when_exhausted=values["quota_exhausted"] == "stop",
            quota_reserve=values["quota_reserve"],
            timeout_seconds=values["timeout_seconds"],
            use_singer_decimal=values["use_singer_decimal"],
            api_url=values["api_url"].rstrip("/"),
            token_url=values["token_url"],
            scope=values["scope"],
            user_agent=values["user_agent"],
        )


def problems(config: Mapping[str, Any]) -> list[str]:
    """What is wrong with a configuration, one sentence per setting, without any value."""
    found = list(_problems(config))
    if config.get("mask") == "hash" and not config.get("mask_key"):
        found.append("Setting 'mask_key' is missing, which 'mask: hash' needs.")
    return found


def _problems(config: Mapping[str, Any]) -> Iterator[str]:
    for name, prop in SCHEMA["properties"].items():
        value = config.get(name)
        if value is None or value == "":
            if name in SCHEMA["required"]:
                yield f"Setting '{name}' is missing. {prop['description']}."
        elif not _has_type(value, prop):
            yield f"Setting '{name}' must be {_wanted(prop)}."
        elif value not in prop.get("enum", [value]):
            yield f"Setting '{name}' must be one of {', '.join(prop['enum'])}."
        elif name == "companies":
            yield from _company_problems(value)
        elif name in CHOSEN and not all(isinstance(item, str) for item in value):
            yield f"Setting '{name}' must be a list of texts."
        elif name == "start_date":
            yield from _date_problems(value)
        elif name.endswith("_url"):
            yield from _url_problems(name, value)


def _has_type(value: object, prop: Mapping[str, Any]) -> bool:
    match _kind(prop):
        case "integer":
            low, high = prop["minimum"], prop["maximum"]
            return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high
        case "boolean":
            return isinstance(value, bool)
        case "array":
            return isinstance(value, list)
        case _:
            return isinstance(value, str)


def _wanted(prop: Mapping[str, Any]) -> str:
    match _kind(prop):
        case "integer":
            return f"a whole number from {prop['minimum']} to {prop['maximum']}"
        case "boolean":
            return "true or false"
        case "array":
            return "a list"
        case _:
            return "a text"


def _kind(prop: Mapping[str, Any]) -> str:
    kinds = prop["type"]
    return kinds if isinstance(kinds, str) else str(kinds[0])


def _company_problems(companies: list[object]) -> Iterator[str]:
    if not companies:
        yield "Setting 'companies' is empty: name at least one company."
    for number, company in enumerate(companies):
        place = f"Setting 'companies[{number}]'"
        if isinstance(company, dict):
            yield from (f"{place}{problem}" for problem in _fields_of_company(company))
        else:
            yield f'{place} must be an object such as {{"company_id": "no", "tenant_id": "..."}}.'
    ids = Counter(str(c.get("company_id")) for c in companies if isinstance(c, dict))
    for company_id, count in ids.items():
        if count > 1:
            yield f"Setting 'companies' names company_id '{company_id}' {count} times."


def _fields_of_company(company: dict[str, object]) -> Iterator[str]:
    for key in ("company_id", "tenant_id"):
        value = company.get(key)
        if not isinstance(value, str) or not value.strip():
            yield f" needs a '{key}' that is a text."
        elif key == "company_id" and not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", value):
            yield ": 'company_id' may have letters, digits, dots, - and _ only."
    if not isinstance(company.get("name", ""), str):
        yield ": 'name' must be a text."
    for key in company.keys() - {"company_id", "tenant_id", "name"}:
        yield f" has '{key}', which is not one of company_id, tenant_id, name."


def _date_problems(text: str) -> Iterator[str]:
    try:
        moment = stamps.parse(text)
    except ValueError:
        moment = None
    # Visma's database knows no earlier day
    if moment is None or moment.year < 1753:  # noqa: PLR2004
        yield "Setting 'start_date' must be a day such as 2024-01-01 or 2024-01-01T00:00:00Z."


def _url_problems(name: str, url: str) -> Iterator[str]:
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host = ""
    if not host or parts.scheme not in {"http", "https"}:
        yield f"Setting '{name}' must be an address that begins with https://."
    elif parts.username or parts.password:
        yield f"Setting '{name}' must not hold a user name or password."
    elif parts.scheme == "http" and not _is_loopback(host):
        yield f"Setting '{name}' must begin with https://: secrets would travel in clear."


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
