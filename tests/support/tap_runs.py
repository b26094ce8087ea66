"""The tap run in this process against a sandbox, and what it wrote."""

from __future__ import annotations

import io
import json
from collections import defaultdict
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any

import requests

from tap_visma.clock import Clock
from tap_visma.entities import ENTITIES, Entity
from tap_visma.errors import IncompleteSyncError
from tap_visma.tap import TapVisma
from visma_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

BY_NAME = {entity.name: entity for entity in ENTITIES}


@dataclass
class Run:
    """What one run of the tap wrote, and how it ended."""

    lines: list[bytes]
    failures: list[str] = field(default_factory=list)

    @cached_property
    def messages(self) -> list[dict[str, Any]]:
        return [json.loads(line, parse_float=Decimal) for line in self.lines]

    def records(self, stream: str) -> list[dict[str, Any]]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def rows(self, stream: str, rows: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
        """What a loader would hold after this run: the last record per key."""
        return (rows or {}) | {record["record_id"]: record for record in self.records(stream)}

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for message in self.messages:
            if message["type"] == "RECORD":
                counts[message["stream"]] += 1
        return dict(counts)

    @property
    def states(self) -> list[dict[str, Any]]:
        return [message["value"] for message in self.messages if message["type"] == "STATE"]

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1]

    def bookmark(self, stream: str, company: int = 0) -> str | None:
        partitions = self.state["bookmarks"].get(stream, {}).get("partitions", [])
        value: str | None = partitions[company].get("replication_key_value") if partitions else None
        return value

    def own_rows(self, stream: str) -> dict[str, dict[str, Any]]:
        """Rows by key without what differs from run to run."""
        return {key: without_audit(row) for key, row in self.rows(stream).items()}


class MovedClock(Clock):
    """A clock on which waits take no time, and that can run ahead.

    Args:
        seconds_per_look: How far it jumps each time that someone looks at it.
    """

    def __init__(self, seconds_per_look: float = 0.0) -> None:
        self.ahead = 0.0
        self.waits: list[float] = []
        self._step = seconds_per_look

    def monotonic(self) -> float:
        self.ahead += self._step
        return super().monotonic() + self.ahead

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.ahead += seconds


