"""The sandbox: companies, clock, tokens, limits and faults behind one lock, and their server."""

from __future__ import annotations

import random
import threading
import uuid
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Final, Self

from visma_sandbox import service, stamps
from visma_sandbox.answers import Reader
from visma_sandbox.changes import change_rows
from visma_sandbox.charts import COUNTRIES
from visma_sandbox.company import Company
from visma_sandbox.endpoints import BY_PATH
from visma_sandbox.faults import Faults
from visma_sandbox.history import SIZES, trade_day, write_history
from visma_sandbox.notices import Notice, Subscription
from visma_sandbox.tokens import TokenOffice
from visma_sandbox.windows import RateWindows, Turnstile
from visma_sandbox.wire import Server

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType

    from visma_sandbox.table import Table

TODAY: Final = date(2026, 3, 31)
EARLIEST_TODAY: Final = date(2025, 2, 3)
LATEST_TODAY: Final = date(2026, 12, 31)
CLOSING_HOUR: Final = 18
_STEPS_PER_CHANGE: Final = 47
_POLL_SECONDS: Final = 0.01
_ACTIONS: Final = {"touch": "changed", "insert": "created", "delete": "deleted"}
_SETTINGS: Final = frozenset(
    {
        "calls_per_window",
        "window_seconds",
        "token_life_seconds",
        "page_caps",
        "clock",
        "latency_ms",
        "require_one_request_at_a_time",
    }
)


@dataclass
class Clock:
    """The books' time: it stands still but for `advance` and a fraction of a second per change."""

    now: int

    def step(self) -> int:
        """Give the stamp of a change made now."""
        self.now += _STEPS_PER_CHANGE
        return self.now


def countries_of(companies: str | int) -> list[str]:
    """Read `NO,SE,DK`, or a number of companies whose countries take turns.

    Raises:
        ValueError: A country is not one that the sandbox has a chart of accounts for.
    """
    text = str(companies)
    if text.isdigit():
        rotation = list(COUNTRIES)
        chosen = [rotation[n % len(rotation)] for n in range(int(text))]
    else:
        chosen = [part.strip().upper() for part in text.split(",") if part.strip()]
    unknown = [country for country in chosen if country not in COUNTRIES]
    if unknown or not chosen:
        raise ValueError(
            f"companies must be a number or some of {','.join(COUNTRIES)}, not {text!r}"
        )
    return chosen


