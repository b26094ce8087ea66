"""A Databricks workspace to run on one's own machine, over a real socket, with a real Delta engine.

It speaks what a loader and the official SDK need: OAuth for a machine, the Statement Execution API,
the Files API, SQL warehouses and the readable part of Unity Catalog. SQL runs on Sail, which writes
Delta tables into a temporary folder; delta-rs reads them back for tests. What the double does not
know fails; it never succeeds in silence.

`DatabricksWorkspace` starts it as a process of its own; `python -m databricks_workspace` does so by
hand. `faults.py` says how calls can be made to go wrong, `control.py` what tests can ask and set.

No double can show warehouses that really start, row-level concurrency, multipart uploads or
results by external links; row counts are given only where the Delta log proves them.
"""

from __future__ import annotations

from databricks_workspace.process import DatabricksWorkspace

__all__ = ["DatabricksWorkspace"]
