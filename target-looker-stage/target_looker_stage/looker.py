"""The Looker step: after a load, Looker forgets its cache and shows that it sees the load.

Optional, frugal and last. Whatever goes wrong here is an `Outcome`: the load stands. The steps and
their order:

1. deploy the LookML, if a commit waits for it
2. test Looker's connection to the warehouse
3. find the datagroup, and mark it as triggered
4. ask the audit view for the newest load, and compare
5. run the chosen scheduled plans once

A night takes six calls, and one more for each plan or deployment. Log-in and log-out are among
them.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

    from target_looker_stage.looker_settings import LookerSettings

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the Looker step.

    Attributes:
        message: What was done, or what went wrong and what to do.
        calls: Calls to Looker.
        deployed: The commit that was deployed, even if a later step failed.
    """

    status: Literal["ok", "failed"]
    message: str
    calls: int
    deployed: str | None = None


def announce(
    load_id: int,
    settings: LookerSettings,
    *,
    commit: str | None = None,
    sleep: Callable[[float], None] = time.sleep,
) -> Outcome:
    """Tell Looker of a load. Never raises for a fault of Looker's.

    Args:
        load_id: Of the load that was committed.
        settings: Where Looker is, and what to do there.
        commit: A pushed commit that waits to be deployed.
        sleep: For waiting.
    """
    from target_looker_stage import looker_client, looker_steps  # noqa: PLC0415 - the SDK is slow to import

    deployed = None
    looker = looker_client.Looker(settings, sleep)
    try:
        with looker:
            if commit and settings.project:
                looker_steps.deploy(looker, settings.project, commit)
                deployed = commit
            checked = looker_steps.test_connection(looker, settings.connection)
            datagroup = looker_steps.find_datagroup(looker, settings.model)
            looker_steps.trigger(looker, datagroup)
            looker_steps.compare(looker, settings.model, load_id)
            for plan in settings.scheduled_plans:
                looker_steps.run_plan(looker, plan)
    except looker_client.LookerError as error:
        logger.warning("The load stands, but Looker was not told: %s", error)
        return Outcome("failed", str(error), looker.calls, deployed)
    told = [f"Looker sees load {load_id}", checked]
    told += ["LookML deployed"] if deployed else []
    told += [f"{len(settings.scheduled_plans)} plans run"] if settings.scheduled_plans else []
    return Outcome("ok", ", ".join(told), looker.calls, deployed)


def check(settings: LookerSettings, *, sleep: Callable[[float], None] = time.sleep) -> Outcome:
    """See whether Looker could be told of a load, and change nothing there. Takes four calls.

    Args:
        settings: Where Looker is.
        sleep: For waiting.
    """
    from target_looker_stage import looker_client, looker_steps  # noqa: PLC0415 - as above

    looker = looker_client.Looker(settings, sleep)
    try:
        with looker:
            checked = looker_steps.test_connection(looker, settings.connection)
            looker_steps.find_datagroup(looker, settings.model)
    except looker_client.LookerError as error:
        return Outcome("failed", str(error), looker.calls)
    return Outcome("ok", f"the API key is taken, datagroup found, {checked}", looker.calls)
