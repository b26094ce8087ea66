"""A client that speaks plain HTTP to a sandbox, and reads its books."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

import requests

if TYPE_CHECKING:
    from visma_sandbox import Sandbox
    from visma_sandbox.endpoint import Endpoint

Json: TypeAlias = Any
SCOPE = "vismanet_erp_service_api:read"
PARAMETERS = "__parameters"


@dataclass
class Client:
    """One company's client: a token and a connection that is kept alive."""

    sandbox: Sandbox
    company: int = 0
    session: requests.Session = field(default_factory=requests.Session)
    token: str = ""
    kept_books: dict[str, list[Json]] | None = None
    """The books read so far, for a sandbox that nobody changes; tests must not change them."""

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
        """Read page by page until an empty one, or one that is repeated by an unpaged list."""
        pages: list[Json] = []
        while page := self.read(path, pageNumber=len(pages) + 1, **params):
            if pages and page == pages[-1]:
                break
            pages.append(page)
        return [record for page in pages for record in page]

    def needed(self, endpoint: Endpoint) -> list[dict[str, str]]:
        """Give the parameters of calls that together give the whole list, as the books tell."""
        if endpoint.needs_one_of:
            return [{"lastModifiedDateTime": "2000-01-01"}]
        if not endpoint.needs:
            return [{}]
        belongs = {tuple(record[PARAMETERS].items()) for record in self.books(endpoint.path)}
        return [dict(items) for items in sorted(belongs)]

    def books(self, path: str) -> list[Json]:
        if self.kept_books is not None and path in self.kept_books:
            return self.kept_books[path]
        answer = self.control("GET", f"books/{self.company_id}?path={path}")
        records = list(parsed(answer.text))
        if self.kept_books is not None:
            self.kept_books[path] = records
        return records

    @staticmethod
    def key_of(record: Json, fields: tuple[str, ...]) -> tuple[str, ...]:
        """Give the key of a record as texts."""
        parts = []
        for dotted in fields:
            value = record | record.get(PARAMETERS, {}) if dotted not in record else record
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
