"""Tokens are renewed in time, and secrets do not show."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
import requests
import urllib3

from tap_runs import MovedClock
from tap_visma import connect
from tap_visma.connect import Token
from tap_visma.errors import (
    VismaError,
)
from tap_visma.settings import Settings

SECRET = "a-secret-that-must-not-show"


def settings() -> Settings:
    companies = [{"company_id": "no", "tenant_id": "tenant-1"}]
    return Settings.of({"client_id": "isv_x", "client_secret": SECRET, "companies": companies})


def test_neither_a_token_nor_settings_show_a_secret() -> None:
    for value in (Token(SECRET, 10.0), settings()):
        for shown in (repr(value), str(value), f"{[value]}"):
            assert SECRET not in shown
            assert type(value).__name__ in shown


def test_a_token_signs_a_request() -> None:
    request = requests.Request("GET", "https://visma.example").prepare()

    signed = Token("value", 10.0)(request)

    assert signed.headers["Authorization"] == "Bearer value"


class Answering(requests.Session):
    """Visma Connect, as far as a session shows it; notes what it was asked."""

    def __init__(self, status: int, body: object) -> None:
        super().__init__()
        self._status, self._body = status, json.dumps(body).encode()
        self.asked: list[dict[str, Any]] = []

    def post(self, url: str | bytes, data: Any = None, **_: Any) -> Any:  # type: ignore[override]
        self.asked.append({"url": url, **data})
        response = requests.Response()
        response.status_code = self._status
        response.raw = urllib3.HTTPResponse(io.BytesIO(self._body), preload_content=False)
        return response


def test_a_token_is_renewed_before_it_expires_and_not_asked_for_otherwise() -> None:
    session = Answering(200, {"access_token": SECRET, "expires_in": 1000})
    clock = MovedClock()
    door = connect.Connect(settings(), session, clock)
    (company,) = settings().companies

    tokens = [door.token(company), door.token(company)]
    clock.ahead += 880
    tokens.append(door.token(company))
    assert len(session.asked) == 1
    clock.ahead += 40  # of 1000 seconds, 80 are left
    tokens.append(door.token(company))
    assert len(session.asked) == 2
    door.forget(company)
    door.token(company)
    assert len(session.asked) == 3
    assert session.asked[0]["tenant_id"] == "tenant-1"


@pytest.mark.parametrize("code", [*connect.REFUSALS, "something_new", SECRET])
def test_a_refusal_says_the_way_out_and_nothing_that_was_sent(code: str) -> None:
    session = Answering(400, {"error": code, "error_description": f"no {SECRET} here"})
    (company,) = settings().companies

    with pytest.raises(VismaError) as raised:
        connect.Connect(settings(), session, MovedClock()).token(company)

    assert SECRET not in str(raised.value) + repr(raised.value)
    assert raised.value.todo
    known = connect.REFUSALS.get(code)
    assert known is not raised.value  # an error is told its company: it must not be shared
    assert raised.value.what == (
        known.what if known else "Visma Connect gives no token (status 400)"
    )
