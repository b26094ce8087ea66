"""`python -m visma_secrets`."""

from __future__ import annotations

import sys

from visma_secrets.command import main

if __name__ == "__main__":
    sys.exit(main())
