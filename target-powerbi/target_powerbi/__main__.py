"""`python -m target_powerbi` is `target-powerbi`."""

from __future__ import annotations

import sys

from target_powerbi.command import main

sys.exit(main())
