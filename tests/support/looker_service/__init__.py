"""A Looker to call on one's own machine, over a real socket: the part of its API that a load needs.

It speaks the official description of API 4.0: log-in by form, tokens that expire and can be
revoked, connection tests, datagroups with memory, inline queries, scheduled plans, deployment of a
git ref, and Looker's way of refusing. It knows the LookML of a folder, and answers a query for one
measure by running that measure's SQL on the warehouse. What it does not know it refuses.

`LookerService` starts it as a process of its own; `python -m looker_service` does so by hand.
`state.py` says what can be set and made to go wrong.

No stand-in can show Looker's validator, its permissions, its schedules or its speed.
"""

from __future__ import annotations

from looker_service.process import LookerService

__all__ = ["LookerService"]