@dataclass
class Visma:
    """A sandbox, its control endpoints, and the tap pointed at it."""

    url: str
    config: dict[str, Any]

    def sync(
        self,
        state: dict[str, Any] | None = None,
        streams: set[str] | None = None,
        catalog: dict[str, Any] | None = None,
        clock: Clock | None = None,
        into: list[bytes] | None = None,
        **settings: Any,
    ) -> Run:
        """Run the tap in this process.

        Args:
            state: State of an earlier run.
            streams: Streams to select, all if not given.
            catalog: Catalog instead of a selection.
            clock: Instead of the real one.
            into: Takes the lines written, also where the run ends with an error.
            settings: Settings that differ from the sandbox's own.
        """
        config = {k: v for k, v in (self.config | settings).items() if v is not None}
        if streams is not None:
            catalog = self.catalog(streams, config)
        out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
        failures: list[str] = []
        with redirect_stdout(out):
            tap = TapVisma(
                config=config, state=json.loads(json.dumps(state or {})), catalog=catalog
            )
            tap.clock = clock or tap.clock
            try:
                tap.sync_all()
            except IncompleteSyncError as error:
                failures = [str(failure) for failure in error.failures]
            finally:
                out.flush()
                lines = out.buffer.getvalue().splitlines()
                if into is not None:
                    into += lines
        return Run(lines, failures)

    def catalog(self, streams: set[str], config: dict[str, Any] | None = None) -> dict[str, Any]:
        """A catalog with these streams selected, and no others in it."""
        config = config or self.config
        whole = json.loads(_whole_catalog(decimals_as_text=bool(config.get("use_singer_decimal"))))
        chosen = [entry for entry in whole["streams"] if entry["tap_stream_id"] in streams]
        for entry in chosen:
            for item in entry["metadata"]:
                if not item["breadcrumb"]:
                    item["metadata"]["selected"] = True
        return {"streams": chosen}

    def books(self, path: str, company: int = 0) -> list[dict[str, Any]]:
        """The sandbox's own complete list of an endpoint; amounts are Decimal."""
        url = f"{self.url}/__sandbox/books/{self.company_id(company)}"
        answer = requests.get(url, params={"path": path}, timeout=60)
        answer.raise_for_status()
        records: list[dict[str, Any]] = json.loads(answer.text, parse_float=Decimal)
        return records

    def answer(self, path: str, params: dict[str, str], company: int = 0) -> bytes:
        """What the sandbox answers to a call, byte by byte."""
        form = {
            "grant_type": "client_credentials",
            "client_id": self.config["client_id"],
            "client_secret": self.config["client_secret"],
            "scope": "vismanet_erp_service_api:read",
            "tenant_id": self.config["companies"][company]["tenant_id"],
        }
        token = requests.post(self.config["token_url"], data=form, timeout=60).json()
        headers = {"Authorization": f"Bearer {token['access_token']}"}
        answer = requests.get(f"{self.url}{path}", params=params, headers=headers, timeout=60)
        answer.raise_for_status()
        return answer.content

    def control(self, what: str, body: object, method: str = "POST") -> Any:
        """Send something to the sandbox's control endpoints."""
        answer = requests.request(method, f"{self.url}/__sandbox/{what}", json=body, timeout=60)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def faults(self, *rules: dict[str, Any]) -> Callable[[], list[int]]:
        """Set rules for what goes wrong, in place of those before; gives how often each did."""
        self.control("faults", None, "DELETE")
        self.control("faults", list(rules))
        return lambda: [rule["hits"] for rule in self.control("faults", None, "GET")]

    def customer_tenant_id(self) -> str:
        """The tenant id that gets a token but no answers."""
        ready: dict[str, str] = requests.get(f"{self.url}/__sandbox", timeout=60).json()
        return ready["customer_tenant_id"]

    def company_id(self, company: int = 0) -> str:
        company_id: str = self.config["companies"][company]["company_id"]
        return company_id

    def token_calls(self) -> list[dict[str, Any]]:
        """Calls for tokens so far."""
        log = requests.get(f"{self.url}/__sandbox/calls", timeout=60).json()
        return [call for call in log if call["path"].endswith("/token")]

    def calls(self) -> list[dict[str, Any]]:
        """API calls so far, without those for tokens."""
        log = requests.get(f"{self.url}/__sandbox/calls", timeout=60).json()
        return [call for call in log if call["path"].startswith("/v")]

    def forget_calls(self) -> None:
        """Begin to count calls anew."""
        requests.delete(f"{self.url}/__sandbox/calls", timeout=60).raise_for_status()


@cache
def _whole_catalog(*, decimals_as_text: bool) -> str:
    config = {"use_singer_decimal": decimals_as_text}
    return TapVisma(config=config, validate_config=False).catalog_json_text


def without_audit(row: dict[str, Any]) -> dict[str, Any]:
    """A row without batch, audit id and time of reading."""
    return {name: value for name, value in row.items() if not name.startswith("_")}


def same_rows(run: Run, other: Run, streams: set[str]) -> bool:
    """Whether a loader would hold the same after both runs; pytest shows where not."""
    for stream in streams:
        assert run.own_rows(stream) == other.own_rows(stream)
    return True


def of_entity(entity: Entity | str) -> set[str]:
    """The streams of an entity and of its lists."""
    entity = BY_NAME[entity] if isinstance(entity, str) else entity
    return {entity.name, *(lines.name for lines in entity.lists)}


@contextmanager
def visma_with(companies: str = "NO", size: str = "small") -> Iterator[Visma]:
    """A sandbox of its own."""
    with Sandbox(seed=7, size=size, companies=companies) as sandbox:
        ready = requests.get(f"{sandbox.url}/__sandbox", timeout=60).json()
        yield Visma(
            sandbox.url,
            {
                "client_id": ready["client_id"],
                "client_secret": ready["client_secret"],
                "companies": [
                    {key: company[key] for key in ("company_id", "tenant_id", "name")}
                    for company in ready["companies"]
                ],
                "api_url": sandbox.url,
                "token_url": f"{sandbox.url}/connect/token",
            },
        )
