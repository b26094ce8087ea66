"""Run the command."""

from __future__ import annotations

import os
import sys

from databricks_workspace.command import main

code = main()
sys.stdout.flush()
sys.stderr.flush()
# At once: on a usual exit the engine's client would try for minutes to reach the engine again.
os._exit(code)
