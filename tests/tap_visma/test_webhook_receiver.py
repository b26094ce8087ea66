"""The receiver: what it takes, what it refuses, and that what it has acknowledged is kept."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tap_visma import inbox
from tap_visma.clock import Clock
from tap_visma.envelopes import Event
from tap_visma.inbox import InboxWriter
from tap_visma.receiver import Keeper, Receiver
from tap_visma.settings import Settings
from webhook_server import SECRET, command, older, serving, signed, write_config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from webhook_server import WebhookServer

pytestmark = pytest.mark.process

SECOND = "second-key-while-one-is-rotated"
FIELDS = ["kind=what.happened", "time=at", "context=who"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookServer]:
    """A receiver for tests that need no settings of their own."""
    with serving(
        tmp_path_factory.mktemp("receiver"),
        webhook_secrets=[SECRET, SECOND],
        webhook_max_bytes=1000,
        webhook_fields=FIELDS,
    ) as server:
        yield server


def kept(server: WebhookServer) -> list[bytes]:
    return [event.body for event in inbox.events(server.inbox)]


def counted(server: WebhookServer, what: str) -> int:
    server.post(b"", {})  # a refusal is counted with the next event that is kept
    server.post(json.dumps({"count": os.urandom(8).hex()}).encode())
    return inbox.counts(server.inbox).get(what, 0)


def mapped(at: datetime) -> bytes:
    return json.dumps({"who": 7, "what": {"happened": "Account Deleted"}, "at": str(at)}).encode()


def test_an_event_is_on_the_disk_when_it_is_acknowledged(server: WebhookServer) -> None:
    body = older(1)

    answer = server.post(body)

    assert (answer.status_code, answer.json()) == (200, {"kept": True})
    event = next(e for e in inbox.events(server.inbox) if e.body == body)
    assert (event.envelope, event.context, event.kind) == ("older", "no", "Updated")
    assert event.resource
    assert event.resource.endswith("/account/1010")


def test_an_event_may_be_signed_with_any_of_the_secrets(server: WebhookServer) -> None:
    body = older(2)

    assert server.post(body, signed(body, SECOND)).status_code == 200


NOW = datetime.now(tz=UTC)
REFUSED: dict[str, tuple[bytes, dict[str, str] | None, int]] = {
    "unsigned": (older(3), {}, 401),
    "forged": (older(3), signed(older(3), "another key"), 401),
    "size": (b'{"text": "' + b"x" * 1000 + b'"}', None, 413),
    "malformed": (b'["no", "object"]', None, 400),
    "age": (mapped(NOW - timedelta(hours=25)), None, 400),
    "age of the future": (mapped(NOW + timedelta(hours=1)), None, 400),
}


@pytest.mark.parametrize("why", REFUSED)
def test_what_is_not_as_it_should_be_is_refused_and_counted(
    server: WebhookServer, why: str
) -> None:
    body, headers, status = REFUSED[why]
    reason = why.partition(" ")[0]
    before = counted(server, reason)

    answer = server.post(body, headers)

    assert (answer.status_code, answer.json()) == (status, {"error": reason})
    assert body not in kept(server)
    assert counted(server, reason) > before


def test_a_body_that_was_changed_on_the_way_is_refused(server: WebhookServer) -> None:
    assert server.post(older(4) + b" ", signed(older(4))).status_code == 401


def test_an_event_that_is_sent_again_is_acknowledged_and_not_kept_twice(
    server: WebhookServer,
) -> None:
    body = mapped(datetime.now(tz=UTC))
    before = counted(server, "repeated")
    first, second = server.post(body), server.post(body)

    assert [first.json(), second.json()] == [{"kept": True}, {"kept": False}]
    assert kept(server).count(body) == 1
    assert counted(server, "repeated") == before + 1


def test_an_envelope_that_nobody_knows_is_kept_as_it_came(server: WebhookServer) -> None:
    body = '{"nobody": ["knows", "this", "ø"],\n "x": 1.10}'.encode()

    assert server.post(body).status_code == 200

    event = next(e for e in inbox.events(server.inbox) if e.body == body)
    assert (event.envelope, event.kind) == ("unknown", None)


def test_fields_of_an_envelope_can_be_named(server: WebhookServer) -> None:
    body = mapped(NOW)

    server.post(body)

    event = next(e for e in inbox.events(server.inbox) if e.body == body)
    assert (event.envelope, event.context, event.kind) == ("mapped", "7", "Account Deleted")
    assert event.occurred_at == NOW.isoformat()


@pytest.mark.parametrize("at", ["2126-01-01T00:00:00", "0001-01-01T00:00:00+09:00", "tomorrow"])
def test_a_time_that_names_no_moment_is_no_reason_to_refuse(server: WebhookServer, at: str) -> None:
    body = json.dumps({"what": {"happened": "Account Deleted"}, "at": at}).encode()

    assert server.post(body).status_code == 200

    event = next(e for e in inbox.events(server.inbox) if e.body == body)
    assert (event.kind, event.occurred_at) == ("Account Deleted", None)


def test_other_addresses_are_not_there(server: WebhookServer) -> None:
    for method, path in (("GET", "/webhooks"), ("POST", "/"), ("GET", "/docs")):
        answer = requests.request(method, server.url + path, timeout=60)
        assert answer.status_code == 404


def test_health_tells_of_the_inbox_and_of_no_secret(server: WebhookServer) -> None:
    server.post(older(5))

    answer = requests.get(f"{server.url}/healthz", timeout=60)

    assert answer.json()["inbox_is_writable"] is True
    assert answer.json()["counts"]["kept"] >= 1
    assert SECRET not in answer.text


def test_the_inbox_is_for_its_owner_only(server: WebhookServer) -> None:
    server.post(older(6))

    files = list(server.folder.glob("inbox.sqlite*"))
    assert {path.stat().st_mode & 0o777 for path in files} == {0o600}
    assert not any(SECRET.encode() in path.read_bytes() for path in files)


def test_a_second_receiver_of_the_same_inbox_does_not_begin(server: WebhookServer) -> None:
    config = str(write_config(server.folder))
    serve = command("--config", config, "serve", "--port", "0")

    second = subprocess.run(serve, capture_output=True, text=True, check=False)

    assert second.returncode == 1
    assert "another receiver writes the inbox" in second.stderr


def test_list_and_prune_work_beside_the_receiver(server: WebhookServer) -> None:
    server.post(older(7))
    config = str(write_config(server.folder))

    listed = subprocess.run(command("--config", config, "list"), capture_output=True, check=True)
    subprocess.run(command("--config", config, "prune", "--days", "1"), check=True)

    rows = [json.loads(line) for line in listed.stdout.splitlines()]
    assert "event-7" in {row["event_id"] for row in rows}
    assert "body" not in rows[0]
    assert len(kept(server)) == len(rows)


def test_numbers_of_events_grow_also_after_all_were_removed(tmp_path: Path) -> None:
    path = tmp_path / "inbox.sqlite"
    with InboxWriter(path, timedelta()) as writer:

        def number_of_the_next() -> int:
            event = Event(received_at=NOW.isoformat(), sender="127.0.0.1", body=b"{}")
            assert writer.write([event], {}) == [True]
            return inbox.newest(path)

        first = number_of_the_next()
        assert inbox.prune(path, first + 1) == 1
        assert list(inbox.events(path)) == []
        assert number_of_the_next() > first


def test_senders_and_proxies_are_believed_as_they_are_set_and_a_flood_is_refused(
    tmp_path: Path,
) -> None:
    settings: dict[str, Any] = {
        "webhook_senders": ["192.0.2.0/24"],
        "webhook_proxies": ["127.0.0.1"],
        "webhook_events_per_second": 1,
    }
    with serving(tmp_path, **settings) as server:

        def status(number: int, forwarded: str | None) -> int:
            body = older(number)
            headers = signed(body) | ({"X-Forwarded-For": forwarded} if forwarded else {})
            return server.post(body, headers).status_code

        assert status(1, None) == 403
        assert status(2, "198.51.100.9") == 403
        assert status(3, "192.0.2.7, 198.51.100.9") == 403  # the first was written by the sender
        assert status(4, "198.51.100.9, 192.0.2.7") == 200
        flood = [status(number, "192.0.2.8") for number in range(5, 25)]
        assert {200, 429} == set(flood)
        counts = server.health()["counts"]
        assert counts["stranger"] == 3
        assert counts["rate"] == flood.count(429)


def test_a_header_of_another_name_is_told_once_and_without_its_value(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        for number in range(2):
            server.post(older(number), {"X-Signed-By": "very-secret-signature"})
        server.process.send_signal(signal.SIGTERM)
        _, told = server.process.communicate(timeout=60)

    assert server.process.returncode == 0
    assert told.count("x-signed-by") == 1
    assert "very-secret-signature" not in told
    assert SECRET not in told


def test_every_acknowledged_event_survives_kill_9(tmp_path: Path) -> None:
    acknowledged: list[bytes] = []

    def send(server: WebhookServer, sender: int) -> None:
        with requests.Session() as session:
            for number in range(sender, 4000, 4):
                body = older(number)
                try:
                    answer = session.post(
                        f"{server.url}/webhooks", data=body, headers=signed(body), timeout=60
                    )
                except requests.ConnectionError:
                    return
                if answer.status_code == 200:
                    acknowledged.append(body)
                if len(acknowledged) >= 150:
                    server.process.kill()

    with serving(tmp_path) as server:
        threads = [threading.Thread(target=send, args=(server, number)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert server.process.wait() == -signal.SIGKILL
        found = set(kept(server))
        assert len(acknowledged) >= 150
        assert found >= set(acknowledged)

    with serving(tmp_path) as again:  # and the next one goes on with the same inbox
        body = older(5000)
        assert again.post(body).json() == {"kept": True}
        assert again.post(acknowledged[0]).json() == {"kept": False}


def test_what_cannot_be_written_is_not_acknowledged(tmp_path: Path) -> None:
    path = write_config(tmp_path)
    settings = Settings.of(json.loads(path.read_text())).webhooks

    async def answers() -> list[int]:
        with InboxWriter(settings.inbox or path, settings.repeat) as writer:
            keeper = Keeper(writer)
            receiver = Receiver(settings, keeper, Clock(), dict)
            writing = asyncio.create_task(keeper.run())
            statuses = [await asked(receiver, "POST", "/webhooks", older(1))]
            writer._open.close()  # noqa: SLF001 - as a disk that fails would
            statuses.append(await asked(receiver, "POST", "/webhooks", older(2)))
            statuses.append(await asked(receiver, "GET", "/healthz", b""))
            keeper.end()
            await writing
            return statuses

    assert asyncio.run(answers()) == [200, 503, 503]
    assert [event.body for event in inbox.events(tmp_path / "inbox.sqlite")] == [older(1)]


async def asked(receiver: Receiver, method: str, path: str, body: bytes) -> int:
    """Give the application a request, without a server; the status of its answer."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in signed(body).items()]
    scope = {"type": "http", "method": method, "path": path, "headers": headers}
    await receiver(scope | {"client": ("127.0.0.1", 1)}, receive, send)
    status: int = sent[0]["status"]
    return status


