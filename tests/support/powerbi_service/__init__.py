"""A Power BI service to call on one's own machine, and the authority that gives tokens for it.

It speaks the part of the REST API that push semantic models need: workspaces and their users,
datasets, tables, rows, refreshes, and of DAX the counting and adding up of rows. It keeps rows,
checks their types, and keeps the documented limits by a clock that tests move. The authority
speaks OAuth over https, to the real msal, with secrets and signed assertions. `state.py` says what
can be set and made to go wrong.

`PowerBIService` starts it as a process of its own; `python -m powerbi_service` does so by hand.

No stand-in can show how long rows take to be seen, what the service does after 31 October 2027, or
anything that its documentation does not say.
"""

from __future__ import annotations

from powerbi_service.process import PowerBIService

__all__ = ["PowerBIService"]
