"""`python -m target_snowflake_guarded` is `target-snowflake-guarded`."""

from __future__ import annotations

from target_snowflake_guarded.target import main

main()
