"""The SQL warehouse: stopped, starting or running. It starts not by time but by being asked.

Each poll of the warehouse, or of a statement that waits for it, brings the start one step on; so
nobody has to sleep.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec

from databricks_workspace.errors import ApiError
from stand_in_server import Response

if TYPE_CHECKING:
    from stand_in_server import Request

PATH: Final = "/api/2.0/sql/warehouses"
STATES: Final = ("STOPPED", "STARTING", "RUNNING")


@dataclass
class Warehouse:
    """One warehouse.

    Attributes:
        polls_to_start: How many polls see it STARTING.
    """

    identity: str
    state: str = "RUNNING"
    polls_to_start: int = 0
    _polls_left: int = 0

    def start(self) -> None:
        """Begin to start, if it is stopped."""
        if self.state == "STOPPED":
            self.put("STARTING")

    def put(self, state: str) -> None:
        """Set the state.

        Raises:
            ValueError: There is no such state.
        """
        if state not in STATES:
            raise ValueError(f"the state of a warehouse is one of {', '.join(STATES)}")
        self.state = state
        self._polls_left = self.polls_to_start
        if state == "STARTING" and not self._polls_left:
            self.state = "RUNNING"

    def poll(self) -> str:
        """Give the state as one poll sees it, and bring a start one step on."""
        if self.state == "STARTING":
            if not self._polls_left:
                self.state = "RUNNING"
            self._polls_left -= 1
        return self.state

    def _told(self) -> dict[str, object]:
        running = self.state == "RUNNING"
        return {
            "id": self.identity,
            "name": "Loading",
            "cluster_size": "2X-Small",
            "min_num_clusters": 1,
            "max_num_clusters": 1,
            "auto_stop_mins": 10,
            "warehouse_type": "PRO",
            "enable_serverless_compute": True,
            "num_clusters": 1 if running else 0,
            "state": self.state,
        }

    def respond(self, request: Request) -> Response:
        """Answer a call.

        Raises:
            ApiError: There is no such warehouse or call.
        """
        parts = request.path.removeprefix(PATH).strip("/").split("/")
        if parts == [""] and request.method == "GET":
            return Response(body=msgspec.json.encode({"warehouses": [self._told()]}))
        if parts[0] != self.identity:
            raise ApiError(
                404, "RESOURCE_DOES_NOT_EXIST", f"The warehouse {parts[0]} does not exist."
            )
        match request.method, parts[1:]:
            case "GET", []:
                self.poll()
                return Response(body=msgspec.json.encode(self._told()))
            case "POST", ["start"]:
                self.start()
                return Response(body=b"{}")
            case "POST", ["stop"]:
                self.put("STOPPED")
                return Response(body=b"{}")
        raise ApiError(404, "ENDPOINT_NOT_FOUND", f"No API found for {request.method} here.")
