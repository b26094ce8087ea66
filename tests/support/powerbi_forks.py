"""Processes that run the Power BI loader and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a call to the service or a transaction of
the state file: the process dies before it, and after a call also when the service has done it and
before anything is known of its answer. Deaths around the outbox and STATE are the core's to show.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from loader_forks import Steps, serve
from powerbi_loads import LinkedClock
from powerbi_service.process import attached
from target_powerbi.client import Client
from target_powerbi.state import State
from target_powerbi.target import STATE_FILE, TargetPowerBI

if TYPE_CHECKING:
    from collections.abc import Iterator

    import requests

    from loader_core import LoaderTarget


class DyingClient(Client):
    """A client that dies before a call that changes something, or after it."""

    steps: Steps

    def _send(
        self, method: str, url: str, data: bytes | None
    ) -> tuple[requests.Response | None, str]:
        changes = method != "GET" and not url.endswith("/executeQueries")
        if changes:
            self.steps.take()
        answer = super()._send(method, url, data)
        if changes:
            self.steps.take()
        return answer


class DyingState(State):
    """A state file before whose commits the process dies, or after them."""

    steps: Steps

    @contextmanager
    def transaction(self) -> Iterator[None]:
        with super().transaction():
            yield
            self.steps.take()
        self.steps.take()


class DyingTarget(TargetPowerBI):
    steps: Steps

    def make_client(self) -> Client:
        client = DyingClient(self.place, self.clock)
        client.steps = self.steps
        return client

    def make_state(self) -> State:
        state = DyingState(self.folder / STATE_FILE)
        state.steps = self.steps
        return state


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.clock = LinkedClock(attached(config["api_url"]))
    target.steps = steps
    return target


if __name__ == "__main__":
    os.environ |= {"TARGET_POWERBI_LOGLEVEL": "ERROR"}
    serve(dying_target)