def test_sigterm_ends_it_after_the_requests_that_it_has_begun(tmp_path: Path) -> None:
    body = older(1)
    head = {"Host": "visma", "Content-Length": str(len(body)), "Expect": "100-continue"}
    lines = [f"{name}: {value}" for name, value in (head | signed(body)).items()]
    with serving(tmp_path) as server:
        host, _, port = server.url.removeprefix("http://").partition(":")
        with socket.create_connection((host, int(port)), timeout=60) as connection:
            connection.sendall("\r\n".join(["POST /webhooks HTTP/1.1", *lines, "", ""]).encode())
            assert b"100 Continue" in connection.recv(1000)  # it waits for the body

            server.process.send_signal(signal.SIGTERM)
            connection.sendall(body)

            assert connection.recv(1000).startswith(b"HTTP/1.1 200")
        assert server.process.wait(timeout=60) == 0

    assert kept(server) == [body]


@pytest.mark.parametrize("days", ["-1", "99999999999", "many"])
def test_days_that_cannot_be_meant_remove_nothing(
    capsys: pytest.CaptureFixture[str], days: str
) -> None:
    from tap_visma import webhooks  # noqa: PLC0415 - the SDK configures logging when it is imported

    with pytest.raises(SystemExit) as ended:
        webhooks.main(["--config", "ENV", "prune", f"--days={days}"])

    assert ended.value.code == 2
    assert "give a whole number from 0" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"webhook_secrets": []}, "'webhook_secrets' is missing"),
        ({"webhook_secrets": [""]}, "with which anybody could sign"),
        ({"webhook_senders": ["visma.net"]}, "'webhook_senders[0]' must be an address"),
        ({"webhook_fields": ["place=x"]}, "'webhook_fields[0]' must be one of"),
        ({"webhook_header": "no header"}, "'webhook_header' must be the name of a header"),
    ],
    ids=["no secret", "an empty secret", "a name for an address", "a field", "a header"],
)
def test_wrong_settings_are_told_and_nothing_is_served(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], settings: dict[str, Any], told: str
) -> None:
    from tap_visma import webhooks  # noqa: PLC0415 - the SDK configures logging when it is imported

    config = write_config(tmp_path, **settings)

    assert webhooks.main(["--config", str(config), "serve"]) == 2
    assert told in capsys.readouterr().err
