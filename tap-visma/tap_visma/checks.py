"""What is wrong with a user's settings, in sentences.

They name the setting and what it should be, never the value: it may be a secret.
"""

from __future__ import annotations

import re
from collections import Counter
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pyrage

from tap_visma import stamps
from tap_visma.entities import ENTITIES
from tap_visma.settings import REPLAY, SCHEMA
from tap_visma.webhook_settings import PARTS, networks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping


def problems(config: Mapping[str, Any]) -> list[str]:
    """What is wrong with a configuration, one sentence per setting, without any value."""
    return [*_problems(config, SCHEMA["properties"]), *_contradictions(config)]


def problems_of_archive(config: Mapping[str, Any]) -> list[str]:
    """What keeps a configuration from opening its archive."""
    names = [name for name in SCHEMA["properties"] if name.startswith("archive_")]
    missing = [] if config.get("archive_url") else ["Setting 'archive_url' is missing."]
    return [*missing, *_problems(config, names)]


def problems_of_webhooks(config: Mapping[str, Any], needed: Iterable[str]) -> list[str]:
    """What keeps a configuration from receiving events, or from looking at them.

    Args:
        config: The configuration.
        needed: The settings that cannot be missing.
    """
    names = [name for name in SCHEMA["properties"] if name.startswith("webhook_")]
    missing = [f"Setting '{name}' is missing." for name in needed if not config.get(name)]
    return [*missing, *_problems(config, names)]


def _contradictions(config: Mapping[str, Any]) -> Iterator[str]:
    if config.get("run") == "hinted" and not config.get("webhook_inbox"):
        yield "Setting 'webhook_inbox' is missing, which 'run: hinted' needs."
    if config.get("mask") == "hash" and not config.get("mask_key"):
        yield "Setting 'mask_key' is missing, which 'mask: hash' needs."
    if not replays(config):
        return
    if not config.get("archive_url"):
        yield "Setting 'archive_url' is missing, from which a replay reads."
    by_time = [name for name in REPLAY[1:] if config.get(name)]
    if config.get("replay_batch_id"):
        if by_time:
            yield f"Settings 'replay_batch_id' and '{by_time[0]}' exclude each other."
    elif not {"replay_company_id", "replay_stream"} <= {*by_time}:
        yield "Settings 'replay_company_id' and 'replay_stream' go together."
    elif config["replay_stream"] not in {entity.name for entity in ENTITIES}:
        yield "Setting 'replay_stream' must name a stream; for lines, that of their documents."


def replays(config: Mapping[str, Any]) -> bool:
    """Whether the run reads the archive in place of Visma, and so needs no access to Visma."""
    return any(config.get(name) for name in REPLAY)


def _problems(config: Mapping[str, Any], names: Iterable[str]) -> Iterator[str]:
    for name in names:
        prop = SCHEMA["properties"][name]
        value = config.get(name)
        if value is None or value == "":
            if name in SCHEMA["required"] and not replays(config):
                yield f"Setting '{name}' is missing. {prop['description']}."
        elif not _has_type(value, prop):
            yield f"Setting '{name}' must be {_wanted(prop)}."
        elif value not in prop.get("enum", [value]):
            yield f"Setting '{name}' must be one of {', '.join(prop['enum'])}."
        elif name == "companies":
            yield from _company_problems(value)
        elif _kind(prop) == "array" and not all(isinstance(item, str) for item in value):
            yield f"Setting '{name}' must be a list of texts."
        elif name in _CHECKS:
            yield from _CHECKS[name](name, value)


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


def _date_problems(name: str, text: str) -> Iterator[str]:
    try:
        moment = stamps.parse(text)
    except ValueError:
        moment = None
    # Visma's database knows no earlier day
    if moment is None or moment.year < 1753:  # noqa: PLR2004
        yield f"Setting '{name}' must be a day such as 2024-01-01 or 2024-01-01T00:00:00Z."


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


def _recipient_problems(name: str, keys: list[str]) -> Iterator[str]:
    for number, key in enumerate(keys):
        try:
            pyrage.x25519.Recipient.from_str(key)
        except pyrage.RecipientError:
            yield f"Setting '{name}[{number}]' must be a public key of age (begins with age1)."


def _identity_problems(name: str, key: str) -> Iterator[str]:
    try:
        pyrage.x25519.Identity.from_str(key)
    except pyrage.IdentityError:
        yield f"Setting '{name}' must be a secret key of age (begins with AGE-SECRET-KEY-1)."


def _network_problems(name: str, texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        try:
            networks([text])
        except ValueError:
            yield f"Setting '{name}[{number}]' must be an address or a network (10.0.0.0/8)."


def _field_problems(name: str, texts: list[str]) -> Iterator[str]:
    for number, text in enumerate(texts):
        part, _, path = text.partition("=")
        if part not in PARTS or not all(path.split(".")):
            yield f"Setting '{name}[{number}]' must be one of {', '.join(PARTS)}, '=' and a field."


def _secret_problems(name: str, texts: list[str]) -> Iterator[str]:
    if not all(text.strip() for text in texts):
        yield f"Setting '{name}' holds an empty text, with which anybody could sign."


def _header_problems(name: str, text: str) -> Iterator[str]:
    if not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", text):
        yield f"Setting '{name}' must be the name of a header."


_CHECKS: Mapping[str, Callable[[str, Any], Iterator[str]]] = {
    "start_date": _date_problems,
    "replay_from": _date_problems,
    "replay_until": _date_problems,
    "api_url": _url_problems,
    "token_url": _url_problems,
    "archive_recipients": _recipient_problems,
    "archive_identity": _identity_problems,
    "webhook_senders": _network_problems,
    "webhook_proxies": _network_problems,
    "webhook_fields": _field_problems,
    "webhook_secrets": _secret_problems,
    "webhook_header": _header_problems,
}
