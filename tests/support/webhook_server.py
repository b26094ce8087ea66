"""A receiver of events in a process of its own, and a sender that signs as Visma does."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SECRET = "first-key-of-the-portal"
HEADER = "X-Visma-Signature"


def signed(body: bytes, secret: str = SECRET) -> dict[str, str]:
    """The header of the signature."""
    digest = hmac.digest(secret.encode(), body, hashlib.sha256)
    return {HEADER: base64.b64encode(digest).decode()}


def older(number: int = 1, action: str = "Updated", path: str = "account/1010") -> bytes:
    """A body in the older envelope."""
    return json.dumps(
        {
            "contextId": "no",
            "eventId": f"event-{number}",
            "action": action,
            "resourceUri": f"https://integration.visma.net/API/controller/api/v1/{path}",
        }
    ).encode()


@dataclass
class WebhookServer:
    """A running receiver."""

    process: subprocess.Popen[str]
    url: str
    folder: Path
    session: requests.Session = field(default_factory=requests.Session)

    def post(self, body: bytes, headers: dict[str, str] | None = None) -> requests.Response:
        """Send a body, signed if nothing else is said."""
        headers = signed(body) if headers is None else headers
        return self.session.post(f"{self.url}/webhooks", data=body, headers=headers, timeout=60)

    def health(self) -> Any:
        return self.session.get(f"{self.url}/healthz", timeout=60).json()

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox.sqlite"


def write_config(folder: Path, **settings: Any) -> Path:
    """A settings file of a receiver that takes events from this machine."""
    config = {
        "webhook_inbox": str(folder / "inbox.sqlite"),
        "webhook_secrets": [SECRET],
        "webhook_senders": ["127.0.0.1"],
    }
    path = folder / "webhooks.json"
    path.write_text(json.dumps(config | settings))
    return path


def command(*arguments: str) -> list[str]:
    """The command line of `tap-visma-webhooks`."""
    return [sys.executable, "-m", "tap_visma.webhooks", *arguments]


@contextmanager
def serving(folder: Path, **settings: Any) -> Iterator[WebhookServer]:
    """Start a receiver; it is killed at the end, if it has not ended before."""
    config = write_config(folder, **settings)
    serve = command("--config", str(config), "serve", "--port", "0")
    with subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as run:
        try:
            assert run.stdout
            line = run.stdout.readline()
            assert line, run.stderr.read() if run.stderr else ""
            with requests.Session() as session:
                yield WebhookServer(run, json.loads(line)["url"], folder, session)
        finally:
            run.kill()
