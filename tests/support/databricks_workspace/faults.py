"""The faults of a call, of which the rules of `stand_in_faults` say when they come.

| action | the call |
| --- | --- |
| `status`: 429, with `retry_after`, `error_code`, `message` | is not done but answered so |
| `html`: 503, with `retry_after` | is not done; a gateway's page is the answer |
| `revoke` | is not done; all tokens are void from now on, 401 |
| `reset` | is not done; the connection is reset |
| `cut_upload` | is not done; the connection is reset after half of its body |
| `drop` | is done to its end; the connection closes without an answer |
| `truncate` | is done; half of its answer comes |
| `slow`: seconds | is done; its answer comes later |
| `pending`: n, `running`: n | sends a statement that shows so for n polls before it runs |
| `fail`: error class, with `message`, `sql_state`, `error_code` | sends a statement that fails |
| `end_as`: `CANCELED` or `CLOSED` | sends a statement that ends so, unrun or run |

`statement` matches calls that send, poll or cancel a statement.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stand_in_faults import Faults
from stand_in_server import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from stand_in_server import Request

_ON_STATEMENTS: Final = frozenset({"pending", "running", "fail", "end_as"})
_REPLACING: Final = frozenset({"status", "html", "revoke", "reset", "cut_upload"})
_ON_ANSWERS: Final = frozenset({"drop", "truncate", "slow"})
_DETAILS: Final = frozenset({"retry_after", "error_code", "message", "sql_state"})
_GATEWAY_PAGE: Final = b"<html><head><title>Unavailable</title></head><body>Upstream</body></html>"


def no_faults() -> Faults:
    """Room for rules, with none yet."""
    return Faults(_REPLACING | _ON_STATEMENTS | _ON_ANSWERS, _DETAILS)


def answered(
    request: Request,
    faults: Mapping[str, Any],
    done: Callable[[], Response],
    refused: Callable[[int], Response],
) -> Response:
    """Answer a call, with what the rules do to it.

    Args:
        request: The call.
        faults: What the rules do to it.
        done: Does what was asked.
        refused: Refuses it with a status.
    """
    if not _REPLACING & set(faults):
        response = done()
        response.delay_seconds = float(faults.get("slow", 0.0))
        response.ending = "drop" if "drop" in faults else "truncate" if "truncate" in faults else ""
        return response
    if "cut_upload" in faults:
        request.half()
    if "cut_upload" in faults or "reset" in faults:
        return Response(status=0, ending="reset")
    if "html" in faults:
        status = int(faults["html"])
        response = Response(status=status, body=_GATEWAY_PAGE, content_type="text/html")
    else:
        response = refused(401 if "revoke" in faults else int(faults.get("status", 401)))
    if "retry_after" in faults:
        response.headers = {"Retry-After": str(faults["retry_after"])}
    return response
