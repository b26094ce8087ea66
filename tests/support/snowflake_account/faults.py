"""The faults of a call, of which the rules of `stand_in_faults` say when they come.

| action | the call |
| --- | --- |
| `status`: 503, with `retry_after` (seconds) | is not done but answered so |
| `reset` | is not done; the connection is reset |
| `drop` | is done to its end; the connection closes without an answer |
| `slow`: seconds | is done; its answer comes later |
| `fail`: code, with `message`, `sql_state` | is a statement that fails, undone |
| `running`: n | is a statement that is in progress for n polls, and is run at the last |
| `lose` | is an upload that succeeds, and whose file is not there |
| `expire` | is not done; the session is over (390112), and must be renewed |

A rule's `path` is for calls that carry no statement, such as uploads (`/fs_bucket/`) and logins
(`/session/v1/login-request`).
"""

from __future__ import annotations

from stand_in_faults import Faults

_ACTIONS = frozenset({"status", "reset", "drop", "slow", "fail", "running", "expire", "lose"})
_DETAILS = frozenset({"message", "sql_state", "retry_after"})


def no_faults() -> Faults:
    """Room for rules, with none yet."""
    return Faults(_ACTIONS, _DETAILS)
