"""Processes that run the BigQuery loader and kill themselves at a chosen step, started cheaply.

As `loader_forks`, whose protocol this speaks. A step is a call that changes something: the process
dies when it was sent, before anything is known of its answer; a job that it began goes on.
Deaths around files and STATE are the core's to show.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from bigquery_loads import NO_WAY_OUT
from loader_forks import Steps, serve
from loader_runs import PatientClock
from target_bigquery_guarded.client import Client
from target_bigquery_guarded.target import TargetBigQuery
from target_bigquery_guarded.writer import BigQueryWriter

if TYPE_CHECKING:
    from google.cloud import bigquery

    from loader_core import LoaderTarget, Writer

CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


class DyingClient(Client):
    """A client that dies when a call that changes something has been answered."""

    steps: Steps

    def _open(self) -> bigquery.Client:
        google = super()._open()
        send = google._http.request  # noqa: SLF001 - below every way of calling

        def dying(method: str, url: str, *rest: Any, **how: Any) -> Any:
            answer = send(method, url, *rest, **how)
            if method in CHANGING:
                self.steps.take()
            return answer

        google._http.request = dying  # noqa: SLF001 - as above
        return google


class DyingTarget(TargetBigQuery):
    steps: Steps

    def make_writer(self) -> Writer:
        client = DyingClient(self.place, self.clock)
        client.steps = self.steps
        return BigQueryWriter(client, self.place, self.clock)


def dying_target(config: dict[str, Any], steps: Steps) -> LoaderTarget:
    target = DyingTarget(config=config)
    target.clock = PatientClock()
    target.steps = steps
    return target


if __name__ == "__main__":
    os.environ |= NO_WAY_OUT | {"TARGET_BIGQUERY_GUARDED_LOGLEVEL": "ERROR"}
    serve(dying_target)