class Sandbox:
    """A Visma.net ERP API with made-up books; a context manager that serves while it is open."""

    def __init__(
        self,
        *,
        seed: int = 1,
        size: str = "small",
        companies: str | int = "NO,SE,DK",
        today: date = TODAY,
        calls_per_hour: int = 500,
        token_life_seconds: float = 3600.0,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        """Write the books; nothing is served yet.

        Args:
            seed: The same seed, size, companies and day give the same books.
            size: `small`, `medium` or `large`.
            companies: Countries, as in `NO,SE,DK`, or a number of companies.
            today: The last business day of the books; it is 18:00 in Oslo.
            calls_per_hour: The allowance of each company.
            token_life_seconds: How long a token is good.
            host: The address to listen on.
            port: The port to listen on, 0 for any that is free.

        Raises:
            ValueError: The size or a country is unknown, or the books have no such day.
        """
        if size not in SIZES:
            raise ValueError(f"size must be one of {', '.join(SIZES)}, not {size!r}")
        if not EARLIEST_TODAY <= today <= LATEST_TODAY:
            raise ValueError(f"today must be from {EARLIEST_TODAY} to {LATEST_TODAY}, not {today}")
        self.lock = threading.RLock()
        self.clock = Clock(stamps.of_day(today, CLOSING_HOUR))
        identities = random.Random(f"{seed} identities")  # noqa: S311 - made-up data
        client_secret = f"sandbox-secret-{identities.getrandbits(64):016x}"
        self.customer_tenant_id = str(uuid.UUID(int=identities.getrandbits(128), version=4))
        self.companies: dict[str, Company] = {}
        for number, country in enumerate(countries_of(companies), start=1):
            company = Company.found(
                number,
                country,
                random.Random(f"{seed} {number}"),  # noqa: S311 - made-up data
                uuid.UUID(int=identities.getrandbits(128), version=4),
            )
            write_history(company, SIZES[size], today)
            self.companies[company.company_id] = company
        self._company_of_tenant = {c.tenant_id: c.company_id for c in self.companies.values()}
        self.tokens = TokenOffice(
            client_id=f"isv_sandbox_{seed}",
            client_secret=client_secret,
            tenants=frozenset({*self._company_of_tenant, self.customer_tenant_id}),
            life_seconds=token_life_seconds,
        )
        self.windows = RateWindows(calls_per_hour, 3600.0)
        self.turnstile = Turnstile()
        self.one_at_a_time = False
        self.latency_seconds = 0.0
        self.faults = Faults()
        self.page_caps: dict[str, int] = {}
        self.reader = Reader()
        self.calls: list[dict[str, object]] = []
        self.subscriptions: list[Subscription] = []
        self.url = ""
        self._size = SIZES[size]
        self._address = (host, port)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> str:
        """Serve from a thread of this process; gives the URL."""
        self._server = Server(
            self._address,
            lambda request: service.respond(self, request),
            lambda: stamps.in_utc(self.clock.now),
        )
        host, port = self._server.server_address[:2]
        self.url = f"http://{host if isinstance(host, str) else host.decode()}:{port}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        self._thread.start()
        return self.url

    def stop(self) -> None:
        """Stop serving and close every connection; a second time does nothing."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def __enter__(self) -> Self:
        """Start serving."""
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop serving."""
        self.stop()

    def ready(self) -> dict[str, object]:
        """Give what a client needs to know, as the command prints it when it is ready."""
        return {
            "url": self.url,
            "client_id": self.tokens.client_id,
            "client_secret": self.tokens.client_secret,
            "companies": [company.identity() for company in self.companies.values()],
        }

    def company_of_tenant(self, tenant_id: str) -> str:
        """Give the company of a tenant, or an empty text."""
        return self._company_of_tenant.get(tenant_id, "")

    def table(self, company_id: str, path: str) -> Table:
        """Give the rows of a list, or raise KeyError."""
        endpoint = BY_PATH[path.casefold()]
        name = (endpoint.records_of or endpoint.path).casefold()
        return self.companies[company_id].tables[name]

    def note_call(
        self,
        company_id: str,
        path: str,
        params: Mapping[str, str],
        status: int,
        records: int,
        *,
        faulted: bool,
    ) -> None:
        """Add a line to the list of calls."""
        self.calls.append(
            {
                "n": len(self.calls) + 1,
                "company_id": company_id,
                "path": path,
                "params": dict(params),
                "status": status,
                "records": records,
                "faulted": faulted,
            }
        )

    def advance(self, days: int = 1) -> dict[str, dict[str, dict[str, list[list[str]]]]]:
        """Let every company do business for some days.

        Gives for each company and path the keys that were `created`, `changed` and `deleted` by it.
        """
        with self.lock:
            for company in self.companies.values():
                company.report.clear()
            for _ in range(days):
                day = stamps.day_of(self.clock.now)
                for company in self.companies.values():
                    day = trade_day(company, self._size, stamps.day_of(self.clock.now))
                self.clock.now = stamps.of_day(day, CLOSING_HOUR)
            done = {name: company.report.shown() for name, company in self.companies.items()}
            for company_id, lists in done.items():
                for path, actions in lists.items():
                    for action, keys in actions.items():
                        self._notify(company_id, path, action, keys)
            return done

    def change(self, wanted: object) -> dict[str, object]:
        """Carry out a control change; gives the keys of the rows that were changed.

        Raises:
            KeyError: The company, the path or a key does not exist.
            ValueError: The change cannot be understood.
        """
        if not isinstance(wanted, dict):
            raise ValueError("a change must be an object")  # noqa: TRY004 - input
        with self.lock:
            company_id = str(wanted.get("company_id", ""))
            table = self.table(company_id, str(wanted.get("path", "")))
            keys = change_rows(table, wanted, self.clock.step)
            self._notify(company_id, table.endpoint.path, _ACTIONS[str(wanted["operation"])], keys)
            return {"keys": keys}

    def _notify(
        self, company_id: str, path: str, action: str, keys: Iterable[Iterable[str]]
    ) -> None:
        """Send notices of a change, which are answered before the change itself is."""
        tenant_id = self.companies[company_id].tenant_id
        at = datetime.now(tz=UTC).isoformat()
        notices = [Notice(company_id, tenant_id, path, action, key, at) for key in keys]
        told = [notice for notice in notices if notice.is_told()]
        for subscription in self.subscriptions if told else ():
            subscription.send(told)

    def change_settings(self, wanted: Mapping[str, object]) -> dict[str, object]:
        """Change settings while serving; gives them all.

        Other limits begin new rate windows; `page_caps` replaces all that were set before.

        Raises:
            ValueError: A name or a value is not a setting.
        """
        unknown = set(wanted) - _SETTINGS
        if unknown:
            raise ValueError(f"unknown settings: {', '.join(sorted(unknown))}")
        with self.lock:
            if "calls_per_window" in wanted or "window_seconds" in wanted:
                self.windows.restart(
                    int(str(wanted.get("calls_per_window", self.windows.calls_per_window))),
                    float(str(wanted.get("window_seconds", self.windows.window_seconds))),
                )
            if "token_life_seconds" in wanted:
                self.tokens.life_seconds = float(str(wanted["token_life_seconds"]))
            caps = wanted.get("page_caps", self.page_caps)
            if not isinstance(caps, dict) or not all(isinstance(n, int) for n in caps.values()):
                raise ValueError("page_caps must be an object of whole numbers")
            self.page_caps = {str(path).casefold(): cap for path, cap in caps.items()}
            self.latency_seconds = (
                float(str(wanted.get("latency_ms", self.latency_seconds * 1000))) / 1000
            )
            one_at_a_time = wanted.get("require_one_request_at_a_time", self.one_at_a_time)
            if not isinstance(one_at_a_time, bool):
                raise ValueError("require_one_request_at_a_time must be a bool")  # noqa: TRY004 - input
            self.one_at_a_time = one_at_a_time
            if "clock" in wanted:
                self.clock.now = stamps.of_text(str(wanted["clock"]))
            return {
                "calls_per_window": self.windows.calls_per_window,
                "window_seconds": self.windows.window_seconds,
                "token_life_seconds": self.tokens.life_seconds,
                "page_caps": self.page_caps,
                "clock": stamps.text(self.clock.now),
                "latency_ms": self.latency_seconds * 1000,
                "require_one_request_at_a_time": self.one_at_a_time,
            }
