"""A sandbox to read, a sandbox to change, and a client that speaks plain HTTP to either."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest
import requests

from visma_sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

Json: TypeAlias = Any
SCOPE = "vismanet_erp_service_api:read"
SETTINGS = {
    "calls_per_window": 1_000_000,
    "window_seconds": 3600,
    "token_life_seconds": 3600,
    "page_caps": {},
}


@dataclass
class Client:
    """One company's client: a token and a connection that is kept alive."""

    sandbox: Sandbox
    company: int = 0
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""

    @property
    def company_id(self) -> str:
        return list(self.sandbox.companies)[self.company]

    @property
    def credentials(self) -> dict[str, str]:
        return {
            "grant_type": "client_credentials",
            "client_id": self.sandbox.tokens.client_id,
            "client_secret": self.sandbox.tokens.client_secret,
            "scope": SCOPE,
            "tenant_id": self.sandbox.companies[self.company_id].tenant_id,
        }

    def ask_token(self, **changed: str) -> requests.Response:
        form = self.credentials | changed
        return self.session.post(f"{self.sandbox.url}/connect/token", data=form, timeout=10)

    def log_in(self, **changed: str) -> None:
        self.token = self.ask_token(**changed).json()["access_token"]

    def get(
        self, path: str, headers: dict[str, str] | None = None, **params: Json
    ) -> requests.Response:
        sent = {"Authorization": f"Bearer {self.token}"} | (headers or {})
        url = self.sandbox.url + path
        return self.session.get(url, params=params, headers=sent, timeout=10)

    def read(self, path: str, **params: Json) -> Json:
        answer = self.get(path, **params)
        assert answer.status_code == 200, answer.text
        return parsed(answer.text)

    def walk(self, path: str, **params: Json) -> list[Json]:
        """Read page by page until an empty one."""
        pages: list[Json] = []
        while page := self.read(path, pageNumber=len(pages) + 1, **params):
            pages.append(page)
        return [record for page in pages for record in page]

    def books(self, path: str) -> list[Json]:
        answer = self.control("GET", f"books/{self.company_id}?path={path}")
        return list(parsed(answer.text))

    @staticmethod
    def key_of(record: Json, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Give the key of a record as texts."""
        parts = []
        for dotted in fields:
            value = record
            for name in dotted.split("."):
                value = value[name]
            parts.append(str(value))
        return tuple(parts)

    def control(self, method: str, name: str, body: object = None) -> requests.Response:
        url = f"{self.sandbox.url}/__sandbox/{name}"
        answer = self.session.request(method, url, json=body, timeout=10)
        answer.raise_for_status()
        return answer

    def change(self, path: str, operation: str, **how: Json) -> list[list[str]]:
        body = {"company_id": self.company_id, "path": path, "operation": operation} | how
        return list(self.control("POST", "change", body).json()["keys"])

    def spoil(self, do: object, **match: Json) -> None:
        self.control("POST", "faults", [match | {"do": do}])


def parsed(text: str) -> Json:
    return json.loads(text, parse_float=Decimal)


@pytest.fixture(scope="session")
def _standing() -> Iterator[Sandbox]:
    with Sandbox(companies="NO,FI", calls_per_hour=1_000_000) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def reader(_standing: Sandbox) -> Iterator[Client]:
    """A client of a sandbox that no test changes."""
    with requests.Session() as session:
        client = Client(_standing, session=session)
        client.log_in()
        yield client


@pytest.fixture(scope="session")
def _settable() -> Iterator[Client]:
    with Sandbox(companies="NO") as sandbox, requests.Session() as session:
        yield Client(sandbox, session=session)


@pytest.fixture
def setter(_settable: Client) -> Iterator[Client]:
    """A client of a sandbox whose settings and faults a test may change, but not its books."""
    _settable.control("POST", "settings", SETTINGS)
    _settable.log_in()
    yield _settable
    _settable.control("DELETE", "faults")


@pytest.fixture(scope="module")
def changing() -> Iterator[Client]:
    """A client of a sandbox that tests change, each only what it looks at itself."""
    with (
        Sandbox(companies="NO", calls_per_hour=1_000_000) as sandbox,
        requests.Session() as session,
    ):
        yield Client(sandbox, session=session)


@pytest.fixture
def client() -> Iterator[Client]:
    """A client of a sandbox of the test's own."""
    with (
        Sandbox(companies="NO", calls_per_hour=1_000_000) as sandbox,
        requests.Session() as session,
    ):
        client = Client(sandbox, session=session)
        client.log_in()
        yield client
