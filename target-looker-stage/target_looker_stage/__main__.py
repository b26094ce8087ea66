"""`python -m target_looker_stage` is `target-looker-stage`."""

from __future__ import annotations

from target_looker_stage.target import main

main()
