"""Refreshing a semantic model: asked for, and waited for if that is wished.

Knows the two kinds of refresh; knows no rows. A push model has no source, so this is about another
one: an import or composite model, or a Direct Lake model.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any

from loader_core import DestinationError, LostAnswerError
from target_powerbi.errors import RefusedError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from loader_core.clock import Clock
    from target_powerbi.client import Client
    from target_powerbi.settings import Settings

POLL_SECONDS = 15.0
BODIES: Mapping[str, dict[str, Any]] = {
    "standard": {"notifyOption": "NoNotification"},
    "enhanced": {"type": "Full", "commitMode": "transactional"},
}
RUNNING = frozenset({"Unknown", "NotStarted", "InProgress"})

logger = logging.getLogger(__name__)


def refresh(client: Client, settings: Settings, clock: Clock, dataset_id: str) -> None:
    """Refresh a semantic model of the workspace.

    Raises:
        ThrottledError: No refresh is left, of those that a day has.
        RefusedError: Power BI refuses.
        DestinationError: The refresh failed, or has not ended in time.
    """
    path, what = f"datasets/{dataset_id}/refreshes", f"refreshing the dataset '{dataset_id}'"
    before = _newest(client, path, what)
    try:
        client.call("POST", path, what, BODIES[settings.refresh_kind], once=True)
    except LostAnswerError:
        if _newest(client, path, what).get("requestId") == before.get("requestId"):
            raise
    except RefusedError as error:
        if error.status == _CONFLICT or _newest(client, path, what).get("status") in RUNNING:
            raise DestinationError(
                f"{what}: another refresh is under way", "The next run asks for a refresh again"
            ) from None
        raise
    logger.info("Started %s", what)
    until = clock.monotonic() + settings.refresh_wait_seconds
    while settings.refresh_wait_seconds:
        status = str(_newest(client, path, what).get("status"))
        if status not in RUNNING:
            if status != "Completed":
                raise DestinationError(
                    f"{what} ended as {status}",
                    "See the refresh history of the semantic model for why",
                )
            logger.info("Done: %s", what)
            return
        if clock.monotonic() + POLL_SECONDS > until:
            raise DestinationError(
                f"{what} has not ended in {settings.refresh_wait_seconds:.0f} s",
                "See the refresh history, or set a longer 'refresh_wait_seconds'",
            )
        clock.sleep(POLL_SECONDS)


_CONFLICT = 409


def _newest(client: Client, path: str, what: str) -> dict[str, Any]:
    """The newest refresh as Power BI tells it; empty if there was none."""
    found = client.call("GET", f"{path}?$top=1", what).value["value"]
    return dict(found[0]) if found else {}
