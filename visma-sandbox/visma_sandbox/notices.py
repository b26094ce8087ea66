"""Notices of changes, sent to whoever asked for them, signed as Visma signs its own.

Knows lists by path and HTTP; does not know companies or what records mean. As at Visma, a notice
is sent once, only some lists have any, and it names the record without showing it. The envelope
`older` is that of the API before 2025; today's is not published: `portal` is made up.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.client
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit

import msgspec

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

SUBJECTS: Final[Mapping[str, str]] = {
    "/v1/account": "Account",
    "/v1/supplier": "Supplier",
    "/v1/customer": "Customer",
    "/v1/inventory": "Inventory Item",
    "/v1/employee": "Employee",
    "/v1/project": "Project",
    "/v1/purchaseorder": "Purchase Order",
    "/v1/supplierinvoice": "AP Invoice",
    "/v1/customerinvoice": "AR Invoice",
    "/v1/shipment": "Shipment",
}
"""Lists whose changes are told, and what their notices call a record."""
TELLS_DELETIONS: Final = frozenset({"/v1/account", "/v1/shipment"})
ACTIONS: Final = {"created": "Created", "changed": "Changed", "deleted": "Deleted"}
ENVELOPES: Final = ("older", "portal")
_TIMEOUT_SECONDS: Final = 10


@dataclass(frozen=True)
class Notice:
    """What happened to a record.

    Attributes:
        company_id: Whose record it is.
        tenant_id: The company as Visma Connect knows it.
        path: Its list.
        action: `created`, `changed` or `deleted`.
        key: The record.
        at: When, ISO 8601, UTC.
    """

    company_id: str
    tenant_id: str
    path: str
    action: str
    key: Iterable[str]
    at: str

    def is_told(self) -> bool:
        """Say whether Visma sends a notice of it."""
        path = self.path.casefold()
        return path in SUBJECTS and (self.action != "deleted" or path in TELLS_DELETIONS)

    def body(self, envelope: str) -> bytes:
        """Write it in an envelope."""
        parts = "/".join(quote(part, safe="") for part in self.key)
        resource = f"https://api.finance.visma.net{self.path}/{parts}"
        if envelope == "older":
            content = {
                "contextId": self.company_id,
                "eventId": str(uuid.uuid4()),
                "action": ACTIONS[self.action],
                "resourceUri": resource,
            }
        else:
            content = {
                "id": str(uuid.uuid4()),
                "tenantId": self.tenant_id,
                "event": f"{SUBJECTS[self.path.casefold()]} {ACTIONS[self.action]}",
                "resourceUri": resource,
                "timestamp": self.at,
            }
        return msgspec.json.encode(content)


@dataclass
class Subscription:
    """An address that wants notices.

    Attributes:
        url: Where they are sent.
        secret: The key that signs them.
        envelope: One of `ENVELOPES`.
        header: Where the signature stands.
        sent: How many were acknowledged.
        failed: How many were not; they are not sent again.
    """

    url: str
    secret: str
    envelope: str = "older"
    header: str = "X-Visma-Signature"
    sent: int = field(default=0, init=False)
    failed: int = field(default=0, init=False)

    @classmethod
    def of(cls, wanted: Mapping[str, object]) -> Subscription:
        """Read a subscription.

        Raises:
            ValueError: It cannot be understood.
        """
        unknown = set(wanted) - {"url", "secret", "envelope", "header"}
        if unknown or not wanted.get("url") or not wanted.get("secret"):
            raise ValueError("a subscription has url, secret and perhaps envelope and header")
        made = cls(**{name: str(value) for name, value in wanted.items()})
        if made.envelope not in ENVELOPES:
            raise ValueError(f"envelope must be one of {', '.join(ENVELOPES)}")
        if urlsplit(made.url).scheme not in {"http", "https"}:
            raise ValueError("url must begin with http:// or https://")
        return made

    def shown(self) -> dict[str, object]:
        """Give what may be seen of it: all but the secret."""
        return {
            "url": self.url,
            "envelope": self.envelope,
            "header": self.header,
            "sent": self.sent,
            "failed": self.failed,
        }

    def send(self, notices: Iterable[Notice]) -> None:
        """Send notices over one connection, each once."""
        where = urlsplit(self.url)
        kind = http.client.HTTPSConnection if where.scheme == "https" else None
        connection = (kind or http.client.HTTPConnection)(where.netloc, timeout=_TIMEOUT_SECONDS)
        for notice in notices:
            body = notice.body(self.envelope)
            digest = hmac.digest(self.secret.encode(), body, hashlib.sha256)
            headers = {
                "Content-Type": "application/json",
                self.header: base64.b64encode(digest).decode(),
            }
            try:
                connection.request("POST", where.path or "/", body, headers)
                answer = connection.getresponse()
                answer.read()
                taken = answer.status // 100 == 2  # noqa: PLR2004 - any 2xx
            except (OSError, http.client.HTTPException):
                connection.close()
                taken = False
            self.sent += taken
            self.failed += not taken
        connection.close()
