"""What can go wrong at Power BI, and what a person does about it.

All are the core's `LoaderError`s. An error names the service's error code and the id of the
request, by which Microsoft finds it; never the message around them, which may quote a value.
"""

from __future__ import annotations

from loader_core import DestinationError

MODEL_PAGE = "https://learn.microsoft.com/power-bi/connect-data/service-real-time-streaming"


class RefusedError(DestinationError):
    """Power BI refuses a call, and would refuse it again.

    Attributes:
        status: HTTP status.
        code: The service's error code, or ``.
    """

    def __init__(self, what: str, todo: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(what, todo)
        self.status = status
        self.code = code


class AccessError(RefusedError):
    """Entra gives no token, or Power BI does not let the service principal do this."""


class MissingError(RefusedError):
    """There is no such workspace, dataset or table, or it is not one to be seen."""


class CreationError(RefusedError):
    """Push semantic models can no longer be made."""


class ThrottledError(DestinationError):
    """The allowance is spent, and the next is further away than `max_wait_seconds`."""


class ModelError(DestinationError):
    """The dataset is not one that the mapping can be pushed into."""


class AmbiguousError(DestinationError):
    """A request has arrived in part, or it cannot be found out whether it has.

    Attributes:
        place: The table that shows a part of it, if one does.
    """

    def __init__(self, what: str, todo: str, *, place: str | None) -> None:
        super().__init__(what, todo)
        self.place = place
