"""Processes that run target-databricks and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a call that changes rows or files; the
process dies before it, so after the one before it was done. Deaths around files and STATE are the
core's to show.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from loader_forks import Steps, serve
from loader_runs import PatientClock
from target_databricks.client import Client
from target_databricks.target import TargetDatabricks
from target_databricks.writer import DatabricksWriter

if TYPE_CHECKING:
    import requests
    from requests.auth import AuthBase

    from loader_core import LoaderTarget, Writer


CHANGING = tuple(b'{"statement":"' + word for word in (b"MERGE", b"UPDATE", b"DELETE", b"DROP"))


class DyingClient(Client):
    """A client that dies before a call that changes something."""

    steps: Steps

    def _request(self, method: str, path: str, auth: AuthBase, **how: Any) -> requests.Response:
        data = how.get("data")
        if method in {"PUT", "DELETE"} or (isinstance(data, bytes) and data.startswith(CHANGING)):
            self.steps.take()
        return super()._request(method, path, auth, **how)


class DyingTarget(TargetDatabricks):
    steps: Steps

    def make_writer(self) -> Writer:
        client = DyingClient(self.place, self.clock)
        client.steps = self.steps
        return DatabricksWriter(client, self.place, self.clock)


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.clock = PatientClock()
    target.steps = steps
    return target


if __name__ == "__main__":
    serve(dying_target)
