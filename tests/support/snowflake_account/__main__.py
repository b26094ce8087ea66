"""Run the command."""

from __future__ import annotations

import os
import sys

from snowflake_account.command import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
# At once: on a usual exit DuckDB lists on stderr what it thinks is left of it.
os._exit(code)
