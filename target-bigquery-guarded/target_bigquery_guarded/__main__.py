"""`python -m target_bigquery_guarded` is `target-bigquery-guarded`."""

from __future__ import annotations

from target_bigquery_guarded.target import main

main()
