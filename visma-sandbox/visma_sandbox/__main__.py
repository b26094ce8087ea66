"""`python -m visma_sandbox` is the command `visma-sandbox`."""

from __future__ import annotations

import sys

from visma_sandbox.command import main

sys.exit(main())
