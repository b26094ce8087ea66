"""`python -m target_databricks` is `target-databricks`."""

from __future__ import annotations

from target_databricks.target import main

main()
