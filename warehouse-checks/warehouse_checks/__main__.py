"""`python -m warehouse_checks`."""

from __future__ import annotations

import sys

from warehouse_checks.command import main

if __name__ == "__main__":
    sys.exit(main())
