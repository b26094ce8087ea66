"""Results of Snowflake's SQL API that come in several parts, as large ones do."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

from checks_places import HastyClock
from warehouse_checks import settings
from warehouse_checks.calls import Caller
from warehouse_checks.snowflake_api import SnowflakeApi

if TYPE_CHECKING:
    from collections.abc import Iterator

PARTS: list[list[list[str | None]]] = [[["1", "a"], ["2", None]], [["3", "c"]], [["4", "d"]]]


class _Account(BaseHTTPRequestHandler):
    """Answers each statement with the first part, and the other ones when they are asked for."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        about = {
            "rowType": [{"name": "ID", "type": "fixed"}, {"name": "Name", "type": "text"}],
            "partitionInfo": [{"rowCount": len(part)} for part in PARTS],
        }
        self._answer({"statementHandle": "h", "resultSetMetaData": about, "data": PARTS[0]})

    def do_GET(self) -> None:
        asked = parse_qs(urlsplit(self.path).query)
        self._answer({"data": PARTS[int(asked["partition"][0])]})

    def _answer(self, body: object) -> None:
        text = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_arguments: object) -> None:
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Where the account is."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Account) as server:
        serving = threading.Thread(target=server.serve_forever, daemon=True)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_all_parts_of_a_result_are_read_in_their_order(url: str) -> None:
    given = {
        "account": "vismatest",
        "user": "loader",
        "programmatic_access_token": "pat",
        "warehouse": "loading",
        "database": "visma",
        "default_target_schema": "raw",
        "host": url,
    }
    variables = {f"TARGET_SNOWFLAKE_{name.upper()}": value for name, value in given.items()}
    place = settings.snowflake(settings.read("snowflake", ["ENV"], variables))
    caller = Caller(HastyClock())

    rows = SnowflakeApi(place, caller).rows("SELECT ID, NAME FROM T")
    caller.close()

    assert [tuple(row.values()) for row in rows] == [
        ("1", "a"),
        ("2", None),
        ("3", "c"),
        ("4", "d"),
    ]
    assert list(rows[0]) == ["id", "name"]
